//! The `id`s of rows: mostly a beginning that many share and a number, as of parcels of a sheet.

use super::protobuf::{varint, varint_length};
use super::values::{Dictionary, Interner};

/// No number.
const NONE: u32 = u32::MAX;

/// Texts, by row.
#[derive(Debug)]
pub(crate) enum Ids {
    /// A beginning and a number.
    Numbered { beginnings: Dictionary, codes: Vec<u32>, numbers: Vec<u32> },
    /// As many beginnings, as few of which are shared: a code of two bytes.
    Few { beginnings: Dictionary, codes: Vec<u16>, numbers: Vec<u32> },
    /// Each for itself.
    Whole(Dictionary),
}

/// The beginning of a text and the number at its end, in decimal and without zeros before it.
fn split(text: &[u8]) -> (&[u8], u32) {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count().min(9);
    let zeros = text[text.len() - digits..].iter().take_while(|byte| **byte == b'0').count().min(digits.saturating_sub(1));
    let (beginning, number) = text.split_at(text.len() - digits + zeros);
    let number = number.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    (beginning, if digits == 0 { NONE } else { number })
}

impl Ids {
    /// Of the texts that are given, in their order.
    pub(crate) fn new<'a>(texts: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Self {
        let mut beginnings = Interner::default();
        let (mut codes, mut numbers) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
        for text in texts.clone() {
            let (beginning, number) = split(text);
            codes.push(beginnings.number(beginning));
            numbers.push(number);
            // as long as each, to find nothing shared
            if codes.len() > 1_000 && beginnings.len() * 2 > codes.len() {
                let mut whole = Dictionary::default();
                texts.for_each(|text| {
                    whole.push(text);
                });
                whole.shrink();
                return Self::Whole(whole);
            }
        }
        let beginnings = beginnings.finish();
        match beginnings.len() {
            0..=0x1_0000 => Self::Few { beginnings, codes: codes.into_iter().map(|code| code as u16).collect(), numbers },
            _ => Self::Numbered { beginnings, codes, numbers },
        }
    }

    /// Appends the text of a row.
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) {
        let (beginning, number) = match self {
            Self::Few { beginnings, codes, numbers } => (beginnings.get(codes[row].into()), numbers[row]),
            Self::Numbered { beginnings, codes, numbers } => (beginnings.get(codes[row]), numbers[row]),
            Self::Whole(texts) => (texts.get(row as u32), NONE),
        };
        out.extend_from_slice(beginning);
        if number != NONE {
            decimal(number, out);
        }
    }

    /// Appends the text as a value of a tile, in a field of a layer (Mapbox Vector Tile 2.1, 4.1: `values`, `string_value`).
    pub(crate) fn write_value(&self, row: usize, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
        scratch.clear();
        self.write(row, scratch);
        let length = scratch.len() as u64;
        out.push(4 << 3 | 2);
        varint(1 + varint_length(length) as u64 + length, out);
        out.push(1 << 3 | 2);
        varint(length, out);
        out.extend_from_slice(scratch);
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Few { beginnings, codes, numbers } => beginnings.bytes() + codes.capacity() * 2 + numbers.capacity() * 4,
            Self::Numbered { beginnings, codes, numbers } => beginnings.bytes() + (codes.capacity() + numbers.capacity()) * 4,
            Self::Whole(texts) => texts.bytes(),
        }
    }
}

fn decimal(mut number: u32, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::{Ids, NONE, split};

    #[test]
    fn any_text_is_read_as_it_was() {
        assert_eq!(split(b"H224_001200.345"), (&b"H224_001200."[..], 345));
        assert_eq!(split(b"A007"), (&b"A00"[..], 7));
        assert_eq!(split(b"A000"), (&b"A00"[..], 0));
        assert_eq!(split(b"12345678901"), (&b"12"[..], 345_678_901));
        assert_eq!(split("già".as_bytes()), ("già".as_bytes(), NONE));
        assert_eq!(split(b""), (&b""[..], NONE));
        let few = ["A1", "A2", "", "0", "00", "01", "A010", "999999999", "9999999999", "è7", "B"].map(str::to_owned).to_vec();
        let mixed: Vec<String> = (0..200_000).map(|i| format!("{}.{}", i / 2, i)).collect();
        let all_different: Vec<String> = (0..5_000).map(|i| format!("{i}x")).collect();
        for texts in [few, mixed, all_different, Vec::new()] {
            let ids = Ids::new(texts.iter().map(String::as_bytes));
            for (row, text) in texts.iter().enumerate() {
                let mut out = Vec::new();
                ids.write(row, &mut out);
                assert_eq!(out, text.as_bytes());
            }
        }
    }

    #[test]
    fn as_a_value_it_is_what_any_text_is() {
        let ids = Ids::new([&b"A.12"[..]].into_iter());
        let mut out = Vec::new();
        ids.write_value(0, &mut Vec::new(), &mut out);
        assert_eq!(out, b"\x22\x06\x0a\x04A.12");
    }
}
