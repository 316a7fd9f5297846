//! Items as a table for spreadsheets: the public id, the properties by their names, and the place: two columns for a point, WKT (Simple
//! Features) for anything else, in the system asked for and the axis order of its authority.

use kernel::layer::GeometryType;
use operations::csv;
use serde_json::Value;

use crate::geojson::{Cells, FeatureWriter, WriteError};

/// Rows of a table when nothing is said, and at most.
pub(crate) const MAX_ROWS: u32 = 1_000_000;

/// Writes rows as lines.
pub(crate) struct CsvWriter {
    features: FeatureWriter,
    columns: Vec<String>,
    point: bool,
}

impl CsvWriter {
    /// For rows that this writer of features takes, with properties of these names.
    pub(crate) fn new(features: FeatureWriter, columns: Vec<String>, geometry: GeometryType) -> Self {
        Self { features, columns, point: geometry == GeometryType::Point }
    }

    /// The first line, after a byte order mark, by which spreadsheets know UTF-8.
    pub(crate) fn head(&self) -> Vec<u8> {
        let place: &[&str] = if self.point { &["x", "y"] } else { &["wkt"] };
        let names = std::iter::once("id").chain(self.columns.iter().map(String::as_str)).chain(place.iter().copied());
        format!("\u{feff}{}", csv::row(names)).into_bytes()
    }

    /// Writes a batch.
    pub(crate) fn write<R: Cells>(&mut self, rows: &[R], out: &mut Vec<u8>) -> Result<(), WriteError> {
        let mut text = b"[".to_vec();
        self.features.write(rows, true, &mut text)?;
        text.push(b']');
        let features: Vec<Value> = serde_json::from_slice(&text).unwrap_or_default();
        for feature in &features {
            let mut cells = vec![cell(&feature["id"])];
            cells.extend(self.columns.iter().map(|name| cell(&feature["properties"][name])));
            match self.point {
                true => cells.extend([0, 1].map(|i| cell(&feature["geometry"]["coordinates"][i]))),
                false => cells.push(wkt(&feature["geometry"])),
            }
            out.extend_from_slice(csv::row(cells.iter().map(String::as_str)).as_bytes());
        }
        Ok(())
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A GeoJSON geometry as WKT; empty for none.
fn wkt(geometry: &Value) -> String {
    match geometry["type"].as_str() {
        None => String::new(),
        Some("Point") => format!("POINT({})", numbers(&geometry["coordinates"])),
        Some(kind) => format!("{}{}", kind.to_ascii_uppercase(), nested(&geometry["coordinates"])),
    }
}

/// A list of positions, or of lists of them.
fn nested(coordinates: &Value) -> String {
    let parts = coordinates.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let is_position = |part: &Value| part[0].is_number();
    let parts: Vec<String> = parts.map(|part| if is_position(part) { numbers(part) } else { nested(part) }).collect();
    format!("({})", parts.join(","))
}

fn numbers(position: &Value) -> String {
    position.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::wkt;
    use serde_json::json;

    #[test]
    fn geometries_as_simple_features_write_them() {
        let of = |kind: &str, coordinates| wkt(&json!({"type": kind, "coordinates": coordinates}));
        assert_eq!(of("Point", json!([15.6, 38.1])), "POINT(15.6 38.1)");
        assert_eq!(of("LineString", json!([[1, 2], [3, 4]])), "LINESTRING(1 2,3 4)");
        assert_eq!(of("MultiPolygon", json!([[[[0, 0], [1, 0], [1, 1], [0, 0]]]])), "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))");
        assert_eq!(wkt(&json!(null)), "");
    }
}
