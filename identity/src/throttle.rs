//! How often somebody may try: by account and by network, counted in the database, so that all processes count together.

use chrono::TimeDelta;
pub use kernel::Client;
use kernel::Principal;
use sha2::{Digest, Sha256};

use crate::{Failure, Identity};

/// Attempts at one account, existing or not, within [`WINDOW`]; then nobody may try it for the rest of the window.
const BY_ACCOUNT: i32 = 10;
/// Attempts of one network within [`WINDOW`]: an office of people behind one address makes some mistakes.
const BY_NETWORK: i32 = 60;
const WINDOW: TimeDelta = TimeDelta::minutes(15);

impl Identity {
    /// Counts an attempt before it is made, so that a thousand at once are a thousand, and refuses it if there were too many.
    pub(crate) async fn attempt(&self, client: Option<Client>, account: Option<&str>) -> Result<(), Failure> {
        self.count("network", &Client::network(client), BY_NETWORK).await?;
        match account {
            Some(account) => self.count("account", &account.to_lowercase(), BY_ACCOUNT).await,
            None => Ok(()),
        }
    }

    async fn count(&self, kind: &str, subject: &str, most: i32) -> Result<(), Failure> {
        let now = self.now();
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        let left: Option<i64> = sqlx::query_scalar(
            "insert into identity.attempts as a (kind, subject, since, number) values ($1, $2, $3, 1)
             on conflict (kind, subject) do update
                 set number = case when a.since <= $4 then 1 else least(a.number + 1, 1000000) end,
                     since  = case when a.since <= $4 then $3 else a.since end
             returning case when number > $5 then extract(epoch from since - $4)::bigint end",
        )
        .bind(kind)
        .bind(subject_hash(subject))
        .bind(now)
        .bind(now - WINDOW)
        .bind(most)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        match left {
            None => Ok(()),
            Some(seconds) => Err(Failure::too_often(u32::try_from(seconds.max(1)).unwrap_or(900))),
        }
    }

    /// Who got in has not been guessing.
    pub(crate) async fn forgive(&self, client: Option<Client>, account: Option<&str>) -> Result<(), Failure> {
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        sqlx::query("update identity.attempts set number = greatest(number - 1, 0) where kind = 'network' and subject = $1")
            .bind(subject_hash(&Client::network(client)))
            .execute(&mut *tx)
            .await?;
        if let Some(account) = account {
            sqlx::query("delete from identity.attempts where kind = 'account' and subject = $1")
                .bind(subject_hash(&account.to_lowercase()))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Neither an address of a person nor of a network stands in the table.
fn subject_hash(subject: &str) -> Vec<u8> {
    Sha256::digest(subject).to_vec()
}
