//! Rows on their way into a [`Run`]: projected, measured, their values numbered.

use std::collections::HashMap;
use std::sync::Arc;

use crs::CrsError;
use feed::ewkb::{self, Part, Visitor};

use super::area::{FARTHEST, overlaid};
use super::plan::Plan;
use super::projection::Projection;
use super::ready::{Areas, Large, Look, Ready};
use super::run::{HOLE, Kind, Run};
use super::simplify::zooms;
use super::values::{self, Dictionary, Interner};
use super::world::{Extent, World};

/// A row as the database sends it.
#[derive(Debug, Default)]
pub(crate) struct Row<'a> {
    pub(crate) fid: i64,
    pub(crate) id: &'a str,
    /// EWKB.
    pub(crate) geometry: Option<&'a [u8]>,
    pub(crate) valid_from: Option<&'a str>,
    pub(crate) valid_to: Option<&'a str>,
    /// The columns of the plan, as PostgreSQL writes them, and whether it is a `real`.
    pub(crate) columns: Vec<(Option<&'a str>, bool)>,
}

/// The number of no value.
pub(crate) const NONE: u32 = u32::MAX;
/// No instant.
pub(crate) const UNKNOWN: i64 = i64::MIN;

/// Columns in the order in which rows came.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) fids: Vec<i64>,
    pub(crate) ids: Dictionary,
    pub(crate) boxes: Vec<Extent>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) ready: Vec<Ready>,
    /// What is known of the areas of many positions, by row.
    pub(crate) large: HashMap<u32, Arc<Large>>,
    pub(crate) parts: Vec<u32>,
    pub(crate) ends: Vec<u32>,
    pub(crate) positions: Vec<World>,
    pub(crate) keep: Vec<u8>,
    pub(crate) labels: Vec<Option<World>>,
    /// Numbers of values, or [`NONE`].
    pub(crate) columns: Vec<Vec<u32>>,
    pub(crate) values: Interner,
    /// Microseconds since 1970, or [`UNKNOWN`].
    pub(crate) valid_from: Vec<i64>,
    pub(crate) valid_to: Vec<i64>,
}

/// Takes rows in.
#[derive(Debug)]
pub(crate) struct Builder {
    plan: Arc<Plan>,
    rows: Rows,
    geometry: Geometry,
    scratch: Vec<u8>,
    look: Look,
}

/// The geometry that is being read.
#[derive(Debug, Default)]
struct Geometry {
    positions: Vec<[f64; 2]>,
    parts: Vec<(usize, Part)>,
}

impl Visitor for Geometry {
    fn position(&mut self, x: f64, y: f64) {
        self.positions.push([x, y]);
    }

    fn part(&mut self, part: Part) {
        self.parts.push((self.positions.len(), part));
    }
}

impl Builder {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let rows = Rows { columns: vec![Vec::new(); plan.columns()], ..Rows::default() };
        Self { plan, rows, geometry: Geometry::default(), scratch: Vec::new(), look: Look::default() }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.fids.len()
    }

    /// About what the rows take of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.rows.positions.len() * 9 + self.rows.ids.bytes() + self.len() * (40 + 4 * self.rows.columns.len())
    }

    pub(crate) fn finish(self) -> Run {
        Run::new(self.plan, self.rows)
    }

    /// Takes a row in. One without a place, or with one that no tile can show, is left out.
    pub(crate) fn push(&mut self, projection: &mut Projection, row: &Row<'_>) -> Result<(), CrsError> {
        self.geometry.positions.clear();
        self.geometry.parts.clear();
        if row.geometry.is_none_or(|bytes| ewkb::read(bytes, &mut self.geometry).is_err()) {
            return Ok(());
        }
        let from = (self.rows.positions.len(), self.rows.ends.len());
        projection.project(&self.geometry.positions, &mut self.rows.positions)?;
        let Some(kind) = self.shape(from.0) else {
            self.rows.positions.truncate(from.0);
            self.rows.keep.truncate(from.0);
            self.rows.ends.truncate(from.1);
            return Ok(());
        };
        let rows = &mut self.rows;
        rows.parts.push(from.1 as u32);
        rows.kinds.push(kind);
        let extent = Extent::around(&rows.positions[from.0..]);
        rows.boxes.push(extent);
        let (ready, large) = match kind {
            Kind::Area => {
                let ends: Vec<u32> = rows.ends[from.1..].iter().map(|end| end - from.0 as u32).collect();
                let areas = Areas { positions: &rows.positions[from.0..], keep: &rows.keep[from.0..], ends: &ends, extent };
                (Look::safe(areas), Large::of(areas).map(Arc::new))
            }
            _ => (Ready::NEVER, None),
        };
        rows.large.extend(large.map(|large| (rows.ready.len() as u32, large)));
        rows.ready.push(ready);
        rows.fids.push(row.fid);
        rows.ids.push(row.id.as_bytes());
        let us = |text: Option<&str>| text.and_then(values::instant).map_or(UNKNOWN, |at| at.timestamp_micros());
        if self.plan.layer.validity {
            rows.valid_from.push(us(row.valid_from));
            rows.valid_to.push(us(row.valid_to));
        }
        let kinds = self.plan.fields().map(|field| field.kind).chain([kernel::layer::FieldType::Text]);
        for ((column, kind), (value, single)) in rows.columns.iter_mut().zip(kinds).zip(&row.columns) {
            self.scratch.clear();
            let written = value.is_some_and(|text| values::write(kind, *single, text, &mut self.scratch));
            column.push(if written { rows.values.number(&self.scratch) } else { NONE });
        }
        if self.plan.labels {
            let label = (kind == Kind::Area).then(|| inside(&rows.positions, &rows.ends[from.1..], from.0)).flatten();
            rows.labels.push(label);
        }
        Ok(())
    }

    /// Parts of the positions from `from` on: without the doubled ends of rings, with the zooms at which each position is needed.
    /// `None` for a geometry of nothing.
    fn shape(&mut self, from: usize) -> Option<Kind> {
        let rows = &mut self.rows;
        let world = rows.positions.split_off(from);
        let (mut kind, mut begun) = (None, 0);
        // where the rings of the area at hand are
        let mut area: Vec<(usize, usize)> = Vec::new();
        for (end, part) in &self.geometry.parts {
            let positions = &world[std::mem::replace(&mut begun, *end)..*end];
            let (own, hole) = match part {
                Part::Point => (Kind::Point, false),
                Part::Line => (Kind::Line, false),
                Part::Ring { outer } => (Kind::Area, !outer),
            };
            // a row is of one kind: collections are none of the geometry types
            if *kind.get_or_insert(own) != own || positions.is_empty() {
                continue;
            }
            if own == Kind::Area && !hole {
                close(rows, &mut area, &mut self.look);
            }
            let first = rows.positions.len();
            match own {
                Kind::Point => {
                    rows.positions.extend_from_slice(positions);
                    rows.keep.resize(rows.positions.len(), 0);
                }
                Kind::Line => {
                    rows.positions.extend_from_slice(positions);
                    zooms(positions, false, &mut rows.keep);
                }
                Kind::Area => {
                    // clockwise on the screen, whose y grows downwards, holes the other way; without the first position again
                    rows.positions.extend_from_slice(&positions[..positions.len() - 1]);
                    let open = &mut rows.positions[first..];
                    if (doubled_area(open) > 0) == hole {
                        open[1..].reverse();
                    }
                    zooms(open, true, &mut rows.keep);
                    area.push((first, rows.positions.len()));
                }
            }
            // all points of a row are one part
            if own == Kind::Point && rows.ends.last().is_some_and(|end| (end & !HOLE) as usize == first) && first > from {
                rows.ends.pop();
            }
            rows.ends.push(rows.positions.len() as u32 | if hole { HOLE } else { 0 });
        }
        close(rows, &mut area, &mut self.look);
        kind.filter(|_| rows.positions.len() > from)
    }

    /// Takes in a row of a run that has the same plan.
    pub(crate) fn copy(&mut self, run: &Run, row: usize) {
        let rows = &mut self.rows;
        rows.parts.push(rows.ends.len() as u32);
        rows.kinds.push(run.kind(row));
        rows.large.extend(run.large(row).map(|large| (rows.ready.len() as u32, Arc::clone(large))));
        rows.ready.push(run.ready(row));
        rows.boxes.push(run.extent(row));
        rows.fids.push(run.fid(row));
        self.scratch.clear();
        run.id(row, &mut self.scratch);
        rows.ids.push(&self.scratch);
        for part in run.parts(row) {
            part.positions().for_each(|(position, keep)| {
                rows.positions.push(position);
                rows.keep.push(keep);
            });
            rows.ends.push(rows.positions.len() as u32 | if part.hole { HOLE } else { 0 });
        }
        for (at, column) in rows.columns.iter_mut().enumerate() {
            column.push(run.value(row, at).map_or(NONE, |value| rows.values.number(run.bytes_of(value))));
        }
        if let Some((from, to)) = run.validity(row) {
            rows.valid_from.push(from);
            rows.valid_to.push(to.unwrap_or(UNKNOWN));
        }
        if self.plan.labels {
            rows.labels.push(run.label(row));
        }
    }
}

/// An area has all its rings, which these are: where they begin and end among the positions. What is not sound (OGC 06-103r4, 6.1.11) is made
/// so, as what its rings cover an odd number of times.
fn close(rows: &mut Rows, area: &mut Vec<(usize, usize)>, Look { rings, edges, .. }: &mut Look) {
    let Some(&(begun, _)) = area.first() else { return };
    let [x, y] = rows.positions[begun].map(i64::from);
    rings.clear();
    for (from, to) in area.iter() {
        rings.positions.extend(rows.positions[*from..*to].iter().map(|at| [i64::from(at[0]) - x, i64::from(at[1]) - y]));
        rings.ends.push(rings.positions.len());
    }
    let is_near = rings.positions.iter().flatten().all(|along| along.abs() < FARTHEST);
    if is_near && !(rings.are_sound(edges) && rings.holes_are_inside()) {
        rows.ends.truncate(rows.ends.len() - area.len());
        rows.positions.truncate(begun);
        rows.keep.truncate(begun);
        for ring in overlaid(rings.iter(), None).iter().flat_map(|shape| shape.iter().enumerate()) {
            let (i, ring) = ring;
            let from = rows.positions.len();
            let unit = |along: i64| along.clamp(0, i64::from(u32::MAX)) as u32;
            rows.positions.extend(ring.iter().map(|at| [unit(at[0] + x), unit(at[1] + y)]));
            let own = &mut rows.positions[from..];
            if (doubled_area(own) > 0) == (i > 0) {
                own[1..].reverse();
            }
            zooms(own, true, &mut rows.keep);
            rows.ends.push(rows.positions.len() as u32 | if i > 0 { HOLE } else { 0 });
        }
    }
    area.clear();
}

/// Twice the signed area of a ring.
fn doubled_area(ring: &[World]) -> i128 {
    let Some(&[x, y]) = ring.first() else { return 0 };
    let from_first = |at: World| [i64::from(at[0]) - i64::from(x), i64::from(at[1]) - i64::from(y)].map(i128::from);
    ring.windows(2).map(|pair| (from_first(pair[0]), from_first(pair[1]))).map(|([ax, ay], [bx, by])| ax * by - ay * bx).sum()
}

/// A point inside the areas: in the middle of the widest piece of a line across them, halfway between the positions above and below the
/// middle of their box, as GEOS finds it. `ends` are those of the rings; the first ring begins at `from`.
fn inside(positions: &[World], ends: &[u32], from: usize) -> Option<World> {
    let bounds = Extent::around(&positions[from..]);
    let middle = (f64::from(bounds.north) + f64::from(bounds.south)) / 2.0;
    let (mut above, mut below) = (f64::from(bounds.north), f64::from(bounds.south));
    for [_, y] in &positions[from..] {
        let y = f64::from(*y);
        if y <= middle { above = above.max(y) } else { below = below.min(y) }
    }
    let across = (above + below) / 2.0;
    let mut crossings = Vec::new();
    let mut begun = from;
    for end in ends.iter().map(|end| (end & !HOLE) as usize) {
        let ring = &positions[std::mem::replace(&mut begun, end)..end];
        for (i, [bx, by]) in ring.iter().enumerate() {
            let [ax, ay] = ring[if i == 0 { ring.len() - 1 } else { i - 1 }];
            let (a, b) = (f64::from(ay), f64::from(*by));
            if (a > across) != (b > across) {
                crossings.push(f64::from(ax) + (f64::from(*bx) - f64::from(ax)) * (across - a) / (b - a));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    let widest = crossings.chunks_exact(2).max_by(|one, other| (one[1] - one[0]).total_cmp(&(other[1] - other[0])))?;
    Some([((widest[0] + widest[1]) / 2.0).round() as u32, across.round() as u32])
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_label_lies_inside_also_beside_a_hole() {
        let positions = [[0, 0], [100, 0], [100, 100], [0, 100], [10, 10], [10, 90], [60, 90], [60, 10]];
        let [x, y] = inside(&positions, &[4, 8], 0).unwrap();
        assert_eq!([x, y], [80, 50]);
        assert_eq!(inside(&[[5, 5]], &[1], 0), None);
    }
}
