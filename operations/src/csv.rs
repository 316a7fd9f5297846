//! Tables for spreadsheets: CSV (RFC 4180) in UTF-8. What would be taken for a formula has an apostrophe before it (OWASP, "CSV injection").

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

/// The media type.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// One row, with its line end.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        write_cell(cell, &mut line);
    }
    line.push_str("\r\n");
    line
}

fn write_cell(cell: &str, line: &mut String) {
    let harmful = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let quoted = harmful || cell.contains([',', '"', '\n', '\r', ';']) || cell.starts_with(' ') || cell.ends_with(' ');
    if !quoted {
        line.push_str(cell);
        return;
    }
    line.push('"');
    if harmful {
        line.push('\'');
    }
    line.push_str(&cell.replace('"', "\"\""));
    line.push('"');
}

/// A whole table as a file of this name.
pub fn file(name: &str, content: String) -> Response {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect();
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn nothing_in_a_cell_is_a_formula_or_another_cell() {
        assert_eq!(row(["a", "1,5", "x \"y\"", "-1.5", ""]), "a,\"1,5\",\"x \"\"y\"\"\",-1.5,\r\n");
        assert_eq!(row(["=1+1", "+x", "@SUM(A1)", "-cmd|' /C calc'!A0"]), "\"'=1+1\",\"'+x\",\"'@SUM(A1)\",\"'-cmd|' /C calc'!A0\"\r\n");
    }
}
