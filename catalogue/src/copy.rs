//! Bulk loads by PostgreSQL's binary COPY (PostgreSQL 15, "COPY", Binary Format).

use chrono::{DateTime, NaiveDate, Utc};
use kernel::TableName;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgCopyIn};
use thiserror::Error;

/// How much is gathered before it is sent.
const BATCH_BYTES: usize = 256 * 1024;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();

/// What COPY sent is not in its binary format.
#[derive(Clone, Copy, Debug, Error)]
#[error("what COPY sent can't be read")]
pub struct Malformed;

/// Rows in the binary format, as they come from COPY.
#[derive(Debug, Default)]
pub struct Received {
    buffer: Vec<u8>,
    begun: bool,
    ended: bool,
}

impl Received {
    /// Takes what came.
    pub fn push(&mut self, bytes: Vec<u8>) {
        if self.buffer.is_empty() { self.buffer = bytes } else { self.buffer.extend(bytes) }
    }

    /// Whether the last row came: one that broke off before has not ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Hands over the values of each row that has come whole.
    ///
    /// # Errors
    /// [`Malformed`] when it is no row, or what `each` says.
    pub fn rows<E: From<Malformed>>(&mut self, mut each: impl FnMut(&[Option<&[u8]>]) -> Result<(), E>) -> Result<(), E> {
        let mut at = 0;
        if !self.begun {
            // signature with its flags, none of them set, and the length of an extension, of which there is none
            if self.buffer.len() < SIGNATURE.len() {
                return Ok(());
            }
            if !self.buffer.starts_with(SIGNATURE) {
                return Err(Malformed.into());
            }
            (self.begun, at) = (true, SIGNATURE.len());
        }
        let mut values = Vec::new();
        while !self.ended {
            let Some(fields) = self.buffer.get(at..at + 2) else { break };
            if fields == TRAILER {
                (self.ended, at) = (true, at + 2);
                break;
            }
            let Some(end) = row(&self.buffer, at, &mut values)? else { break };
            each(&values)?;
            at = end;
        }
        self.buffer.drain(..at);
        Ok(())
    }
}

/// The values of the row that begins there, and where it ends; nothing if it has not come whole.
fn row<'b>(buffer: &'b [u8], mut at: usize, values: &mut Vec<Option<&'b [u8]>>) -> Result<Option<usize>, Malformed> {
    values.clear();
    let Some(fields) = buffer.get(at..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
    let fields = u16::try_from(i16::from_be_bytes(*fields)).map_err(|_| Malformed)?;
    at += 2;
    for _ in 0..fields {
        let Some(length) = buffer.get(at..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        at += 4;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            values.push(None);
            continue;
        };
        let Some(value) = buffer.get(at..at + length) else { return Ok(None) };
        values.push(Some(value));
        at += length;
    }
    Ok(Some(at))
}

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

impl<'a> RowWriter<'a> {
    /// Writes behind what is there, for whoever wants values in this format without a COPY.
    pub fn over(bytes: &'a mut Vec<u8>) -> Self {
        Self(bytes)
    }

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

#[cfg(test)]
mod tests {
    use super::{Malformed, Received, Rows, SIGNATURE, TRAILER};

    type Row = Vec<Option<Vec<u8>>>;

    /// What comes of bytes that arrive in pieces of so many: rows, and whether they ended.
    fn received(bytes: &[u8], piece: usize) -> Result<(Vec<Row>, bool), Malformed> {
        let (mut received, mut rows) = (Received::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            received.push(piece.to_vec());
            received.rows(|values| {
                rows.push(values.iter().map(|value| value.map(<[u8]>::to_vec)).collect());
                Ok::<_, Malformed>(())
            })?;
        }
        Ok((rows, received.has_ended()))
    }

    #[test]
    fn rows_are_read_as_they_were_written_in_whatever_pieces_they_come() {
        let mut rows = Rows::new(3);
        rows.row().text("è").null().integer(7);
        rows.row().text("").boolean(true).null();
        let whole = [SIGNATURE, &rows.bytes, &TRAILER].concat();
        let expected =
            vec![vec![Some("è".as_bytes().to_vec()), None, Some(7i64.to_be_bytes().to_vec())], vec![Some(Vec::new()), Some(vec![1]), None]];
        for piece in [1, 2, 7, 1000] {
            assert_eq!(received(&whole, piece).unwrap(), (expected.clone(), true), "{piece}");
        }
        assert_eq!(received(&whole[..whole.len() - 2], 5).unwrap(), (expected, false));
        assert!(received(b"PGCOPX\n and more than a signature", 3).is_err());
        assert!(received(&[SIGNATURE, &[0xff, 0xfe]].concat(), 100).is_err());
    }
}
