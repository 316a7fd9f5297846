//! What lies in the database and must not be readable there: encrypted with the installation's key.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use kernel::Vault;
use zeroize::{Zeroize, Zeroizing};

use crate::Failure;

/// The installation's key: 32 bytes in a file of their own, so that a copy of the database alone opens nothing. Every process
/// of an installation needs the same one; who loses it invites people again.
#[derive(Clone)]
pub struct SealingKey(Vault);

impl SealingKey {
    /// From 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Vault::new(bytes))
    }

    /// What it seals and hashes with.
    pub fn vault(&self) -> &Vault {
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
        self.0.seal(purpose, plain).ok_or_else(|| Failure::internal("sealing", &"the system gives no randomness"))
    }

    /// Decrypts. `None`: another key, another purpose, or somebody touched it.
    pub(crate) fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.open(purpose, sealed)
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
