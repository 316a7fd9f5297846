//! The rows of a layer as they are now: one large run, and small ones with what changed since.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use feed::{RowChange, StreamedRow};

use super::builder::{Builder, Row};
use super::encode::Part;
use super::plan::Plan;
use super::projection::Projection;
use super::run::{Bits, Run};
use super::world::Extent;

/// The type `real`, whose digits are not those of a double.
const FLOAT4: u32 = 700;
/// When as many rows of the large run are dead or beside it, or a tenth of its own if that is more, it is made anew.
const MUCH: usize = 4_096;

/// What can't be taken in row by row: the layer is to be loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// The rows of a layer. Changed by one at a time; readers take the parts as they stand.
#[derive(Debug)]
pub(crate) struct State {
    plan: Arc<Plan>,
    projection: Projection,
    parts: Arc<Vec<Part>>,
    joining: Option<Joining>,
    tickets: u64,
    changed: Changed,
}

/// Where the last changes were.
#[derive(Debug, Default)]
struct Changed {
    /// How many there were before these.
    before: u64,
    boxes: VecDeque<Extent>,
}

/// As many are remembered.
const REMEMBERED: usize = 4_096;

impl Changed {
    fn version(&self) -> u64 {
        self.before + self.boxes.len() as u64
    }

    fn add(&mut self, extent: Extent) {
        if self.boxes.len() == REMEMBERED {
            self.boxes.pop_front();
            self.before += 1;
        }
        self.boxes.push_back(extent);
    }

    /// Anything may have changed.
    fn forget(&mut self) {
        self.before = self.version() + 1;
        self.boxes.clear();
    }

    /// Whether nothing changed in the extent since a version.
    fn is_still(&self, version: u64, extent: &Extent) -> bool {
        let since = version.checked_sub(self.before).and_then(|since| usize::try_from(since).ok());
        since.is_some_and(|since| self.boxes.range(since.min(self.boxes.len())..).all(|changed| !changed.meets(extent)))
    }
}

/// Some parts are being made one.
#[derive(Debug)]
struct Joining {
    ticket: u64,
    /// How many: the first.
    parts: usize,
    /// What was touched since.
    touched: Vec<i64>,
}

impl State {
    pub(crate) fn new(projection: Projection, run: Run) -> Self {
        let plan = Arc::clone(&run.plan);
        let parts = Arc::new(vec![Part { run: Arc::new(run), dead: Arc::default() }]);
        Self { plan, projection, parts, joining: None, tickets: 0, changed: Changed::default() }
    }

    /// The rows as they are.
    pub(crate) fn parts(&self) -> Arc<Vec<Part>> {
        Arc::clone(&self.parts)
    }

    /// What they are, by a number that is another after each change.
    pub(crate) fn version(&self) -> u64 {
        self.changed.version()
    }

    /// Whether nothing changed in an extent since a version.
    pub(crate) fn is_still(&self, version: u64, extent: &Extent) -> bool {
        self.changed.is_still(version, extent)
    }

    /// How many rows are written when so many change: they themselves, and the small runs that they are joined with.
    pub(crate) fn work(&self, changes: usize) -> usize {
        let settled = self.joining.as_ref().map_or(1, |joining| joining.parts);
        let (mut last, mut work) = (changes, changes);
        for part in self.parts.iter().skip(settled).rev() {
            if part.run.len() > 2 * last {
                break;
            }
            last += part.run.len();
            work += last;
        }
        work
    }

    /// Takes in what a commit did.
    pub(crate) fn apply(&mut self, changes: &[RowChange]) -> Result<(), Lost> {
        // the last word on each row, in the order in which they were first spoken of
        let mut last: HashMap<i64, Option<&StreamedRow>> = HashMap::new();
        let mut order: Vec<i64> = Vec::new();
        let mut emptied = false;
        for change in changes {
            let (fid, row) = match change {
                RowChange::Put(row) => (fid(row).ok_or(Lost)?, Some(row)),
                RowChange::Gone(fid) => (*fid, None),
                RowChange::Emptied => {
                    (emptied, last, order) = (true, HashMap::new(), Vec::new());
                    continue;
                }
                RowChange::Unknown => return Err(Lost),
            };
            if last.insert(fid, row).is_none() {
                order.push(fid);
            }
        }
        let mut parts: Vec<Part> = if emptied { Vec::new() } else { self.parts.to_vec() };
        if emptied {
            self.joining = None;
        }
        if emptied || order.len() > REMEMBERED / 4 {
            self.changed.forget();
        }
        bury(&mut parts, &order, |extent| self.changed.add(extent));
        if let Some(joining) = &mut self.joining {
            joining.touched.extend_from_slice(&order);
        }
        let mut builder = Builder::new(Arc::clone(&self.plan));
        for row in order.iter().filter_map(|fid| last[fid]) {
            self.take(&mut builder, row)?;
        }
        if builder.len() > 0 || parts.is_empty() {
            let run = builder.finish();
            run.look(false);
            (0..run.len()).for_each(|row| self.changed.add(run.extent(row)));
            parts.push(Part { run: Arc::new(run), dead: Arc::default() });
        }
        // small ones are joined as they come, each time with those of about their size
        let settled = self.joining.as_ref().map_or(1, |joining| joining.parts);
        while parts.len() > settled + 1 && parts[parts.len() - 2].run.len() <= 2 * parts[parts.len() - 1].run.len() {
            let two = parts.split_off(parts.len() - 2);
            parts.push(Part { run: Arc::new(merged(&self.plan, &two)), dead: Arc::default() });
        }
        self.parts = Arc::new(parts);
        Ok(())
    }

    fn take(&mut self, builder: &mut Builder, streamed: &StreamedRow) -> Result<(), Lost> {
        let text = |name: &str| -> Result<(Option<&str>, u32), Lost> {
            let at = streamed.columns.iter().position(|column| column.name == name).ok_or(Lost)?;
            let value = streamed.values[at].as_deref().map(std::str::from_utf8).transpose().map_err(|_| Lost)?;
            Ok((value, streamed.columns[at].kind))
        };
        let geometry = text("geom")?.0.map(|hex| feed::ewkb::from_hex(hex.as_bytes())).transpose().map_err(|_| Lost)?;
        let comune = kernel::Column::comune();
        let names = self.plan.fields().map(|field| field.name.as_str()).chain([comune.as_str()]);
        let columns = names.map(|name| text(name).map(|(value, kind)| (value, kind == FLOAT4))).collect::<Result<_, _>>()?;
        let validity = self.plan.layer.validity;
        let row = Row {
            fid: fid(streamed).ok_or(Lost)?,
            id: text("id")?.0.unwrap_or_default(),
            geometry: geometry.as_deref(),
            valid_from: if validity { text("valid_from")?.0 } else { None },
            valid_to: if validity { text("valid_to")?.0 } else { None },
            columns,
        };
        // a place that can't be told is no place in any tile
        if let Err(error) = builder.push(&mut self.projection, &row) {
            tracing::warn!(layer = %self.plan.layer.id, fid = row.fid, cause = %error, "a row has no place on the map");
        }
        Ok(())
    }

    /// If much has changed: the parts that should become one, and a ticket for [`Self::joined`], which must follow.
    pub(crate) fn outgrown(&mut self) -> Option<(u64, Arc<Vec<Part>>)> {
        let (large, rest) = self.parts.split_first()?;
        let changed = large.dead.count() + rest.iter().map(|part| part.run.len()).sum::<usize>();
        if self.joining.is_some() || changed < MUCH.max(large.run.len() / 10) {
            return None;
        }
        self.tickets += 1;
        self.joining = Some(Joining { ticket: self.tickets, parts: self.parts.len(), touched: Vec::new() });
        Some((self.tickets, self.parts()))
    }

    /// The parts that were given out have become one run. Of a table that was emptied meanwhile nothing is to be heard any more.
    pub(crate) fn joined(&mut self, ticket: u64, run: Run) {
        let Some(joining) = self.joining.take_if(|joining| joining.ticket == ticket) else { return };
        let mut parts = vec![Part { run: Arc::new(run), dead: Arc::default() }];
        bury(&mut parts, &joining.touched, |_| {});
        parts.extend_from_slice(&self.parts[joining.parts..]);
        self.parts = Arc::new(parts);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.run.bytes()).sum()
    }

    pub(crate) fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.run.len() - part.dead.count()).sum()
    }
}

/// The live rows of some parts as one run.
pub(crate) fn merged(plan: &Arc<Plan>, parts: &[Part]) -> Run {
    let mut builder = Builder::new(Arc::clone(plan));
    for part in parts {
        (0..part.run.len()).filter(|row| !part.dead.holds(*row)).for_each(|row| builder.copy(&part.run, row));
    }
    builder.finish()
}

/// Marks rows as no longer so, wherever they are, and tells where they were.
fn bury(parts: &mut [Part], fids: &[i64], mut tell: impl FnMut(Extent)) {
    for part in parts {
        let rows: Vec<usize> = fids.iter().filter_map(|fid| part.run.find(*fid)).filter(|row| !part.dead.holds(*row)).collect();
        if !rows.is_empty() {
            let dead: &mut Bits = Arc::make_mut(&mut part.dead);
            for row in rows {
                tell(part.run.extent(row));
                dead.set(row);
            }
        }
    }
}

fn fid(row: &StreamedRow) -> Option<i64> {
    let at = row.columns.iter().position(|column| column.name == "fid")?;
    std::str::from_utf8(row.values[at].as_deref()?).ok()?.parse().ok()
}
