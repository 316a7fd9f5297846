use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// With a byte order mark, which tells which of the two; read as UTF-8.
    Utf16,
    /// What Excel in western Europe writes; every byte is a character in it.
    Windows1252,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The bytes to parse: as they are but for UTF-16, whose bytes hide the delimiters; without a byte order mark.
    pub(super) fn open(self, file: File) -> Box<dyn Read> {
        match self {
            Self::Windows1252 => Box::new(file),
            Self::Utf8 | Self::Utf16 => Box::new(
                DecodeReaderBytesBuilder::new()
                    .bom_sniffing(true)
                    .strip_bom(true)
                    .utf8_passthru(true)
                    .build(BufReader::with_capacity(1 << 18, file)),
            ),
        }
    }

    /// The characters of a value.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
            Self::Utf8 | Self::Utf16 => String::from_utf8_lossy(bytes),
        }
    }
}

/// Reads the whole file to know: one byte that is no UTF-8 makes it Windows-1252.
pub(super) fn detect(path: &Path) -> io::Result<Encoding> {
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 18];
    let mut pending = 0;
    let mut first = true;
    loop {
        let read = file.read(&mut block[pending..])?;
        let filled = pending + read;
        if first && (block[..filled].starts_with(&[0xff, 0xfe]) || block[..filled].starts_with(&[0xfe, 0xff])) {
            return Ok(Encoding::Utf16);
        }
        first = false;
        match std::str::from_utf8(&block[..filled]) {
            Ok(_) => pending = 0,
            // the end of the block may cut a character in two
            Err(e) if e.error_len().is_none() && read > 0 => {
                block.copy_within(e.valid_up_to()..filled, 0);
                pending = filled - e.valid_up_to();
            }
            Err(_) => return Ok(Encoding::Windows1252),
        }
        if read == 0 {
            return Ok(Encoding::Utf8);
        }
    }
}

/// The beginning of the text, decoded enough to be parsed.
pub(super) fn sample(path: &Path, encoding: Encoding) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    encoding.open(File::open(path)?).take(256 * 1024).read_to_end(&mut sample)?;
    Ok(sample)
}
