use chrono::TimeDelta;
use http::HeaderMap;
use kernel::Principal;
use sqlx::Row;

use super::{Current, assurance_named};
use crate::account::{Account, COLUMNS};
use crate::{Failure, Identity, Token, cookie};

/// A session's last use is written at most this often.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

impl Identity {
    /// Whose session the cookie names, if it lives. A database that does not answer is a failure, not "nobody": whoever is
    /// signed in is not shown the public's view without a word.
    pub async fn resolve(&self, headers: &HeaderMap) -> Result<Option<Current>, Failure> {
        let Some(token) = cookie::read(headers, cookie::SESSION) else { return Ok(None) };
        let (hash, now) = (token.hash(), self.now());
        if let Some(current) = self.sessions.get(&hash, now) {
            return Ok(Some(current));
        }
        let generation = self.sessions.generation();
        let current = self.read(&token).await?;
        if let Some(current) = &current {
            self.sessions.put(hash, current.clone(), now, generation);
        }
        Ok(current)
    }

    async fn read(&self, token: &Token) -> Result<Option<Current>, Failure> {
        let (settings, now) = (&self.parts.settings, self.now());
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, s.id as session, s.method, s.assurance, s.opened_at, s.seen_at < $4 as unseen
             from identity.sessions s join identity.accounts a on a.id = s.account
             where s.hash = $1 and s.seen_at > $2 and s.opened_at > $3 and a.active and ($5 or a.demo is null)"
        ));
        let mut session = self.parts.database.session(&Principal::anonymous()).await?;
        let row = sqlx::query(sql)
            .bind(token.hash().to_vec())
            .bind(now - settings.idle)
            .bind(now - settings.absolute)
            .bind(now - SEEN_EVERY)
            .bind(settings.demo)
            .fetch_optional(&mut *session)
            .await?;
        drop(session);
        let Some(row) = row else { return Ok(None) };
        if row.try_get("unseen")? {
            self.seen(token).await?;
        }
        let (account, opened_at): (Account, chrono::DateTime<chrono::Utc>) = (Account::read(&row)?, row.try_get("opened_at")?);
        let assurance = assurance_named(row.try_get("assurance")?);
        let principal = account.principal(assurance);
        Ok(Some(Current {
            id: row.try_get("session")?,
            account: account.id,
            principal,
            email: account.email,
            method: row.try_get("method")?,
            expires_at: opened_at + settings.absolute,
        }))
    }

    async fn seen(&self, token: &Token) -> Result<(), Failure> {
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        sqlx::query("update identity.sessions set seen_at = greatest(seen_at, $2) where hash = $1")
            .bind(token.hash().to_vec())
            .bind(self.now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
