/// How decimals are written in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    /// `1234.5`
    Point,
    /// `1234,5` or `1.234,5`
    Comma,
    /// As each value looks.
    Either,
}

/// Reads a finite number; nothing but digits, a sign, the decimal mark, dots between thousands (with a decimal comma)
/// and, with a point, an exponent.
pub(crate) fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    match decimal {
        Decimal::Point => point(text),
        Decimal::Comma => comma(text),
        Decimal::Either => point(text).or_else(|| comma(text)),
    }
    .filter(|n| n.is_finite())
}

fn point(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain && text.bytes().any(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn comma(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once(',').unwrap_or((unsigned, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.clone();
    let grouped = groups.next().is_none() || (matches!(first.len(), 1..=3) && rest.all(|g| g.len() == 3 && digits(g)));
    if whole.is_empty() || !digits(first) || !grouped || !digits(fraction) {
        return None;
    }
    let value: f64 = format!("{}.{fraction}0", whole.replace('.', "")).parse().ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{Decimal, parse};

    #[test]
    fn each_style_reads_its_own() {
        assert_eq!(parse("1234.5", Decimal::Point), Some(1234.5));
        assert_eq!(parse("-1.5e3", Decimal::Point), Some(-1500.0));
        assert_eq!(parse("1234,5", Decimal::Comma), Some(1234.5));
        assert_eq!(parse("1.472.210,83", Decimal::Comma), Some(1_472_210.83));
        assert_eq!(parse("-0,5", Decimal::Comma), Some(-0.5));
        assert_eq!(parse("7", Decimal::Comma), Some(7.0));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "nan", "inf", "Infinity", "1e999", "1.2.3", "12 m", "1,2,3", "1.23,4", "0x10"] {
            assert_eq!(parse(text, Decimal::Either), None, "{text}");
        }
        assert_eq!(parse("1234,5", Decimal::Point), None);
    }
}
