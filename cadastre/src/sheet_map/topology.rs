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
    let covered = plane.overlay(&tiles, &[], OverlayRule::Subject).iter().map(|shape| shape.0).sum::<Area>();
    let overlap = total - covered;
    found.overlap_m2 = Some(overlap);
    if overlap > SMALL {
        overlaps(&tiles, &plane, remarks);
    }
    if borders.is_empty() {
        return found;
    }
    if found.balance_m2.abs() > SMALL {
        remarks.add(0, Issue::Imbalance { area: found.balance_m2 });
    }
    let differences = |one, other| plane.overlay(one, other, OverlayRule::Difference);
    let (gaps, beyond) = (differences(&borders, &tiles), differences(&tiles, &borders));
    found.gap_m2 = Some(gaps.iter().map(|shape| shape.0).sum());
    found.beyond_m2 = Some(beyond.iter().map(|shape| shape.0).sum());
    let large = |shapes: Vec<(Area, Position)>| shapes.into_iter().filter(|shape| shape.0 > SMALL);
    large(gaps).for_each(|(area, at)| remarks.add(0, Issue::Gap { area, at }));
    large(beyond).for_each(|(area, at)| remarks.add(0, Issue::Beyond { area, at }));
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
        let outside = plane.overlay(&[building], own, OverlayRule::Difference).iter().map(|shape| shape.0).sum::<Area>();
        if outside > SMALL {
            found.buildings_outside += 1;
            remarks.add(building.line, Issue::OutsideParcel { code: building.code.clone(), area: outside });
        } else {
            found.buildings_inside += 1;
        }
    }
}

/// Which areas overlap, and by how much.
fn overlaps(tiles: &[&Piece], plane: &Plane, remarks: &mut Remarks) {
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
            let area = plane.overlay(&[one], &[other], OverlayRule::Intersect).iter().map(|shape| shape.0).sum::<Area>();
            if area > SMALL {
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

    /// What an operation on areas leaves: the area of each shape, and one of its corners.
    fn overlay(&self, one: &[&Piece], other: &[&Piece], rule: OverlayRule) -> Vec<(Area, Position)> {
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
            let at = place::label_point(&rings).unwrap_or_default();
            (Area::of_rings(&rings), at)
        });
        shapes.collect()
    }
}
