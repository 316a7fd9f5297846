//! The `id`s of rows: mostly a beginning that many share and a number, as of parcels of a sheet.

use super::protobuf::{Out, SLACK, copy_short, put, varint_length};
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
                whole.finish();
                return Self::Whole(whole);
            }
        }
        let beginnings = beginnings.finish();
        match beginnings.len() {
            0..=0x1_0000 => Self::Few { beginnings, codes: codes.into_iter().map(|code| code as u16).collect(), numbers },
            _ => Self::Numbered { beginnings, codes, numbers },
        }
    }

    /// The beginning of the text of a row, with [`super::protobuf::SLACK`] behind it, its length, and the number.
    #[inline]
    fn parts(&self, row: usize) -> ((&[u8], usize), u32) {
        match self {
            Self::Few { beginnings, codes, numbers } => (beginnings.with_slack(codes[row].into()), numbers[row]),
            Self::Numbered { beginnings, codes, numbers } => (beginnings.with_slack(codes[row]), numbers[row]),
            Self::Whole(texts) => (texts.with_slack(row as u32), NONE),
        }
    }

    /// Appends the text of a row.
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) {
        let ((beginning, bytes), number) = self.parts(row);
        out.extend_from_slice(&beginning[..bytes]);
        if number != NONE {
            let mut digits = [0; DIGITS];
            let count = decimal(number, &mut digits);
            out.extend_from_slice(&digits[..count]);
        }
    }

    /// Appends the text as a value of a tile, in a field of a layer (Mapbox Vector Tile 2.1, 4.1: `values`, `string_value`).
    #[inline]
    pub(crate) fn write_value(&self, row: usize, out: &mut Out) {
        let ((beginning, bytes), number) = self.parts(row);
        let digits = if number == NONE { 0 } else { number.checked_ilog10().unwrap_or(0) as usize + 1 };
        let length = bytes + digits;
        let room = out.room(length + 2 * SLACK);
        room[0] = 4 << 3 | 2;
        let mut at = 1 + put((1 + varint_length(length as u64) + length) as u64, &mut room[1..]);
        room[at] = 1 << 3 | 2;
        at += 1;
        at += put(length as u64, &mut room[at..]);
        copy_short(beginning, bytes, &mut room[at..]);
        at += bytes;
        if digits > 0 {
            at += decimal(number, &mut room[at..]);
        }
        out.wrote(at);
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Few { beginnings, codes, numbers } => beginnings.bytes() + codes.capacity() * 2 + numbers.capacity() * 4,
            Self::Numbered { beginnings, codes, numbers } => beginnings.bytes() + (codes.capacity() + numbers.capacity()) * 4,
            Self::Whole(texts) => texts.bytes(),
        }
    }
}

/// As many digits has the largest number.
const DIGITS: usize = 10;

/// Writes a number at the beginning of some room; how many digits it has.
fn decimal(mut number: u32, room: &mut [u8]) -> usize {
    let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
    for at in (0..digits).rev() {
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::{Ids, NONE, Out, split};

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
        let mut out = Out::default();
        ids.write_value(0, &mut out);
        assert_eq!(out.written(), b"\x22\x06\x0a\x04A.12");
    }
}
