use std::process::ExitCode;

use catalogue::Catalogue;
use deliveries::sources::store;
use feed::Way;
use kernel::Principal;
use sqlx::{PgPool, Row};

use crate::cluster::running_server;
use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{following, installation, migrate};

/// Free space below which a load or the log may fill the disk.
const LITTLE_DISK_BYTES: u64 = 2 << 30;

/// What was looked at, with the cure if it is not well.
struct Finding {
    what: &'static str,
    state: Result<String, String>,
}

impl Finding {
    fn new(what: &'static str, well: bool, state: impl Into<String>, cure: impl Into<String>) -> Self {
        let state = state.into();
        Self { what, state: if well { Ok(state) } else { Err(format!("{state}. {}", cure.into())) } }
    }
}

/// Looks at everything and prints a line each; ends with 1 if anything is not well.
pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let mut findings =
        vec![Finding { what: "configuration", state: Ok(format!("{} values, `opensit config show` lists them", config.rows().len())) }];
    findings.push(disk(config));
    archives(config, &mut findings).await;
    if config.database_url.is_none() {
        let state = running_server(&config.data_dir.value).unwrap_or_else(|| "none runs on this directory".to_owned());
        findings.push(Finding { what: "server", state: Ok(state) });
    }
    match Database::open_existing(config).await {
        Err(failure) => findings.push(Finding { what: "database", state: Err(failure.to_string()) }),
        Ok(database) => {
            if let Err(failure) = examine(&database, config, &mut findings).await {
                findings.push(Finding { what: "database", state: Err(failure.to_string()) });
            }
            database.close().await?;
        }
    }
    let mut problems = 0;
    for finding in &findings {
        match &finding.state {
            Ok(state) => println!("ok       {:<16} {state}", finding.what),
            Err(state) => {
                problems += 1;
                say(&format!("PROBLEM  {:<16} {state}", finding.what));
            }
        }
    }
    say(&format!(
        "\n{}",
        if problems == 0 { "All is well.".to_owned() } else { format!("{problems} of {} need attention.", findings.len()) }
    ));
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn disk(config: &Config) -> Finding {
    let path = &config.data_dir.value;
    let there = path.ancestors().find(|p| p.exists()).unwrap_or(path);
    match rustix::fs::statvfs(there) {
        Ok(stat) => {
            let free = stat.f_bavail * stat.f_frsize;
            let state = format!("{:.1} GB free at {}", free as f64 / 1e9, there.display());
            Finding::new(
                "disk",
                free >= LITTLE_DISK_BYTES,
                state,
                "A load needs about three times its file: make room, or name another --data-dir",
            )
        }
        Err(error) => Finding { what: "disk", state: Err(format!("{} can't be examined: {error}", there.display())) },
    }
}

/// Whether each file of tiles that is configured can be served.
async fn archives(config: &Config, findings: &mut Vec<Finding>) {
    let (good, bad) = tiles::Archives::open(&config.file.archives).await;
    for bad in bad {
        let state = format!("`{}` ({}) is not served: {}", bad.id, bad.file.display(), bad.error);
        findings.push(Finding { what: "archives", state: Err(state) });
    }
    let damaged = good.damaged().await;
    for bad in &damaged {
        let state = format!("`{}` ({}) is served as far as it can be read: {}", bad.id, bad.file.display(), bad.error);
        findings.push(Finding { what: "archives", state: Err(state) });
    }
    for archive in good.all().into_iter().filter(|archive| damaged.iter().all(|bad| bad.id != archive.id)) {
        let (first, last) = archive.zooms;
        let kind = if archive.is_raster { "pictures" } else { "vector tiles" };
        findings.push(Finding { what: "archives", state: Ok(format!("`{}`: {kind}, zoom {first} to {last}", archive.id)) });
    }
}

/// Files of tiles that a layer of the same name stands before.
async fn hidden_archives(owner: &PgPool, config: &Config, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let catalogue = Catalogue::load(&kernel::Database::new(owner.clone())).await?;
    for id in config.file.archives.keys().filter(|id| catalogue.layer(&Principal::operator(), id.as_str()).is_some()) {
        let state = format!("`{id}` is not served, since there is a layer of that name. Give the file another one in [archives]");
        findings.push(Finding { what: "archives", state: Err(state) });
    }
    Ok(())
}

async fn examine(database: &Database, config: &Config, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let owner = database.owner(&[]).await?;
    let failed = || Failure::database("examining the database");
    let row = sqlx::query("select current_setting('server_version_num')::int / 10000, postgis_lib_version()")
        .fetch_one(&owner)
        .await
        .map_err(failed())?;
    let (major, postgis): (i32, String) = (row.get(0), row.get(1));
    findings.push(Finding::new("PostgreSQL", major >= 15, format!("version {major}, PostGIS {postgis}"), "Version 15 or newer is needed"));
    let followed = following::choose(&owner, database, config).await?;
    let (well, state) = match (followed.way, followed.obstacle) {
        (Way::Replication, None) => (true, "by logical replication".to_owned()),
        (Way::Replication, Some(obstacle)) => {
            (false, format!("logical replication is asked for, but {obstacle}: open maps do not see changes"))
        }
        (Way::Journal, None) => (true, "by triggers and NOTIFY, as configured".to_owned()),
        (Way::Journal, Some(obstacle)) => (true, format!("by triggers and NOTIFY, which cost writers time: {obstacle}")),
    };
    findings.push(Finding::new("change feed", well, state, "Remove that, or set change-feed = \"auto\""));
    let replicates = followed.way == Way::Replication;
    extensions(&owner, findings).await?;
    roles(&owner, replicates, findings).await?;
    let migrated: bool = sqlx::query_scalar("select to_regclass('opensit.layers') is not null").fetch_one(&owner).await.map_err(failed())?;
    findings.push(Finding::new("migrations", migrated, if migrated { "done" } else { "not done" }, "Run `opensit migrate`"));
    if migrated {
        // migrating writes again what a theme declares; an older database is not read by this program before it
        let before = Catalogue::load(&kernel::Database::new(owner.clone())).await.ok();
        let owner = migrate::run(database, config).await?;
        layers(&owner, before.as_ref(), findings).await?;
        hidden_archives(&owner, config, findings).await?;
        contents(&owner, findings).await?;
        sources(&owner, config, findings).await?;
    }
    match database.app().await {
        Ok(app) => findings.push(index_below_policies(&app).await?),
        Err(failure) => findings.push(Finding { what: "opensit_app", state: Err(failure.to_string()) }),
    }
    Ok(())
}

async fn extensions(owner: &PgPool, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let missing: Vec<String> = sqlx::query_scalar(
        "select name from unnest(array['postgis', 'btree_gist', 'pg_trgm', 'unaccent']) as name
          where not exists (select from pg_extension where extname = name)",
    )
    .fetch_all(owner)
    .await
    .map_err(Failure::database("examining the extensions"))?;
    let state = if missing.is_empty() { "all there".to_owned() } else { format!("missing: {}", missing.join(", ")) };
    findings.push(Finding::new(
        "extensions",
        missing.is_empty(),
        state,
        "Run the output of `opensit migrate --print-roles` as a superuser",
    ));
    Ok(())
}

async fn roles(owner: &PgPool, replicates: bool, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let rows = sqlx::query(
        "select name, role.oid is not null, coalesce(rolsuper or rolbypassrls, false), coalesce(rolreplication, false)
           from unnest(array['opensit_owner', 'opensit_app', 'opensit_replication']) as name
           left join pg_roles role on rolname = name",
    )
    .fetch_all(owner)
    .await
    .map_err(Failure::database("examining the roles"))?;
    let mut wrong = Vec::new();
    for row in rows {
        let (name, there, above, may): (String, bool, bool, bool) = (row.get(0), row.get(1), row.get(2), row.get(3));
        if !there {
            wrong.push(format!("{name} is missing"));
        } else if above {
            wrong.push(format!("{name} stands above row-level security"));
        } else if name == "opensit_replication" && replicates && !may {
            wrong.push(format!("{name} may not replicate"));
        }
    }
    let state = if wrong.is_empty() { "three, as they should be".to_owned() } else { wrong.join(", ") };
    findings.push(Finding::new("roles", wrong.is_empty(), state, "Run the output of `opensit migrate --print-roles` as a superuser"));
    Ok(())
}

async fn contents(owner: &PgPool, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let (installed, demo) = installation::read(owner).await?;
    let comuni: i64 = sqlx::query_scalar("select count(*) from territory.v_comuni")
        .fetch_one(owner)
        .await
        .map_err(Failure::database("examining the boundary"))?;
    let kind = demo.map_or_else(String::new, |size| format!(", demo of size {size}"));
    findings.push(Finding { what: "installation", state: Ok(format!("stored in {}{kind}", installed.storage_crs)) });
    let cure = "Files can't be checked against it. Run `opensit migrate --boundary FILE`";
    findings.push(Finding::new("boundary", comuni > 0, format!("{comuni} comuni"), cure));
    let unpublished: i64 = sqlx::query_scalar(
        "select count(*) from opensit.layers where to_regclass(relation) is not null and relation not in (
            select schemaname || '.' || tablename from pg_publication_tables where pubname = 'opensit')",
    )
    .fetch_one(owner)
    .await
    .map_err(Failure::database("examining the publication"))?;
    let state = match unpublished {
        0 => "each layer's changes are told".to_owned(),
        1 => "the changes of one layer are not told".to_owned(),
        several => format!("the changes of {several} layers are not told"),
    };
    findings.push(Finding::new("publication", unpublished == 0, state, "Run `opensit migrate`"));
    let retained: i64 = sqlx::query_scalar(
        "select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint
           from pg_replication_slots where slot_name like 'opensit\\_%'",
    )
    .fetch_one(owner)
    .await
    .map_err(Failure::database("examining the slots"))?;
    let state = format!("slots hold back {:.0} MB of log", retained as f64 / 1e6);
    findings.push(Finding::new("slots", retained < 1 << 30, state, "A server that no longer runs left one: start it, or drop the slot"));
    Ok(())
}

/// Whether each layer's declaration can be read and its table is what it declares.
async fn layers(owner: &PgPool, before: Option<&Catalogue>, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let now = Catalogue::load(&kernel::Database::new(owner.clone())).await?;
    let well = findings.len();
    let (left, mut all) = (now.unreadable(), now.unreadable());
    all.extend(before.map(Catalogue::unreadable).unwrap_or_default().into_iter().filter(|row| !left.contains(row)));
    for row in all {
        let state = format!("the declaration of `{}` in opensit.layers can't be read: {}", row.id, row.cause);
        let cure = if left.contains(&row) { row.cure() } else { "It was written again just now, since a theme declares it".to_owned() };
        findings.push(Finding::new("layers", false, state, cure));
    }
    let entries = now.layers(&Principal::operator());
    for entry in &entries {
        if let Some(damage) = &entry.damage {
            let state = format!("`{}` can't be read: {}", entry.layer.id, damage.in_full());
            findings.push(Finding::new("layers", false, state, damage.cure(&entry.layer)));
        }
    }
    if findings.len() == well {
        findings.push(Finding { what: "layers", state: Ok(format!("{}, each with the table it declares", entries.len())) });
    }
    Ok(())
}

/// Whether what is looked at every so often could be loaded.
async fn sources(owner: &PgPool, config: &Config, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let failed = || Failure::database("examining the sources");
    let mut database = owner.acquire().await.map_err(failed())?;
    for source in &config.sources.all {
        if let Err(error) = ::ingest::PlanFile::read(&source.plan) {
            findings.push(Finding { what: "sources", state: Err(format!("`{}`: {error}", source.name)) });
        }
        let state = store::state(&mut database, source).await.map_err(failed())?;
        let well = state.as_ref().is_none_or(|state| state.failures == 0);
        let words = if !well {
            let run = store::runs(&mut database, source, 1).await.map_err(failed())?.pop();
            run.and_then(|run| run.words).unwrap_or_default()
        } else {
            String::new()
        };
        let at = match state {
            None => "never looked at: a server that runs with this configuration does".to_owned(),
            Some(state) if state.failures > 0 => format!("fails ({} times): {words}", state.failures),
            Some(state) => {
                state.succeeded_at.map_or_else(|| "not looked at yet".to_owned(), |at| format!("well at {}", at.format("%Y-%m-%d %H:%M")))
            }
        };
        findings.push(Finding::new("sources", well, format!("`{}` {at}", source.name), "`opensit sources list` has its last looks"));
    }
    Ok(())
}

/// Row-level security keeps the spatial index only if the function under `&&` is leakproof.
async fn index_below_policies(app: &kernel::Database) -> Result<Finding, Failure> {
    let failed = || Failure::database("examining the spatial operators");
    let mut session = app.session(&Principal::anonymous()).await.map_err(failed())?;
    let leakproof: bool = sqlx::query_scalar(
        "select bool_and(proleakproof) from pg_proc where oid = (
            select oprcode from pg_operator where oprname = '&&' and oprleft = 'geometry'::regtype and oprright = 'geometry'::regtype)",
    )
    .fetch_one(&mut *session)
    .await
    .map_err(failed())?;
    let state = if leakproof {
        "`&&` is leakproof: policies keep the spatial index"
    } else {
        "`&&` is not leakproof: policies turn index scans into whole scans"
    };
    Ok(Finding::new(
        "row security",
        leakproof,
        state,
        "Run the output of `opensit migrate --print-roles` as a superuser (again after each PostGIS upgrade)",
    ))
}
