//! Into the database: a staging table filled by COPY, mended and placed by PostGIS, published at once or not at all.

mod at_once;
mod copy;
mod feed_rows;
mod insert;
mod papers;
mod placing;
mod publish;
mod staging;
mod stopping;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::geometry::Shape;
use crate::report::{KeptOut, Mended, Reason};
use crate::rules::{Areas, Findings, Picture};
use crate::update::Held;

pub(crate) use at_once::{Ends, Glance, Read, read_at_once};
pub(crate) use copy::{Copying, WAITING, copy};
pub(crate) use feed_rows::{ComuneOf, IntoNext, Plan, ToldComune, row_name};
pub(crate) use insert::{explain, insert, listed, own_columns};
pub(crate) use papers::{Papers, Secretary, Written};
pub(crate) use placing::{Into, Placed, comuni, place};
pub(crate) use publish::{Staged, Target, append, geometry_sql, lock, make_ready, publish};
pub(crate) use staging::{Staging, lock_layer, unlock_layer};
pub(crate) use stopping::{backend, unless_stopped};

/// Examples told of each kind.
pub(crate) const EXAMPLES: usize = 5;

/// What was seen while rows were read and placed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) read: u64,
    pub(crate) direct: Direct,
    /// Rows in the loading table.
    pub(crate) staged: u64,
    pub(crate) kept_out: BTreeMap<Reason, (u64, Vec<String>)>,
    pub(crate) mended: Mended,
    pub(crate) found: Findings,
    /// What some of the areas look like that were invalid.
    pub(crate) pictures: Vec<Picture>,
    /// Areas at which the database has nothing to look, where it is asked whether they lie over others.
    pub(crate) areas: Areas,
    /// For an update: what the layer holds, if not all that was read was staged.
    pub(crate) held: Option<Arc<Held>>,
}

/// Rows that went into the layer's next table at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Direct {
    /// How many, by comune, in the order in which they were met.
    pub(crate) comuni: Vec<(String, u64)>,
    /// Which of them the last row was of: the next is likely to be, too.
    last: usize,
    /// Round them, in storage: west, south, east, north.
    pub(crate) bbox: Option<[f64; 4]>,
}

impl Direct {
    fn add(&mut self, comune: &str, shape: &Shape) {
        if self.comuni.get(self.last).is_none_or(|(last, _)| last != comune) {
            self.last = self.comuni.iter().position(|(known, _)| known == comune).unwrap_or_else(|| {
                self.comuni.push((comune.to_owned(), 0));
                self.comuni.len() - 1
            });
        }
        self.comuni[self.last].1 += 1;
        let Some(&[x, y]) = shape.positions.first() else { return };
        let so_far = self.bbox.unwrap_or([x, y, x, y]);
        let round = |[w, s, e, n]: [f64; 4], &[x, y]: &[f64; 2]| [w.min(x), s.min(y), e.max(x), n.max(y)];
        self.bbox = Some(shape.positions.iter().fold(so_far, round));
    }

    pub(crate) fn rows(&self) -> u64 {
        self.comuni.iter().map(|(_, rows)| rows).sum()
    }
}

impl Tally {
    /// Counts a row that is kept out; `row` is what people call it.
    pub(crate) fn keep_out(&mut self, reason: Reason, row: impl FnOnce() -> String) {
        let (rows, examples) = self.kept_out.entry(reason).or_default();
        *rows += 1;
        if examples.len() < EXAMPLES {
            examples.push(row());
        }
    }

    /// Counts a row that was mended.
    pub(crate) fn mend(&mut self, row: impl FnOnce() -> String) {
        self.mended.rows += 1;
        if self.mended.examples.len() < EXAMPLES {
            self.mended.examples.push(row());
        }
    }

    /// The kept out, most rows first.
    pub(crate) fn kept_out(&self) -> Vec<KeptOut> {
        let mut list: Vec<KeptOut> = self
            .kept_out
            .iter()
            .map(|(reason, (rows, examples))| KeptOut {
                reason: *reason,
                rows: *rows,
                examples: examples.clone(),
                found: Vec::new(),
                pictures: Vec::new(),
            })
            .collect();
        list.sort_by_key(|k| std::cmp::Reverse(k.rows));
        list
    }
}
