//! Tiles from memory: the rows of each layer in columns, projected, measured and indexed once, kept fresh by the change feed. A tile is
//! an index query, a quantisation, a clip and an encoding, without SQL on the way.
//!
//! A layer is copied in one snapshot of the database; what commits meanwhile is noted, and taken in when the stream has passed the
//! position at which the copy began: then nothing is missing and nothing is older than it was. Until then, and whenever the feed is not
//! live, SQL serves.

mod ahead;
mod area;
mod aside;
mod blocks;
mod bodies;
mod builder;
mod clip;
mod cover;
mod crowded;
mod cut;
mod draw;
mod encode;
mod features;
mod ids;
mod index;
mod level;
mod load;
mod made;
mod mosaic;
mod plan;
mod projection;
pub(crate) mod protobuf;
mod ready;
mod run;
mod shapes;
mod short;
mod simplify;
mod state;
mod values;
mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use catalogue::{Catalogue, Entry};
use feed::{Copies, Feed, RowChange};
use kernel::{Changed, Clock, Filter, LayerId, Principal, TableName, TileCoord};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;

use crate::choice::Selection;
use crate::frame::buffer;
use crate::render::{FIRST_CELL, MAX_LAYER_BYTES};
use crate::sql::{Form, MAX_FEATURES};
use aside::Aside;
use load::LoadError;
pub(crate) use made::{Made, Mark};
use plan::Plan;
use projection::Projection;
use state::{Lost, State};
use world::Grid;

use encode::Asked;
pub(crate) use encode::{Written, count_name};
pub(crate) use world::{Extent, World, at_mercator, degrees};

/// How long it is waited before a layer is loaded again that could not be.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// How long a request waits for changes that are being taken in, before the database is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a row takes of memory about, as long as it is not known, bytes.
const ROW_BYTES: i64 = 150;

/// Keeps layers in memory and writes tiles from them. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>, (usize, usize));

struct Shared {
    /// Who copies rows: a role whose policies let it see all of them.
    database: PgConnectOptions,
    /// How much memory the rows may take, bytes.
    budget: usize,
    kept: RwLock<HashMap<TableName, Arc<Kept>>>,
    /// By which is known what is valid now.
    clock: OnceLock<Arc<dyn Clock>>,
    /// There is something to load.
    due: Arc<Notify>,
}

/// A layer that is kept, or will be.
struct Kept {
    layer: LayerId,
    generation: i64,
    plan: Arc<Plan>,
    rows: Mutex<Rows>,
    /// By which is known what is valid now.
    clock: Option<Arc<dyn Clock>>,
    /// Told when changes that were taken in aside are in.
    settled: Notify,
}

enum Rows {
    /// What came since loading began.
    Loading(Vec<Vec<RowChange>>),
    Ready(Box<State>),
    /// So much changed that it is taken in on a thread of its own.
    Busy(Aside),
    /// It can't be told any more what there is: to be loaded again.
    Lost,
    /// Not kept; it is not tried again until the declaration or the table changes.
    Left,
}

/// A layer is being loaded or made ready; `/metrics` says of how many that is so.
struct Preparing;

impl Preparing {
    fn begin() -> Self {
        Self::count(1);
        Self
    }

    /// Says how many there are: of the first, nobody may have heard that they began.
    fn count(more: i32) {
        static ALL: Mutex<i32> = Mutex::new(0);
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        *all += more;
        metrics::gauge!("tiles_layers_preparing").set(f64::from(*all));
    }
}

impl Drop for Preparing {
    fn drop(&mut self) {
        Self::count(-1);
    }
}

impl Kept {
    fn new(entry: &Entry, rows: Rows, clock: Option<Arc<dyn Clock>>) -> Self {
        Self {
            clock,
            layer: entry.layer.id.clone(),
            generation: entry.generation,
            plan: Arc::new(Plan::new(Arc::clone(&entry.layer))),
            rows: Mutex::new(rows),
            settled: Notify::new(),
        }
    }

    /// Divides a run for low zooms before that is asked for, and finds out of areas what tiles need not find out then.
    fn prepare(&self, run: &run::Run) {
        if let Some(clock) = &self.clock {
            encode::prepare(run, clock.now(), FIRST_CELL, MAX_FEATURES as usize);
        }
        run.look(true);
        run.make_bodies();
    }

    fn prepare_largest(&self) {
        let parts = if let Rows::Ready(state) = &*self.rows() { state.parts() } else { return };
        if let Some(part) = parts.first() {
            self.prepare(&part.run);
        }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// An engine without rows. `database` is how to connect as a role that sees all rows of the layers; `budget` is how much memory they
    /// may take, bytes: layers that do not fit are left to SQL, the largest first.
    pub fn new(database: PgConnectOptions, budget: usize) -> Self {
        let most = (MAX_FEATURES as usize, MAX_LAYER_BYTES);
        Self(Arc::new(Shared { database, budget, kept: RwLock::default(), clock: OnceLock::new(), due: Arc::default() }), most)
    }

    /// The same, generalising a layer of a tile beyond so many features or bytes only.
    pub fn generalising_beyond(self, features: usize, bytes: usize) -> Self {
        Self(self.0, (features, bytes))
    }

    /// How many features and bytes a layer of a tile may have before it is generalised.
    pub(crate) fn most(&self) -> (usize, usize) {
        self.1
    }

    /// How many layers are in memory.
    pub fn layers(&self) -> usize {
        self.0.read().values().filter(|kept| matches!(&*kept.rows(), Rows::Ready(_) | Rows::Busy(_))).count()
    }

    /// What the feed must be started with for the rows to stay as they are in the database.
    pub fn copies(&self) -> Arc<dyn Copies> {
        Arc::clone(&self.0) as Arc<dyn Copies>
    }

    /// Loads the layers of the catalogue, and again what changes its shape, until the feed stops.
    pub async fn run(self, catalogue: Catalogue, feed: Feed, clock: Arc<dyn Clock>) {
        self.0.clock.get_or_init(|| clock);
        let mut changes = feed.subscribe(None);
        loop {
            self.load_due(&catalogue, &feed).await;
            tokio::select! {
                commit = changes.next() => match commit {
                    None => return,
                    Some(commit) if commit.changes.iter().any(|c| matches!(c, Changed::Catalogue | Changed::Everything)) => {}
                    Some(_) => continue,
                },
                () = self.0.due.notified() => {}
                () = tokio::time::sleep(TRY_AGAIN) => {}
            }
        }
    }

    /// Loads what is not loaded, smaller layers first; forgets what is no layer any more.
    async fn load_due(&self, catalogue: &Catalogue, feed: &Feed) {
        if feed.position().is_none() {
            return;
        }
        let mut entries: Vec<Arc<Entry>> = catalogue.layers(&Principal::operator()).into_iter().filter(|e| e.damage.is_none()).collect();
        entries.sort_by_key(|entry| entry.rows);
        let tables: Vec<&TableName> = entries.iter().map(|entry| &entry.layer.table).collect();
        self.0.write().retain(|table, _| tables.contains(&table));
        for entry in entries {
            if self.0.read().get(&entry.layer.table).is_some_and(|kept| kept.is_of(&entry) && !kept.is_waiting()) {
                continue;
            }
            let begun = std::time::Instant::now();
            match self.load(&entry, feed).await {
                Ok(()) => {
                    tracing::info!(layer = %entry.layer.id, took_ms = begun.elapsed().as_millis() as u64, "tiles of the layer come from memory")
                }
                Err(LoadError::TooLarge) => {
                    tracing::warn!(layer = %entry.layer.id, "the layer takes more memory than there is for tiles: they come from the database");
                    self.leave(&entry);
                }
                Err(LoadError::Projection(error)) => {
                    tracing::warn!(layer = %entry.layer.id, cause = %error, "the layer's system is not for tiles from memory");
                    self.leave(&entry);
                }
                Err(error) => tracing::warn!(layer = %entry.layer.id, cause = %error, "the layer can't be loaded for tiles; trying again"),
            }
        }
    }

    /// Loads one layer, where the feed is live; what can't be loaded is left to the database.
    pub(crate) async fn load_now(&self, entry: &Entry, feed: &Feed) {
        if let Err(error) = self.load(entry, feed).await {
            tracing::warn!(layer = %entry.layer.id, cause = %error, "the layer is not in memory: its tiles come from the database");
            self.leave(entry);
        }
    }

    async fn load(&self, entry: &Entry, feed: &Feed) -> Result<(), LoadError> {
        let left = self.0.budget.saturating_sub(self.bytes());
        if usize::try_from(entry.rows.saturating_mul(ROW_BYTES)).is_ok_and(|needed| needed > left) {
            return Err(LoadError::TooLarge);
        }
        let projection = Projection::from(entry.layer.srid)?;
        let preparing = Preparing::begin();
        let kept = Arc::new(Kept::new(entry, Rows::Loading(Vec::new()), self.0.clock.get().cloned()));
        // from here on changes are noted; the copy has all that was before
        self.0.write().insert(entry.layer.table.clone(), Arc::clone(&kept));
        let (run, position) = load::load(&self.0.database, Arc::clone(&kept.plan), projection.clone(), left).await?;
        feed.reached(position).await;
        let (own, state) = (Arc::clone(&kept), State::new(projection, run));
        let taken_in = tokio::task::spawn_blocking(move || aside::take_in(&own, state, Vec::new())).await;
        taken_in.map_err(|_| LoadError::BrokenOff)?.map_err(|Lost| LoadError::BrokenOff)?;
        self.measure();
        // the layer is served meanwhile; a tile that wants what is being made waits for it
        let engine = self.clone();
        tokio::spawn(async move {
            if tokio::task::spawn_blocking(move || kept.prepare_largest()).await.is_ok() {
                engine.measure();
            }
            drop(preparing);
        });
        Ok(())
    }

    fn leave(&self, entry: &Entry) {
        let kept = Kept::new(entry, Rows::Left, None);
        self.0.write().insert(entry.layer.table.clone(), Arc::new(kept));
    }

    /// Whether tiles of the layer come from memory for this principal now.
    pub(crate) fn serves(&self, feed: &Feed, entry: &Entry, who: &Principal, selection: &Selection) -> bool {
        let told = |kept: &Kept| {
            let filter = selection.filter.as_ref().map(|filter| filter.as_seen_by(&entry.layer, who));
            filter.is_none_or(|filter| kept.plan.can_tell(&filter))
        };
        self.rows_for(feed, entry, who).is_some_and(|(kept, ..)| told(&kept)) || (feed.status().is_current() && self.is_busy(entry))
    }

    fn is_busy(&self, entry: &Entry) -> bool {
        self.0.read().get(&entry.layer.table).is_some_and(|kept| kept.is_of(entry) && matches!(&*kept.rows(), Rows::Busy(_)))
    }

    /// Waits while many changes of the layer are being taken in, though not for ever; whether its tiles come from memory then.
    pub(crate) async fn settled(&self, entry: &Entry) -> bool {
        let Some(kept) = self.0.read().get(&entry.layer.table).cloned().filter(|kept| kept.is_of(entry)) else { return false };
        let settled = async {
            loop {
                let told = kept.settled.notified();
                if !matches!(&*kept.rows(), Rows::Busy(_)) {
                    return;
                }
                told.await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.is_ok() && matches!(&*kept.rows(), Rows::Ready(_))
    }

    /// The highest zoom at which a tile of the layer has more rows than one can show, for who sees all of them.
    pub(crate) fn crowded_to(&self, feed: &Feed, entry: &Entry, who: &Principal) -> Option<u8> {
        let (_, parts, _) = self.rows_for(feed, entry, who).filter(|_| entry.layer.readable_rows(who).is_everything())?;
        parts.iter().filter_map(|part| part.run.crowded_to(MAX_FEATURES as usize)).max()
    }

    /// The rows of the layer as they are now, if what this principal sees can be told from them.
    fn rows_for(&self, feed: &Feed, entry: &Entry, who: &Principal) -> Option<(Arc<Kept>, Arc<Vec<encode::Part>>, u64)> {
        if !feed.status().is_current() {
            return None;
        }
        let kept = self.0.read().get(&entry.layer.table).cloned().filter(|kept| kept.is_of(entry))?;
        let (parts, version) = match &*kept.rows() {
            Rows::Ready(state) => (state.parts(), state.version()),
            Rows::Loading(_) | Rows::Busy(_) | Rows::Lost | Rows::Left => return None,
        };
        let fields = || kept.plan.fields().all(|field| kept.plan.can_tell(&entry.layer.rows_with(field, who)));
        (kept.plan.can_tell(&entry.layer.readable_rows(who)) && fields()).then_some((kept, parts, version))
    }

    /// The layer's part of a tile as this principal sees it, in the first of the forms that has no more than so many rows and bytes. `None`
    /// where SQL has to write it: the layer is not in memory, or not as it is declared now, the feed is behind, or its rule or what is
    /// asked for can't be told from what is kept. `alone`: a tile of many rows may take a second thread.
    #[expect(clippy::too_many_arguments, reason = "a tile of a layer for somebody at a time")]
    pub(crate) fn tile(
        &self,
        feed: &Feed,
        entry: &Arc<Entry>,
        who: &Principal,
        tile: TileCoord,
        (time, selection): (&Filter, &Selection),
        forms: &[Form],
        most: (usize, usize),
        alone: bool,
    ) -> Option<(Written, Mark)> {
        let (kept, parts, version) = self.rows_for(feed, entry, who)?;
        let filter = selection.filter.as_ref().map(|filter| filter.as_seen_by(&entry.layer, who));
        if filter.as_ref().is_some_and(|filter| !kept.plan.can_tell(filter)) {
            return None;
        }
        let grid = Grid::new(tile, buffer(tile, entry.layer.geometry));
        let asked = Asked { layer: &entry.layer, who, time, filter: filter.as_ref(), selection, grid, alone };
        let written = encode::layer(&kept.plan, &parts, &asked, forms, most)?;
        let until = match time {
            Filter::ValidAt(at) if entry.layer.validity => parts.iter().map(|part| part.run.next_turn(at.timestamp_micros())).min(),
            _ => None,
        };
        let mark = Mark { entry: Arc::clone(entry), kept: Arc::downgrade(&kept), version, until: until.unwrap_or(i64::MAX) };
        Some((written, mark))
    }

    /// Tells where each row of the layer lies that this principal sees at a time: its point, or the middle of its box; with an extent at least
    /// those in it. `false`, and nothing told, where SQL has to say it.
    pub(crate) fn middles(
        &self,
        feed: &Feed,
        entry: &Entry,
        who: &Principal,
        time: &Filter,
        extent: Option<&Extent>,
        mut each: impl FnMut(World),
    ) -> bool {
        let Some((_, parts, _)) = self.rows_for(feed, entry, who) else { return false };
        let readable = entry.layer.readable_rows(who);
        let mut found = Vec::new();
        for encode::Part { run, dead } in parts.iter() {
            let rows = (!readable.is_everything()).then(|| run.class(&readable));
            let mut tell = |row: usize| {
                if !dead.holds(row) && rows.as_ref().is_none_or(|rows| rows.holds(row)) && run.is_valid(row, time) {
                    each(run.extent(row).centre());
                }
            };
            match extent {
                None => (0..run.len()).for_each(&mut tell),
                Some(extent) => {
                    found.clear();
                    run.search(extent, &mut found);
                    found.iter().for_each(|row| tell(*row as usize));
                }
            }
        }
        true
    }

    /// What the rows take of memory, bytes.
    fn bytes(&self) -> usize {
        let of = |kept: &Arc<Kept>| match &*kept.rows() {
            Rows::Ready(state) => state.bytes(),
            Rows::Busy(aside) => aside.bytes,
            Rows::Loading(_) | Rows::Lost | Rows::Left => 0,
        };
        self.0.read().values().map(of).sum()
    }

    /// Drafts are left out: what they are called is for whoever sees them.
    fn measure(&self) {
        for kept in self.0.read().values().filter(|kept| !kept.plan.layer.draft) {
            if let Rows::Ready(state) = &*kept.rows() {
                metrics::gauge!("tiles_memory_bytes", "layer" => kept.layer.to_string()).set(state.bytes() as f64);
                metrics::gauge!("tiles_memory_rows", "layer" => kept.layer.to_string()).set(state.rows() as f64);
            }
        }
    }
}

impl Kept {
    /// Whether it is the layer as it is declared, with the table that it has now.
    fn is_of(&self, entry: &Entry) -> bool {
        self.layer == entry.layer.id && self.generation == entry.generation && self.plan.fits(&entry.layer)
    }

    /// Whether loading it failed or was never begun.
    fn is_waiting(&self) -> bool {
        matches!(&*self.rows(), Rows::Loading(_) | Rows::Lost)
    }
}

/// Changes can't be told row by row: the layer is loaded again.
fn lost(kept: &Kept, due: &Notify) {
    tracing::warn!(layer = %kept.layer, "changes can't be told row by row: the layer is loaded again for tiles");
    *kept.rows() = Rows::Lost;
    kept.settled.notify_waiters();
    due.notify_one();
}

impl Shared {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<TableName, Arc<Kept>>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<TableName, Arc<Kept>>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copies for Shared {
    fn keeps(&self, table: &TableName) -> bool {
        self.read().get(table).is_some_and(|kept| !matches!(&*kept.rows(), Rows::Left))
    }

    fn apply(&self, table: &TableName, changes: Vec<RowChange>) {
        let Some(kept) = self.read().get(table).cloned() else { return };
        if kept.apply(changes, &self.due).is_err() {
            lost(&kept, &self.due);
        }
    }

    fn begin(&self) {
        self.write().clear();
        self.due.notify_one();
    }
}
