use chrono::{DateTime, Utc};
use kernel::filter::Value;
use kernel::layer::{Field, FieldType};

use super::body::Scalar;
use super::columns::Column;

/// The longest text, in characters.
const MAX_CHARACTERS: usize = 10_000;

/// A property's value as its field has it; `None` is null. An error says what it may be.
pub(crate) fn read(kind: FieldType, field: Option<&Field>, column: Option<&Column>, given: &Scalar) -> Result<Option<Value>, String> {
    let value = match (kind, given) {
        (_, Scalar::Null) => None,
        (FieldType::Text, Scalar::Text(text)) => Some(Value::Text(self::text(text, column)?)),
        (FieldType::Integer, Scalar::Integer(number)) => Some(Value::Integer(integer(*number, column)?)),
        // some programs write every number with a point
        (FieldType::Integer, Scalar::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(Value::Integer(integer(*number as i64, column)?))
        }
        (FieldType::Number, Scalar::Integer(number)) => Some(Value::Number(*number as f64)),
        (FieldType::Number, Scalar::Number(number)) if number.is_finite() => Some(Value::Number(*number)),
        (FieldType::Boolean, Scalar::Boolean(value)) => Some(Value::Boolean(*value)),
        (FieldType::Date, Scalar::Text(text)) if text.len() == 10 => Some(Value::Date(text.parse().map_err(|_| allowed(kind))?)),
        (FieldType::DateTime, Scalar::Text(text)) => {
            Some(Value::Instant(DateTime::parse_from_rfc3339(text).map_err(|_| allowed(kind))?.with_timezone(&Utc)))
        }
        _ => return Err(allowed(kind)),
    };
    if let (Some(Value::Text(text)), Some(field)) = (&value, field)
        && !field.codes.is_empty()
        && !field.codes.iter().any(|code| code.value == *text)
    {
        let codes: Vec<&str> = field.codes.iter().map(|code| code.value.as_str()).collect();
        return Err(format!("must be one of its list: {}", codes.join(", ")));
    }
    match (&value, column) {
        (None, Some(column)) if column.not_null => Err("must have a value".to_owned()),
        _ => Ok(value),
    }
}

fn text(text: &str, column: Option<&Column>) -> Result<String, String> {
    let longest =
        column.and_then(|c| c.length).map_or(MAX_CHARACTERS, |n| usize::try_from(n).unwrap_or(MAX_CHARACTERS).min(MAX_CHARACTERS));
    let length = text.chars().count();
    if length > longest {
        return Err(format!("has {length} characters; {longest} is the most"));
    }
    if text.contains('\0') {
        return Err("has the character U+0000, which can't be kept".to_owned());
    }
    Ok(text.to_owned())
}

fn integer(number: i64, column: Option<&Column>) -> Result<i64, String> {
    let (least, greatest) = match column.map(|c| c.kind.as_str()) {
        Some("smallint") => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("integer") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if (least..=greatest).contains(&number) { Ok(number) } else { Err(format!("must be an integer from {least} to {greatest}")) }
}

fn allowed(kind: FieldType) -> String {
    let what = match kind {
        FieldType::Text => "a text",
        FieldType::Integer => "an integer",
        FieldType::Number => "a number",
        FieldType::Boolean => "`true` or `false`",
        FieldType::Date => "a date as \"2026-11-23\"",
        FieldType::DateTime => "an instant as \"2026-11-23T10:00:00Z\"",
    };
    format!("must be {what}")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::write::body::Scalar::{self, Boolean, Integer, Nested, Null, Number};
    use crate::write::columns::Column;
    use kernel::Text;
    use kernel::filter::Value;
    use kernel::layer::{Code, Field, FieldType};

    fn text(value: &str) -> Scalar {
        Scalar::Text(value.to_owned())
    }

    #[test]
    fn values_are_those_of_the_field() {
        let take = |kind, value: &Scalar| read(kind, None, None, value);
        assert_eq!(take(FieldType::Integer, &Number(3.0)), Ok(Some(Value::Integer(3))));
        assert_eq!(take(FieldType::Number, &Integer(3)), Ok(Some(Value::Number(3.0))));
        assert_eq!(take(FieldType::Text, &text("a\u{202e}b <script>")), Ok(Some(Value::Text("a\u{202e}b <script>".into()))));
        assert_eq!(take(FieldType::Date, &Null), Ok(None));
        assert!(take(FieldType::DateTime, &text("2026-11-23T10:00:00+01:00")).is_ok());
        for (kind, bad) in [
            (FieldType::Text, Integer(1)),
            (FieldType::Text, Nested),
            (FieldType::Text, text("a\0b")),
            (FieldType::Text, text(&"x".repeat(1_000_000))),
            (FieldType::Integer, Number(1.5)),
            (FieldType::Integer, Number(1e300)),
            (FieldType::Integer, text("1")),
            (FieldType::Number, text("NaN")),
            (FieldType::Boolean, Integer(1)),
            (FieldType::Date, text("2026-02-30")),
            (FieldType::Date, text("2026-11-23T00:00:00Z")),
            (FieldType::DateTime, text("yesterday")),
            (FieldType::Date, Boolean(true)),
        ] {
            assert!(take(kind, &bad).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn lists_lengths_and_widths_hold() {
        let codes = vec![Code { value: "a".into(), label: Text::same("A") }];
        let field = Field { codes, ..Field::new("kind", FieldType::Text, Text::same("k")).unwrap() };
        assert!(read(FieldType::Text, Some(&field), None, &text("a")).is_ok());
        assert!(read(FieldType::Text, Some(&field), None, &text("A")).is_err());
        let column = |kind: &str, length| Column { name: "x".into(), not_null: true, has_default: false, kind: kind.into(), length };
        assert!(read(FieldType::Text, None, Some(&column("text", None)), &Null).is_err());
        assert!(read(FieldType::Text, None, Some(&column("character varying", Some(3))), &text("èèè")).is_ok());
        assert!(read(FieldType::Text, None, Some(&column("character varying", Some(3))), &text("èèèè")).is_err());
        assert!(read(FieldType::Integer, None, Some(&column("integer", None)), &Integer(3_000_000_000)).is_err());
    }
}
