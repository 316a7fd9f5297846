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

use crate::geometry::Shape;
use crate::report::{KeptOut, Mended, Reason};
use crate::rules::{Areas, Findings, Picture};

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
}

/// Rows that went into the layer's next table at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Direct {
    /// How many, by comune.
    pub(crate) comuni: BTreeMap<String, u64>,
    /// Round them, in storage: west, south, east, north.
    pub(crate) bbox: Option<[f64; 4]>,
}

impl Direct {
    fn add(&mut self, comune: &str, shape: &Shape) {
        match self.comuni.get_mut(comune) {
            Some(rows) => *rows += 1,
            None => _ = self.comuni.insert(comune.to_owned(), 1),
        }
        for &[x, y] in &shape.positions {
            let [w, s, e, n] = self.bbox.unwrap_or([x, y, x, y]);
            self.bbox = Some([w.min(x), s.min(y), e.max(x), n.max(y)]);
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.comuni.values().sum()
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
