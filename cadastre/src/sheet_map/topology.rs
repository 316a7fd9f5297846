use std::collections::HashMap;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use serde::Serialize;

use super::area::twice;
use super::crossing::{Outline, is_tangled, outline};
use super::{Area, Kind, Piece, SheetMap, place};
use crate::cxf::{Position, Record};
use crate::remark::{Issue, Remarks};

/// Below this a difference is that of positions which are rounded to the millimetre.
const SMALL: Area = Area::of_m2_thousandths(10);
/// Pairs of overlapping areas that are named.
const MOST_PAIRS: usize = 20_000;
/// Millimetres from side to side that an overlay in 32 bits has room for.
const WIDEST: i64 = 1 << 30;

/// How the areas of a sheet fit together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Topology {
    /// Of the particelle.
    pub parcels_m2: Area,
    /// Of the public streets.
    pub streets_m2: Area,
    /// Of the public waters.
    pub water_m2: Area,
    /// Of the buildings.
    pub buildings_m2: Area,
    /// Of the border, without what is drawn apart (allegati and sviluppi are its holes).
    pub border_m2: Area,
    /// Parcels, streets and water less the border.
    pub balance_m2: Area,
    /// What of them lies upon each other. `None`: it was not examined, as the next two.
    pub overlap_m2: Option<Area>,
    /// What of the border nothing covers.
    pub gap_m2: Option<Area>,
    /// What of them lies beyond the border.
    pub beyond_m2: Option<Area>,
    /// Buildings that lie in the parcel that their code names.
    pub buildings_inside: usize,
    /// Those that reach out of it.
    pub buildings_outside: usize,
    /// Those whose parcel is not there.
    pub buildings_without_parcel: usize,
    /// Parcels whose inner point, of the file, is inside.
    pub inner_points_inside: usize,
    /// Parcels whose text's position, of the file, is inside.
    pub positions_inside: usize,
    /// Where they don't fit together.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// What of a sheet does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misfit {
    /// Two areas lie upon each other.
    Overlap,
    /// Nothing covers a part of the sheet.
    Gap,
    /// Something lies beyond the sheet's border.
    Beyond,
    /// A building reaches out of its parcel.
    Building,
}

/// A place where a sheet does not fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// In what way.
    pub misfit: Misfit,
    /// The codes of what it concerns, as the map writes them.
    pub codes: String,
    /// How large it is.
    pub area: Area,
    /// Its outer ring, then its holes, each closed.
    pub rings: Vec<Vec<Position>>,
}

/// What an operation on areas leaves.
struct Shape {
    area: Area,
    rings: Vec<Vec<Position>>,
}

impl Shape {
    fn at(&self) -> Position {
        place::label_point(&self.rings).unwrap_or_default()
    }
}

fn sum(shapes: &[Shape]) -> Area {
    shapes.iter().map(|shape| shape.area).sum()
}

/// Of shapes that an operation left, those that are more than rounding, as findings.
fn findings(shapes: Vec<Shape>, misfit: Misfit, codes: &str) -> impl Iterator<Item = Finding> {
    let large = shapes.into_iter().filter(|shape| shape.area > SMALL);
    large.map(move |shape| Finding { misfit, codes: codes.to_owned(), area: shape.area, rings: shape.rings })
}

pub(super) fn examine(map: &SheetMap, remarks: &mut Remarks) -> Topology {
    let mut found = Topology {
        parcels_m2: map.area_of(Kind::Parcel),
        streets_m2: map.area_of(Kind::Street),
        water_m2: map.area_of(Kind::Water),
        buildings_m2: map.area_of(Kind::Building),
        border_m2: map.area_of(Kind::Border),
        ..Topology::default()
    };
    let tiles: Vec<&Piece> = map.pieces.iter().filter(|p| matches!(p.kind, Kind::Parcel | Kind::Street | Kind::Water)).collect();
    let borders: Vec<&Piece> = map.of_kind(Kind::Border).collect();
    let total = found.parcels_m2 + found.streets_m2 + found.water_m2;
    found.balance_m2 = total - found.border_m2;
    points(map, &mut found);
    outlines(map, remarks);
    let plan = map.pieces.iter().any(|piece| piece.kind == Kind::SheetBorder);
    match borders.len() {
        0 if plan && tiles.is_empty() => {}
        0 => remarks.add(0, Issue::NoBorder),
        1 => {}
        there => remarks.add(borders[1].line, Issue::SeveralBorders { there }),
    }
    let Some(plane) = Plane::of(map) else {
        remarks.add(0, Issue::Tangled);
        return found;
    };
    buildings(map, &plane, &mut found, remarks);
    if tiles.is_empty() {
        return found;
    }
    let overlap = total - sum(&plane.overlay(&tiles, &[], OverlayRule::Subject));
    found.overlap_m2 = Some(overlap);
    if overlap > SMALL {
        overlaps(&tiles, &plane, &mut found.findings, remarks);
    }
    if borders.is_empty() {
        return found;
    }
    if found.balance_m2.abs() > SMALL {
        remarks.add(0, Issue::Imbalance { area: found.balance_m2 });
    }
    let differences = |one, other| plane.overlay(one, other, OverlayRule::Difference);
    let (gaps, beyond) = (differences(&borders, &tiles), differences(&tiles, &borders));
    (found.gap_m2, found.beyond_m2) = (Some(sum(&gaps)), Some(sum(&beyond)));
    let large = |shape: &&Shape| shape.area > SMALL;
    gaps.iter().filter(large).for_each(|shape| remarks.add(0, Issue::Gap { area: shape.area, at: shape.at() }));
    beyond.iter().filter(large).for_each(|shape| remarks.add(0, Issue::Beyond { area: shape.area, at: shape.at() }));
    found.findings.extend(findings(gaps, Misfit::Gap, "").chain(findings(beyond, Misfit::Beyond, "")));
    found
}

/// Whether the points that the file has for each parcel are inside.
fn points(map: &SheetMap, found: &mut Topology) {
    let borders = map.records.iter().filter_map(|r| if let Record::Border(border) = &r.value { Some(border) } else { None });
    for (piece, border) in map.pieces.iter().zip(borders).filter(|(piece, _)| piece.kind == Kind::Parcel) {
        found.inner_points_inside += usize::from(piece.holds(border.inner));
        found.positions_inside += usize::from(piece.holds(border.position));
    }
}

fn outlines(map: &SheetMap, remarks: &mut Remarks) {
    for piece in &map.pieces {
        match outline(&piece.rings) {
            Outline::Crosses(at) => remarks.add(piece.line, Issue::Crossing { code: piece.code.clone(), at }),
            Outline::Unknown => remarks.add(piece.line, Issue::Tangled),
            Outline::Sound => {}
        }
    }
}

fn buildings(map: &SheetMap, plane: &Plane, found: &mut Topology, remarks: &mut Remarks) {
    let mut parcels: HashMap<&str, Vec<&Piece>> = HashMap::new();
    for piece in map.of_kind(Kind::Parcel) {
        parcels.entry(&piece.code).or_default().push(piece);
    }
    for building in map.of_kind(Kind::Building) {
        let Some(own) = parcels.get(building.parcel_code()) else {
            found.buildings_without_parcel += 1;
            remarks.add(building.line, Issue::NoParcel { code: building.code.clone() });
            continue;
        };
        let beyond = plane.overlay(&[building], own, OverlayRule::Difference);
        let outside = sum(&beyond);
        if outside > SMALL {
            found.buildings_outside += 1;
            remarks.add(building.line, Issue::OutsideParcel { code: building.code.clone(), area: outside });
            found.findings.extend(findings(beyond, Misfit::Building, &building.code));
        } else {
            found.buildings_inside += 1;
        }
    }
}

/// Which areas overlap, and by how much.
fn overlaps(tiles: &[&Piece], plane: &Plane, found: &mut Vec<Finding>, remarks: &mut Remarks) {
    let mut boxed: Vec<([Position; 2], &Piece)> = tiles.iter().filter_map(|piece| Some((bounds(&piece.rings)?, *piece))).collect();
    boxed.sort_by_key(|([low, _], _)| low[0]);
    let mut looked = 0;
    for (index, ([low, high], one)) in boxed.iter().enumerate() {
        for ([other_low, other_high], other) in boxed[index + 1..].iter().take_while(|([at, _], _)| at[0] < high[0]) {
            if other_low[1] >= high[1] || low[1] >= other_high[1] {
                continue;
            }
            looked += 1;
            if looked > MOST_PAIRS {
                remarks.add(0, Issue::Tangled);
                return;
            }
            let common = plane.overlay(&[one], &[other], OverlayRule::Intersect);
            let area = sum(&common);
            if area > SMALL {
                found.extend(findings(common, Misfit::Overlap, &format!("{}, {}", one.code, other.code)));
                let (line, one, other) = (one.line, one.code.clone(), other.code.clone());
                remarks.add(line, Issue::Overlap { one, other, area });
            }
        }
    }
}

fn bounds(rings: &[Vec<Position>]) -> Option<[Position; 2]> {
    let first = *rings.first()?.first()?;
    let wider =
        |[low, high]: [Position; 2], at: &Position| [[low[0].min(at[0]), low[1].min(at[1])], [high[0].max(at[0]), high[1].max(at[1])]];
    Some(rings.iter().flatten().fold([first; 2], wider))
}

/// The millimetres of a sheet, counted from its middle.
struct Plane {
    origin: Position,
}

impl Plane {
    /// `None` if the sheet is too wide for 32 bits, or its outlines cross too often.
    fn of(map: &SheetMap) -> Option<Self> {
        let all = map.pieces.iter().filter_map(|piece| bounds(&piece.rings));
        let [low, high] = all
            .reduce(|a, b| [[a[0][0].min(b[0][0]), a[0][1].min(b[0][1])], [a[1][0].max(b[1][0]), a[1][1].max(b[1][1])]])
            .unwrap_or_default();
        let fits = (0..2).all(|axis| high[axis] - low[axis] < WIDEST);
        let origin = [0, 1].map(|axis| low[axis].midpoint(high[axis]));
        (fits && !is_tangled(map.pieces.iter().flat_map(|piece| &piece.rings))).then_some(Self { origin })
    }

    /// What an operation on areas leaves.
    fn overlay(&self, one: &[&Piece], other: &[&Piece], rule: OverlayRule) -> Vec<Shape> {
        let count = one.iter().chain(other).flat_map(|piece| &piece.rings).map(Vec::len).sum();
        let mut overlay = Overlay::<i32>::new(count);
        for (pieces, kind) in [(one, ShapeType::Subject), (other, ShapeType::Clip)] {
            for (index, ring) in pieces.iter().flat_map(|piece| piece.rings.iter().enumerate()) {
                // the outer ring against the clock, holes with it: then what lies in any of them winds at least once
                let forth = (twice(ring) > 0) == (index == 0);
                let point = |at: &Position| IntPoint::new((at[0] - self.origin[0]) as i32, (at[1] - self.origin[1]) as i32);
                let open = &ring[..ring.len() - 1];
                if forth {
                    overlay.add_path_iter(open.iter().map(point), kind);
                } else {
                    overlay.add_path_iter(open.iter().rev().map(point), kind);
                }
            }
        }
        let back = |point: &IntPoint<i32>| [i64::from(point.x) + self.origin[0], i64::from(point.y) + self.origin[1]];
        let shapes = overlay.overlay(rule, FillRule::NonZero);
        let shapes = shapes.iter().map(|shape| {
            let rings: Vec<Vec<Position>> = shape.iter().map(|ring| ring.iter().chain(ring.first()).map(back).collect()).collect();
            Shape { area: Area::of_rings(&rings), rings }
        });
        shapes.collect()
    }
}
