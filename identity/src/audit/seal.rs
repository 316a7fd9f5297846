use std::future::Future;
use std::time::Duration;

use kernel::{Database, Principal};
use sqlx::{AssertSqlSafe, Row};

use super::entry::{COLUMNS, Entry, Hash};

/// Who holds this advisory lock seals; the number means nothing else.
const LOCK: i64 = 0x0a0d_1715_ea1e_0001;
/// Entries sealed in one transaction.
const BATCH: i64 = 5000;

/// Makes the chain. Any number of processes may have one; one of them works at a time.
#[derive(Clone, Debug)]
pub struct Sealer {
    database: Database,
}

impl Sealer {
    /// Does nothing yet.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Seals what can be sealed every second until `stop`, and once more then. A database that is away is waited for.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let stops = tokio::select! {
                () = &mut stop => true,
                () = tokio::time::sleep(Duration::from_secs(1)) => false,
            };
            if let Err(error) = self.seal().await {
                tracing::warn!(cause = %error, "the audit log can't be sealed; trying again");
            }
            if stops {
                return;
            }
        }
    }

    /// Seals what can be sealed now; tells how many entries that were. None while another process is at it.
    pub async fn seal(&self) -> Result<u64, sqlx::Error> {
        let mut sealed = 0;
        loop {
            let batch = self.batch().await?;
            sealed += batch;
            if batch < BATCH as u64 {
                return Ok(sealed);
            }
        }
    }

    /// An entry may be sealed when its transaction and all that began to write before it have ended: what is older than the oldest
    /// that still runs (`pg_snapshot_xmin`). A row that comes from the future, in another life of this database that was
    /// restored here, has been committed there.
    async fn batch(&self) -> Result<u64, sqlx::Error> {
        let mut transaction = self.database.write(&Principal::operator()).await?;
        let is_ours: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)").bind(LOCK).fetch_one(&mut *transaction).await?;
        if !is_ours {
            return Ok(0);
        }
        let head = sqlx::query("select seal, hash from identity.audit_head").fetch_one(&mut *transaction).await?;
        let (mut seal, hash): (i64, Vec<u8>) = (head.try_get("seal")?, head.try_get("hash")?);
        let mut hash: Hash = hash.try_into().map_err(|_| sqlx::Error::Decode("a hash has 32 bytes".into()))?;
        let ready = format!(
            "select {COLUMNS} from identity.audit
              where seal is null
                and (transaction < pg_snapshot_xmin(pg_current_snapshot()) or transaction >= pg_snapshot_xmax(pg_current_snapshot()))
              order by transaction, entry limit {BATCH}"
        );
        let ready: Vec<Entry> = sqlx::query_as(AssertSqlSafe(ready)).fetch_all(&mut *transaction).await?;
        if ready.is_empty() {
            return Ok(0);
        }
        let (mut entries, mut seals, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &ready {
            seal += 1;
            hash = entry.chain(&hash, seal);
            entries.push(entry.entry);
            seals.push(seal);
            hashes.push(hash.to_vec());
        }
        sqlx::query(
            "update identity.audit a set seal = s.seal, hash = s.hash
               from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as s(entry, seal, hash) where a.entry = s.entry",
        )
        .bind(&entries)
        .bind(&seals)
        .bind(&hashes)
        .execute(&mut *transaction)
        .await?;
        let forward = sqlx::query("update identity.audit_head set seal = $1, hash = $2").bind(seal).bind(hash.as_slice());
        forward.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(ready.len() as u64)
    }
}
