//! A delivery compared with what is there, by key, and only what differs written, in one transaction.
//!
//! The rows are staged as for a load; the database compares them with the layer's in sets (`compare`), so that of 300,000 rows only
//! the few thousand that differ are looked at, placed and written (`apply`). Rows keep their `fid`, `id` and history; what is the same
//! is not touched, and a delivery that changes nothing writes nothing. What was delivered is taken down (`delivery`), and the last
//! delivery can be taken back (`undo`).

mod apply;
mod changes;
mod compare;
mod delivery;
mod difference;
mod key;
mod undo;
pub(crate) mod words;

use catalogue::store;
use kernel::Layer;
use sqlx::{Connection, PgConnection};

pub use delivery::{Counts, ids_of};
pub(crate) use delivery::{Delivery, Kept};
pub use difference::{Changed, Difference, Edited, Examples, FieldChange, Moved};
pub(crate) use key::KeyWish;
pub use undo::{Undone, undo};

use crate::geometry::Family;
use crate::load::{self, Into, Placed, Staging, Tally, Target};
use crate::source::Source;
use crate::{IngestError, Mode, Request};
use changes::ChangesFile;
use compare::VANISHED;

/// What is staged, and what it is compared with.
pub(crate) struct Delivered<'a> {
    pub(crate) staging: &'a Staging,
    /// The layer as it will be declared: its accuracy may be less than it was.
    pub(crate) layer: &'a Layer,
    pub(crate) family: Family,
    pub(crate) sources: &'a [Source],
    pub(crate) files: &'a [String],
    /// The column that ids come from, as the layer calls it.
    pub(crate) key: &'a str,
}

/// Compares, and writes what differs unless the request is only to look.
pub(crate) async fn update(
    database: &mut PgConnection,
    delivered: &Delivered<'_>,
    request: &Request,
    tally: &mut Tally,
) -> Result<(Placed, Difference), IngestError> {
    let Delivered { staging, layer, family, sources, files, key } = *delivered;
    let failed = || IngestError::database("can't compare the rows with those that are there");
    let mut transaction = database.begin().await.map_err(failed())?;
    if !request.update.only_look {
        load::lock(&mut transaction, layer).await.map_err(failed())?;
    }
    let declared = as_expected(&mut transaction, layer).await?;
    let comune_is_given = request.comune.is_some();
    compare::find_different(&mut transaction, staging, layer, comune_is_given).await.map_err(failed())?;
    refuse_strangers(&mut transaction, delivered, request).await?;
    let (looked, existing) = (compare::looked(), Some(layer.geometry));
    let placed = load::place(&mut transaction, staging, family, request, Into { existing, only: Some(&looked) }, sources, tally).await?;
    refuse_nothing(sources, tally)?;
    compare::describe(&mut transaction, staging, layer, comune_is_given).await.map_err(failed())?;
    let keep_vanished = request.update.keep_vanished;
    let mut difference = difference::count(&mut transaction, staging, layer, key.to_owned(), keep_vanished).await.map_err(failed())?;
    let file = match &request.update.changes {
        Some(path) => Some(ChangesFile::write(&mut transaction, staging, layer, path).await?),
        None => None,
    };
    let mut rows = difference.rows;
    if keep_vanished {
        rows.vanished = 0;
    }
    let nothing = rows.new + rows.changed + rows.vanished == 0;
    if request.update.only_look || nothing {
        transaction.rollback().await.map_err(failed())?;
    } else {
        let delivery = Delivery { mode: Mode::Update, key: Some(key), files, rows, order: request.order };
        let number = delivery.keep(&mut transaction, layer).await?;
        let written = IngestError::database("can't write what differs");
        write(&mut transaction, delivered, number, keep_vanished).await.map_err(written)?;
        if declared.accuracy != layer.accuracy {
            let less_sure = Layer { accuracy: layer.accuracy.clone(), ..declared };
            store::put(&mut transaction, &less_sure, None).await?;
        }
        transaction.commit().await.map_err(IngestError::database("can't write what differs"))?;
        difference.delivery = Some(number);
    }
    difference.written = !request.update.only_look;
    if let Some(file) = file {
        file.persist()?;
    }
    // of the rows that were looked at alone
    Ok((Placed { inside: None, bbox: None, ..placed }, difference))
}

/// A delivery of which no row can be taken is no reason to take the layer's rows away.
fn refuse_nothing(sources: &[Source], tally: &Tally) -> Result<(), IngestError> {
    let kept_out: u64 = tally.kept_out.values().map(|(rows, _)| rows).sum();
    let file = || sources.iter().map(|s| s.file.as_str()).collect::<Vec<_>>().join(", ");
    if kept_out < tally.read { Ok(()) } else { Err(IngestError::NothingLeft { file: file(), rows: tally.read, reasons: tally.reasons() }) }
}

async fn write(transaction: &mut PgConnection, delivered: &Delivered<'_>, number: i64, keep_vanished: bool) -> Result<(), sqlx::Error> {
    let Delivered { staging, layer, files, .. } = *delivered;
    apply::explain(transaction, &format!("delivery {number}: {}", files.join(", "))).await?;
    apply::apply(transaction, staging, layer, keep_vanished).await
}

/// The layer as it is declared now: its table must be what the files were fitted to.
async fn as_expected(transaction: &mut PgConnection, layer: &Layer) -> Result<Layer, IngestError> {
    let now = Target::find(transaction, &layer.id, Mode::Update).await?;
    let same = |now: &&Layer| {
        let columns = |l: &Layer| l.fields.iter().map(|f| (f.name.clone(), f.kind)).collect::<Vec<_>>();
        now.table == layer.table && now.geometry == layer.geometry && columns(now) == columns(layer)
    };
    now.existing().filter(same).cloned().ok_or_else(|| IngestError::Redeclared(layer.id.clone()))
}

/// A delivery of which no row is known is one of something else, or compared by the wrong column.
async fn refuse_strangers(transaction: &mut PgConnection, delivered: &Delivered<'_>, request: &Request) -> Result<(), IngestError> {
    let Delivered { staging, layer, key, .. } = *delivered;
    if request.update.keep_vanished {
        return Ok(());
    }
    let failed = || IngestError::database("can't compare ids");
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let sql = format!(
        "select exists (select from {table}) and (select count(*) from {VANISHED}) = (select count(*) from {table}),
                (select coalesce(array_agg(_key), '{{}}') from (select _key from {loading} order by _seq limit 3) f),
                (select coalesce(array_agg(id), '{{}}') from (select id from {table} order by fid limit 3) f)"
    );
    let (strange, theirs, ours): (bool, Vec<String>, Vec<String>) =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(transaction).await.map_err(failed())?;
    if strange { Err(IngestError::NothingInCommon { layer: layer.id.clone(), key: key.to_owned(), theirs, ours }) } else { Ok(()) }
}
