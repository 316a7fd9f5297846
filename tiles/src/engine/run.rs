//! Features of a layer as the engine keeps them: in columns, sorted along a Hilbert curve, never changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use kernel::filter::{self, RowValues};
use kernel::{Filter, Srid};

use super::bodies::Made;
use super::builder::{NONE, Rows, UNKNOWN};
use super::crowded;
use super::ids::Ids;
use super::index::hilbert;
use super::level::{Cells, Level};
use super::mosaic::{By, Mosaic};
use super::plan::Plan;
use super::protobuf::Out;
use super::ready::{Large, Ready};
use super::shapes::{Near, PartOf, Shape, Shapes};
use super::values::{Column, Dictionary, Slot, Slots, Table, read};
use super::world::{Extent, World};

/// What a feature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Point,
    Line,
    Area,
}

/// The bit of a ring's end that says that it is a hole.
pub(crate) const HOLE: u32 = 1 << 31;

/// Which rows of a run: a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn holds(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn set(&mut self, row: usize) {
        if self.0.len() <= row / 64 {
            self.0.resize(row / 64 + 1, 0);
        }
        self.0[row / 64] |= 1 << (row % 64);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// Divisions of a run by the grid, by the condition that is the class of readers (without one they see all rows), and by a column.
type Levels = HashMap<(Cells, Option<String>, Option<By>), Arc<Level>>;

/// A run's areas counted by cells of some bits, for a class of readers, by a column. Who counts holds the lock: others wait for it.
type Mosaics = HashMap<(u32, Option<String>, By), Arc<Mutex<Option<Arc<Mosaic>>>>>;

/// Some features. All columns are in one order, along the Hilbert curve of the middles of their boxes.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) plan: Arc<Plan>,
    fids: Fids,
    /// The rows in the order of their `fid`.
    by_fid: Vec<u32>,
    ids: Ids,
    shapes: Shapes,
    /// The fields of the plan, and the comune after them.
    columns: Table<u32>,
    values: Dictionary,
    /// The values of the columns once more, as tiles have them.
    slots: Slots,
    /// From when and to when each row is valid, microseconds since 1970, where the layer has validity.
    validity: Option<Table<i64>>,
    /// When something begins or ceases to be valid, in order.
    turns: OnceLock<Vec<i64>>,
    /// The rows that are valid from an instant to another, microseconds since 1970, as asked for lately.
    valid: Mutex<Option<(i64, i64, Arc<Bits>)>>,
    /// The rows that meet a condition, by the condition, for as many as were asked for lately.
    classes: Mutex<HashMap<String, Arc<Bits>>>,
    /// What is drawn of it where there is much of it, by the grid and the class of readers.
    levels: Mutex<Levels>,
    mosaics: Mutex<Mosaics>,
    crowded: OnceLock<Option<u8>>,
}

/// Of as many rows it is worth to remember which are valid.
const MANY: usize = 1_024;
/// As many conditions' rows are kept; beyond them all are found anew.
const MAX_CLASSES: usize = 64;
/// As many divisions are kept: those of a dozen zooms and of some classes.
const MAX_LEVELS: usize = 48;
/// As many are kept of what is counted by cells: 17 zooms of some classes.
const MAX_MOSAICS: usize = 160;

/// A tile beyond this zoom is some hundred metres wide: it is crowded where rows lie one over another, and dividing them for it is no help.
const MAX_CROWDED: u8 = 16;

/// The numbers of rows, by row: those that lie close together in four bytes.
#[derive(Debug)]
enum Fids {
    Close { least: i64, more: Vec<u32> },
    Wide(Vec<i64>),
}

impl Fids {
    fn new(fids: impl ExactSizeIterator<Item = i64> + Clone) -> Self {
        let least = fids.clone().min().unwrap_or_default();
        let more = fids.clone().map(|fid| u32::try_from(fid.wrapping_sub(least)).ok());
        match more.collect::<Option<Vec<u32>>>() {
            Some(more) => Self::Close { least, more },
            None => Self::Wide(fids.collect()),
        }
    }

    fn get(&self, row: usize) -> i64 {
        match self {
            Self::Close { least, more } => least + i64::from(more[row]),
            Self::Wide(fids) => fids[row],
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Close { more, .. } => more.capacity() * 4,
            Self::Wide(fids) => fids.capacity() * 8,
        }
    }
}

impl Run {
    /// Of the rows that were taken in.
    pub(crate) fn new(plan: Arc<Plan>, rows: Rows) -> Self {
        let mut order: Vec<(u32, i64, u32)> =
            rows.boxes.iter().zip(&rows.fids).zip(0..).map(|((extent, fid), row)| (hilbert(extent.centre()), *fid, row)).collect();
        order.sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(.., row)| row).collect();
        let pick = |row: &u32| *row as usize;
        let mut shapes = Shapes::with_capacity(order.len(), rows.positions.len(), plan.labels);
        for row in order.iter().map(pick) {
            let ends = rows.parts[row] as usize..rows.parts.get(row + 1).map_or(rows.ends.len(), pick);
            let at = |part: usize| (rows.ends[part] & !HOLE) as usize;
            let positions = if ends.start == 0 { 0 } else { at(ends.start - 1) }..at(ends.end - 1);
            let shape = Shape {
                kind: rows.kinds[row],
                ready: rows.ready[row],
                extent: rows.boxes[row],
                positions: &rows.positions[positions.clone()],
                keep: &rows.keep[positions.clone()],
                ends: &rows.ends[ends],
                from: positions.start as u32,
                label: rows.labels.get(row).copied().flatten(),
                large: rows.large.get(&(row as u32)).cloned(),
            };
            shapes.push(&shape, plan.labels);
        }
        let fids = Fids::new(order.iter().map(|row| rows.fids[pick(row)]));
        let mut by_fid: Vec<u32> = (0..order.len() as u32).collect();
        by_fid.sort_unstable_by_key(|row| fids.get(*row as usize));
        let times = [&rows.valid_from, &rows.valid_to];
        let instants = |column: usize| order.iter().map(move |row| Some(times[column][pick(row)]).filter(|at| *at != UNKNOWN));
        let numbers = |column: usize| {
            let own = &rows.columns[column];
            order.iter().map(move |row| Some(own[pick(row)]).filter(|value| *value != NONE))
        };
        let (columns, values) = (Table::new(order.len(), rows.columns.len(), numbers), rows.values.finish());
        Self {
            validity: plan.layer.validity.then(|| Table::new(order.len(), times.len(), instants)),
            slots: Slots::new(&columns, &values),
            ids: Ids::new(order.iter().map(|row| rows.ids.get(*row))),
            shapes: shapes.finish(),
            columns,
            values,
            turns: OnceLock::new(),
            valid: Mutex::default(),
            classes: Mutex::default(),
            levels: Mutex::default(),
            mosaics: Mutex::default(),
            crowded: OnceLock::new(),
            plan,
            fids,
            by_fid,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_fid.len()
    }

    pub(crate) fn fid(&self, row: usize) -> i64 {
        self.fids.get(row)
    }

    /// The row of this `fid`.
    pub(crate) fn find(&self, fid: i64) -> Option<usize> {
        let at = self.by_fid.binary_search_by_key(&fid, |row| self.fid(*row as usize)).ok()?;
        Some(self.by_fid[at] as usize)
    }

    /// The rows whose boxes meet the extent, in order.
    pub(crate) fn search(&self, extent: &Extent, found: &mut Vec<u32>) {
        self.shapes.search(extent, usize::MAX, found);
    }

    /// The same, but not all of them if there are more than `most`.
    pub(crate) fn search_some(&self, extent: &Extent, most: usize, found: &mut Vec<u32>) {
        self.shapes.search(extent, most, found);
    }

    pub(crate) fn kind(&self, row: usize) -> Kind {
        self.shapes.kind(row)
    }

    /// The box round a row.
    pub(crate) fn extent(&self, row: usize) -> Extent {
        self.shapes.extent(row)
    }

    /// At which zooms an area is drawn as it is.
    pub(crate) fn ready(&self, row: usize) -> Ready {
        self.shapes.ready(row)
    }

    /// An area of one ring and few positions, if the row is one.
    #[inline]
    pub(crate) fn plain(&self, row: usize) -> Option<Near<'_>> {
        self.shapes.plain(row)
    }

    pub(crate) fn parts(&self, row: usize) -> impl ExactSizeIterator<Item = PartOf<'_>> {
        self.shapes.parts(row)
    }

    /// What is known of an area of many positions.
    pub(crate) fn large(&self, row: usize) -> Option<&Arc<Large>> {
        self.shapes.large(row)
    }

    /// Looks at areas, so that tiles need not: at all, or those of few positions only, which takes some microseconds each.
    pub(crate) fn look(&self, all: bool) {
        self.shapes.look(self.plan.layer.zoom.0, all);
    }

    /// Makes plain areas as tiles have them; after [`Self::look`].
    pub(crate) fn make_bodies(&self) {
        self.shapes.make_bodies();
    }

    /// What was made of a row so, as [`Shapes::made`].
    #[inline]
    pub(crate) fn made(&self, row: usize, z: u8) -> Option<Made<'_>> {
        self.shapes.made(row, z)
    }

    /// The point inside an area.
    pub(crate) fn label(&self, row: usize) -> Option<World> {
        self.shapes.label(row)
    }

    /// Appends the row's `id`.
    pub(crate) fn id(&self, row: usize, out: &mut Vec<u8>) {
        self.ids.write(row, out);
    }

    /// Appends the row's `id` as a value of a tile.
    pub(crate) fn id_value(&self, row: usize, out: &mut Out) {
        self.ids.write_value(row, out);
    }

    /// A column: the numbers of values.
    pub(crate) fn column(&self, at: usize) -> &Column<u32> {
        self.columns.column(at)
    }

    /// The values of a column as tiles have them, by code.
    pub(crate) fn slots(&self, at: usize) -> &[Slot] {
        self.slots.column(at)
    }

    /// The code of a row's value in one of the columns.
    #[inline]
    pub(crate) fn code(&self, row: usize, column: &Column<u32>) -> u32 {
        self.columns.code(row, column)
    }

    /// The number of the value of a column.
    pub(crate) fn value(&self, row: usize, column: usize) -> Option<u32> {
        self.columns.get(row, column)
    }

    /// The bytes of a value.
    pub(crate) fn bytes_of(&self, value: u32) -> &[u8] {
        self.values.get(value)
    }

    /// From when and to when it is valid, microseconds since 1970; without an end until further notice.
    pub(crate) fn validity(&self, row: usize) -> Option<(i64, Option<i64>)> {
        let validity = self.validity.as_ref()?;
        Some((validity.get(row, 0).unwrap_or(i64::MIN), validity.get(row, 1)))
    }

    /// When a row begins or ceases to be valid after an instant, the next time, microseconds since 1970; never: the greatest number.
    pub(crate) fn next_turn(&self, after: i64) -> i64 {
        let turns = self.turns();
        turns.get(turns.partition_point(|turn| *turn <= after)).copied().unwrap_or(i64::MAX)
    }

    /// When one did the last time, at an instant or before it; never: the least number.
    fn last_turn(&self, at: i64) -> i64 {
        let turns = self.turns();
        turns.partition_point(|turn| *turn <= at).checked_sub(1).map_or(i64::MIN, |last| turns[last])
    }

    fn turns(&self) -> &[i64] {
        self.turns.get_or_init(|| {
            let mut turns: Vec<i64> = self.validity.iter().flat_map(Table::meanings).collect();
            turns.sort_unstable();
            turns.dedup();
            turns
        })
    }

    /// Whether the row is valid as `time` wants it. Layers without validity always are.
    pub(crate) fn is_valid(&self, row: usize, time: &Filter) -> bool {
        let Some((from, to)) = self.validity(row) else { return true };
        let us = DateTime::<Utc>::timestamp_micros;
        match time {
            Filter::ValidAt(at) => from <= us(at) && to.is_none_or(|to| to > us(at)),
            Filter::ValidDuring(begin, end) => {
                end.as_ref().is_none_or(|end| from <= us(end)) && begin.as_ref().is_none_or(|begin| to.is_none_or(|to| to > us(begin)))
            }
            _ => false,
        }
    }

    /// The rows that are valid as `time` wants it, where they are many and it is an instant of the present: found out anew only when one
    /// begins or ceases to be.
    pub(crate) fn valid(&self, time: &Filter) -> Option<Arc<Bits>> {
        let Filter::ValidAt(at) = time else { return None };
        if self.validity.is_none() || self.len() < MANY {
            return None;
        }
        let at = at.timestamp_micros();
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        match &*valid {
            Some((since, until, bits)) if (*since..*until).contains(&at) => return Some(Arc::clone(bits)),
            // the past is nobody else's
            Some((since, ..)) if at < *since => return None,
            _ => {}
        }
        let mut bits = Bits::default();
        (0..self.len()).filter(|row| self.is_valid(*row, time)).for_each(|row| bits.set(row));
        let bits = Arc::new(bits);
        *valid = Some((self.last_turn(at), self.next_turn(at), Arc::clone(&bits)));
        Some(bits)
    }

    /// Whether a row meets a condition, one of those that [`Plan::can_tell`].
    pub(crate) fn meets(&self, row: usize, filter: &Filter) -> bool {
        filter.matches(&RowOf { run: self, row }) == Some(true)
    }

    /// The rows that meet a condition, one of those that [`Plan::can_tell`].
    pub(crate) fn class(&self, filter: &Filter) -> Arc<Bits> {
        let key = filter.policy_sql(self.plan.layer.srid);
        let known = self.classes.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let mut bits = Bits::default();
            (0..self.len()).filter(|row| self.meets(*row, filter)).for_each(|row| bits.set(row));
            let bits = Arc::new(bits);
            let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
            if classes.len() >= MAX_CLASSES {
                classes.clear();
            }
            classes.insert(key, Arc::clone(&bits));
            bits
        })
    }

    /// The run divided by a grid, as a class of readers sees it at a time; kept where the next reader of the present can use it.
    pub(crate) fn level(&self, class: Option<(&Filter, &Bits)>, cells: Cells, by: Option<By>, time: &Filter) -> Arc<Level> {
        let key = (cells, class.map(|(filter, _)| filter.policy_sql(self.plan.layer.srid)), by);
        let known = self.levels.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(level) = known.clone().filter(|level| level.unsettled.is_for(time) && !level.unsettled.is_stale(time)) {
            return level;
        }
        let level = Arc::new(Level::new(self, class.map(|(_, bits)| bits), cells, by, time));
        // one for the past, or for an interval, is nobody else's
        if level.unsettled.is_for(time) && known.is_none_or(|known| known.unsettled.is_for(time)) {
            let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
            if levels.len() >= MAX_LEVELS {
                levels.clear();
            }
            levels.insert(key, Arc::clone(&level));
        }
        level
    }

    /// The run's areas counted by cells of so many bits, which [`Mosaic::has`], as a class of readers sees them at a time; kept as a division is.
    pub(crate) fn mosaic(&self, class: Option<(&Filter, &Bits)>, bits: u32, by: By, time: &Filter) -> Arc<Mosaic> {
        let count = || match Mosaic::finer(bits) {
            Some(finer) => Arc::new(self.mosaic(class, finer, by, time).coarser()),
            None => Arc::new(Mosaic::new(self, class.map(|(_, bits)| bits), by, time)),
        };
        let key = (bits, class.map(|(filter, _)| filter.policy_sql(self.plan.layer.srid)), by);
        let place = {
            let mut mosaics = self.mosaics.lock().unwrap_or_else(PoisonError::into_inner);
            if mosaics.len() >= MAX_MOSAICS && !mosaics.contains_key(&key) {
                mosaics.clear();
            }
            Arc::clone(mosaics.entry(key).or_default())
        };
        let mut kept = place.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(mosaic) if mosaic.unsettled.is_for(time) && !mosaic.unsettled.is_stale(time) => Arc::clone(mosaic),
            Some(mosaic) if !mosaic.unsettled.is_for(time) => {
                drop(kept);
                count()
            }
            _ => {
                let mosaic = count();
                if mosaic.unsettled.is_for(time) {
                    *kept = Some(Arc::clone(&mosaic));
                }
                mosaic
            }
        }
    }

    /// The highest zoom at which a tile has more than so many rows; asked for one number only.
    pub(crate) fn crowded_to(&self, most: usize) -> Option<u8> {
        *self.crowded.get_or_init(|| crowded::to(self, most, MAX_CROWDED))
    }

    /// What it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let columns = self.columns.bytes() + self.slots.bytes() + self.validity.as_ref().map_or(0, Table::bytes);
        let levels: usize = self.levels.lock().unwrap_or_else(PoisonError::into_inner).values().map(|level| level.bytes()).sum();
        // what is being counted is not known yet
        let mosaics = self.mosaics.lock().unwrap_or_else(PoisonError::into_inner);
        let mosaics: usize = mosaics.values().filter_map(|m| m.try_lock().ok()?.as_ref().map(|m| m.bytes())).sum();
        let own = self.fids.bytes() + self.by_fid.capacity() * 4 + self.ids.bytes() + self.shapes.bytes() + self.values.bytes();
        own + columns + levels + mosaics
    }
}

/// A row for conditions to look at.
struct RowOf<'a> {
    run: &'a Run,
    row: usize,
}

impl RowValues for RowOf<'_> {
    fn value(&self, column: &kernel::Column) -> Option<filter::Value> {
        let (run, row) = (self.run, self.row);
        match column.as_str() {
            "fid" => Some(filter::Value::Integer(run.fid(row))),
            "id" => {
                let mut id = Vec::new();
                run.id(row, &mut id);
                Some(filter::Value::Text(String::from_utf8(id).ok()?))
            }
            name => {
                let (at, kind) = run.plan.column(name)?;
                read(kind, run.bytes_of(run.value(row, at)?))
            }
        }
    }

    fn geometry(&self) -> Option<&geo_types::Geometry<f64>> {
        None
    }

    fn srid(&self) -> Srid {
        self.run.plan.layer.srid
    }
}
