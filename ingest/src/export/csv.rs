//! Tables: positions in two columns `x` and `y` where the layer has points, else as well-known text.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use kernel::layer::GeometryType;

use super::rows::Columns;
use crate::geometry::{self, Shape};
use crate::source::Value;

/// A CSV that is being written (RFC 4180), in UTF-8. What a spreadsheet would take for a formula has an apostrophe before it.
pub(super) struct CsvSink {
    out: csv::Writer<File>,
    in_columns: bool,
}

impl CsvSink {
    pub(super) fn create(path: &Path, geometry: GeometryType, columns: &Columns) -> io::Result<Self> {
        let taken = |name: &str| columns.names().any(|n| n.eq_ignore_ascii_case(name));
        let in_columns = geometry == GeometryType::Point && !taken("x") && !taken("y");
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_path(path)?;
        // the likeliest name of the geometry that no field has
        let text = ["wkt", "geometry", "the_geom", "geometria"].into_iter().find(|name| !taken(name)).unwrap_or("wkb_geometry");
        let places: &[&str] = if in_columns { &["x", "y"] } else { &[text] };
        out.write_record(columns.names().chain(places.iter().copied()))?;
        Ok(Self { out, in_columns })
    }

    /// How many of the values would have been formulas.
    pub(super) fn write(&mut self, values: &[Value], shape: &Shape) -> io::Result<u64> {
        let mut formulas = 0;
        for value in values {
            let text = value.to_text().unwrap_or_default();
            let written = if matches!(value, Value::Text(_)) { harmless(&text) } else { Cow::from(text.as_str()) };
            formulas += u64::from(written != text);
            self.out.write_field(written.as_bytes())?;
        }
        match shape.positions.first().filter(|_| self.in_columns) {
            Some([x, y]) => {
                self.out.write_field(x.to_string())?;
                self.out.write_field(y.to_string())?;
            }
            None => self.out.write_field(geometry::to_wkt(shape))?,
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(formulas)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.out.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(())
    }
}

/// A text with an apostrophe before it, if a spreadsheet would take it for a formula.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// As the lists have it (OWASP, "CSV injection").
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::is_formula;

    #[test]
    fn numbers_are_no_formulas() {
        assert!(["=1+1", "+x", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1"].into_iter().all(is_formula));
        assert!(!["-1.5", "+39", "", "a=b", "1-2"].into_iter().any(is_formula));
    }
}
