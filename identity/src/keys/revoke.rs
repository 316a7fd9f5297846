use chrono::{DateTime, Utc};
use kernel::Principal;
use sqlx::PgConnection;

use crate::audit::{self, Action, Event};

/// Ends a key of theirs, or any for an administrator. `false`: they have no such key, or it had been ended. Every process refuses it
/// after [`Keys::REMEMBERED`](super::Keys::REMEMBERED); the one that calls [`Keys::forget`](super::Keys::forget), at once.
pub async fn revoke(conn: &mut PgConnection, by: &Principal, id: &str, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let update = "update identity.keys set revoked_at = $4 where id = $3 and (created_by = $1 or $2) and revoked_at is null";
    let ended = sqlx::query(update).bind(by.id()).bind(by.may_administer()).bind(id).bind(now).execute(&mut *conn).await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    let details = serde_json::json!({ "what": "key revoked", "key": id });
    audit::record(conn, by, Event::new(Action::Administer).details(details)).await?;
    Ok(true)
}
