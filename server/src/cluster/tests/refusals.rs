use super::super::account::Account;
use super::super::layout::Layout;
use super::*;
use std::fs;

#[test]
fn another_major_version_is_named() {
    let dir = data_dir();
    open(dir.path()).unwrap().close().unwrap();
    fs::write(dir.path().join("postgres/PG_VERSION"), "13\n").unwrap();
    let message = open(dir.path()).unwrap_err().to_string();
    assert!(message.contains("made by PostgreSQL 13") && message.contains("Install postgresql-13"), "{message}");
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = open_folder();
    let in_the_way = folder.path().join("postgres");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("letter.odt"), "").unwrap();
    let account = Account::current().unwrap();
    if account.is_dropped_to {
        std::os::unix::fs::chown(&in_the_way, Some(account.uid), Some(account.gid)).unwrap();
    }
    let message = open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("is not a PostgreSQL cluster"), "{message}");
    assert!(in_the_way.join("letter.odt").exists());
}

/// The data directory of root below `/root`, with any closed folder in its place.
#[test]
fn a_folder_that_the_system_user_cannot_enter_is_named() {
    let closed = data_dir();
    fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let system_user = Account { name: "nobody".into(), uid: 4_000_001, gid: 4_000_001, is_dropped_to: true };
    let asked = closed.path().join("data");
    let message = Layout::prepare(&asked, &system_user).unwrap_err().to_string();
    let expected = format!("nobody can't enter {} (mode 700)", closed.path().display());
    assert!(message.contains(&expected) && message.contains("/var/lib/opensit"), "{message}");
    assert!(!asked.exists());
}

#[test]
fn somebody_elses_database_is_refused() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let somebody = Account { name: "anna".into(), uid: cluster.account.uid + 1, is_dropped_to: false, ..cluster.account.clone() };
    let message = Layout::prepare(dir.path(), &somebody).unwrap_err().to_string();
    assert!(message.contains("would run PostgreSQL as anna") && message.contains(&cluster.account.name), "{message}");
}

#[test]
fn a_file_in_the_place_of_the_data_directory_is_named() {
    let folder = open_folder();
    let file = folder.path().join("data");
    fs::write(&file, "").unwrap();
    let message = open(&file).unwrap_err().to_string();
    assert!(message.contains(&format!("Can't use {}", file.display())), "{message}");
    let message = open(&file.join("below")).unwrap_err().to_string();
    assert!(message.contains(&format!("{}", file.display())), "{message}");
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let dir = data_dir();
    let layout = Layout::prepare(dir.path(), &Account::current().unwrap()).unwrap();
    let message = layout.check_room(u64::MAX).unwrap_err().to_string();
    assert!(message.contains("is full") && message.contains("MB free"), "{message}");
    let error = ClusterError::io("write", dir.path(), std::io::ErrorKind::StorageFull.into());
    assert!(matches!(error, ClusterError::DiskFull { .. }));
}

#[test]
fn a_failed_start_shows_the_end_of_the_log() {
    let dir = data_dir();
    open(dir.path()).unwrap().close().unwrap();
    let local = dir.path().join("postgres/local.conf");
    fs::write(&local, "shared_bufers = '5MB'\n").unwrap();
    fs::set_permissions(&local, PermissionsExt::from_mode(0o644)).unwrap();
    let message = open(dir.path()).unwrap_err().to_string();
    assert!(message.contains("did not start") && message.contains("shared_bufers"), "{message}");
}
