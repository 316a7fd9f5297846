//! Running the statements, and keeping what comes out within bounds.

use std::sync::Arc;

use catalogue::Entry;
use kernel::{Bbox, Filter, Layer, Principal, Problem, Session, TileCoord};
use sqlx::{AssertSqlSafe, FromRow};

use crate::App;
use crate::choice::{Choice, Selection};
use crate::engine::{self, Made, Mark};
use crate::frame::buffer;
use crate::queue::{Piece, Place};
use crate::sql::{self, Form, MAX_FEATURES, Part};

/// Beyond as many bytes, uncompressed, a layer of a tile is generalised (further).
pub(crate) const MAX_LAYER_BYTES: usize = 960 * 1024;

/// From as many features on a layer may take longer to write than a thread that serves others should be held.
const MUCH: f64 = 1_000.0;

/// Below this zoom what is too small to be seen by itself is drawn together.
pub(crate) const SMALL_BELOW_ZOOM: u8 = 12;

/// The cell of the first form that is generalised, units.
pub(crate) const FIRST_CELL: u32 = 32;

/// The forms that a layer takes in turn until it is small enough.
const FORMS: [Form; 4] = [
    Form::Detail,
    Form::Generalised { cell: FIRST_CELL, attributes: true },
    Form::Generalised { cell: 64, attributes: true },
    Form::Generalised { cell: 128, attributes: false },
];

/// A tile, uncompressed.
#[derive(Default)]
pub(crate) struct Tile {
    /// Its layers, one after the other. Empty: nothing is there.
    pub(crate) bytes: Vec<u8>,
    /// What was left out or drawn together, and why, for the header `X-Generalised` (a list of RFC 8941).
    pub(crate) generalised: Option<String>,
    /// Of which rows it was written, if all of them were in memory.
    pub(crate) made: Option<Made>,
}

#[derive(FromRow)]
struct Counted {
    layer: i32,
    candidates: i64,
}

#[derive(FromRow)]
struct Written {
    layer: i32,
    mvt: Option<Vec<u8>>,
    candidates: i64,
}

/// How far a layer of the tile has come.
struct Work<'a> {
    layer: &'a Layer,
    /// What is asked of the database, if it is.
    part: Option<Part<'a>>,
    /// Which of [`FORMS`].
    form: usize,
    why: &'static str,
    /// Of which rows in memory it was written.
    made: Option<Mark>,
    /// Whether only as many of what is large are drawn.
    largest: Option<usize>,
    mvt: Option<Vec<u8>>,
}

/// Why there is no tile.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The database did not answer, or not so.
    Database(sqlx::Error),
    /// Anything else.
    Other(Problem),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => Self::database("tile", &error),
            Failure::Other(problem) => problem,
        }
    }
}

/// Makes the tile of these layers, those that have this zoom; `time` says which versions of rows with validity are meant. What is in memory
/// is written from there, the rest by the database. A large tile has a place among those that are made at once; it is the caller's until the
/// tile is out. `choice` says which rows and properties.
pub(crate) async fn tile(
    app: &App,
    who: &Principal,
    entries: &[Arc<Entry>],
    tile: TileCoord,
    time: &Filter,
    choice: &Choice,
) -> Result<(Tile, Option<Place>), Failure> {
    let (mut place, piece) = (None, app.queues.tiles.begin());
    let mut work = Vec::new();
    let mut crowded = Vec::new();
    let selections = choice.over(entries, who, &app.settings)?;
    for (entry, selection) in entries.iter().zip(&selections).filter(|(e, _)| (e.layer.zoom.0..=e.layer.zoom.1).contains(&tile.z())) {
        let layer = &*entry.layer;
        if let Some((written, mark)) = from_memory(app, who, entry, tile, (time, selection), (&mut place, &piece)).await? {
            let engine::Written { bytes, form, why, largest } = written;
            work.push(Work { layer, part: None, form, why, made: Some(mark), largest, mvt: Some(bytes) });
            continue;
        }
        let way = app.ways.to(layer.srid).map_err(|e| Problem::internal("tile", &e))?;
        let Some(frame) = way.frame(tile, buffer(tile, layer.geometry)) else { continue };
        if expected(entry, tile) > f64::from(MAX_FEATURES) / 4.0 {
            crowded.push(work.len());
        }
        let part = Part { layer, who, frame, time, selection, z: tile.z() };
        work.push(Work { layer, part: Some(part), form: 0, why: "", made: None, largest: None, mvt: None });
    }
    if work.iter().any(|work| work.mvt.is_none()) {
        // what waits for the database takes kilobytes, and few tiles need it
        Box::pin(from_database(app, who, &mut work, &crowded)).await?;
    }
    Ok((join(work), place))
}

/// Writes the layers that are not there yet; those that are `crowded` are counted first.
async fn from_database(app: &App, who: &Principal, work: &mut [Work<'_>], crowded: &[usize]) -> Result<(), Failure> {
    let _turn = app.queues.statements.place().await?;
    let mut session = app.context.tiles_database.session(who).await?;
    if !crowded.is_empty() {
        count(&mut session, work, crowded).await?;
    }
    // each round either finishes a layer or moves it to its next form
    for _ in FORMS {
        let due: Vec<usize> = (0..work.len()).filter(|i| work[*i].mvt.is_none()).collect();
        if due.is_empty() {
            break;
        }
        write(&mut session, work, &due).await?;
    }
    Ok(())
}

/// A layer as it was written from memory, and from what.
type FromMemory = (engine::Written, Mark);

/// The layer from memory, if it is there. What may be much is written on a thread that may block.
async fn from_memory(
    app: &App,
    who: &Principal,
    entry: &Arc<Entry>,
    tile: TileCoord,
    (time, selection): (&Filter, &Selection),
    (place, piece): (&mut Option<Place>, &Piece<'_>),
) -> Result<Option<FromMemory>, Problem> {
    let Some(engine) = &app.engine else { return Ok(None) };
    let (settling, waited_for) = (engine, entry);
    let (engine, feed, entry) = (engine.clone(), app.feed.clone(), Arc::clone(entry));
    // a filter looks at each row
    let much = expected(&entry, tile) > if selection.filter.is_some() { MUCH / 10.0 } else { MUCH };
    let (who, time, selection) = (who.clone(), time.clone(), selection.clone());
    let write = move |alone| engine.tile(&feed, &entry, &who, tile, (&time, &selection), &FORMS, engine.most(), alone);
    if let Some(written) = aside(app, &write, much, (place, piece)).await? {
        return Ok(Some(written));
    }
    // after a large commit memory has it again in a moment; who waits for that stands in nobody's way
    *place = None;
    if settling.settled(waited_for).await { aside(app, &write, much, (place, piece)).await } else { Ok(None) }
}

/// Writes at once, or in a place among those that write much, on a thread that may block. `write` is told whether no other tile is made.
async fn aside<W>(app: &App, write: &W, much: bool, (place, piece): (&mut Option<Place>, &Piece<'_>)) -> Result<Option<FromMemory>, Problem>
where
    W: Fn(bool) -> Option<FromMemory> + Clone + Send + 'static,
{
    if !much {
        return Ok(write(piece.is_alone()));
    }
    let held = match place {
        Some(held) => held.clone(),
        None => place.insert(app.queues.encodings.place().await?).clone(),
    };
    let (write, alone) = (write.clone(), piece.is_alone());
    // who asked may go away meanwhile; the place is taken until it is written
    let written = tokio::task::spawn_blocking(move || (write(alone), held)).await;
    written.map(|(written, _)| written).map_err(|e| Problem::internal("tile", &e))
}

/// How many features the statistics make expect in the tile: only to choose what to ask first, never what is answered.
fn expected(entry: &Entry, tile: TileCoord) -> f64 {
    let Some(extent) = entry.bbox else { return 0.0 };
    let square = tile.crs84(0.0);
    let share = |a: (f64, f64), b: (f64, f64)| ((a.1.min(b.1) - a.0.max(b.0)) / (b.1 - b.0).max(1e-9)).clamp(0.0, 1.0);
    let sides = |b: &Bbox| ((b.west(), b.east()), (b.south(), b.north()));
    let ((tx, ty), (ex, ey)) = (sides(&square), sides(&extent));
    entry.rows as f64 * share(tx, ex) * share(ty, ey)
}

/// Counts where many are expected, so that they are not written in vain.
async fn count(database: &mut Session, work: &mut [Work<'_>], which: &[usize]) -> Result<(), sqlx::Error> {
    let sql = sql::count(which.iter().filter_map(|i| Some((*i, work[*i].part.as_ref()?))));
    let rows: Vec<Counted> = fetch(database, sql).await?;
    for row in rows {
        if row.candidates > i64::from(MAX_FEATURES)
            && let Some(work) = usize::try_from(row.layer).ok().and_then(|i| work.get_mut(i))
        {
            (work.form, work.why) = (1, "features");
        }
    }
    Ok(())
}

/// Writes the layers that are due; those that turn out too large go on to their next form.
async fn write(database: &mut Session, work: &mut [Work<'_>], due: &[usize]) -> Result<(), sqlx::Error> {
    let sql = sql::tile(due.iter().filter_map(|i| Some((*i, work[*i].part.as_ref()?, FORMS[work[*i].form]))));
    let rows: Vec<Written> = fetch(database, sql).await?;
    for row in rows {
        let Some(work) = usize::try_from(row.layer).ok().and_then(|i| work.get_mut(i)) else { continue };
        let mvt = row.mvt.unwrap_or_default();
        let too_many = work.form == 0 && row.candidates > i64::from(MAX_FEATURES);
        // all of them are too small to be seen, each by itself
        let too_small =
            work.form == 0 && work.part.as_ref().is_some_and(|part| part.z < SMALL_BELOW_ZOOM) && row.candidates > 0 && mvt.is_empty();
        if work.form + 1 < FORMS.len() && (too_many || too_small || mvt.len() > MAX_LAYER_BYTES) {
            work.form += 1;
            work.why = if too_many {
                "features"
            } else if too_small {
                "size"
            } else {
                "bytes"
            };
        } else {
            work.mvt = Some(mvt);
        }
    }
    Ok(())
}

async fn fetch<R>(database: &mut Session, sql: String) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut **database).await
}

fn join(mut work: Vec<Work<'_>>) -> Tile {
    let mut tile = Tile::default();
    let mut generalised = Vec::new();
    tile.made = work.iter_mut().map(|work| work.made.take()).collect::<Option<Vec<Mark>>>().map(Made);
    for Work { layer, form, why, largest, mvt, .. } in work {
        let mvt = mvt.unwrap_or_default();
        if let Form::Generalised { cell, attributes } = FORMS[form]
            && !mvt.is_empty()
        {
            let without = if attributes { "" } else { ";attributes=?0" };
            let largest = largest.map_or_else(String::new, |n| format!(";largest={n}"));
            generalised.push(format!("{};cell={cell};reason={why}{without}{largest}", layer.id));
        }
        if tile.bytes.is_empty() { tile.bytes = mvt } else { tile.bytes.extend(mvt) }
    }
    tile.generalised = (!generalised.is_empty()).then(|| generalised.join(", "));
    tile
}
