//! `Upload-Checksum`: bytes are taken only if they are those that were meant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use kernel::Problem;
use sha1::{Digest, Sha1};

use super::UPLOAD_CHECKSUM;

/// A SHA-1 that is being made, and what it must be.
pub(super) struct Checksum {
    made: Sha1,
    wanted: Vec<u8>,
}

impl Checksum {
    /// What the request says, if it says something.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
        let refused = || Problem::invalid_parameter("Upload-Checksum", "`Upload-Checksum` can't be read", "`sha1 ` and the hash in base64");
        let (algorithm, hash) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(refused)?;
        let wanted = STANDARD.decode(hash.trim()).map_err(|_| refused())?;
        if algorithm != "sha1" || wanted.len() != 20 {
            return Err(refused());
        }
        Ok(Some(Self { made: Sha1::new(), wanted }))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.made.update(bytes);
    }

    /// Whether the bytes were those.
    pub(super) fn holds(self) -> bool {
        self.made.finalize().as_slice() == self.wanted
    }
}
