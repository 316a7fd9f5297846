use std::io::{self, Read};

use crate::lines::{Lines, quoted};
use crate::remark::{Issue, Remarks};

/// The pairs of a drawing, one after the other.
pub(super) struct Pairs<R> {
    lines: Lines<R>,
}

/// A group code and its value.
pub(super) struct Pair<'a> {
    /// The line of the code, from 1.
    pub(super) line: u64,
    pub(super) code: i32,
    /// Without blanks around it.
    pub(super) value: &'a [u8],
}

impl<R: Read> Pairs<R> {
    pub(super) fn new(source: R) -> Self {
        Self { lines: Lines::new(source) }
    }

    /// The next pair. Where no group code stands lines are passed over up to the next one, which is remarked on.
    pub(super) fn next(&mut self, remarks: &mut Remarks) -> io::Result<Option<Pair<'_>>> {
        let mut strange: Option<(u64, String)> = None;
        let mut passed = 0;
        let found = loop {
            let Some(line) = self.lines.next()? else { break None };
            let number = line.number;
            if let Some(code) = code(line.bytes) {
                break Some((number, code));
            }
            passed += 1;
            strange.get_or_insert_with(|| (number, quoted(line.bytes)));
        };
        if let Some((line, found)) = strange
            && !(found.is_empty() && passed == 1)
        {
            remarks.add(line, Issue::NoGroupCode { found, lines: passed });
        }
        let Some((line, code)) = found else { return Ok(None) };
        Ok(self.lines.next()?.map(|value| Pair { line, code, value: value.bytes.trim_ascii() }))
    }

    /// How many lines were read.
    pub(super) fn line(&self) -> u64 {
        self.lines.number()
    }
}

/// Group codes have up to four digits.
fn code(line: &[u8]) -> Option<i32> {
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    let short = (1..=5).contains(&text.len());
    std::str::from_utf8(text).ok().filter(|_| short)?.parse().ok().filter(|code| (-5..=1071).contains(code))
}
