use std::io::{self, Write};

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection};

use super::entry::{COLUMNS, Entry};

/// Why the log can't be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error("the audit log can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// Where it goes.
    #[error("the audit log can't be written out: {0}")]
    Write(#[from] io::Error),
}

/// Writes the log as JSON, one entry a line, in the order of the chain, then what is not sealed yet: everything that is hashed
/// is in it, so that the chain can be checked elsewhere. Answers how many lines were written.
pub async fn export(conn: &mut PgConnection, after: i64, out: &mut impl Write) -> Result<u64, ExportError> {
    let text = format!("select {COLUMNS} from identity.audit where seal > $1 or seal is null order by seal nulls last, entry");
    let mut entries = sqlx::query_as::<_, Entry>(AssertSqlSafe(text)).bind(after).fetch(conn);
    let mut lines = 0;
    while let Some(entry) = entries.try_next().await? {
        writeln!(out, "{}", entry.to_json())?;
        lines += 1;
    }
    Ok(lines)
}
