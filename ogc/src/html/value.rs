use kernel::Language;
use kernel::layer::{Field, FieldType};
use serde_json::Value;

use super::layout::say;

/// A property's value as people read it: codes by their meaning, numbers with their unit, nothing as a dash.
pub(super) fn readable(kind: FieldType, field: Option<&Field>, value: &Value, language: Language) -> String {
    let text = match value {
        Value::Null => return "–".to_owned(),
        Value::String(text) => match field.and_then(|f| f.codes.iter().find(|c| c.value == *text)) {
            Some(code) => code.label.get(language).to_owned(),
            None if matches!(kind, FieldType::Date | FieldType::DateTime) => day(text, language),
            None => text.clone(),
        },
        Value::Bool(true) => say(language, "sì", "yes").to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other if language == Language::It && kind == FieldType::Number => other.to_string().replace('.', ","),
        other => other.to_string(),
    };
    match field.and_then(|f| f.unit.as_deref()) {
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

/// `2026-11-23` as `23 nov 2026`, and an instant with its time in UTC; anything else as it is.
fn day(iso: &str, language: Language) -> String {
    const IT: [&str; 12] = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let Some((year, month, day)) = date.split_once('-').and_then(|(y, rest)| rest.split_once('-').map(|(m, d)| (y, m, d))) else {
        return iso.to_owned();
    };
    let months = if language == Language::It { IT } else { EN };
    let Some(month) = month.parse::<usize>().ok().and_then(|m| months.get(m.wrapping_sub(1))) else {
        return iso.to_owned();
    };
    let time = time.get(..5).map(|t| format!(", {t} UTC")).unwrap_or_default();
    format!("{} {month} {year}{time}", day.trim_start_matches('0'))
}

/// A whole number with its thousands separated.
pub(super) fn grouped(number: i64, language: Language) -> String {
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
        assert_eq!(read(FieldType::DateTime, json!("2026-05-01T10:30:00Z")), "1 mag 2026, 10:30 UTC");
        assert_eq!(read(FieldType::Date, json!("ieri")), "ieri");
        assert_eq!(read(FieldType::Date, json!("a-b-c")), "a-b-c");
        assert_eq!(read(FieldType::Number, json!(1.5)), "1,5");
        assert_eq!(read(FieldType::Boolean, json!(true)), "sì");
        assert_eq!(read(FieldType::Text, json!(null)), "–");
        assert_eq!(grouped(1_234_567, It), "1.234.567");
        assert_eq!(grouped(-999, En), "-999");
    }
}
