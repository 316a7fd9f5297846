//! Rows and filters from a seed. Values come from small sets, so that conditions are often met; coordinates are whole numbers
//! of a small square, so that geometries touch.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use geo_types::{Coord, Geometry, LineString, MultiPoint, MultiPolygon, Point, Polygon, Rect};
use kernel::filter::{Comparison, Pattern, Relation, RowValues, Shape, Value};
use kernel::{Bbox, Column, Filter, Role, Srid};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

pub(crate) const COMUNI: [&str; 3] = ["080901", "080902", "080903"];
const TEXTS: [&str; 24] = [
    "",
    " ",
    "Via Libertà",
    "VIA LIBERTÀ",
    "via libertà",
    "d'Elia",
    "50%",
    "a_b",
    "a\\b",
    "ab",
    "AB",
    "aab",
    "a%b",
    "ΑΣ",
    "ας",
    "İstanbul",
    "Straße",
    "日本",
    "a\nb",
    "\"q\"",
    "%",
    "_",
    "\\",
    "'; drop table x; --",
];
const OFFICES: [&str; 5] = ["sue", "d'arte \\", "a,b", "", "suap"];
const NUMBERS: [f64; 9] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1.0, 2.5, 9_007_199_254_740_993.0];
const INTEGERS: [i64; 8] = [i64::MIN, i64::MAX, -1, 0, 1, 2, 3, 9_007_199_254_740_993];
const SUBJECTS: [u128; 3] = [1, 2, 3];

pub(crate) fn column(name: &str) -> Column {
    Column::new(name).expect("a name")
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fid: i64,
    pub(crate) geometry: Geometry<f64>,
    values: BTreeMap<Column, Value>,
}

impl RowValues for Row {
    fn value(&self, column: &Column) -> Option<Value> {
        if column.as_str() == "fid" { Some(Value::Integer(self.fid)) } else { self.values.get(column).cloned() }
    }

    fn geometry(&self) -> Option<&Geometry<f64>> {
        Some(&self.geometry)
    }

    fn srid(&self) -> Srid {
        Srid::RDN2008_UTM33
    }
}

pub(crate) struct Source(ChaCha8Rng);

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.0).expect("some")
    }

    fn below(&mut self, end: u32) -> u32 {
        self.0.random_range(0..end)
    }

    pub(crate) fn subject(&mut self) -> Uuid {
        Uuid::from_u128(self.of(&SUBJECTS))
    }

    fn instant(&mut self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(i64::from(self.below(5)) * 8000) + TimeDelta::microseconds(i64::from(self.below(2)))
    }

    fn day(&mut self) -> NaiveDate {
        NaiveDate::from_ymd_opt(1999, 12, 30).expect("a day") + TimeDelta::days(self.below(5).into())
    }

    pub(crate) fn row(&mut self, fid: i64) -> Row {
        let mut values = BTreeMap::new();
        for name in ["name", "count", "height", "listed", "built", "seen", "office", "owner"] {
            let value = self.value(name);
            if self.below(6) > 0 {
                values.insert(column(name), value);
            }
        }
        values.insert(column("comune"), self.value("comune"));
        let from = self.instant();
        values.insert(column("valid_from"), Value::Instant(from));
        if self.below(2) == 0 {
            let to = from + TimeDelta::days(1 + i64::from(self.below(2)) * 7999);
            values.insert(column("valid_to"), Value::Instant(to));
        }
        Row { fid, geometry: self.geometry(), values }
    }

    /// A value such as the column has.
    fn value(&mut self, name: &str) -> Value {
        match name {
            "count" => Value::Integer(self.of(&INTEGERS)),
            "height" => Value::Number(self.of(&NUMBERS)),
            "listed" => Value::Boolean(self.below(2) == 0),
            "built" => Value::Date(self.day()),
            "seen" | "valid_from" | "valid_to" => Value::Instant(self.instant()),
            "comune" => Value::Text(self.of(&COMUNI).to_owned()),
            "office" => Value::Text(self.of(&OFFICES).to_owned()),
            "owner" => Value::Text(self.subject().to_string()),
            _ => Value::Text(self.of(&TEXTS).to_owned()),
        }
    }

    /// A value to compare the column with, that JSON can say.
    fn operand(&mut self, name: &str) -> Value {
        let other = if self.below(3) > 0 { name } else { ["count", "height"][self.below(2) as usize] };
        let number = matches!(name, "count" | "height");
        loop {
            match self.value(if number { other } else { name }) {
                Value::Number(v) if !v.is_finite() => {}
                value => return value,
            }
        }
    }

    fn coord(&mut self) -> Coord<f64> {
        Coord { x: self.below(11).into(), y: self.below(11).into() }
    }

    /// A valid geometry.
    pub(crate) fn geometry(&mut self) -> Geometry<f64> {
        loop {
            let geometry = self.any_geometry();
            if Shape::new(geometry.clone(), Srid::RDN2008_UTM33).is_ok() {
                return geometry;
            }
        }
    }

    fn any_geometry(&mut self) -> Geometry<f64> {
        let some = 2 + self.below(4);
        match self.below(7) {
            0 | 1 => Geometry::Point(Point(self.coord())),
            2 => Geometry::MultiPoint(MultiPoint((0..some).map(|_| Point(self.coord())).collect())),
            3 => Geometry::LineString(LineString((0..some).map(|_| self.coord()).collect())),
            4 => Geometry::Polygon(Polygon::new(LineString((0..some + 1).map(|_| self.coord()).collect()), vec![])),
            5 => {
                let outer = Rect::new(self.coord(), self.coord());
                let inner = Rect::new(self.coord(), self.coord());
                let holes = if self.below(2) == 0 { vec![inner.to_polygon().exterior().clone()] } else { vec![] };
                Geometry::Polygon(Polygon::new(outer.to_polygon().exterior().clone(), holes))
            }
            _ => Geometry::MultiPolygon(MultiPolygon((0..2).map(|_| Rect::new(self.coord(), self.coord()).to_polygon()).collect())),
        }
    }

    fn shape(&mut self) -> Shape {
        Shape::new(self.geometry(), Srid::RDN2008_UTM33).expect("a valid geometry")
    }

    fn pattern(&mut self) -> Pattern {
        let mut text = String::new();
        for c in self.of(&TEXTS).chars() {
            match self.below(6) {
                0 => text.push('%'),
                1 => text.push('_'),
                2 => text.extend(['%', c]),
                _ => text.extend(['\\', c].into_iter().skip(usize::from(!"%_\\'a".contains(c)))),
            }
        }
        match Pattern::new(text) {
            Ok(pattern) if self.below(2) == 0 => pattern.in_any_case(),
            Ok(pattern) => pattern,
            Err(_) => Pattern::new("%").expect("a pattern"),
        }
    }

    /// A filter of so many levels of `and`, `or` and `not`, with tests on who asks if they are wanted.
    pub(crate) fn filter(&mut self, levels: u32, of_principal: bool) -> Filter {
        if levels > 0 && self.below(5) > 1 {
            let parts = self.below(4);
            return match self.below(3) {
                0 => Filter::Not(Box::new(self.filter(levels - 1, of_principal))),
                1 => Filter::And((0..parts).map(|_| self.filter(levels - 1, of_principal)).collect()),
                _ => Filter::Or((0..parts).map(|_| self.filter(levels - 1, of_principal)).collect()),
            };
        }
        if of_principal && self.below(2) == 0 { self.test_of_principal() } else { self.condition() }
    }

    fn test_of_principal(&mut self) -> Filter {
        match self.below(4) {
            0 => Filter::InScope(column("comune")),
            1 => Filter::OfficeIs(column("office")),
            2 => Filter::SubjectIs(column("owner")),
            _ => Filter::HasRole((0..self.below(4)).map(|_| self.of(&Role::ALL)).collect()),
        }
    }

    fn condition(&mut self) -> Filter {
        let name = self.of(&["name", "name", "count", "height", "listed", "built", "seen", "comune", "office", "owner", "valid_to"]);
        let column = column(name);
        match self.below(14) {
            0 => Filter::Equal(column, self.operand(name)),
            1 | 2 => Filter::Compare(column, self.of(&Comparison::ALL), self.operand(name)),
            3 => Filter::In(column, (0..self.below(4)).map(|_| self.operand(name)).collect()),
            4 => Filter::Between(column, self.operand(name), self.operand(name)),
            5 => Filter::IsNull(column),
            6 | 7 => Filter::Like(self::column("name"), self.pattern()),
            8 => Filter::SameText(self::column("name"), self.of(&TEXTS).to_owned()),
            9 => {
                let (a, b) = (self.coord(), self.coord());
                let bbox = Bbox::new(a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)).expect("a rectangle");
                Filter::Intersects(bbox, Srid::RDN2008_UTM33)
            }
            10 | 11 => Filter::Spatial(self.of(&Relation::ALL), self.shape()),
            12 => Filter::Near(self.shape(), self.of(&[1e-9, 0.707_07, 1.313_13, 2.618_03, 5.050_5])),
            _ if self.below(2) == 0 => Filter::ValidAt(self.instant()),
            _ => {
                let (from, to) = (self.instant(), self.instant());
                Filter::ValidDuring((self.below(3) > 0).then_some(from), (self.below(3) > 0).then_some(to))
            }
        }
    }
}
