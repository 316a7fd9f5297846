//! What a layer holds, as fingerprints: a delivery's rows that are there as they are need not be brought into the database to be compared.

use std::sync::atomic::{AtomicI64, Ordering};

use catalogue::copy::{Malformed, Received, RowWriter};
use foldhash::{HashMap, HashMapExt};
use futures::TryStreamExt;
use kernel::Layer;
use sqlx::{AssertSqlSafe, PgConnection};
use xxhash_rust::xxh3::xxh3_64;

use crate::IngestError;
use crate::plan::{FieldPlan, Role};

/// Bytes taken in at once.
const PIECE: usize = 256 << 10;

/// Of a layer of more rows, all that is delivered is staged: 24 bytes a row would be too many.
const MOST: usize = 5_000_000;

/// The rows of a layer, as they were when the reading of a file began. One is told from another with the same hashes but for one pair in 2⁶⁴.
#[derive(Debug)]
pub(crate) struct Held {
    /// By the hash of their ids.
    rows: HashMap<u64, One>,
    /// A transaction's number: of what it and later ones wrote it is not known whether it is in them.
    since: String,
    with_comune: bool,
    /// Whether the file's rows have no end, the layer's rows do.
    endless: bool,
}

#[derive(Debug)]
struct One {
    /// Of id, geometry and values, as COPY writes them.
    print: u64,
    /// Its `fid`; less than zero, once a row of its id was delivered.
    fid: AtomicI64,
}

impl Held {
    /// Reads them; `None` if they are too many.
    pub(crate) async fn read(
        database: &mut PgConnection,
        layer: &Layer,
        fields: &[FieldPlan],
        with_comune: bool,
    ) -> Result<Option<Self>, IngestError> {
        let endless = layer.validity && fields.iter().all(|f| f.role != Role::ValidTo);
        let mut columns: Vec<String> = ["fid", "id", "geom"].map(str::to_owned).into();
        columns.extend(with_comune.then(|| "comune".to_owned()));
        columns.extend(fields.iter().map(|field| field.column.sql()));
        columns.extend(endless.then(|| "valid_to".to_owned()));
        let sql = format!("copy (select {} from {}) to stdout (format binary)", columns.join(", "), layer.table.sql());
        let mut held = Self { rows: HashMap::new(), since: String::new(), with_comune, endless };
        let read = held.fill(database, &sql).await;
        read.map_err(IngestError::database("did not give the rows that are there")).map(|all| all.then_some(held))
    }

    /// Whether all rows had room.
    async fn fill(&mut self, database: &mut PgConnection, sql: &str) -> Result<bool, sqlx::Error> {
        let since = "select (pg_snapshot_xmin(pg_current_snapshot())::xid)::text";
        self.since = sqlx::query_scalar(since).fetch_one(&mut *database).await?;
        let (mut received, mut piece, mut print) = (Received::default(), Vec::with_capacity(2 * PIECE), Vec::new());
        let mut stream = database.copy_out_raw(sql).await?;
        let mut room = true;
        loop {
            let bytes = stream.try_next().await?;
            if let Some(bytes) = &bytes {
                piece.extend_from_slice(bytes);
            }
            if piece.len() >= PIECE || bytes.is_none() {
                received.push(std::mem::replace(&mut piece, Vec::with_capacity(2 * PIECE)));
                received.rows(|values| self.add(values, &mut print)).map_err(|error| sqlx::Error::Decode(error.into()))?;
                room = room && self.rows.len() <= MOST;
                if !room {
                    self.rows = HashMap::new();
                }
            }
            if bytes.is_none() {
                return Ok(room);
            }
        }
    }

    fn add(&mut self, values: &[Option<&[u8]>], print: &mut Vec<u8>) -> Result<(), Malformed> {
        let [Some(fid), Some(id), ..] = values else { return Err(Malformed) };
        let fid = AtomicI64::new(i64::from_be_bytes((*fid).try_into().map_err(|_| Malformed)?));
        print.clear();
        let mut writer = RowWriter::over(print);
        for value in &values[1..] {
            match value {
                Some(value) => writer.bytes(value),
                None => writer.null(),
            };
        }
        self.rows.insert(xxh3_64(id), One { print: xxh3_64(print), fid });
        Ok(())
    }

    /// Writes what a row's fingerprint is made of, before and after its values.
    pub(crate) fn write(&self, print: &mut Vec<u8>, id: &str, comune: Option<&str>, ewkb: &[u8], values: impl FnOnce(&mut RowWriter<'_>)) {
        print.clear();
        let mut writer = RowWriter::over(print);
        writer.text(id).bytes(ewkb);
        if self.with_comune {
            match comune {
                Some(comune) => writer.text(comune),
                None => writer.null(),
            };
        }
        values(&mut writer);
        if self.endless {
            writer.null();
        }
    }

    /// Whether the row is there as it is. In any case it has not vanished.
    pub(crate) fn has(&self, id: &str, print: &[u8]) -> bool {
        self.delivered(id).is_some_and(|one| one.print == xxh3_64(print))
    }

    /// A row of this id was delivered, whatever is in it.
    pub(crate) fn see(&self, id: &str) {
        let _ = self.delivered(id);
    }

    fn delivered(&self, id: &str) -> Option<&One> {
        let one = self.rows.get(&xxh3_64(id.as_bytes()))?;
        if one.fid.load(Ordering::Relaxed) >= 0 {
            one.fid.fetch_xor(-1, Ordering::Relaxed);
        }
        Some(one)
    }

    /// The `fid`s of those that were not delivered.
    pub(crate) fn vanished(&self) -> Vec<i64> {
        self.rows.values().map(|one| one.fid.load(Ordering::Relaxed)).filter(|fid| *fid >= 0).collect()
    }

    /// Whether they are all that the layer has, and as they were: nobody wrote since they were read. Asked while nobody can.
    pub(crate) async fn are_still(&self, database: &mut PgConnection, layer: &Layer) -> Result<bool, sqlx::Error> {
        let sql = format!("select count(*), count(*) filter (where age(xmin) <= age($1::text::xid)) from {}", layer.table.sql());
        let (rows, touched): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql)).bind(&self.since).fetch_one(database).await?;
        Ok(touched == 0 && usize::try_from(rows) == Ok(self.rows.len()))
    }
}
