//! Lines of a text as the cadastre's offices write them: ending in CRLF or LF, in Latin-1.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memchr;

/// Bytes of a line that are read; what a longer one has beyond them is passed over.
pub(crate) const LONGEST: usize = 64 << 10;

/// Reads lines one after the other, in memory that does not grow.
pub(crate) struct Lines<R> {
    source: R,
    buffer: Box<[u8]>,
    /// Where the part of the buffer begins that was not given out, and where it ends.
    start: usize,
    end: usize,
    /// Where the last line began.
    last: usize,
    number: u64,
    /// Whether the rest of a line that was too long is to be passed over.
    within: bool,
    ended: bool,
}

/// A line without its end.
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) bytes: &'a [u8],
    /// Whether it went on after [`LONGEST`] bytes.
    pub(crate) cut: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        let buffer = vec![0; 4 * LONGEST].into_boxed_slice();
        Self { source, buffer, start: 0, end: 0, last: 0, number: 0, within: false, ended: false }
    }

    /// The next line; `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.within {
            self.pass_over()?;
        }
        let mut searched = 0;
        let (length, cut) = loop {
            let rest = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', &rest[searched.min(LONGEST)..rest.len().min(LONGEST + 1)]) {
                break (searched.min(LONGEST) + at, false);
            }
            searched = rest.len();
            if searched > LONGEST {
                break (LONGEST, true);
            }
            if self.ended {
                if searched == 0 {
                    return Ok(None);
                }
                break (searched, false);
            }
            self.fill()?;
        };
        self.number += 1;
        self.last = self.start;
        self.within = cut;
        self.start = (self.start + length + usize::from(!cut)).min(self.end);
        let mut bytes = &self.buffer[self.last..self.last + length];
        while let [before @ .., b'\r'] = bytes {
            bytes = before;
        }
        Ok(Some(Line { number: self.number, bytes, cut }))
    }

    /// Gives the last line once more at the next call.
    pub(crate) fn again(&mut self) {
        self.start = self.last;
        self.number -= 1;
        self.within = false;
    }

    /// How many lines were given.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.source.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(read) => self.end += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            match memchr(b'\n', &self.buffer[self.start..self.end]) {
                Some(at) => {
                    self.start += at + 1;
                    break;
                }
                None if self.ended => {
                    self.start = self.end;
                    break;
                }
                None => {
                    self.start = self.end;
                    self.fill()?;
                }
            }
        }
        self.within = false;
        Ok(())
    }
}

/// A text of Latin-1 (Windows-1252, which has all of it), or of UTF-8, which is told beside it.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), !text.is_ascii()),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0, false),
    }
}

/// The beginning of a text that is quoted, without characters that would do something to a terminal.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let (text, _) = decode(bytes);
    text.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lines, decode};

    fn all(text: &[u8]) -> Vec<(u64, Vec<u8>, bool)> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.bytes.to_vec(), line.cut));
        }
        found
    }

    #[test]
    fn ends_of_lines_are_no_part_of_them() {
        let expected = vec![(1, b"a".to_vec(), false), (2, b"".to_vec(), false), (3, b" b ".to_vec(), false)];
        for text in [&b"a\r\n\r\n b \r\n"[..], b"a\n\n b \n", b"a\n\n b "] {
            assert_eq!(all(text), expected);
        }
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut text = vec![b'x'; 10 * LONGEST];
        text.extend(b"\r\nnext\n");
        let found = all(&text);
        assert_eq!((found[0].1.len(), found[0].2), (LONGEST, true));
        assert_eq!(found[1], (2, b"next".to_vec(), false));
        let exact = [vec![b'y'; LONGEST], b"\nz".to_vec()].concat();
        assert_eq!(all(&exact).iter().map(|l| (l.1.len(), l.2)).collect::<Vec<_>>(), [(LONGEST, false), (1, false)]);
    }

    #[test]
    fn a_line_can_be_had_again() {
        let mut lines = Lines::new(&b"a\nb\nc"[..]);
        lines.next().unwrap();
        lines.next().unwrap();
        lines.again();
        let line = lines.next().unwrap().unwrap();
        assert_eq!((line.number, line.bytes), (2, &b"b"[..]));
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"c");
        assert!(lines.next().unwrap().is_none());
    }

    #[test]
    fn latin_1_is_told_from_utf_8() {
        assert_eq!(decode(b"Citt\xe0"), ("Città".into(), false));
        assert_eq!(decode("Città".as_bytes()), ("Città".into(), true));
        assert_eq!(decode(b"Roma"), ("Roma".into(), false));
    }
}
