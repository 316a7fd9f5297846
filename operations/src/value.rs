//! Values as people read them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use chrono_tz::Europe::Rome;
use kernel::Language;
use kernel::layer::{Field, FieldType};
use serde_json::Value;

use crate::page::say;

/// A value as people read it: codes by their meaning, numbers with their unit and, where they have one, their thousands separated, nothing
/// as a dash.
pub fn readable(kind: FieldType, field: Option<&Field>, value: &Value, language: Language) -> String {
    let raw = match value {
        Value::Null => return "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some(code) = field.and_then(|f| f.codes.iter().find(|c| c.value == raw)) {
        return code.label.get(language).to_owned();
    }
    let unit = field.and_then(|f| f.unit.as_deref());
    let text = match value {
        Value::Bool(true) => say(language, "sì", "yes").to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => moment(kind, text, language).unwrap_or(raw),
        // a number without a unit may be a year or a code: its digits stay together
        Value::Number(_) if unit.is_some() => separated(&raw, language),
        Value::Number(_) if kind == FieldType::Number => raw.replace('.', say(language, ",", ".")),
        _ => raw,
    };
    match unit {
        Some(unit) if !text.is_empty() => format!("{text} {unit}"),
        _ => text,
    }
}

/// A date as `23 nov 2026`; an instant as it is in Italy with the zone, `23 nov 2026, 10:30 CET`, at midnight as the day alone.
fn moment(kind: FieldType, text: &str, language: Language) -> Option<String> {
    match kind {
        FieldType::Date => Some(day(text.parse().ok()?, language)),
        FieldType::DateTime => {
            let local = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Rome);
            let date = day(local.date_naive(), language);
            Some(if local.time() == NaiveTime::MIN { date } else { format!("{date}, {}", local.format("%H:%M %Z")) })
        }
        _ => None,
    }
}

fn day(date: NaiveDate, language: Language) -> String {
    const IT: [&str; 12] = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let months = if language == Language::It { IT } else { EN };
    format!("{} {} {}", date.day(), months[date.month0() as usize], date.year())
}

/// A whole number with its thousands separated.
pub fn grouped(number: i64, language: Language) -> String {
    separated(&number.to_string(), language)
}

/// A number with the thousands of its whole part separated; a fraction of nothing goes.
fn separated(number: &str, language: Language) -> String {
    let (thousands, point) = if language == Language::It { ('.', ',') } else { (',', '.') };
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
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
    use super::{grouped, readable, separated};
    use kernel::Language::{En, It};
    use kernel::layer::{Field, FieldType};
    use serde_json::json;

    #[test]
    fn values_for_people() {
        let read = |kind, value| readable(kind, None, &value, It);
        assert_eq!(read(FieldType::Date, json!("2026-11-23")), "23 nov 2026");
        assert_eq!(read(FieldType::DateTime, json!("2026-05-01T10:30:00Z")), "1 mag 2026, 12:30 CEST");
        assert_eq!(read(FieldType::DateTime, json!("2026-11-23T09:30:00Z")), "23 nov 2026, 10:30 CET");
        assert_eq!(read(FieldType::DateTime, json!("2026-01-14T23:00:00Z")), "15 gen 2026");
        assert_eq!(read(FieldType::Integer, json!(1986)), "1986");
        assert_eq!(read(FieldType::Date, json!("ieri")), "ieri");
        assert_eq!(read(FieldType::Date, json!("a-b-c")), "a-b-c");
        assert_eq!(read(FieldType::Number, json!(1.5)), "1,5");
        assert_eq!(read(FieldType::Boolean, json!(true)), "sì");
        assert_eq!(read(FieldType::Text, json!(null)), "–");
        assert_eq!(grouped(1_234_567, It), "1.234.567");
        assert_eq!(grouped(-999, En), "-999");
        assert_eq!(separated("1234567.5", It), "1.234.567,5");
        assert_eq!(separated("-1234.0", En), "-1,234");
    }

    #[test]
    fn a_field_says_what_its_values_mean() {
        let field = |json| serde_json::from_value::<Field>(json).unwrap();
        let height = field(json!({"name": "height_m", "label": {"it": "Altezza", "en": "Height"}, "type": "number", "unit": "m"}));
        let read = |field: &Field, value, language| readable(field.kind, Some(field), &value, language);
        assert_eq!(read(&height, json!(1234.5), It), "1.234,5 m");
        assert_eq!(read(&height, json!(12), En), "12 m");
        assert_eq!(read(&height, json!(null), En), "–");
        let class = field(json!({"name": "class", "label": {"it": "Classe", "en": "Class"}, "type": "integer",
            "codes": [{"value": "3", "label": {"it": "mista", "en": "mixed"}}]}));
        assert_eq!((read(&class, json!(3), It), read(&class, json!(4), It)), ("mista".to_owned(), "4".to_owned()));
    }
}
