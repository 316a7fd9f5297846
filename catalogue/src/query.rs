//! Reading rows of any layer as values for people.

use kernel::{Bbox, Language, Layer, Principal, layer::Field, layer::FieldType};
use serde_json::Value;

/// The SQL for the fields that this principal may see, as one `jsonb` object.
pub(crate) fn attributes_sql(layer: &Layer, who: &Principal) -> String {
    let columns: Vec<String> = layer.fields.iter().filter(|f| who.may_read_field(f)).map(|f| f.name.sql()).collect();
    if columns.is_empty() {
        return "'{}'::jsonb".to_owned();
    }
    format!("(select to_jsonb(attributes) from (select {}) attributes)", columns.join(", "))
}

/// The four SQL expressions for a rectangle in CRS84 round a geometry expression, named west to north.
pub(crate) fn box_sql(geometry: &str, srid: i32) -> String {
    let lonlat = format!("st_transform(st_setsrid(st_envelope({geometry}), {srid}), 4326)");
    ["st_xmin", "st_ymin", "st_xmax", "st_ymax"]
        .iter()
        .zip(["west", "south", "east", "north"])
        .map(|(function, name)| format!("{function}({lonlat}) as {name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The JSON of a rectangle: `[west, south, east, north]`.
pub(crate) fn bbox_json(bbox: Bbox) -> Value {
    let rounded = |side: f64| (side * 1e7).round() / 1e7;
    Value::from(<[f64; 4]>::from(bbox).map(rounded).to_vec())
}

/// A value as text without grouping, for titles; empty for null.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as people read it: codes by their meaning, thousands separated, dates as `23 nov 2026`.
pub(crate) fn readable(field: &Field, value: &Value, language: Language) -> String {
    let raw = plain(value);
    if let Some(code) = field.codes.iter().find(|c| c.value == raw) {
        return code.label.get(language).to_owned();
    }
    let text = match (field.kind, value) {
        (FieldType::Boolean, Value::Bool(yes)) => return yes_or_no(*yes, language).to_owned(),
        (FieldType::Date | FieldType::DateTime, Value::String(date)) => return day(date, language),
        (FieldType::Integer | FieldType::Number, Value::Number(n)) if field.unit.is_some() => grouped(&n.to_string(), language),
        (FieldType::Number, Value::Number(_)) if language == Language::It => raw.replace('.', ","),
        _ => raw,
    };
    match &field.unit {
        Some(unit) if !text.is_empty() => format!("{text} {unit}"),
        _ => text,
    }
}

/// What a row is called: its label, or its layer's template filled in, with codes by their meaning and numbers ungrouped.
pub fn title(layer: &Layer, id: &str, attributes: &Value, language: Language) -> String {
    layer.title_of(language, id, |name| {
        let raw = attributes.get(name).map(plain).filter(|text| !text.is_empty())?;
        let code = layer.field(name).and_then(|field| field.codes.iter().find(|code| code.value == raw));
        Some(code.map_or(raw.clone(), |code| code.label.get(language).to_owned()))
    })
}

fn yes_or_no(yes: bool, language: Language) -> &'static str {
    match (yes, language) {
        (true, Language::It) => "sì",
        (true, Language::En) => "yes",
        (false, _) => "no",
    }
}

/// `2026-11-23…` as `23 nov 2026`; anything else as it is.
fn day(iso: &str, language: Language) -> String {
    const IT: [&str; 12] = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Ok(date) = iso.get(..10).unwrap_or(iso).parse::<chrono::NaiveDate>() else {
        return iso.to_owned();
    };
    let months = if language == Language::It { IT } else { EN };
    let month = months[chrono::Datelike::month0(&date) as usize];
    format!("{} {month} {}", chrono::Datelike::day(&date), chrono::Datelike::year(&date))
}

/// Separates the thousands of a number's whole part.
fn grouped(number: &str, language: Language) -> String {
    let (thousands, point) = if language == Language::It { ('.', ',') } else { (',', '.') };
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut text = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction.filter(|f| *f != "0") {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{day, grouped};
    use kernel::Language::{En, It};

    #[test]
    fn numbers_and_days_as_each_language_writes_them() {
        assert_eq!(grouped("1234567.5", It), "1.234.567,5");
        assert_eq!(grouped("-1234.0", En), "-1,234");
        assert_eq!(grouped("999", It), "999");
        assert_eq!(day("2026-11-23", It), "23 nov 2026");
        assert_eq!(day("2026-05-01T10:00:00+00:00", En), "1 May 2026");
        assert_eq!(day("ieri", It), "ieri");
    }
}
