//! Passkeys (Web Authentication Level 3), with the user verified each time: something that one has, and a finger, a face or
//! a number that only they have.

mod register;
mod sign_in;

use kernel::PublicUrl;
use serde_json::Value;
use sqlx::{PgConnection, Row};
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rp::bin::Decode;
use webauthn_rp::request::register::UserHandle16;
use webauthn_rp::request::{AsciiDomain, RpId};

pub(crate) use register::NewPasskey;
pub(crate) use sign_in::SIGN_IN_ASSURANCE;

use crate::session::Current;
use crate::{Failure, Identity, origin};

/// Passkeys that one account may have.
const MOST: i64 = 20;

/// Who asks for passkeys: our domain and origin. There are none on an address without a name.
pub(crate) struct RelyingParty {
    pub(crate) id: RpId,
    pub(crate) origin: String,
}

impl RelyingParty {
    pub(crate) fn of(public_url: &PublicUrl) -> Option<Self> {
        let url = Url::parse(&public_url.to_string()).ok()?;
        let Some(Host::Domain(domain)) = url.host() else { return None };
        if !origin::is_secure(public_url) {
            return None;
        }
        Some(Self { id: RpId::Domain(AsciiDomain::try_from(domain.to_owned()).ok()?), origin: origin::of(public_url) })
    }
}

/// One of somebody's own passkeys, as they see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct OwnPasskey {
    /// To remove it by.
    pub id: Uuid,
    /// What they called it.
    pub name: String,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last used.
    pub used_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl Identity {
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty, Failure> {
        self.passkeys.as_deref().ok_or_else(|| {
            Failure::invalid(
                "Le passkey vogliono un indirizzo con un nome, non un numero IP.",
                "Passkeys need an address with a name, not an IP number.",
            )
        })
    }

    /// One's own passkeys, the oldest first.
    pub async fn own_passkeys(&self, current: &Current) -> Result<Vec<OwnPasskey>, Failure> {
        let mut session = self.parts.database.session(&current.principal).await?;
        let rows = sqlx::query("select id, name, created_at, used_at from identity.passkeys where account = $1 order by created_at, id")
            .bind(current.account)
            .fetch_all(&mut *session)
            .await?;
        let read = |row: &sqlx::postgres::PgRow| -> Result<OwnPasskey, sqlx::Error> {
            Ok(OwnPasskey {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                created_at: row.try_get("created_at")?,
                used_at: row.try_get("used_at")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Removes one of one's own passkeys, unless it is the last way in.
    pub async fn remove_passkey(&self, current: &Current, passkey: Uuid) -> Result<(), Failure> {
        let mut tx = self.parts.database.write(&current.principal).await?;
        lock(&mut tx, current.account).await?;
        let removed = sqlx::query("delete from identity.passkeys where id = $1 and account = $2")
            .bind(passkey)
            .bind(current.account)
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() == 0 {
            return Err(Failure::not_found());
        }
        let another: bool = sqlx::query_scalar(
            "select exists (select from identity.passkeys where account = $1) or exists (select from identity.passwords where account = $1)
                 or exists (select from identity.external where account = $1)",
        )
        .bind(current.account)
        .fetch_one(&mut *tx)
        .await?;
        if !another {
            return Err(Failure::invalid(
                "È l'unico modo che hai per entrare: aggiungine prima un altro.",
                "It is your only way in: add another first.",
            ));
        }
        self.end_all(&mut tx, current.account, Some(current.id)).await?;
        self.note(&mut tx, &current.principal, "remove passkey", current.account).await?;
        tx.commit().await?;
        self.sessions.forget_account(current.account);
        Ok(())
    }
}

/// Two changes of one account's credentials go one after the other.
pub(crate) async fn lock(conn: &mut PgConnection, account: Uuid) -> Result<(), Failure> {
    sqlx::query("select from identity.accounts where id = $1 for no key update").bind(account).execute(conn).await?;
    Ok(())
}

/// The account as authenticators know it: its random id, no name.
fn handle(account: Uuid) -> UserHandle16 {
    match UserHandle16::decode(account.into_bytes()) {
        Ok(handle) => handle,
        Err(never) => match never {},
    }
}

/// A ceremony that did not hold. Why goes to the log, without what was sent.
fn refused(cause: &dyn std::fmt::Display) -> Failure {
    tracing::info!(%cause, "a passkey was refused");
    Failure::wrong()
}

fn document(value: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|e| Failure::internal("writing a passkey's options", &e))
}
