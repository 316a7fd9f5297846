//! Uploads in the database.

use chrono::{DateTime, Utc};
use kernel::{Context, Principal, Problem};
use sqlx::FromRow;
use uuid::Uuid;

use super::absent;
use crate::folder::{Folder, remove_file};
use crate::person;

/// An upload as it was made.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Upload {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    bytes: i64,
    pub(crate) expires_at: DateTime<Utc>,
    /// What was made of it.
    pub(crate) delivery: Option<Uuid>,
}

impl Upload {
    /// How many bytes it will have.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.unsigned_abs()
    }

    /// One of theirs.
    pub(crate) async fn find(context: &Context, who: &Principal, id: &str) -> Result<Self, Problem> {
        let subject = person(who)?;
        let id = Uuid::try_parse(id).map_err(|_| absent())?;
        let failed = |e| Problem::database("an upload", &e);
        let mut session = context.database.session(who).await.map_err(failed)?;
        let found = sqlx::query_as(
            "select id, name, bytes, expires_at, delivery from deliveries.uploads
              where id = $1 and subject = $2 and (delivery is not null or expires_at > clock_timestamp())",
        )
        .bind(id)
        .bind(subject)
        .fetch_optional(&mut *session)
        .await
        .map_err(failed)?;
        found.ok_or_else(absent)
    }

    /// How many are there: on the disk, whatever happens to the machine next.
    pub(crate) fn there(&self, folder: &Folder) -> std::io::Result<u64> {
        if self.delivery.is_some() {
            return Ok(self.bytes());
        }
        match std::fs::File::open(folder.upload(self.id)) {
            Ok(file) => {
                file.sync_data()?;
                Ok(file.metadata()?.len())
            }
            // a file begins with its first byte
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Takes it away. `false`: it was gone, or something is made of it.
    pub(crate) async fn forget(&self, context: &Context, folder: &Folder, who: &Principal) -> Result<bool, Problem> {
        let failed = |e| Problem::database("an upload", &e);
        let mut transaction = context.database.write(who).await.map_err(failed)?;
        let gone = sqlx::query("delete from deliveries.uploads where id = $1 and delivery is null")
            .bind(self.id)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        // a file without its row is swept, if this fails
        remove_file(&folder.upload(self.id)).map_err(|e| Problem::internal("an upload", &e))?;
        Ok(true)
    }

    /// Somebody goes on with it. `false`: it is gone.
    pub(crate) async fn go_on(context: &Context, who: &Principal, id: Uuid, seconds: u64) -> Result<DateTime<Utc>, Problem> {
        let failed = |e| Problem::database("an upload", &e);
        let mut transaction = context.database.write(who).await.map_err(failed)?;
        let until = sqlx::query_scalar(
            "update deliveries.uploads set expires_at = clock_timestamp() + make_interval(secs => $2) where id = $1 returning expires_at",
        )
        .bind(id)
        .bind(seconds as f64)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        until.ok_or_else(absent)
    }
}
