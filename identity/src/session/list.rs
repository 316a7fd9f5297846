use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use uuid::Uuid;

use super::Current;
use crate::{Failure, Identity};

/// One of somebody's own sessions, as they see it.
#[derive(Clone, Debug, Serialize)]
pub struct OwnSession {
    /// To end it by.
    pub id: Uuid,
    /// How it began.
    pub method: String,
    /// What the browser calls itself.
    pub agent: String,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When it was last used, to a minute.
    pub seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Identity {
    /// One's own sessions that live, the newest first; 100 at most.
    pub async fn own_sessions(&self, current: &Current) -> Result<Vec<OwnSession>, Failure> {
        let (settings, now) = (&self.parts.settings, self.now());
        let mut session = self.parts.database.session(&current.principal).await?;
        let rows = sqlx::query(
            "select id, method, agent, opened_at, seen_at from identity.sessions
             where account = $1 and seen_at > $2 and opened_at > $3 order by opened_at desc, id limit 100",
        )
        .bind(current.account)
        .bind(now - settings.idle)
        .bind(now - settings.absolute)
        .fetch_all(&mut *session)
        .await?;
        let read = |row: &sqlx::postgres::PgRow| -> Result<OwnSession, sqlx::Error> {
            let id = row.try_get("id")?;
            Ok(OwnSession {
                id,
                method: row.try_get("method")?,
                agent: row.try_get("agent")?,
                opened_at: row.try_get("opened_at")?,
                seen_at: row.try_get("seen_at")?,
                current: id == current.id,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}
