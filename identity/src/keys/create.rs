use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Comuni, LayerId, Principal};
use sqlx::PgConnection;

use super::KeyText;
use crate::Failure;
use crate::audit::{self, Action, Event};

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// Whether it may also edit.
    pub edit: bool,
    /// Only these layers; `None`: those that staff may read.
    pub layers: Option<BTreeSet<LayerId>>,
    /// Rows of these comuni.
    pub comuni: Comuni,
    /// How long it is good for; `None`: until it is revoked.
    pub lifetime: Option<TimeDelta>,
    /// How often it may ask.
    pub requests_per_minute: Option<i32>,
}

/// Why a key can't be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What is asked for is not possible; the text says what is.
    #[error("{0}")]
    Invalid(String),
    /// The database.
    #[error("the key can't be stored: {0}")]
    Database(#[from] sqlx::Error),
    /// The system has no randomness.
    #[error("the key can't be made: {0}")]
    Failure(#[from] Failure),
}

/// Makes a key and writes it into the audit log, in the caller's transaction. The caller has checked that `by` may make one like
/// this; what is returned is the only copy of the secret.
pub async fn create(conn: &mut PgConnection, by: &Principal, new: &NewKey, now: DateTime<Utc>) -> Result<KeyText, KeyError> {
    let invalid = |text: &str| Err(KeyError::Invalid(text.to_owned()));
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return invalid("a key's name has 1 to 100 characters, none of them a control character");
    }
    if new.layers.as_ref().is_some_and(|layers| layers.is_empty() || layers.len() > 500) {
        return invalid("a key is for 1 to 500 layers; leave them out for all");
    }
    let expires_at = match new.lifetime {
        None => None,
        Some(some) if some <= TimeDelta::zero() || some > TimeDelta::days(3660) => return invalid("a key is good for ten years at most"),
        Some(some) => Some(now + some),
    };
    if new.requests_per_minute.is_some_and(|n| !(1..=1_000_000).contains(&n)) {
        return invalid("a key may ask 1 to 1000000 times a minute");
    }
    let comuni: Option<Vec<&String>> = match &new.comuni {
        Comuni::All => None,
        Comuni::Only(some) if some.iter().any(|c| c.len() != 6 || !c.bytes().all(|b| b.is_ascii_digit())) => {
            return invalid("a comune is said by its ISTAT code, six digits");
        }
        Comuni::Only(some) => Some(some.iter().collect()),
    };
    let layers: Option<Vec<&str>> = new.layers.as_ref().map(|some| some.iter().map(LayerId::as_str).collect());
    let key = KeyText::new()?;
    sqlx::query(
        "insert into identity.keys (id, secret_hash, name, scope, layers, comuni, requests_per_minute, created_at, created_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(key.id())
    .bind(key.hash().as_slice())
    .bind(name)
    .bind(if new.edit { "edit" } else { "read" })
    .bind(&layers)
    .bind(&comuni)
    .bind(new.requests_per_minute)
    .bind(now)
    .bind(by.id())
    .bind(expires_at)
    .execute(&mut *conn)
    .await?;
    let details = serde_json::json!({
        "what": "key created", "key": key.id(), "edit": new.edit, "layers": layers, "comuni": comuni, "expires": expires_at,
    });
    audit::record(conn, by, Event::new(Action::Administer).details(details)).await?;
    Ok(key)
}
