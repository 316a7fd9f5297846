//! What the demo, the tests and the benchmarks rely on, judged by the `geo` crate, which knows nothing of how the town was made.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use demo_town::{CASTELMARINA, DEFAULT_SEED, Parcel, ParcelKind, Point, Polygon, ROCCA, Size, Street, Town};
use geo::{Area, BooleanOps, BoundingRect, Contains, Covers, Distance, Euclidean, Relate, Validation, coord};
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| Town::generate(Size::Small, DEFAULT_SEED))
}

fn ring(points: &[Point]) -> geo::LineString {
    points.iter().map(|p| coord! { x: p[0] - 552_000.0, y: p[1] - 4_205_000.0 }).collect()
}

fn shape(polygon: &Polygon) -> geo::Polygon {
    geo::Polygon::new(ring(&polygon[0]), polygon[1..].iter().map(|r| ring(r)).collect())
}

fn every_polygon(town: &Town) -> Vec<(&str, &Polygon)> {
    let mut all: Vec<(&str, &Polygon)> = Vec::new();
    all.extend(town.boundaries.iter().flat_map(|b| b.geometry.iter().map(|g| (b.id.as_str(), g))));
    all.extend(town.land_cover.iter().map(|r| (r.id.as_str(), &r.geometry)));
    all.extend(town.water.iter().map(|r| (r.id.as_str(), &r.geometry)));
    all.extend(town.sheets.iter().map(|r| (r.id.as_str(), &r.geometry)));
    all.extend(town.parcels.iter().map(|r| (r.id.as_str(), &r.geometry)));
    all.extend(town.buildings.iter().map(|r| (r.id.as_str(), &r.geometry)));
    all.extend(town.hazards.iter().map(|r| (r.about.as_str(), &r.geometry)));
    all.extend(town.bathing_stretches.iter().map(|r| (r.name.as_str(), &r.geometry)));
    all
}

#[test]
fn every_polygon_is_valid() {
    for (id, polygon) in every_polygon(town()) {
        let errors = shape(polygon).validation_errors();
        assert!(errors.is_empty(), "{id}: {errors:?}");
    }
}

#[test]
fn rings_are_closed_and_turn_the_agreed_way() {
    for (id, polygon) in every_polygon(town()) {
        for (k, r) in polygon.iter().enumerate() {
            assert_eq!(r.first(), r.last(), "{id} is open");
            let area = geo::Polygon::new(ring(r), Vec::new()).signed_area();
            assert!((area > 0.0) == (k == 0), "{id} ring {k} turns the wrong way: {area}");
        }
    }
}

#[test]
fn every_coordinate_is_a_whole_millimetre() {
    for (id, polygon) in every_polygon(town()) {
        for value in polygon.iter().flatten().flatten() {
            let millimetres = (value * 1000.0).round();
            assert!(*value == millimetres / 1000.0, "{id}: {value}");
        }
    }
}

fn by_sheet(town: &Town) -> BTreeMap<(&str, u16), Vec<&Parcel>> {
    let mut sheets: BTreeMap<(&str, u16), Vec<&Parcel>> = BTreeMap::new();
    for parcel in &town.parcels {
        sheets.entry((parcel.comune, parcel.sheet)).or_default().push(parcel);
    }
    sheets
}

#[test]
fn parcels_add_up_to_their_sheet() {
    let town = town();
    let parcels = by_sheet(town);
    assert_eq!(parcels.len(), town.sheets.len());
    for sheet in &town.sheets {
        let whole = shape(&sheet.geometry).unsigned_area();
        let sum: f64 = parcels[&(sheet.comune, sheet.number)].iter().map(|p| shape(&p.geometry).unsigned_area()).sum();
        assert!((sum / whole - 1.0).abs() < 1e-6, "{}: {sum} of {whole}", sheet.id);
    }
}

#[test]
fn parcels_of_a_sheet_do_not_overlap() {
    for (sheet, parcels) in by_sheet(town()) {
        let shapes: Vec<geo::Polygon> = parcels.iter().map(|p| shape(&p.geometry)).collect();
        let boxes = shapes.iter().enumerate().map(|(i, s)| {
            let b = s.bounding_rect().unwrap();
            GeomWithData::new(Rectangle::from_corners([b.min().x, b.min().y], [b.max().x, b.max().y]), i)
        });
        let tree = RTree::bulk_load(boxes.collect());
        for (i, s) in shapes.iter().enumerate() {
            let b = s.bounding_rect().unwrap();
            let near = tree.locate_in_envelope_intersecting(&AABB::from_corners([b.min().x, b.min().y], [b.max().x, b.max().y]));
            for other in near.filter(|o| o.data > i) {
                // The street parcels touch everything; that they are right follows from the sum of areas and validity.
                let street = [i, other.data].iter().any(|k| parcels[*k].kind == ParcelKind::Street);
                let relation = s.relate(&shapes[other.data]);
                if street || relation.is_disjoint() || relation.is_touches() {
                    continue;
                }
                let area = s.intersection(&shapes[other.data]).unsigned_area();
                assert!(area < 1e-6, "{sheet:?}: {} and {} share {area} m²", parcels[i].number, parcels[other.data].number);
            }
        }
    }
}

#[test]
fn no_parcel_lies_in_a_street() {
    for (sheet, parcels) in by_sheet(town()) {
        let streets: Vec<geo::Polygon> = parcels.iter().filter(|p| p.kind == ParcelKind::Street).map(|p| shape(&p.geometry)).collect();
        for parcel in parcels.iter().filter(|p| p.kind != ParcelKind::Street) {
            let inside = geo::InteriorPoint::interior_point(&shape(&parcel.geometry)).unwrap();
            assert!(!streets.iter().any(|s| s.contains(&inside)), "{sheet:?} {}", parcel.number);
        }
    }
}

#[test]
fn sheets_tile_their_comune() {
    let town = town();
    for boundary in &town.boundaries {
        let whole: f64 = boundary.geometry.iter().map(|g| shape(g).unsigned_area()).sum();
        let sum: f64 = town.sheets.iter().filter(|s| s.comune == boundary.id).map(|s| shape(&s.geometry).unsigned_area()).sum();
        assert!((sum / whole - 1.0).abs() < 1e-9, "{}: {sum} of {whole}", boundary.name);
    }
    let area = |istat: &str| {
        town.boundaries.iter().filter(|b| b.id == istat).flat_map(|b| &b.geometry).map(|g| shape(g).unsigned_area()).sum::<f64>()
    };
    let share = area(CASTELMARINA) / (area(CASTELMARINA) + area(ROCCA));
    assert!((0.72..0.88).contains(&share), "{share}");
}

#[test]
fn land_cover_leaves_no_gap() {
    let town = town();
    let land: f64 = town.boundaries.iter().flat_map(|b| &b.geometry).map(|g| shape(g).unsigned_area()).sum();
    let cover: f64 = town.land_cover.iter().map(|c| shape(&c.geometry).unsigned_area()).sum();
    assert!((cover / land - 1.0).abs() < 1e-9, "{cover} of {land}");
}

#[test]
fn buildings_lie_in_the_parcel_they_name() {
    let town = town();
    let parcels: HashMap<(&str, u16, &str), &Parcel> = town.parcels.iter().map(|p| ((p.comune, p.sheet, p.number.as_str()), p)).collect();
    for building in &town.buildings {
        let parcel = parcels[&(building.comune, building.sheet, building.parcel.as_str())];
        assert!(shape(&parcel.geometry).covers(&shape(&building.geometry)), "{}", building.id);
        assert!(building.id.starts_with(&format!("{}-", parcel.id)));
    }
}

#[test]
fn buildings_of_a_parcel_stand_apart() {
    let mut parcels: BTreeMap<(&str, u16, &str), Vec<geo::Polygon>> = BTreeMap::new();
    for building in &town().buildings {
        parcels.entry((building.comune, building.sheet, &building.parcel)).or_default().push(shape(&building.geometry));
    }
    for (parcel, buildings) in parcels {
        for i in 0..buildings.len() {
            for j in i + 1..buildings.len() {
                assert!(buildings[i].relate(&buildings[j]).is_disjoint(), "{parcel:?}");
            }
        }
    }
}

#[test]
fn a_town_comes_from_its_seed_alone() {
    assert!(*town() == Town::generate(Size::Small, DEFAULT_SEED));
    assert!(*town() != Town::generate(Size::Small, DEFAULT_SEED + 1));
}

#[test]
fn the_town_of_every_machine_is_this_one() {
    // FNV-1a over what makes the town: a change here changes the demo for everybody, so it must be meant.
    let town = town();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |text: &str| {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for parcel in &town.parcels {
        eat(&format!("{} {} {} {:?}", parcel.id, parcel.land_use, parcel.updated, parcel.geometry));
    }
    town.buildings.iter().for_each(|b| eat(&format!("{} {} {:?}", b.id, b.height_m, b.geometry)));
    town.streets.iter().for_each(|s| eat(&format!("{} {:?}", s.name, s.geometry)));
    town.house_numbers.iter().for_each(|n| eat(&format!("{} {:?}", n.address, n.geometry)));
    town.trees.iter().for_each(|t| eat(&format!("{} {} {:?}", t.species, t.height_m, t.geometry)));
    assert_eq!(format!("{hash:016x}"), include_str!("small.digest").trim());
}

#[test]
fn ids_are_unique() {
    let town = town();
    let ids = |name: &str, ids: Vec<&str>| {
        let count = ids.len();
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), count, "{name}");
        assert!(count > 0, "no {name}");
    };
    ids("boundaries", town.boundaries.iter().map(|r| r.id.as_str()).collect());
    ids("streets", town.streets.iter().map(|r| r.id.as_str()).collect());
    ids("railways", town.railways.iter().map(|r| r.id.as_str()).collect());
    ids("house numbers", town.house_numbers.iter().map(|r| r.id.as_str()).collect());
    ids("place names", town.place_names.iter().map(|r| r.id.as_str()).collect());
    ids("land cover", town.land_cover.iter().map(|r| r.id.as_str()).collect());
    ids("water", town.water.iter().map(|r| r.id.as_str()).collect());
    ids("coastlines", town.coastlines.iter().map(|r| r.id.as_str()).collect());
    ids("sheets", town.sheets.iter().map(|r| r.id.as_str()).collect());
    ids("parcels", town.parcels.iter().map(|r| r.id.as_str()).collect());
    ids("buildings", town.buildings.iter().map(|r| r.id.as_str()).collect());
    ids("trees", town.trees.iter().map(|r| r.id.as_str()).collect());
    ids("points of interest", town.points_of_interest.iter().map(|r| r.id.as_str()).collect());
    ids("tree inspections", town.tree_inspections.iter().map(|r| r.id.as_str()).collect());
    ids("lodgings", town.lodgings.iter().map(|r| r.id.as_str()).collect());
    ids("events", town.events.iter().map(|r| r.id.as_str()).collect());
}

#[test]
fn each_comune_has_rows_that_not_everybody_sees() {
    let town = town();
    for comune in [CASTELMARINA, ROCCA] {
        assert!(town.tree_inspections.iter().any(|r| r.comune == comune), "inspections of {comune}");
        assert!(town.lodgings.iter().any(|r| r.comune == comune), "lodgings of {comune}");
        for published in [true, false] {
            assert!(town.events.iter().any(|r| r.comune == comune && r.published == published), "events of {comune}");
        }
    }
}

#[test]
fn references_follow_the_national_grammar() {
    for parcel in &town().parcels {
        let code = if parcel.comune == CASTELMARINA { "X101" } else { "X102" };
        assert_eq!(
            parcel.id,
            format!("{code}{}{:04}{}{}.{}", parcel.section, parcel.sheet, parcel.attachment, parcel.development, parcel.number)
        );
        let prefix = match parcel.kind {
            ParcelKind::Land => "",
            ParcelKind::Street => "STRADA",
            ParcelKind::Water => "ACQUA",
        };
        let digits = parcel.number.strip_prefix(prefix).unwrap();
        assert!(!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()), "{}", parcel.id);
    }
}

#[test]
fn house_numbers_are_near_a_street_of_that_name() {
    let town = town();
    let mut streets: BTreeMap<(&str, &str), Vec<&Street>> = BTreeMap::new();
    for street in &town.streets {
        streets.entry((street.comune, &street.name)).or_default().push(street);
    }
    for number in &town.house_numbers {
        let gate = geo::Point(ring(&[number.geometry]).0[0]);
        let named = streets.get(&(number.comune, number.street.as_str())).unwrap_or_else(|| panic!("no street {}", number.street));
        let away = named.iter().map(|s| Euclidean.distance(&gate, &ring(&s.geometry))).fold(f64::MAX, f64::min);
        assert!(away < 30.0, "{} is {away} m away", number.address);
        assert_eq!(number.address, format!("{} {}", number.street, number.number));
    }
}

#[test]
fn addresses_are_unique_in_their_comune() {
    let town = town();
    let all: BTreeSet<_> = town.house_numbers.iter().map(|n| (n.comune, &n.address)).collect();
    assert_eq!(all.len(), town.house_numbers.len());
}

#[test]
fn the_sizes_are_what_they_say() {
    let near = |what: &str, count: usize, aim: usize| {
        let off = count as f64 / aim as f64 - 1.0;
        assert!(off.abs() < 0.05, "{what}: {count} instead of {aim}");
    };
    let town = town();
    near("parcels", town.parcels.len(), 3_000);
    near("buildings", town.buildings.len(), 900);
    near("street segments", town.streets.len(), 300);
    near("points", town.house_numbers.len() + town.trees.len() + town.points_of_interest.len(), 2_000);
    let vertices: usize = town.parcels.iter().flat_map(|p| &p.geometry).map(Vec::len).sum();
    let each = vertices as f64 / town.parcels.len() as f64;
    assert!((11.0..12.5).contains(&each), "{each} vertices a parcel");
    assert!(town.parcels.iter().any(|p| p.geometry.len() > 1 && p.kind == ParcelKind::Land), "no parcel has a hole");
}
