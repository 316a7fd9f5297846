//! A delivery compared with what is there, by key, and only what differs written, in one transaction.
//!
//! What the layer holds is read first, as fingerprints (`held`), so that only rows which are not there as they are come into the database,
//! staged as for a load; it compares them with the layer's in sets (`compare`), and those that differ are looked at, placed and written
//! (`apply`). Whether somebody wrote into the layer while the files were read is found out once nobody can; then they are read again, and all of
//! their rows staged. Rows keep their `fid`, `id` and history; what is the same is not touched, and a delivery that changes nothing writes nothing. What was delivered is taken down (`delivery`), and the last
//! delivery can be taken back (`undo`).

mod apply;
mod changes;
mod compare;
mod delivery;
mod difference;
mod held;
mod key;
mod undo;
pub(crate) mod words;

use catalogue::store;
use kernel::Layer;
use sqlx::{Connection, PgConnection};

pub use delivery::{Counts, ids_of};
pub(crate) use delivery::{Delivery, Kept};
pub use difference::{Changed, Difference, Edited, Examples, FieldChange, Moved};
pub(crate) use held::Held;
pub(crate) use key::KeyWish;
pub use undo::{Undone, undo};

use crate::geometry::Family;
use crate::load::{self, EXAMPLES, Into, Placed, Secretary, Staging, Tally, Target, Written};
use crate::report::Reason;
use crate::rules::look_at_placed;
use crate::whose::is_foreign;
use crate::{IngestError, Mode, Report, Request};
use changes::ChangesFile;
use compare::VANISHED;

/// What is staged, and what it is compared with.
pub(crate) struct Delivered<'a> {
    pub(crate) staging: &'a Staging,
    /// The layer as it will be declared: its accuracy may be less than it was.
    pub(crate) layer: &'a Layer,
    pub(crate) family: Family,
    pub(crate) files: &'a [String],
    /// The column that ids come from, as the layer calls it, and as the files do.
    pub(crate) key: &'a str,
    pub(crate) key_name: &'a str,
}

/// Of how many rows of a layer on it is asked whether too many vanish, if nobody said how many may.
const GUARDED_ROWS: u64 = 50;

/// How many of a layer's rows may vanish with one delivery, percent, if nobody said.
const VANISH_AT_MOST: f64 = 20.0;

/// Compares, and writes what differs unless the request is only to look. `None`: somebody wrote into the layer while the files were read, and
/// not all of their rows were staged that are needed now.
pub(crate) async fn update(
    database: &mut PgConnection,
    delivered: &Delivered<'_>,
    request: &Request,
    tally: &mut Tally,
    secretary: &Secretary<'_>,
) -> Result<Option<Report>, IngestError> {
    let Delivered { staging, layer, family, files, key, key_name } = *delivered;
    let failed = || IngestError::database("can't compare the rows with those that are there");
    let mut transaction = database.begin().await.map_err(failed())?;
    if !request.update.only_look {
        load::lock(&mut transaction, layer).await.map_err(failed())?;
    }
    let declared = as_expected(&mut transaction, layer).await?;
    refuse_versions(&mut transaction, layer).await?;
    let comune_is_told = request.tells_comune();
    let held = tally.held.clone();
    if let Some(held) = &held
        && !held.are_still(&mut transaction, layer).await.map_err(failed())?
    {
        return Ok(None);
    }
    compare::find_different(&mut transaction, staging, layer, comune_is_told, held.as_deref()).await.map_err(failed())?;
    leave_foreign(&mut transaction, delivered, request, tally).await.map_err(failed())?;
    refuse_strangers(&mut transaction, delivered, request).await?;
    let too_many = too_many_vanish(&mut transaction, layer, request).await?;
    let too_many_vanish = too_many.is_some();
    if let Some(too_many) = too_many.filter(|_| !request.update.only_look) {
        return Err(too_many);
    }
    let (looked, existing) = (compare::looked(), Some(layer.geometry));
    let placed = load::place(&mut transaction, staging, family, request, Into { existing, only: Some(&looked) }, files, tally).await?;
    let overlaps = look_at_placed(&mut transaction, staging, family, &request.rules(), &request.thresholds(), files, tally).await?;
    overlaps.found(tally).await?;
    crate::run::stop(tally, request, files)?;
    refuse_nothing(files, tally)?;
    compare::describe(&mut transaction, staging, layer, comune_is_told).await.map_err(failed())?;
    let keep_vanished = request.update.keep_vanished;
    let counted = difference::count(&mut transaction, staging, layer, key_name.to_owned(), keep_vanished).await.map_err(failed())?;
    let mut difference = Difference { too_many_vanish, written: !request.update.only_look, ..counted };
    let file = match &request.update.changes {
        Some(path) => Some(ChangesFile::write(&mut transaction, staging, layer, path).await?),
        None => None,
    };
    // of the rows that were looked at alone
    let placed = Placed { inside: None, bbox: None, ..placed };
    let mut rows = difference.rows;
    let now = if request.update.only_look { 0 } else { rows.new + rows.changed + rows.same };
    if keep_vanished {
        rows.vanished = 0;
    }
    let told =
        |difference| secretary(Written { layer, rows: now, before: None, tally, placed, comuni: Vec::new(), difference: Some(difference) });
    let nothing = rows.new + rows.changed + rows.vanished == 0;
    let papers = if request.update.only_look || nothing {
        transaction.rollback().await.map_err(failed())?;
        told(difference)
    } else {
        let written = || IngestError::database("can't write what differs");
        let delivery = Delivery { mode: Mode::Update, key: Some(key), files, rows, order: request.order, by: request.by.as_deref() };
        let number = delivery.keep(&mut transaction, layer).await?;
        load::explain(&mut transaction, &delivery.reason(number)).await.map_err(written())?;
        apply::apply(&mut transaction, staging, layer, keep_vanished).await.map_err(written())?;
        if declared.accuracy != layer.accuracy {
            // as it is by now: comparing took a while
            let now = store::get_to_change(&mut transaction, &layer.id).await?.unwrap_or(declared);
            store::put(&mut transaction, &Layer { accuracy: layer.accuracy.clone(), ..now }, None).await?;
        }
        difference.delivery = Some(number);
        let papers = told(difference);
        papers.keep(&mut transaction, number).await?;
        transaction.commit().await.map_err(written())?;
        papers
    };
    if let Some(file) = file {
        file.persist()?;
    }
    Ok(Some(papers.report))
}

/// Leaves the rows of comuni that are not theirs as they are, and counts those that the delivery would have changed.
async fn leave_foreign(
    transaction: &mut PgConnection,
    delivered: &Delivered<'_>,
    request: &Request,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let Delivered { staging, layer, files, .. } = *delivered;
    for (file, number) in compare::leave_foreign(transaction, staging, layer, &request.whose).await? {
        let file = usize::try_from(file).ok().filter(|_| files.len() > 1).and_then(|file| files.get(file));
        tally.keep_out(Reason::ForeignComune, || load::row_name(file.map(String::as_str), number.unsigned_abs()));
    }
    Ok(())
}

/// Of a layer whose rows have a validity: each of its ids is one row's, or nobody could say which of them a delivery means.
async fn refuse_versions(transaction: &mut PgConnection, layer: &Layer) -> Result<(), IngestError> {
    if !layer.validity {
        return Ok(());
    }
    let table = layer.table.sql();
    let sql = format!("select id, count(*) over () from {table} group by id having count(*) > 1 order by id limit {EXAMPLES}");
    let several: Vec<(String, i64)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(transaction).await.map_err(IngestError::database("can't compare ids"))?;
    let Some((_, ids)) = several.first() else { return Ok(()) };
    let (ids, examples) = (ids.unsigned_abs(), several.iter().map(|(id, _)| id.clone()).collect());
    Err(IngestError::SeveralVersions { layer: layer.id.clone(), ids, examples })
}

/// Whether more rows would vanish than may: a file that was cut short looks like one whose rows are gone.
async fn too_many_vanish(transaction: &mut PgConnection, layer: &Layer, request: &Request) -> Result<Option<IngestError>, IngestError> {
    if request.update.keep_vanished {
        return Ok(None);
    }
    let own = format!("{} t where not {}", layer.table.sql(), is_foreign("t.comune", &request.whose));
    let sql = format!("select (select count(*) from {VANISHED}), (select count(*) from {own})");
    let (vanished, there): (i64, i64) =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(transaction).await.map_err(IngestError::database("can't compare ids"))?;
    let (vanished, there) = (vanished.unsigned_abs(), there.unsigned_abs());
    let at_most = match request.update.vanish_at_most {
        Some(percent) => percent,
        None if there < GUARDED_ROWS => return Ok(None),
        None => VANISH_AT_MOST,
    };
    let share = 100.0 * vanished as f64 / there.max(1) as f64;
    Ok((share > at_most).then(|| IngestError::TooManyVanish { layer: layer.id.clone(), vanished, there, share, at_most }))
}

/// A delivery of which no row can be taken is no reason to take the layer's rows away.
fn refuse_nothing(files: &[String], tally: &Tally) -> Result<(), IngestError> {
    let kept_out: u64 = tally.kept_out.values().map(|(rows, _)| rows).sum();
    if kept_out < tally.read {
        Ok(())
    } else {
        Err(IngestError::NothingLeft { file: files.join(", "), rows: tally.read, reasons: tally.kept_out() })
    }
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
    let own = format!("{table} t where not {}", is_foreign("t.comune", &request.whose));
    let sql = format!(
        "select exists (select from {own}) and (select count(*) from {VANISHED}) = (select count(*) from {own}),
                (select coalesce(array_agg(_key), '{{}}') from (select _key from {loading} order by _seq limit 3) f),
                (select coalesce(array_agg(id), '{{}}') from (select id from {table} order by fid limit 3) f)"
    );
    let (strange, theirs, ours): (bool, Vec<String>, Vec<String>) =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(transaction).await.map_err(failed())?;
    if strange { Err(IngestError::NothingInCommon { layer: layer.id.clone(), key: key.to_owned(), theirs, ours }) } else { Ok(()) }
}
