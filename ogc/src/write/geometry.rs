//! A geometry as it is given, made one that the layer holds: of its type, closed, within reach, in the storage system.

use crs::{Crs, CrsError, Settings, Transformer};
use kernel::layer::GeometryType;
use kernel::{Bbox, Layer, Problem, Srid};

use super::body::{GivenGeometry, MAX_POSITIONS, Nest, too_many};
use operations::Faults;

/// How far beyond the installation's comuni a position may lie, in degrees: territorial waters, and some.
const MARGIN_DEGREES: f64 = 0.5;

/// Points, lines or areas. A part of points is a list with a list of one position, one of lines a list with the line, one of
/// areas the list of its rings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    kind: GeometryType,
    parts: Vec<Vec<Vec<[f64; 2]>>>,
}

/// What is needed to bring a geometry where the layer has it.
pub(crate) struct Place<'a> {
    /// The layer.
    pub(crate) layer: &'a Layer,
    /// The system that positions are given in, in its authority's axis order.
    pub(crate) crs: &'static Crs,
    /// Datum parameters.
    pub(crate) settings: &'a Settings,
    /// The rectangle round the comuni, CRS84.
    pub(crate) bbox: Bbox,
}

impl Shape {
    /// Reads the coordinates, in the order in which they are given. A single geometry is taken as a multi-geometry where the
    /// layer has these, and one with a single part as a single one.
    pub(crate) fn read(given: &GivenGeometry, layer: &Layer) -> Result<Self, String> {
        let held = layer.geometry;
        let named = given.kind.as_deref().map_or(Some(held), kind);
        let Some(kind) = named.filter(|kind| kind.dimension() == held.dimension()) else {
            let shown: String = given.kind.as_deref().unwrap_or_default().chars().take(40).collect();
            return Err(format!("the layer holds geometries of the type {held}, not {shown}"));
        };
        let wrong = || format!("the coordinates are not those of a {kind}");
        let coordinates = given.coordinates.as_ref().ok_or_else(|| "the geometry has no coordinates".to_owned())?;
        let one = |nest: &Nest| part(nest, kind.dimension()).ok_or_else(wrong);
        let parts = if is_multi(kind) {
            list(coordinates).ok_or_else(wrong)?.iter().map(one).collect::<Result<_, _>>()?
        } else {
            if list(coordinates).is_some_and(<[Nest]>::is_empty) {
                return Err("the geometry is empty".to_owned());
            }
            vec![one(coordinates)?]
        };
        let shape = Self { kind: held, parts };
        match shape.parts.len() {
            0 => Err("the geometry is empty".to_owned()),
            1 => Ok(shape),
            _ if is_multi(held) => Ok(shape),
            n => Err(format!("the layer holds geometries of one part, and this has {n}")),
        }
    }

    /// How many positions it has.
    pub(crate) fn positions(&self) -> usize {
        self.parts.iter().flatten().map(Vec::len).sum()
    }

    /// Whether it is, to within the decimals that are written, what a feature in this system shows: then it was not changed.
    pub(crate) fn is_shown_as(&self, shown: &Self, decimals: usize) -> bool {
        let near = 1.01 * 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
        let same = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).abs() <= near && (a[1] - b[1]).abs() <= near;
        let lengths = |shape: &Self| shape.parts.iter().map(|p| p.iter().map(Vec::len).collect()).collect::<Vec<Vec<usize>>>();
        self.kind == shown.kind
            && lengths(self) == lengths(shown)
            && self.parts.iter().flatten().flatten().zip(shown.parts.iter().flatten().flatten()).all(|(a, b)| same(a, b))
    }

    /// Checks it and brings it to the layer's system; `None` if something is wrong, which is told with its place.
    pub(crate) fn place(mut self, place: &Place<'_>, faults: &mut Faults) -> Result<Option<Self>, Problem> {
        if self.positions() > MAX_POSITIONS {
            return Err(too_many());
        }
        let failed = |e: CrsError| Problem::internal("coordinate system of a feature", &e);
        let (from, to) = (place.crs.srid(), place.layer.srid);
        let to_lonlat = Transformer::new(from, Srid::CRS84, place.settings).map_err(failed)?;
        let to_storage = Transformer::new(from, to, place.settings).map_err(failed)?;
        for position in self.parts.iter_mut().flatten().flatten() {
            *position = place.crs.from_authority_order(*position);
        }
        let near = place.bbox.widened(MARGIN_DEGREES);
        let lonlat = |position: [f64; 2]| to_lonlat.convert_one(position).ok();
        let all: Vec<[f64; 2]> = self.parts.iter().flatten().flatten().copied().collect();
        let mut degrees = all.clone();
        if to_lonlat.convert(&mut degrees).is_err() {
            let stray = all.iter().find(|p| lonlat(**p).is_none()).copied().unwrap_or_default();
            let [a, b] = place.crs.to_authority_order(stray);
            faults.geometry(format!("{a}, {b} is not a position in {from}"), None);
            return Ok(None);
        }
        let inside = |p: &&[f64; 2]| p[0] >= near.west() && p[0] <= near.east() && p[1] >= near.south() && p[1] <= near.north();
        if let Some(stray) = degrees.iter().find(|p| !inside(p)) {
            let detail = format!("a position is far from this installation's comuni; is `Content-Crs` right? It was read as {from}");
            faults.geometry(detail, Some(*stray));
            return Ok(None);
        }
        if !self.is_whole(&lonlat, faults) {
            return Ok(None);
        }
        let mut metres = all;
        if let Err(error) = to_storage.convert(&mut metres) {
            faults.geometry(error.to_string(), None);
            return Ok(None);
        }
        for (position, converted) in self.parts.iter_mut().flatten().flatten().zip(metres) {
            *position = converted;
        }
        Ok(Some(self))
    }

    /// Lines have a length and rings are closed. Whether rings cross is for the database to say.
    fn is_whole(&self, lonlat: &impl Fn([f64; 2]) -> Option<[f64; 2]>, faults: &mut Faults) -> bool {
        let mut whole = true;
        let mut fault = |detail: String, at: Option<&[f64; 2]>| {
            faults.geometry(detail, at.and_then(|p| lonlat(*p)));
            whole = false;
        };
        for sequence in self.parts.iter().flatten() {
            let first = sequence.first();
            match self.kind.dimension() {
                1 if sequence.iter().all(|p| Some(p) == first) => fault("a line needs two different positions".to_owned(), first),
                2 if sequence.len() < 4 => fault(format!("a ring has four positions at least, and this has {}", sequence.len()), first),
                2 if first != sequence.last() => {
                    fault("a ring is not closed: its last position must be its first".to_owned(), sequence.last())
                }
                _ => {}
            }
        }
        if self.parts.iter().any(Vec::is_empty) {
            fault("a part of the geometry is empty".to_owned(), None);
        }
        whole
    }

    /// As PostGIS reads it, in this system.
    pub(crate) fn to_ewkb(&self, srid: Srid) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + 16 * self.positions());
        let single = u32::from(self.kind.dimension()) + 1;
        let multi = is_multi(self.kind);
        put_head(&mut out, if multi { single + 3 } else { single }, Some(srid));
        if multi {
            put_count(&mut out, self.parts.len());
        }
        for part in &self.parts {
            if multi {
                put_head(&mut out, single, None);
            }
            if single == 3 {
                put_count(&mut out, part.len());
            }
            for sequence in part {
                if single > 1 {
                    put_count(&mut out, sequence.len());
                }
                sequence.iter().flatten().for_each(|number| out.extend(number.to_le_bytes()));
            }
        }
        out
    }
}

fn put_head(out: &mut Vec<u8>, kind: u32, srid: Option<Srid>) {
    const HAS_SRID: u32 = 0x2000_0000;
    out.push(1);
    out.extend((kind | if srid.is_some() { HAS_SRID } else { 0 }).to_le_bytes());
    if let Some(srid) = srid {
        out.extend(srid.postgis().to_le_bytes());
    }
}

fn put_count(out: &mut Vec<u8>, n: usize) {
    // at most as many as positions are taken
    out.extend(u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn kind(name: &str) -> Option<GeometryType> {
    use GeometryType::{LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
    [Point, MultiPoint, LineString, MultiLineString, Polygon, MultiPolygon].into_iter().find(|kind| kind.sql() == name)
}

fn is_multi(kind: GeometryType) -> bool {
    kind.multi() == kind
}

fn list(nest: &Nest) -> Option<&[Nest]> {
    match nest {
        Nest::List(all) => Some(all),
        _ => None,
    }
}

fn part(nest: &Nest, dimension: u8) -> Option<Vec<Vec<[f64; 2]>>> {
    match dimension {
        0 => Some(vec![vec![position(nest)?]]),
        1 => Some(vec![sequence(nest)?]),
        _ => list(nest)?.iter().map(sequence).collect(),
    }
}

fn sequence(nest: &Nest) -> Option<Vec<[f64; 2]>> {
    list(nest)?.iter().map(position).collect()
}

/// Two numbers; a height after them is left out, since layers have none.
fn position(nest: &Nest) -> Option<[f64; 2]> {
    match list(nest)? {
        [Nest::Number(a), Nest::Number(b)] | [Nest::Number(a), Nest::Number(b), Nest::Number(_)] => Some([*a, *b]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Shape};
    use crate::testing::parcels;
    use crate::write::body::GivenGeometry;
    use crs::{Crs, Settings};
    use kernel::layer::GeometryType;
    use kernel::{Bbox, Layer, Srid};
    use operations::Faults;

    fn layer(geometry: GeometryType) -> Layer {
        Layer { geometry, ..parcels() }
    }

    fn read(geometry: GeometryType, text: &str) -> Result<Shape, String> {
        let given: GivenGeometry = serde_json::from_str(text).unwrap();
        Shape::read(&given, &layer(geometry))
    }

    fn place(geometry: GeometryType, crs: i32, text: &str) -> Result<Shape, String> {
        let layer = layer(geometry);
        let crs = Crs::get(Srid::new(crs).unwrap()).unwrap();
        let settings = Settings::default();
        let place = Place { layer: &layer, crs, settings: &settings, bbox: Bbox::new(15.6, 38.0, 15.8, 38.2).unwrap() };
        let mut faults = Faults::default();
        let placed = read(geometry, text)?.place(&place, &mut faults).map_err(|p| p.detail().to_owned())?;
        faults.check().map_err(|p| p.to_json()["errors"].to_string())?;
        Ok(placed.unwrap())
    }

    #[test]
    fn one_part_is_one_part_however_it_is_called() {
        let point = r#"{"type":"Point","coordinates":[15.65,38.11,12]}"#;
        let points = r#"{"type":"MultiPoint","coordinates":[[15.65,38.11]]}"#;
        for kind in [GeometryType::Point, GeometryType::MultiPoint] {
            assert_eq!(read(kind, point), read(kind, points));
        }
        assert!(read(GeometryType::Point, r#"{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}"#).is_err());
    }

    #[test]
    fn what_is_no_geometry_of_the_layer_is_refused() {
        use GeometryType::{LineString, MultiPolygon, Point, Polygon};
        for (kind, bad) in [
            (Point, r#"{"type":"Point","coordinates":[]}"#),
            (Point, r#"{"type":"Point","coordinates":[1]}"#),
            (Point, r#"{"type":"Point","coordinates":["1","2"]}"#),
            (Point, r#"{"type":"Point","coordinates":null}"#),
            (Point, r#"{"type":"Point"}"#),
            (Point, r#"{"type":"GeometryCollection","geometries":[]}"#),
            (Point, r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#),
            (Point, r#"{"type":"Circle","coordinates":[1,2]}"#),
            (LineString, r#"{"type":"LineString","coordinates":[[1,2],[[3,4]]]}"#),
            (LineString, r#"{"type":"LineString","coordinates":[]}"#),
            (Polygon, r#"{"type":"Polygon","coordinates":[]}"#),
            (MultiPolygon, r#"{"type":"MultiPolygon","coordinates":[]}"#),
        ] {
            assert!(read(kind, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn places_are_checked_and_told() {
        use GeometryType::{LineString, Point, Polygon};
        for (kind, crs, bad, why) in [
            (Point, 84, r#"{"coordinates":[1e308,38]}"#, "not a position"),
            (Point, 84, r#"{"coordinates":[38.11,15.65]}"#, "far from"),
            (Point, 84, r#"{"coordinates":[556983,4218219]}"#, "not a position"),
            (Point, 7792, r#"{"coordinates":[15.65,38.11]}"#, "far from"),
            (Point, 4326, r#"{"coordinates":[15.65,38.11]}"#, "far from"),
            (LineString, 84, r#"{"coordinates":[[179.9,38.1],[-179.9,38.1]]}"#, "\"at\":[179.9,38.1]"),
            (LineString, 84, r#"{"coordinates":[[15.65,38.1],[15.65,38.1]]}"#, "two different"),
            (Polygon, 84, r#"{"coordinates":[[[15.65,38.1],[15.66,38.1],[15.66,38.11],[15.65,38.11]]]}"#, "\"at\":[15.65,38.11]"),
            (Polygon, 84, r#"{"coordinates":[[[15.65,38.1],[15.66,38.1],[15.65,38.1]]]}"#, "four positions"),
            (Polygon, 84, r#"{"coordinates":[[]]}"#, "four positions"),
        ] {
            let error = place(kind, crs, bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn positions_come_in_the_order_of_the_authority_and_end_in_storage() {
        for (crs, text) in [
            (84, r#"{"coordinates":[15.65,38.11]}"#),
            (4326, r#"{"coordinates":[38.11,15.65]}"#),
            (3004, r#"{"coordinates":[2576990.8524,4218220.8333]}"#),
            (6708, r#"{"coordinates":[4218219.3548,556983.2086]}"#),
        ] {
            let shape = place(GeometryType::Point, crs, text).unwrap();
            let [x, y] = shape.parts[0][0][0];
            assert!((x - 556_983.208_6).abs() < 0.001 && (y - 4_218_219.354_8).abs() < 0.001, "{crs}: {x} {y}");
        }
    }

    #[test]
    fn it_is_written_as_the_catalogue_writes_it() {
        let ring = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]];
        let srid = Srid::RDN2008_UTM33;
        let shape = |kind, parts| Shape { kind, parts };
        assert_eq!(shape(GeometryType::Point, vec![vec![vec![[1.0, 2.0]]]]).to_ewkb(srid), catalogue::ewkb::point([1.0, 2.0], srid));
        assert_eq!(shape(GeometryType::LineString, vec![vec![ring.clone()]]).to_ewkb(srid), catalogue::ewkb::line(&ring, srid));
        assert_eq!(
            shape(GeometryType::Polygon, vec![vec![ring.clone()]]).to_ewkb(srid),
            catalogue::ewkb::polygon(std::slice::from_ref(&ring), srid)
        );
        let parts = vec![vec![ring.clone()], vec![ring]];
        assert_eq!(shape(GeometryType::MultiPolygon, parts.clone()).to_ewkb(srid), catalogue::ewkb::multi_polygon(&parts, srid));
    }

    #[test]
    fn what_was_shown_and_comes_back_was_not_changed() {
        let shown = read(GeometryType::Point, r#"{"coordinates":[15.65000001,38.11]}"#).unwrap();
        assert!(read(GeometryType::Point, r#"{"coordinates":[15.65000001,38.11]}"#).unwrap().is_shown_as(&shown, 8));
        assert!(!read(GeometryType::Point, r#"{"coordinates":[15.65000021,38.11]}"#).unwrap().is_shown_as(&shown, 8));
    }
}
