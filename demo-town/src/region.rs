//! The region: the city, and beside it other towns of invented comuni, up to three million parcels. The towns are made one after the
//! other, so that whoever loads them holds one at a time.
//!
//! Each is a town of its own seed, moved to its place in a grid that leans like the coast. The city is the one of size `city`, where it
//! always is, with the sea and all that its offices keep; of the others there is what every comune has: boundaries, streets, house
//! numbers, land cover, the cadastral map, trees, names and points of interest.

use std::sync::LazyLock;

use crate::frame::leaning;
use crate::records::{Point, Polygon, WaterKind};
use crate::rng::mix;
use crate::{CASTELMARINA, ROCCA, Size, Town};

/// How many towns there are beside the city: cities, towns, small ones.
static OTHERS: [(Size, usize); 3] = [(Size::City, 2), (Size::Town, 42), (Size::Small, 4)];
/// Towns whose own seed would draw a boundary that crosses itself, and the town whose seed they have instead.
const LIKE: [(usize, usize); 10] = [(6, 3), (11, 4), (13, 5), (17, 7), (20, 8), (22, 9), (23, 10), (26, 12), (30, 14), (36, 15)];
/// Comuni: two in each town.
const COMUNI: usize = 98;

/// A comune: its ISTAT code, its code in the cadastre, its name.
struct Comune {
    istat: String,
    catasto: String,
    name: String,
}

/// Every comune after the city's two, which have their codes and names from the town itself.
static NAMES: LazyLock<Vec<Comune>> = LazyLock::new(|| {
    const FIRST: [&str; 7] = ["Castel", "Monte", "Serra", "Torre", "Villa", "Piana", "Rocca"];
    const SECOND: [&str; 14] = [
        "gelsa",
        "lupara",
        "marella",
        "nocera Alta",
        "olmeta",
        "petrara",
        "quercina",
        "rosmara",
        "salvia",
        "tremola",
        "uvara",
        "vespara",
        "zagarese",
        "ferrana",
    ];
    let names = SECOND.iter().flat_map(|second| FIRST.iter().map(move |first| format!("{first}{second}")));
    let numbered = names.enumerate().map(|(k, name)| Comune { istat: format!("0809{:02}", k + 1), catasto: format!("X{}", 101 + k), name });
    numbered.take(COMUNI).collect()
});

/// The towns of a size, in order; one but for the region. Equal arguments give equal towns everywhere.
pub fn towns(size: Size, seed: u64) -> impl Iterator<Item = Town> + Send {
    let main = if size == Size::Region { Size::City } else { size };
    let others = if size == Size::Region { OTHERS.as_slice() } else { &[] };
    let others = others.iter().flat_map(|(size, count)| (0..*count).map(move |k| (*size, place(*size, k)))).enumerate();
    let others = others.map(move |(k, (size, at))| neighbour(k + 1, size, at, seed_of(k + 1, seed)));
    std::iter::once_with(move || Town::generate(main, seed)).chain(others)
}

/// The seed of the `k`-th town.
fn seed_of(k: usize, seed: u64) -> u64 {
    let like = LIKE.iter().find(|(town, _)| *town == k).map_or(k, |(_, other)| *other);
    mix(seed ^ like as u64)
}

/// Where the `k`-th town of a size lies, metres inland and along the coast from the city's corner.
fn place(size: Size, k: usize) -> [f64; 2] {
    let k = k as u32;
    match size {
        Size::City | Size::Region => [10_800.0 * f64::from(k + 1), 0.0],
        Size::Small => [34_000.0, 1_500.0 + 6_500.0 * f64::from(k)],
        Size::Town => {
            let (column, row) = (k % 6, k / 6);
            let v = if row < 4 { 27_000.0 + 8_400.0 * f64::from(row) } else { -8_700.0 - 8_400.0 * f64::from(row - 4) };
            [2_000.0 + 6_500.0 * f64::from(column), v]
        }
    }
}

/// The `k`-th town, at its place, with names and codes of its own.
fn neighbour(k: usize, size: Size, at: [f64; 2], seed: u64) -> Town {
    let mut town = Town::generate(size, seed);
    town.keep_what_every_comune_has();
    let [east, north] = leaning(at);
    // whole metres, so that coordinates stay whole millimetres
    town.change(&Change { k, by: [east.round() as i64 * 1000, north.round() as i64 * 1000] });
    town
}

/// What becomes of a town's records.
struct Change {
    k: usize,
    /// Millimetres.
    by: [i64; 2],
}

impl Change {
    fn code(&self, comune: &str) -> Option<&'static Comune> {
        let second = match comune {
            CASTELMARINA => 0,
            ROCCA => 1,
            _ => return None,
        };
        NAMES.get(2 * self.k + second)
    }

    fn comune(&self, comune: &mut &'static str) {
        if let Some(new) = self.code(comune) {
            *comune = &new.istat;
        }
    }

    /// Identities that begin with the code of the cadastre get the new one; others the town's number in front.
    fn id(&self, id: &mut String, old: &str) {
        match (id.strip_prefix("X101").or_else(|| id.strip_prefix("X102")), self.code(old)) {
            (Some(rest), Some(new)) => *id = format!("{}{rest}", new.catasto),
            _ => *id = format!("{}-{id}", self.k),
        }
    }

    fn point(&self, point: &mut Point) {
        for (value, by) in point.iter_mut().zip(self.by) {
            *value = ((*value * 1000.0).round() as i64 + by) as f64 / 1000.0;
        }
    }

    fn line(&self, line: &mut [Point]) {
        line.iter_mut().for_each(|point| self.point(point));
    }

    fn polygon(&self, polygon: &mut Polygon) {
        polygon.iter_mut().for_each(|ring| self.line(ring));
    }
}

/// Changes identity, comune and place of each record of some lists.
macro_rules! change {
    ($change:expr, $($list:expr => $move:ident),+) => {
        $(for record in &mut $list {
            $change.id(&mut record.id, record.comune);
            $change.comune(&mut record.comune);
            $change.$move(&mut record.geometry);
        })+
    };
}

impl Town {
    fn keep_what_every_comune_has(&mut self) {
        self.water.retain(|water| water.kind != WaterKind::Sea);
        let whole = std::mem::take(self);
        *self = Self {
            boundaries: whole.boundaries,
            streets: whole.streets,
            railways: whole.railways,
            house_numbers: whole.house_numbers,
            place_names: whole.place_names,
            land_cover: whole.land_cover,
            water: whole.water,
            sheets: whole.sheets,
            parcels: whole.parcels,
            buildings: whole.buildings,
            trees: whole.trees,
            points_of_interest: whole.points_of_interest,
            ..Self::default()
        };
    }

    fn change(&mut self, change: &Change) {
        for boundary in &mut self.boundaries {
            boundary.geometry.iter_mut().for_each(|polygon| change.polygon(polygon));
            if let Some(new) = change.code(&boundary.id) {
                (boundary.id, boundary.name, boundary.catasto_code) = (new.istat.clone(), new.name.clone(), new.catasto.clone());
            }
        }
        // what names the comune itself follows its name
        for name in &mut self.place_names {
            let old = ["Castelmarina dello Stretto", "Castelmarina", "Rocca Sant'Elia"];
            if let Some(new) = change.code(name.comune).filter(|_| old.contains(&name.name.as_str())) {
                name.name.clone_from(&new.name);
            }
        }
        change!(change, self.streets => line, self.railways => line, self.house_numbers => point, self.place_names => point,
            self.land_cover => polygon, self.water => polygon, self.sheets => polygon, self.parcels => polygon,
            self.buildings => polygon, self.trees => point, self.points_of_interest => point);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::DEFAULT_SEED;

    /// A small neighbour as it is made, and as the region has it.
    fn pair() -> (Town, Town) {
        (Town::generate(Size::Small, 7), neighbour(3, Size::Small, [2_000.0, 27_000.0], 7))
    }

    #[test]
    fn a_neighbour_is_moved_whole() {
        let (before, after) = pair();
        let [east, north] = leaning([2_000.0, 27_000.0]);
        let size = |town: &Town| (town.parcels.len(), town.streets.len(), town.trees.len(), town.boundaries.len());
        assert_eq!(size(&before), size(&after));
        for (old, new) in before.parcels.iter().zip(&after.parcels) {
            for (p, q) in old.geometry.iter().flatten().zip(new.geometry.iter().flatten()) {
                assert!((q[0] - p[0] - east.round()).abs() < 1e-6 && (q[1] - p[1] - north.round()).abs() < 1e-6, "{p:?} {q:?}");
                assert!(q.iter().all(|value| *value == (value * 1000.0).round() / 1000.0), "{q:?} is no whole millimetre");
            }
        }
    }

    #[test]
    fn a_neighbour_is_told_from_all_others() {
        let (before, after) = pair();
        let comuni: BTreeSet<&str> = after.parcels.iter().map(|p| p.comune).collect();
        assert_eq!(comuni, BTreeSet::from(["080907", "080908"]));
        assert_eq!(
            after.boundaries.iter().map(|b| (b.id.as_str(), b.catasto_code.as_str())).collect::<Vec<_>>(),
            [("080907", "X107"), ("080908", "X108")]
        );
        assert!(after.parcels.iter().all(|p| p.id.starts_with(if p.comune == "080907" { "X107_" } else { "X108_" })));
        let ids = |town: &Town| {
            town.streets.iter().map(|s| s.id.clone()).chain(town.buildings.iter().map(|b| b.id.clone())).collect::<BTreeSet<_>>()
        };
        assert!(ids(&before).is_disjoint(&ids(&after)));
        assert!(after.water.iter().all(|w| w.kind != WaterKind::Sea) && after.coastlines.is_empty() && after.hazards.is_empty());
    }

    #[test]
    fn places_of_towns_do_not_meet() {
        let places = |size: Size, extent: [f64; 2], count: usize| (0..count).map(move |k| (place(size, k), extent));
        let all: Vec<([f64; 2], [f64; 2])> = std::iter::once(([0.0, 0.0], [9_400.0, 26_000.0]))
            .chain(places(Size::City, [9_400.0, 26_000.0], 2))
            .chain(places(Size::Town, [5_200.0, 7_800.0], 42))
            .chain(places(Size::Small, [1_500.0, 1_700.0], 4))
            .collect();
        // shores swing by some hundred metres
        for (i, (a, of_a)) in all.iter().enumerate() {
            for (b, of_b) in &all[i + 1..] {
                let apart = (0..2).any(|axis| a[axis] + of_a[axis] + 500.0 < b[axis] || b[axis] + of_b[axis] + 500.0 < a[axis]);
                assert!(apart, "{a:?} and {b:?}");
            }
        }
        assert_eq!(2 * all.len(), COMUNI);
    }

    #[test]
    fn names_and_codes_are_unique() {
        for part in [|c: &Comune| c.istat.clone(), |c: &Comune| c.catasto.clone(), |c: &Comune| c.name.clone()] {
            assert_eq!(NAMES.iter().map(part).collect::<BTreeSet<_>>().len(), COMUNI);
        }
        assert_eq!((NAMES[0].istat.as_str(), NAMES[1].istat.as_str()), (CASTELMARINA, ROCCA));
    }

    #[test]
    fn towns_that_are_like_others_are_of_their_size() {
        let sizes: Vec<Size> = OTHERS.iter().flat_map(|(size, count)| std::iter::repeat_n(*size, *count)).collect();
        for (town, other) in LIKE {
            assert_eq!(sizes[town - 1], sizes[other - 1]);
            assert!(LIKE.iter().all(|(like, _)| *like != other), "{other} has no seed of its own");
            assert_eq!(seed_of(town, DEFAULT_SEED), seed_of(other, DEFAULT_SEED));
        }
        assert_ne!(seed_of(1, DEFAULT_SEED), seed_of(2, DEFAULT_SEED));
    }

    #[test]
    fn any_other_size_is_one_town() {
        let towns: Vec<Town> = towns(Size::Small, DEFAULT_SEED).collect();
        assert!(towns == [Town::generate(Size::Small, DEFAULT_SEED)]);
    }

    #[test]
    fn the_region_has_three_million_parcels() {
        let parcels: usize = Size::City.parcels() + OTHERS.iter().map(|(size, count)| size.parcels() * count).sum::<usize>();
        assert_eq!(parcels, Size::Region.parcels());
    }
}
