//! A sign-in under way: what is kept between two requests, bound to the browser that began it.

use chrono::TimeDelta;
use http::HeaderMap;
use kernel::Principal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::Base64;
use crate::{Failure, Identity, Token, cookie};

/// How long somebody has for the next step.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(10);
/// Codes that may be tried after one right password.
const TRIES: i16 = 5;

/// What the browser is in the middle of. The last member is where it goes afterwards.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Flow {
    /// The password was right; the code is missing. It goes on only as long as the password is that one (its [`mark`](crate::password::mark)).
    Code { account: Uuid, email: String, password: Base64, next: String },
    /// A passkey was asked for.
    Passkey { state: Base64, next: String },
    /// A new passkey was offered to this account; by a link, or by who is signed in.
    NewPasskey { state: Base64, account: Uuid, link: Option<Base64> },
    /// The browser was sent to another source, perhaps to tie it to the account of a link.
    Source { id: String, kept: String, link: Option<Base64>, next: String },
}

impl Identity {
    /// Keeps it, encrypted; the token goes into the browser's cookie.
    pub(crate) async fn begin(&self, flow: &Flow) -> Result<Token, Failure> {
        let token = Token::new()?;
        let plain = serde_json::to_vec(flow).map_err(|e| Failure::internal("keeping a sign-in", &e))?;
        let sealed = self.parts.key.seal(&purpose(&token), &plain)?;
        let now = self.now();
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        sqlx::query("delete from identity.flows where expires_at < $1").bind(now).execute(&mut *tx).await?;
        sqlx::query("insert into identity.flows (hash, sealed, expires_at) values ($1, $2, $3)")
            .bind(token.hash().to_vec())
            .bind(sealed)
            .bind(now + LIFE)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Takes it away, so that it is used once.
    pub(crate) async fn take(&self, headers: &HeaderMap) -> Result<Flow, Failure> {
        let token = cookie::read(headers, cookie::FLOW).ok_or_else(Failure::stale)?;
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        let sealed: Option<Vec<u8>> = sqlx::query_scalar("delete from identity.flows where hash = $1 and expires_at > $2 returning sealed")
            .bind(token.hash().to_vec())
            .bind(self.now())
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        self.unseal(&token, sealed)
    }

    /// Looks at it and counts a try; a few may go wrong.
    pub(crate) async fn try_once(&self, headers: &HeaderMap) -> Result<Flow, Failure> {
        let token = cookie::read(headers, cookie::FLOW).ok_or_else(Failure::stale)?;
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "update identity.flows set tries = tries + 1 where hash = $1 and expires_at > $2 and tries < $3 returning sealed",
        )
        .bind(token.hash().to_vec())
        .bind(self.now())
        .bind(TRIES)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        self.unseal(&token, sealed)
    }

    fn unseal(&self, token: &Token, sealed: Option<Vec<u8>>) -> Result<Flow, Failure> {
        let plain = sealed.and_then(|sealed| self.parts.key.open_sealed(&purpose(token), &sealed)).ok_or_else(Failure::stale)?;
        serde_json::from_slice(&plain).map_err(|_| Failure::stale())
    }
}

fn purpose(token: &Token) -> String {
    format!("flow {:x?}", token.hash())
}
