use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What lies in the database and must not be readable there: sealed with the installation's key, found by a keyed hash. Cheap to clone.
///
/// XChaCha20-Poly1305 with a random nonce of 24 bytes before the sealed text, and HMAC-SHA-256 (RFC 2104) with a key made from the
/// installation's.
#[derive(Clone)]
pub struct Vault {
    key: Zeroizing<[u8; 32]>,
    hashing: Zeroizing<[u8; 32]>,
}

const NONCE_BYTES: usize = 24;

impl Vault {
    /// With the installation's key.
    pub fn new(key: [u8; 32]) -> Self {
        let hashing = Zeroizing::new(hashed(&key, "keyed hash", b""));
        Self { key: Zeroizing::new(key), hashing }
    }

    /// The key itself, from which others are made (for the signing of tokens, say).
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// What a text is found by, without anybody being able to try texts who has not the key; `purpose` says what it is.
    pub fn hash(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        hashed(&self.hashing, purpose, text)
    }

    /// Encrypts; `purpose` says what it is and whose, and must be said again to open it. `None`: the system gives no randomness.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: purpose.as_bytes() }).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Decrypts. `None`: another key, another purpose, or somebody touched it.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let plain = self.cipher().decrypt(&XNonce::from(nonce), Payload { msg: rest, aad: purpose.as_bytes() });
        plain.ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// The purpose's length stands before it, so that no two purposes and texts are one.
fn hashed(key: &[u8; 32], purpose: &str, text: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Vault;

    #[test]
    fn only_the_same_key_and_purpose_open_it() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal("totp of 1", b"secret").unwrap();
        assert_eq!(vault.open("totp of 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(vault.open("totp of 2", &sealed).is_none());
        assert!(Vault::new([8; 32]).open("totp of 1", &sealed).is_none());
        assert!(vault.open("totp of 1", &sealed[1..]).is_none());
        assert!(vault.open("totp of 1", &[]).is_none());
        assert_ne!(sealed, vault.seal("totp of 1", b"secret").unwrap());
    }

    #[test]
    fn a_hash_is_of_key_purpose_and_text() {
        let vault = Vault::new([7; 32]);
        assert_eq!(vault.hash("a", b"bc"), Vault::new([7; 32]).hash("a", b"bc"));
        for other in [vault.hash("ab", b"c"), vault.hash("a", b"bd"), Vault::new([8; 32]).hash("a", b"bc")] {
            assert_ne!(vault.hash("a", b"bc"), other);
        }
        assert_eq!(format!("{vault:?}"), "Vault(…)");
    }
}
