use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::Encoding;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use memchr::memchr_iter;

/// Bytes that one tag or one text may have.
pub(super) const LONGEST: u64 = 16 << 20;
/// Bytes in which the XML declaration says how the text is encoded.
const HEAD: u64 = 512;

type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// A source of UTF-8 for the XML reader that counts lines and does not let a tag or a text grow without end.
pub(super) struct Guard<R: Read> {
    text: BufReader<DecodeReaderBytes<Whole<R>, Vec<u8>>>,
    lines: u64,
    left: u64,
}

impl<R: Read> Guard<R> {
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        let mut head = Vec::new();
        source.by_ref().take(HEAD).read_to_end(&mut head)?;
        let encoding = declared(&head).unwrap_or(encoding_rs::UTF_8);
        let whole = Cursor::new(head).chain(source);
        let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(whole);
        Ok(Self { text: BufReader::with_capacity(1 << 18, text), lines: 0, left: LONGEST })
    }

    /// Before each tag or text.
    pub(super) fn begin(&mut self) {
        self.left = LONGEST;
    }

    /// Whether one was too long.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.lines + 1
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let length = there.len().min(into.len());
        into[..length].copy_from_slice(&there[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Guard<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.lines += memchr_iter(b'\n', self.text.buffer().get(..amount).unwrap_or_default()).count() as u64;
        self.left = self.left.saturating_sub(amount as u64);
        self.text.consume(amount);
    }
}

/// The encoding that `<?xml … encoding="…"?>` names.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start_matches('\u{feff}').trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(value[1..].split_once(quote)?.0.as_bytes())
}
