//! Files as rows. Each function is one step inside the caller's transaction.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use kernel::{LayerId, Principal};
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::content::Kept;

/// Bytes of a piece; the last may have fewer. The table has the same limit.
pub(crate) const PIECE: usize = 256 * 1024;

/// A file without its bytes.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct File {
    pub(crate) id: Uuid,
    pub(crate) layer: String,
    pub(crate) record: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: i64,
    pub(crate) sha256: Vec<u8>,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by_name: Option<String>,
}

const SELECT: &str =
    "select id, layer, record, name, media_type, bytes, sha256, width, height, created_at, created_by_name from attachments.files";

/// Writes a file, piece by piece.
pub(crate) async fn add(
    conn: &mut PgConnection,
    who: &Principal,
    layer: &LayerId,
    record: &str,
    name: &str,
    kept: &Kept,
) -> Result<Uuid, sqlx::Error> {
    let side = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let id: Uuid = sqlx::query_scalar(
        "insert into attachments.files (layer, record, name, media_type, bytes, sha256, width, height, created_by, created_by_name)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
    )
    .bind(layer.as_str())
    .bind(record)
    .bind(name)
    .bind(kept.kind.media_type())
    .bind(kept.content.len() as i64)
    .bind(Sha256::digest(&kept.content).as_slice())
    .bind(kept.size.map(|s| side(s.0)))
    .bind(kept.size.map(|s| side(s.1)))
    .bind(who.id())
    .bind(who.name())
    .fetch_one(&mut *conn)
    .await?;
    for (number, piece) in (0_i32..).zip(kept.content.chunks(PIECE)) {
        let insert = sqlx::query("insert into attachments.chunks (file, number, data) values ($1, $2, $3)");
        insert.bind(id).bind(number).bind(piece).execute(&mut *conn).await?;
    }
    Ok(id)
}

pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<File>, sqlx::Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1"))).bind(id).fetch_optional(conn).await
}

/// The files of a row, the oldest first.
pub(crate) async fn list(conn: &mut PgConnection, layer: &LayerId, record: &str) -> Result<Vec<File>, sqlx::Error> {
    let text = format!("{SELECT} where layer = $1 and record = $2 order by created_at, id");
    sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(layer.as_str()).bind(record).fetch_all(conn).await
}

/// How many files a row has.
pub(crate) async fn count(conn: &mut PgConnection, layer: &LayerId, record: &str) -> Result<i64, sqlx::Error> {
    let text = "select count(*) from attachments.files where layer = $1 and record = $2";
    sqlx::query_scalar(text).bind(layer.as_str()).bind(record).fetch_one(conn).await
}

/// One piece of a file.
pub(crate) async fn piece(conn: &mut PgConnection, id: Uuid, number: i32) -> Result<Bytes, sqlx::Error> {
    let data: Vec<u8> = sqlx::query_scalar("select data from attachments.chunks where file = $1 and number = $2")
        .bind(id)
        .bind(number)
        .fetch_one(conn)
        .await?;
    Ok(Bytes::from(data))
}

/// Deletes a file with its pieces; `false` if somebody else was first.
pub(crate) async fn delete(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query("delete from attachments.files where id = $1").bind(id).execute(conn).await?;
    Ok(deleted.rows_affected() == 1)
}
