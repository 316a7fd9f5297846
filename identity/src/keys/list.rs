use kernel::{LayerId, Principal};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::Key;

/// All keys for an administrator, one's own for others; the newest first.
pub async fn list(conn: &mut PgConnection, who: &Principal) -> Result<Vec<Key>, sqlx::Error> {
    let rows = sqlx::query(
        "select k.id, k.name, k.scope, k.layers, k.comuni, k.requests_per_minute, k.created_at, k.created_by, a.name as creator, k.expires_at,
                k.revoked_at, k.last_used_at
           from identity.keys k left join identity.accounts a on a.id = k.created_by
          where k.created_by = $1 or $2 order by k.created_at desc, k.id limit 10000",
    )
    .bind(who.id())
    .bind(who.may_administer())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<Key, sqlx::Error> {
    let layers: Option<Vec<String>> = row.try_get("layers")?;
    Ok(Key {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        edit: row.try_get::<&str, _>("scope")? == "edit",
        // a name that is none any more opens nothing
        layers: layers.map(|some| some.into_iter().filter_map(|l| LayerId::new(l).ok()).collect()),
        comuni: row.try_get("comuni")?,
        requests_per_minute: row.try_get("requests_per_minute")?,
        created_at: row.try_get("created_at")?,
        created_by: row.try_get("created_by")?,
        creator: row.try_get("creator")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}
