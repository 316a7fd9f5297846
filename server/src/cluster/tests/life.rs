use super::super::roles_sql;
use super::*;
use std::os::unix::fs::MetadataExt;

#[test]
fn first_use_makes_the_database_and_closing_stops_it() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let facts = "select current_user, current_database(), current_setting('wal_level'), current_setting('server_encoding'), \
                 current_setting('data_checksums'), current_setting('timezone'), current_setting('statement_timeout'), \
                 current_setting('listen_addresses') = ''";
    assert_eq!(ask(&cluster, Role::App, facts), "opensit_app|opensit|logical|UTF8|on|UTC|10s|t");
    let (socket, _) = cluster.socket();
    cluster.close().unwrap();
    assert!(!is_running(dir.path()));
    assert!(!socket.exists());
}

#[test]
fn the_roles_are_what_row_level_security_needs() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let roles = "select string_agg(concat_ws(' ', rolname, rolsuper, rolbypassrls, rolcreatedb, rolreplication), ', ' order by rolname) \
                 from pg_roles where rolname like 'opensit%'";
    assert_eq!(ask(&cluster, Role::Superuser, roles), "opensit_app f f f f, opensit_owner f f f f, opensit_replication f f f t");
    let leakproof = "select proleakproof from pg_proc where oid = 'geometry_overlaps(geometry,geometry)'::regprocedure";
    assert_eq!(ask(&cluster, Role::App, leakproof), "t");
    assert!(ask(&cluster, Role::App, "create schema theirs").contains("permission denied"));
    let publish = "create schema ours create table t(id int primary key); create publication p for table ours.t; select 'made'";
    assert_eq!(ask(&cluster, Role::Owner, publish), "made");
}

#[test]
fn a_lost_leakproof_mark_is_renewed_at_the_next_start() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let unmark = "alter function geometry_overlaps(geometry,geometry) not leakproof; select 'unmarked'";
    assert_eq!(ask(&cluster, Role::Superuser, unmark), "unmarked");
    cluster.close().unwrap();
    let cluster = open(dir.path()).unwrap();
    let leakproof = "select proleakproof from pg_proc where oid = 'geometry_overlaps(geometry,geometry)'::regprocedure";
    assert_eq!(ask(&cluster, Role::App, leakproof), "t");
}

#[test]
fn the_data_is_there_after_a_restart_and_only_its_user_can_read_it() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    assert_eq!(ask(&cluster, Role::Owner, "create schema s; create table s.t as select 42 as n; select 'made'"), "made");
    cluster.close().unwrap();
    let cluster = open(dir.path()).unwrap();
    assert_eq!(ask(&cluster, Role::Owner, "select n from s.t"), "42");
    let metadata = dir.path().join("postgres").metadata().unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o700);
    assert_eq!(metadata.uid(), cluster.account.uid);
    assert_eq!(dir.path().metadata().unwrap().mode() & 0o007, 0);
    assert_ne!(cluster.account.uid, 0, "PostgreSQL never runs as root");
}

#[test]
fn a_long_path_with_quotes_and_spaces_works() {
    let folder = open_folder();
    let dir = folder.path().join(format!("l'ufficio \"tecnico\" $HOME {}", "x".repeat(150)));
    let cluster = open(&dir).unwrap();
    let (socket, port) = cluster.socket();
    assert!(socket.join(format!(".s.PGSQL.{port}")).as_os_str().len() <= 107);
    assert_eq!(ask(&cluster, Role::App, "select 1"), "1");
}

#[test]
fn an_administrators_settings_win() {
    let dir = data_dir();
    open(dir.path()).unwrap().close().unwrap();
    let local = dir.path().join("postgres/local.conf");
    std::fs::write(&local, "work_mem = '5MB'\n").unwrap();
    std::fs::set_permissions(&local, PermissionsExt::from_mode(0o644)).unwrap();
    let cluster = open(dir.path()).unwrap();
    assert_eq!(ask(&cluster, Role::App, "show work_mem"), "5MB");
}

/// What `opensit migrate --print-roles` prints, as a database administrator would run it, twice, on a server of their own.
#[test]
fn an_administrator_can_prepare_another_database_with_the_same_text() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let file = dir.path().join("roles.sql");
    std::fs::write(&file, roles_sql("comune d'\"oro\"")).unwrap();
    for _ in 0..2 {
        let mut command = Command::new(cluster.binaries().program("psql"));
        let output = command.args(["-Xq", "-f"]).arg(&file).arg(cluster.url(Role::Superuser)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    let url = format!("{}/comune%20d%27%22oro%22", cluster.url(Role::App).strip_suffix("/opensit").unwrap());
    assert_eq!(psql(&cluster, &url, "select current_database(), left(postgis_lib_version(), 2)"), "comune d'\"oro\"|3.");
}
