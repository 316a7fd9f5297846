//! Which columns say where a row is, by their names and what is in them.

/// Where the position stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Positions {
    /// East (or longitude) and north (or latitude), each in a column.
    Columns(usize, usize),
    /// Well-known text or hexadecimal well-known binary.
    Text(usize),
}

/// Names of east and north that go together, without case, blanks and underscores; the likeliest first.
const PAIRS: [(&str, &str); 26] = [
    ("x", "y"),
    ("coordx", "coordy"),
    ("xcoord", "ycoord"),
    ("coordinatax", "coordinatay"),
    ("xcoordinate", "ycoordinate"),
    ("coorx", "coory"),
    ("pointx", "pointy"),
    ("utmx", "utmy"),
    ("xgb", "ygb"),
    ("gbx", "gby"),
    ("xutm", "yutm"),
    ("est", "nord"),
    ("coordest", "coordnord"),
    ("coordinataest", "coordinatanord"),
    ("east", "north"),
    ("easting", "northing"),
    ("e", "n"),
    ("lon", "lat"),
    ("long", "lat"),
    ("lng", "lat"),
    ("longitude", "latitude"),
    ("longitudine", "latitudine"),
    ("long", "latit"),
    ("geox", "geoy"),
    ("lonwgs84", "latwgs84"),
    ("wgs84x", "wgs84y"),
];

const TEXTS: [&str; 9] = ["wkt", "geom", "geometry", "thegeom", "wktgeom", "geomwkt", "geometria", "shape", "wkbgeometry"];

/// Finds them. `samples` has the first value of each column that has one.
pub(in crate::source) fn find(names: &[String], samples: &[String]) -> Option<Positions> {
    let plain: Vec<String> = names.iter().map(|n| plain(n)).collect();
    let at = |name: &str| plain.iter().position(|n| n == name);
    let looks_like_text = |index: &usize| samples.get(*index).is_some_and(|s| is_geometry(s));
    if let Some(column) = TEXTS.iter().filter_map(|name| at(name)).find(looks_like_text) {
        return Some(Positions::Text(column));
    }
    if let Some((x, y)) = PAIRS.iter().find_map(|(x, y)| Some((at(x)?, at(y)?))) {
        return Some(Positions::Columns(x, y));
    }
    // a column that is called so and holds something else is one whose rows are told about
    (0..names.len()).find(looks_like_text).or_else(|| TEXTS.iter().find_map(|name| at(name))).map(Positions::Text)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_geometry(text: &str) -> bool {
    let text = text.split_once(';').map_or(text, |(_, rest)| rest).trim_start();
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    let words = ["POINT", "LINESTRING", "POLYGON", "MULTI", "GEOMETRYCOLLECTION", "CURVEPOLYGON", "CIRCULARSTRING", "COMPOUNDCURVE"];
    let hexadecimal = text.len() >= 42 && (text.starts_with("00") || text.starts_with("01")) && text.bytes().all(|b| b.is_ascii_hexdigit());
    (words.iter().any(|w| letters.starts_with(w)) && text.contains(['(', 'E', 'e'])) || hexadecimal
}

impl Positions {
    /// Whether the column is (part of) the position.
    pub(in crate::source) fn is_one_of(&self, index: usize) -> bool {
        match self {
            Self::Columns(x, y) => index == *x || index == *y,
            Self::Text(column) => index == *column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Positions, find};

    fn found(names: &[&str], samples: &[&str]) -> Option<Positions> {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        find(&own(names), &own(samples))
    }

    #[test]
    fn columns_are_found_by_the_names_people_use() {
        for (x, y) in
            [("X", "Y"), ("Coord_X", "Coord_Y"), ("EST", "NORD"), ("Longitudine", "Latitudine"), ("lng", "lat"), ("CoordX", "CoordY")]
        {
            assert_eq!(found(&[y, "nome", x], &["", "", ""]), Some(Positions::Columns(2, 0)), "{x} {y}");
        }
        assert_eq!(found(&["nome", "via"], &["a", "b"]), None);
    }

    #[test]
    fn well_known_text_is_found_by_name_or_content() {
        assert_eq!(found(&["WKT", "x", "y"], &["POINT (1 2)", "1", "2"]), Some(Positions::Text(0)));
        assert_eq!(found(&["nome", "dove"], &["a", "SRID=3003;MULTIPOLYGON (((0 0"]), Some(Positions::Text(1)));
        assert_eq!(found(&["geom", "x", "y"], &["12", "1", "2"]), Some(Positions::Columns(1, 2)));
    }
}
