use std::collections::HashMap;

use foldhash::fast::FixedState;
use h3o::{CellIndex, LatLng, Resolution};
use kernel::Bbox;

use crate::engine::{Extent, World, degrees};

/// As many cells are answered.
pub(super) const MAX_CELLS: usize = 10_000;

/// Counts positions by cells. Where there are too many cells it goes on with coarser ones, to say which would do.
pub(super) struct Tally {
    asked: Resolution,
    resolution: Resolution,
    extent: Option<Extent>,
    cells: HashMap<CellIndex, u64, FixedState>,
}

/// What was counted, in the order of the cells' numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Counted {
    asked: Resolution,
    pub(super) resolution: Resolution,
    pub(super) cells: Vec<(CellIndex, u64)>,
}

impl Tally {
    /// Of what lies in a rectangle (CRS84), or anywhere.
    pub(super) fn new(resolution: Resolution, bbox: Option<&Bbox>) -> Self {
        Self { asked: resolution, resolution, extent: bbox.map(Extent::of_degrees), cells: HashMap::default() }
    }

    /// The rectangle.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.extent
    }

    pub(super) fn put(&mut self, at: World) {
        if self.extent.is_some_and(|extent| !extent.meets(&Extent::around(&[at]))) {
            return;
        }
        let [lon, lat] = degrees(at);
        let Ok(place) = LatLng::new(lat, lon) else { return };
        *self.cells.entry(place.to_cell(self.resolution)).or_default() += 1;
        while self.cells.len() > MAX_CELLS {
            let Some(coarser) = u8::from(self.resolution).checked_sub(1).and_then(|r| Resolution::try_from(r).ok()) else { return };
            let finer = std::mem::take(&mut self.cells);
            for (cell, count) in finer {
                if let Some(parent) = cell.parent(coarser) {
                    *self.cells.entry(parent).or_default() += count;
                }
            }
            self.resolution = coarser;
        }
    }

    pub(super) fn counted(self) -> Counted {
        let mut cells: Vec<(CellIndex, u64)> = self.cells.into_iter().collect();
        cells.sort_unstable_by_key(|(cell, _)| u64::from(*cell));
        Counted { asked: self.asked, resolution: self.resolution, cells }
    }
}

impl Counted {
    /// A resolution at which there are not too many cells, where at the one asked for there are. A coarser cell is not quite the finer ones under
    /// it, so that somewhat more are met than were counted.
    pub(super) fn coarser(&self) -> Option<u8> {
        let spare = u8::from(self.cells.len() > MAX_CELLS / 10 * 9);
        (self.resolution != self.asked).then(|| u8::from(self.resolution).saturating_sub(spare))
    }

    pub(super) fn total(&self) -> u64 {
        self.cells.iter().map(|(_, count)| count).sum()
    }

    /// Cell, its middle in degrees, and count, as CSV.
    pub(super) fn table(&self) -> String {
        let mut table = operations::csv::row(["h3", "lon", "lat", "count"]);
        for (cell, count) in &self.cells {
            let middle = LatLng::from(*cell);
            let (lon, lat) = (format!("{:.7}", middle.lng()), format!("{:.7}", middle.lat()));
            table.push_str(&operations::csv::row([&*cell.to_string(), &lon, &lat, &count.to_string()]));
        }
        table
    }
}

/// The outline of a cell, longitudes before latitudes, closed, counterclockwise (RFC 7946, 3.1.6). One that crosses the antimeridian goes on
/// beyond 180 degrees.
pub(super) fn ring(cell: CellIndex) -> Vec<[f64; 2]> {
    let boundary = cell.boundary();
    let first = boundary.first().map_or(0.0, |at| at.lng());
    let near = |lon: f64| lon - ((lon - first) / 360.0).round() * 360.0;
    let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
    boundary.iter().chain(boundary.first()).map(|at| [rounded(near(at.lng())), rounded(at.lat())]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_CELLS, Tally, ring};
    use crate::engine::Extent;
    use h3o::Resolution;
    use kernel::Bbox;

    fn at_resolution(number: u8) -> Resolution {
        Resolution::try_from(number).unwrap()
    }

    fn at(lon: f64, lat: f64) -> [u32; 2] {
        let extent = Extent::of_degrees(&Bbox::new(lon, lat, lon, lat).unwrap());
        [extent.west, extent.north]
    }

    #[test]
    fn a_place_is_counted_in_its_cell() {
        // h3-py 4: latlng_to_cell(37.3615593, -122.0553238, 5) == '85283473fffffff'
        let mut tally = Tally::new(Resolution::Five, None);
        tally.put(at(-122.055_323_8, 37.361_559_3));
        tally.put(at(-122.055_323_8, 37.361_559_3));
        let counted = tally.counted();
        assert_eq!((counted.total(), counted.coarser()), (2, None));
        assert_eq!(counted.cells[0].0.to_string(), "85283473fffffff");
        let table = counted.table();
        assert!(table.starts_with("h3,lon,lat,count\r\n85283473fffffff,-121.97") && table.ends_with(",2\r\n"), "{table}");
        let ring = ring(counted.cells[0].0);
        let area: f64 = ring.windows(2).map(|p| p[0][0] * p[1][1] - p[1][0] * p[0][1]).sum();
        assert!(ring.len() == 7 && ring[0] == ring[6] && area > 0.0, "{ring:?}");
    }

    #[test]
    fn only_what_lies_in_the_rectangle() {
        let mut tally = Tally::new(Resolution::Nine, Bbox::new(15.0, 38.0, 16.0, 39.0).ok().as_ref());
        [(15.5, 38.5), (14.9, 38.5), (15.5, 39.1)].into_iter().for_each(|(lon, lat)| tally.put(at(lon, lat)));
        assert_eq!(tally.counted().total(), 1);
    }

    #[test]
    fn of_too_many_cells_it_is_said_which_are_few_enough() {
        let mut tally = Tally::new(Resolution::Twelve, None);
        let places = (0..200).flat_map(|x| (0..200).map(move |y| (15.0 + f64::from(x) * 1e-3, 38.0 + f64::from(y) * 1e-3)));
        places.clone().for_each(|(lon, lat)| tally.put(at(lon, lat)));
        let counted = tally.counted();
        let coarser = counted.coarser().expect("40,000 cells are too many");
        assert_eq!(counted.total(), 40_000);
        let cells = |resolution: u8| {
            let mut tally = Tally::new(at_resolution(resolution), None);
            places.clone().for_each(|(lon, lat)| tally.put(at(lon, lat)));
            tally.counted()
        };
        assert!(cells(coarser).coarser().is_none() && cells(coarser).cells.len() <= MAX_CELLS);
        assert_eq!(cells(coarser).total(), 40_000);
        assert!(cells(coarser + 2).coarser().is_some());
    }

    #[test]
    fn across_the_antimeridian_a_ring_does_not_run_round_the_world() {
        let mut tally = Tally::new(Resolution::Two, None);
        tally.put(at(179.99, 65.0));
        let ring = ring(tally.counted().cells[0].0);
        assert!(ring.windows(2).all(|p| (p[0][0] - p[1][0]).abs() < 90.0), "{ring:?}");
    }
}
