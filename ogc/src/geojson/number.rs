/// Writes a coordinate with so many decimals, rounded, without trailing zeros: `15.65`, `-3`, `0`.
///
/// Values are positions that PROJ gave, so their magnitude leaves room for the decimals in an `i64`.
pub(crate) fn write_fixed(out: &mut Vec<u8>, value: f64, decimals: u32) {
    let scale = 10_i64.pow(decimals);
    let scaled = (value * scale as f64).round() as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let (whole, mut fraction) = (scaled.unsigned_abs() / scale.unsigned_abs(), scaled.unsigned_abs() % scale.unsigned_abs());
    write_integer(out, whole, 1);
    if fraction > 0 {
        let mut digits = decimals as usize;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        out.push(b'.');
        write_integer(out, fraction, digits);
    }
}

/// Writes digits, with zeros before them up to `width`.
fn write_integer(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while value > 0 {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[start.min(digits.len() - width)..]);
}

#[cfg(test)]
mod tests {
    use super::write_fixed;

    #[test]
    fn writes_what_format_writes_less_the_zeros() {
        for (value, decimals, expected) in [
            (15.65, 8, "15.65"),
            (-15.000_000_01, 8, "-15.00000001"),
            (0.0, 8, "0"),
            (-0.000_000_001, 8, "0"),
            (556_983.208_649, 4, "556983.2086"),
            (4_218_219.999_96, 4, "4218220"),
            (100.0, 4, "100"),
            (-180.0, 8, "-180"),
            (0.05, 4, "0.05"),
        ] {
            let mut out = Vec::new();
            write_fixed(&mut out, value, decimals);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
