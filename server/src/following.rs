//! How the database's changes are followed: by logical replication where it is allowed, else by triggers that keep a journal.

use feed::Way;
use sqlx::{PgPool, Row};

use crate::config::{ChangeFeed, Config};
use crate::database::Database;
use crate::failure::Failure;

/// What was chosen, and why.
pub(crate) struct Following {
    pub(crate) way: Way,
    /// What stands in the way of logical replication; nothing if it is allowed.
    pub(crate) obstacle: Option<String>,
}

/// Chooses by the configuration, and by what the database allows.
pub(crate) async fn choose(owner: &PgPool, database: &Database, config: &Config) -> Result<Following, Failure> {
    let role = url::Url::parse(database.replication_url())
        .map(|url| percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned())
        .map_err(|e| Failure::new(format!("the connection string of opensit_replication can't be read: {e}")))?;
    let row = sqlx::query(
        "select current_setting('wal_level'), exists (select from pg_roles where rolname = $1 and (rolreplication or rolsuper)),
                current_setting('max_replication_slots')::int > 0 and current_setting('max_wal_senders')::int > 0",
    )
    .bind(&role)
    .fetch_one(owner)
    .await
    .map_err(Failure::database("examining how changes can be followed"))?;
    let (level, replicates, room): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
    let obstacle = if level != "logical" {
        Some(format!("wal_level is {level}, not logical"))
    } else if !replicates {
        Some(format!("the role {role} has no REPLICATION"))
    } else if !room {
        Some("max_replication_slots or max_wal_senders is 0".to_owned())
    } else {
        None
    };
    let way = match (config.change_feed.value, &obstacle) {
        (ChangeFeed::Auto, None) | (ChangeFeed::Replication, _) => Way::Replication,
        (ChangeFeed::Auto, Some(_)) | (ChangeFeed::Journal, _) => Way::Journal,
    };
    Ok(Following { way, obstacle })
}

/// Sees that the journal is kept, or is not, as the way needs it.
pub(crate) async fn prepare(owner: &PgPool, following: &Following) -> Result<(), Failure> {
    let failed = Failure::database("preparing the change feed");
    let wanted = following.way == Way::Journal;
    let kept: bool = sqlx::query_scalar("select journalled from opensit.installation").fetch_one(owner).await.map_err(failed)?;
    match (&following.obstacle, wanted) {
        (Some(obstacle), true) => {
            tracing::warn!(obstacle, "logical replication is not allowed: changes are followed by triggers, which cost writers time");
        }
        (Some(obstacle), false) => {
            tracing::warn!(obstacle, "logical replication is asked for and not allowed: open maps will not see changes")
        }
        (None, _) => {}
    }
    // also where it is kept already: a table may have come without the triggers
    if kept || wanted {
        let failed = Failure::database("preparing the change feed");
        sqlx::query("call opensit.keep_journal($1)").bind(wanted).execute(owner).await.map_err(failed)?;
    }
    Ok(())
}
