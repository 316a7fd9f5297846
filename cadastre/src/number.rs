//! Numbers as the files write them, kept exactly: in thousandths, so that a metre's are millimetres.

/// Beyond this nothing of the cadastre is: a million kilometres, a thousand million euro.
const LARGEST: i64 = 1_000_000_000_000;

/// Reads `-12`, `4639069.209`, `1057,45`, `.5`: in thousandths, and whether none was lost by rounding.
pub(crate) fn thousandths(bytes: &[u8]) -> Option<(i64, bool)> {
    let bytes = bytes.trim_ascii();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut value, mut decimals, mut point, mut any, mut exact, mut up) = (0_i64, 0, false, false, true, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                any = true;
                if decimals < 3 {
                    value = value * 10 + i64::from(byte - b'0');
                    decimals += usize::from(point);
                } else {
                    up |= decimals == 3 && *byte >= b'5';
                    exact &= *byte == b'0';
                    decimals = 4;
                }
                if value > LARGEST {
                    return None;
                }
            }
            b'.' | b',' if !point => point = true,
            _ => return None,
        }
    }
    for _ in decimals..3 {
        value *= 10;
    }
    let value = value + i64::from(up);
    (any && value <= LARGEST).then_some((if negative { -value } else { value }, exact))
}

/// Reads a whole number.
pub(crate) fn whole(bytes: &[u8]) -> Option<i64> {
    thousandths(bytes).and_then(|(value, exact)| (exact && value % 1000 == 0).then_some(value / 1000))
}

#[cfg(test)]
mod tests {
    use super::{thousandths, whole};

    #[test]
    fn numbers_are_exact() {
        for (text, value) in [
            ("  280035.511", 280_035_511),
            (" 4639069.209", 4_639_069_209),
            ("-0.001", -1),
            ("12", 12_000),
            ("1057,45", 1_057_450),
            (".5", 500),
            ("5.", 5_000),
            ("+1.5 ", 1_500),
            ("0.1230", 123),
        ] {
            assert_eq!(thousandths(text.as_bytes()), Some((value, true)), "{text}");
        }
        assert_eq!(thousandths(b"1.23456"), Some((1_235, false)));
        assert_eq!(thousandths(b"1.2344999"), Some((1_234, false)));
        for text in ["", "-", ".", "1.2.3", "1e5", "NaN", "inf", "12 345", "9999999999999", "--1", "LINEA"] {
            assert_eq!(thousandths(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_whole_number_has_no_part() {
        assert_eq!(
            (whole(b"  12"), whole(b"-3"), whole(b"12.000"), whole(b"12.5"), whole(b"")),
            (Some(12), Some(-3), Some(12), None, None)
        );
    }
}
