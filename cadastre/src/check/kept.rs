//! A file as it was read: compressed, with its hash.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// A file, compressed while it is read.
pub(crate) struct Kept {
    encoder: zstd::stream::write::Encoder<'static, Vec<u8>>,
    hash: Sha256,
}

impl Kept {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { encoder: zstd::stream::write::Encoder::new(Vec::new(), 3)?, hash: Sha256::new() })
    }

    /// What it is compressed (zstd), and its SHA-256.
    pub(crate) fn finish(self) -> io::Result<(Vec<u8>, [u8; 32])> {
        Ok((self.encoder.finish()?, self.hash.finalize().into()))
    }
}

/// Reads, and keeps what was read if it is to be kept.
pub(super) struct Tee<'a> {
    pub(super) source: &'a mut dyn Read,
    pub(super) kept: Option<Kept>,
}

impl Tee<'_> {
    /// With what stands after the end of what was read.
    pub(super) fn end(mut self) -> io::Result<Option<Kept>> {
        if self.kept.is_some() {
            io::copy(&mut self, &mut io::sink())?;
        }
        Ok(self.kept)
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if let Some(kept) = &mut self.kept {
            let bytes = buffer.get(..read).unwrap_or_default();
            kept.encoder.write_all(bytes)?;
            kept.hash.update(bytes);
        }
        Ok(read)
    }
}
