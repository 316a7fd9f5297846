//! From PostgreSQL's binary values to JSON.

use std::io::Write;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use kernel::layer::FieldType;
use thiserror::Error;

/// Bytes that are no value of the column's type.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a stored value is no {0:?}")]
pub(crate) struct ValueError(FieldType);

/// Writes a value as JSON. What JSON can't say is null: NaN, infinities, and dates beyond the calendar.
pub(crate) fn write_value(kind: FieldType, bytes: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let wrong = |_| ValueError(kind);
    match kind {
        FieldType::Text => write_text(std::str::from_utf8(bytes).map_err(|_| ValueError(kind))?, out),
        FieldType::Integer => display(out, i64::from_be_bytes(bytes.try_into().map_err(wrong)?)),
        FieldType::Number => write_number(f64::from_be_bytes(bytes.try_into().map_err(wrong)?), out),
        FieldType::Boolean => out.extend_from_slice(if bytes == [1] { b"true" } else { b"false" }),
        FieldType::Date => write_date(i32::from_be_bytes(bytes.try_into().map_err(wrong)?), out),
        FieldType::DateTime => write_instant(i64::from_be_bytes(bytes.try_into().map_err(wrong)?), out),
    }
    Ok(())
}

/// Writes a JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a `str` into memory can't fail.
    let _ = serde_json::to_writer(out, text);
}

fn write_number(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        let _ = serde_json::to_writer(out, &value);
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Days since 2000-01-01.
fn write_date(days: i32, out: &mut Vec<u8>) {
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1);
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = epoch.and_then(|e| if days < 0 { e.checked_sub_days(distance) } else { e.checked_add_days(distance) });
    match date.filter(|d| (0..=9999).contains(&chrono::Datelike::year(d))) {
        Some(date) => display(out, format_args!("\"{date}\"")),
        None => out.extend_from_slice(b"null"),
    }
}

/// Microseconds since 2000-01-01T00:00:00Z, written in UTC.
fn write_instant(microseconds: i64, out: &mut Vec<u8>) {
    const SINCE_1970: i64 = 946_684_800_000_000;
    let instant: Option<DateTime<Utc>> = microseconds.checked_add(SINCE_1970).and_then(DateTime::from_timestamp_micros);
    match instant.filter(|i| (0..=9999).contains(&chrono::Datelike::year(i))) {
        Some(instant) => display(out, format_args!("\"{}\"", instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
        None => out.extend_from_slice(b"null"),
    }
}

fn display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::write_value;
    use kernel::layer::FieldType::{self, Boolean, Date, DateTime, Integer, Number, Text};

    fn json(kind: FieldType, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_value(kind, Some(bytes), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_as_json() {
        assert_eq!(json(Text, "a\"b\u{202e}\n</script>".as_bytes()), "\"a\\\"b\u{202e}\\n</script>\"");
        assert_eq!(json(Integer, &i64::MIN.to_be_bytes()), "-9223372036854775808");
        assert_eq!(json(Number, &1.5_f64.to_be_bytes()), "1.5");
        assert_eq!(json(Number, &f64::NAN.to_be_bytes()), "null");
        assert_eq!(json(Boolean, &[1]), "true");
        assert_eq!(json(Date, &9823_i32.to_be_bytes()), "\"2026-11-23\"");
        assert_eq!(json(Date, &(-1_i32).to_be_bytes()), "\"1999-12-31\"");
        assert_eq!(json(Date, &i32::MAX.to_be_bytes()), "null");
        assert_eq!(json(DateTime, &0_i64.to_be_bytes()), "\"2000-01-01T00:00:00Z\"");
        assert_eq!(json(DateTime, &1_500_000_i64.to_be_bytes()), "\"2000-01-01T00:00:01.500Z\"");
        assert_eq!(json(DateTime, &i64::MAX.to_be_bytes()), "null");
    }

    #[test]
    fn bytes_of_another_type_are_an_error() {
        let mut out = Vec::new();
        assert!(write_value(Integer, Some(&[1, 2]), &mut out).is_err());
        assert!(write_value(Text, Some(&[0xFF]), &mut out).is_err());
    }
}
