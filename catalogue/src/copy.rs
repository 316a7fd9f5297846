//! Bulk loads by PostgreSQL's binary COPY (PostgreSQL 15, "COPY", Binary Format).

use chrono::{DateTime, NaiveDate, Utc};
use kernel::TableName;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgCopyIn};

/// How much is gathered before it is sent.
const BATCH_BYTES: usize = 256 * 1024;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();

/// Rows in the binary format, gathered to be sent.
#[derive(Debug)]
pub struct Rows {
    bytes: Vec<u8>,
    columns: i16,
}

impl Rows {
    /// For rows of this many columns.
    pub fn new(columns: usize) -> Self {
        Self { bytes: Vec::with_capacity(BATCH_BYTES + 4096), columns: i16::try_from(columns).unwrap_or(i16::MAX) }
    }

    /// Begins a row: as many values must follow as there are columns.
    pub fn row(&mut self) -> RowWriter<'_> {
        self.bytes.extend(self.columns.to_be_bytes());
        RowWriter(&mut self.bytes)
    }

    /// Whether it is time to send.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES
    }
}

/// Writes the values of one row, in the order of the columns.
#[derive(Debug)]
pub struct RowWriter<'a>(&'a mut Vec<u8>);

impl RowWriter<'_> {
    /// NULL.
    pub fn null(&mut self) -> &mut Self {
        self.0.extend((-1i32).to_be_bytes());
        self
    }
    /// `text`. A NUL character, which PostgreSQL can't hold, is left out.
    pub fn text(&mut self, value: &str) -> &mut Self {
        if value.contains('\0') {
            return self.bytes(value.replace('\0', "").as_bytes());
        }
        self.bytes(value.as_bytes())
    }
    /// `bigint`
    pub fn integer(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }
    /// `integer`
    pub fn int4(&mut self, value: i32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }
    /// `double precision`
    pub fn number(&mut self, value: f64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }
    /// `boolean`
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.bytes(&[u8::from(value)])
    }
    /// `date`: days since 1 January 2000.
    pub fn date(&mut self, value: NaiveDate) -> &mut Self {
        let days = value.signed_duration_since(NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default()).num_days();
        self.int4(i32::try_from(days).unwrap_or(i32::MAX))
    }
    /// `timestamptz`: microseconds since 1 January 2000, UTC.
    pub fn instant(&mut self, value: DateTime<Utc>) -> &mut Self {
        const Y2000_US: i64 = 946_684_800_000_000;
        self.integer(value.timestamp_micros() - Y2000_US)
    }
    /// `geometry` as EWKB (see [`crate::ewkb`]), or any value whose binary form is at hand.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.0.extend(i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        self.0.extend(value);
        self
    }
}

/// A COPY in progress.
pub struct Copy<'c>(PgCopyIn<&'c mut PgConnection>);

impl<'c> Copy<'c> {
    /// Begins to fill these columns of a table.
    pub async fn start(conn: &'c mut PgConnection, table: &TableName, columns: &[&str]) -> Result<Self, sqlx::Error> {
        Self::begin(conn, table, columns, "format binary").await
    }

    /// The same for a table that the open transaction made: its rows need no second look by VACUUM, nor by whoever reads them first.
    pub async fn into_new(conn: &'c mut PgConnection, table: &TableName, columns: &[&str]) -> Result<Self, sqlx::Error> {
        Self::begin(conn, table, columns, "format binary, freeze").await
    }

    async fn begin(conn: &'c mut PgConnection, table: &TableName, columns: &[&str], options: &str) -> Result<Self, sqlx::Error> {
        let columns: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
        let sql = format!("copy {} ({}) from stdin ({options})", table.sql(), columns.join(", "));
        let mut copy = conn.copy_in_raw(&sql).await?;
        copy.send(SIGNATURE).await?;
        Ok(Self(copy))
    }

    /// Sends what was gathered, if it is enough to be worth it.
    pub async fn send_if_full(&mut self, rows: &mut Rows) -> Result<(), sqlx::Error> {
        if rows.is_full() { self.send(rows).await } else { Ok(()) }
    }

    /// Sends what was gathered.
    pub async fn send(&mut self, rows: &mut Rows) -> Result<(), sqlx::Error> {
        self.0.send(rows.bytes.as_slice()).await?;
        rows.bytes.clear();
        Ok(())
    }

    /// Ends it; returns how many rows went in.
    pub async fn finish(mut self, rows: &mut Rows) -> Result<u64, sqlx::Error> {
        self.send(rows).await?;
        self.0.send(TRAILER.as_slice()).await?;
        self.0.finish().await
    }

    /// Gives up; nothing went in.
    pub async fn abort(self, why: &str) -> Result<(), sqlx::Error> {
        self.0.abort(why).await
    }
}

/// Fills a layer's table from records, in one COPY, inside the caller's transaction. Each record writes its row.
///
/// COPY FROM does not work below row-level security, which holds for the owner too; so the owner steps out of it for the
/// load. That locks the table until the transaction ends: this is for first loads, whose rows take new `fid`s and have no history
/// to be looked up.
pub async fn fill<T>(
    conn: &mut PgConnection,
    table: &TableName,
    columns: &[&str],
    records: &[T],
    write: impl Fn(&T, &mut RowWriter<'_>),
) -> Result<u64, sqlx::Error> {
    let force = |word: &str| AssertSqlSafe(format!("alter table {} {word} row level security", table.sql()));
    let first_load = "select set_config('opensit.first_load', $1, true)";
    sqlx::query(force("no force")).execute(&mut *conn).await?;
    sqlx::query(first_load).bind("on").execute(&mut *conn).await?;
    let mut copy = Copy::start(&mut *conn, table, columns).await?;
    let mut rows = Rows::new(columns.len());
    for record in records {
        write(record, &mut rows.row());
        copy.send_if_full(&mut rows).await?;
    }
    let count = copy.finish(&mut rows).await?;
    sqlx::query(first_load).bind("").execute(&mut *conn).await?;
    sqlx::query(force("force")).execute(conn).await?;
    Ok(count)
}
