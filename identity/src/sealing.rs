//! What lies in the database and must not be readable there: encrypted with the installation's key.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use crate::Failure;
use crate::secret::random;

/// The installation's key: 32 bytes in a file of their own, so that a copy of the database alone opens nothing. Every process
/// of an installation needs the same one; who loses it invites people again.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

const NONCE_BYTES: usize = 24;

impl SealingKey {
    /// From 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key itself, from which others are made (for the signing of tokens, say).
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the key from a file of 64 hexadecimal digits; where there is none, makes one that only its owner may read.
    /// Two processes that begin at once end with the same key.
    pub fn open(file: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(text.trim()).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "it does not hold 64 hexadecimal digits; put back the one from your backup")
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => match Self::create(file) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Self::open(file),
                made => made,
            },
            Err(e) => Err(e),
        }
    }

    /// Written whole beside its place, then linked to it: a link never overwrites.
    fn create(file: &Path) -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let beside = file.with_extension(format!("{}.new", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options.open(&beside)?;
        let text: Zeroizing<String> = Zeroizing::new(bytes.iter().map(|b| format!("{b:02x}")).collect());
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        let linked = std::fs::hard_link(&beside, file);
        std::fs::remove_file(&beside)?;
        let key = Self::new(bytes);
        bytes.zeroize();
        linked.map(|()| key)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self::new(bytes))
    }

    /// Encrypts; `purpose` says what it is and whose, and must be said again to open it.
    pub(crate) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Failure> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: purpose.as_bytes() })
            .map_err(|e| Failure::internal("sealing", &e))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts. `None`: another key, another purpose, or somebody touched it.
    pub(crate) fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let plain = self.cipher().decrypt(&XNonce::from(nonce), Payload { msg: rest, aad: purpose.as_bytes() });
        plain.ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::SealingKey;

    #[test]
    fn only_the_same_key_and_purpose_open_it() {
        let key = SealingKey::new([7; 32]);
        let sealed = key.seal("totp of 1", b"secret").unwrap();
        assert_eq!(key.open_sealed("totp of 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open_sealed("totp of 2", &sealed).is_none());
        assert!(SealingKey::new([8; 32]).open_sealed("totp of 1", &sealed).is_none());
        assert!(key.open_sealed("totp of 1", &sealed[1..]).is_none());
        assert!(key.open_sealed("totp of 1", &[]).is_none());
    }

    #[test]
    fn the_file_is_made_once_and_read_after_that() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("identity.key");
        let sealed = SealingKey::open(&file).unwrap().seal("x", b"1").unwrap();
        assert!(SealingKey::open(&file).unwrap().open_sealed("x", &sealed).is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        std::fs::write(&file, "short").unwrap();
        assert!(SealingKey::open(&file).is_err());
    }
}
