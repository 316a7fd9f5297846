//! Values as people read them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use chrono_tz::Europe::Rome;
use kernel::Language;
use kernel::layer::{Field, FieldType};
use serde_json::Value;

use crate::page::say;

/// A property's value as people read it: codes by their meaning, numbers with their unit, nothing as a dash.
pub fn readable(kind: FieldType, field: Option<&Field>, value: &Value, language: Language) -> String {
    let unit = field.and_then(|f| f.unit.as_deref());
    let text = match value {
        Value::Null => return "–".to_owned(),
        Value::String(text) => match field.and_then(|f| f.codes.iter().find(|c| c.value == *text)) {
            Some(code) => code.label.get(language).to_owned(),
            None => moment(kind, text, language).unwrap_or_else(|| text.clone()),
        },
        Value::Bool(true) => say(language, "sì", "yes").to_owned(),
        Value::Bool(false) => "no".to_owned(),
        // A number without a unit may be a year or a code: its digits stay together.
        Value::Number(number) if unit.is_some() && number.is_i64() => grouped(number.as_i64().unwrap_or_default(), language),
        other if language == Language::It && kind == FieldType::Number => other.to_string().replace('.', ","),
        other => other.to_string(),
    };
    match unit {
        Some(unit) => format!("{text} {unit}"),
        None => text,
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
    let digits = number.unsigned_abs().to_string();
    let separator = say(language, ".", ",");
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, readable};
    use kernel::Language::{En, It};
    use kernel::layer::FieldType;
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
    }
}
