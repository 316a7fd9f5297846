//! The way from a storage system to world units, by the pinned pipeline, and fast: within a cell of a kilometre what the pipeline says of
//! nine points tells all others to a hundredth of a millimetre, which is verified cell by cell.

use std::collections::HashMap;

use crs::{CrsError, Settings, Transformer, Unit};
use foldhash::fast::FixedState;
use kernel::Srid;

use super::world::World;

/// Half the side of the Web Mercator square, metres.
pub(crate) const HALF_WORLD_M: f64 = 20_037_508.342_789_244;
/// World units in a metre of Web Mercator.
const UNITS_PER_METRE: f64 = 4_294_967_296.0 / (2.0 * HALF_WORLD_M);
/// How much a cell may be wrong at the points where it is verified: world units, which are 7 mm in Calabria.
const TOLERANCE: f64 = 0.002;
/// As many cells are kept.
const MAX_CELLS: usize = 1 << 16;

/// Converts positions; what it learns of a place is kept.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    exact: Transformer,
    /// Of a cell, in units of the storage system.
    side: f64,
    /// Those in which positions were; nothing for those that nine points do not tell.
    cells: HashMap<[i64; 2], Option<Cell>, FixedState>,
    last: ([i64; 2], Option<Cell>),
}

/// World coordinates in a cell as polynomials of the second degree of both coordinates, which run from -1 to 1; exponents of x first.
#[derive(Clone, Copy, Debug)]
struct Cell([[f64; 9]; 2]);

impl Cell {
    /// Through nine points, x first.
    fn through(points: &[[f64; 2]; 9]) -> Self {
        Self([0, 1].map(|axis| {
            // through values at -1, 0, and 1
            let along = |values: [f64; 3]| [values[1], (values[2] - values[0]) / 2.0, (values[2] + values[0]) / 2.0 - values[1]];
            let rows = [0, 3, 6].map(|x| along([points[x][axis], points[x + 1][axis], points[x + 2][axis]]));
            let columns = [0, 1, 2].map(|y| along([rows[0][y], rows[1][y], rows[2][y]]));
            std::array::from_fn(|at| columns[at % 3][at / 3])
        }))
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.0.map(|[a, b, c, d, e, f, g, h, i]| {
            let along = |p: f64, q: f64, r: f64| p + y * (q + y * r);
            along(a, b, c) + x * (along(d, e, f) + x * along(g, h, i))
        })
    }
}

impl Projection {
    /// By the pinned pipeline.
    pub(crate) fn from(storage: Srid) -> Result<Self, CrsError> {
        let exact = Transformer::new(storage, Srid::WEB_MERCATOR, &Settings::default())?;
        let side = match exact.from().unit() {
            Unit::Metre => 1_000.0,
            Unit::Degree => 0.01,
        };
        Ok(Self { exact, side, cells: HashMap::default(), last: ([i64::MAX; 2], None) })
    }

    /// Appends positions of storage, east first, as world units.
    pub(crate) fn project(&mut self, positions: &[[f64; 2]], out: &mut Vec<World>) -> Result<(), CrsError> {
        for position in positions {
            let steps = position.map(|along| (along / self.side).floor());
            let key = steps.map(|step| step as i64);
            if key != self.last.0 {
                self.last = (key, self.cell(key));
            }
            let world = match &self.last.1 {
                Some(cell) if position.iter().all(|along| along.is_finite()) => {
                    cell.at([0, 1].map(|axis| 2.0 * (position[axis] / self.side - steps[axis]) - 1.0))
                }
                _ => in_world(self.exact.convert_one(*position)?),
            };
            out.push(world.map(|along| along.round().clamp(0.0, f64::from(u32::MAX)) as u32));
        }
        Ok(())
    }

    fn cell(&mut self, key: [i64; 2]) -> Option<Cell> {
        if let Some(known) = self.cells.get(&key) {
            return *known;
        }
        if self.cells.len() >= MAX_CELLS {
            self.cells.clear();
        }
        let cell = self.learn(key);
        self.cells.insert(key, cell);
        cell
    }

    /// Asks the pipeline about a cell.
    fn learn(&self, key: [i64; 2]) -> Option<Cell> {
        const VERIFIED: [[f64; 2]; 5] = [[-0.6, -0.6], [0.6, -0.6], [-0.6, 0.6], [0.6, 0.6], [0.3, -0.2]];
        let nodes: [[f64; 2]; 9] = std::array::from_fn(|at| [(at / 3) as f64 - 1.0, (at % 3) as f64 - 1.0]);
        let place = |at: &[f64; 2]| [0, 1].map(|axis| (key[axis] as f64 + (at[axis] + 1.0) / 2.0) * self.side);
        let mut positions: Vec<[f64; 2]> = nodes.iter().chain(&VERIFIED).map(place).collect();
        self.exact.convert(&mut positions).ok()?;
        let (points, exact) = positions.split_first_chunk::<9>()?;
        let cell = Cell::through(&points.map(in_world));
        let off = |(at, exact): (&[f64; 2], &[f64; 2])| {
            let (told, exact) = (cell.at(*at), in_world(*exact));
            f64::max((told[0] - exact[0]).abs(), (told[1] - exact[1]).abs())
        };
        VERIFIED.iter().zip(exact).all(|pair| off(pair) <= TOLERANCE).then_some(cell)
    }
}

pub(crate) fn in_world([x, y]: [f64; 2]) -> [f64; 2] {
    [(HALF_WORLD_M + x) * UNITS_PER_METRE, (HALF_WORLD_M - y) * UNITS_PER_METRE]
}

#[cfg(test)]
mod tests {
    use super::{Projection, in_world};
    use crs::{Settings, Transformer};
    use kernel::Srid;
    use rand::{Rng, SeedableRng};

    #[test]
    fn a_place_in_the_strait() {
        // PostGIS 3.3: select st_astext(st_transform('SRID=7792;POINT(557000 4218000)'::geometry, 3857))
        // = POINT(1742145.226.. 4596900.6..): within the unit, at zoom 14, of tile 8904, 6313 or beside it
        let mut out = Vec::new();
        Projection::from(Srid::RDN2008_UTM33).unwrap().project(&[[557_000.0, 4_218_000.0]], &mut out).unwrap();
        let [x, y] = out[0];
        assert_eq!([x >> 18, y >> 18], [8904, 6313]);
    }

    #[test]
    fn cells_say_what_the_pipeline_says_in_every_system_with_and_without_a_shift_of_datum() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        for (code, place, reach) in [
            ("EPSG:7792", [557_000.0, 4_218_000.0], 60_000.0),
            ("EPSG:3004", [2_577_000.0, 4_218_000.0], 60_000.0),
            ("EPSG:23033", [557_000.0, 4_218_000.0], 60_000.0),
            ("EPSG:4326", [15.6, 38.1], 0.7),
            ("EPSG:3857", [1_742_000.0, 4_597_000.0], 60_000.0),
        ] {
            let srid = Srid::parse(code).unwrap();
            let (mut projection, exact) =
                (Projection::from(srid).unwrap(), Transformer::new(srid, Srid::WEB_MERCATOR, &Settings::default()).unwrap());
            let mut told = 0;
            for _ in 0..2_000 {
                let position = place.map(|along: f64| along + random.random_range(-reach..reach));
                let mut out = Vec::new();
                projection.project(&[position], &mut out).unwrap();
                told += u32::from(projection.last.1.is_some());
                let expected = in_world(exact.convert_one(position).unwrap());
                for axis in 0..2 {
                    assert!((f64::from(out[0][axis]) - expected[axis]).abs() <= 0.51, "{code} {position:?}: {out:?} {expected:?}");
                }
            }
            assert_eq!(told, 2_000, "{code}: cells are worth it");
        }
    }

    #[test]
    fn what_has_no_place_is_refused_as_the_pipeline_does() {
        let mut projection = Projection::from(Srid::RDN2008_UTM33).unwrap();
        for position in [[f64::NAN, 4_218_000.0], [557_000.0, f64::INFINITY], [1e12, 4_218_000.0]] {
            let mut out = Vec::new();
            assert!(projection.project(&[[557_000.0, 4_218_000.0], position], &mut out).is_err(), "{position:?}");
        }
    }
}
