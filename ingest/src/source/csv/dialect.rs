use csv::{ByteRecord, ReaderBuilder};

const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];

/// The delimiter with which the most rows have as many values as the header; among equals, the one that makes the most
/// columns. A decimal comma makes a comma a poor one.
pub(super) fn delimiter(sample: &[u8]) -> u8 {
    let mut best = (b',', (0.0, 0));
    for delimiter in DELIMITERS {
        let score = score(sample, delimiter);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// The share of rows that fit the header (in steps of a tenth), and the number of columns.
fn score(sample: &[u8], delimiter: u8) -> (f64, usize) {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(sample);
    let mut record = ByteRecord::new();
    let (mut columns, mut fit, mut rows) = (0, 0.0, 0.0);
    while rows < 200.0 && reader.read_byte_record(&mut record).unwrap_or(false) {
        if columns == 0 {
            columns = record.len();
        }
        rows += 1.0;
        if record.len() == columns {
            fit += 1.0;
        }
    }
    if columns < 2 { (0.0, 0) } else { ((fit / rows * 10.0_f64).round(), columns) }
}

#[cfg(test)]
mod tests {
    use super::delimiter;

    #[test]
    fn the_delimiter_is_the_one_that_rows_agree_on() {
        assert_eq!(delimiter(b"a;b;c\n1,5;2,5;3,5\n"), b';');
        assert_eq!(delimiter(b"a,b\n1,2\n"), b',');
        assert_eq!(delimiter(b"a\tb\tc\n1\t2\t3,4\n"), b'\t');
        assert_eq!(delimiter(b"nome|via, numero|x|y\nRossi|Roma, 1|1|2\n"), b'|');
        assert_eq!(delimiter(b"\"a;b\",c,d\n1,2,3\n"), b',');
    }
}
