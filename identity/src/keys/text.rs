use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Failure;
use crate::secret::random;

/// Ids: lower-case letters and digits. 36^10 of them: none comes twice.
const ID_LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 10;
/// Secrets: letters and digits. 62^43 is a little more than 2^256.
const SECRET_LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_LENGTH: usize = 43;

/// A key as its holder has it. Never printed by accident: [`KeyText::reveal`] is the one way to read it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    id: String,
    secret: Zeroizing<String>,
}

impl KeyText {
    pub(super) fn new() -> Result<Self, Failure> {
        let id = letters(ID_LETTERS, ID_LENGTH)?.to_string();
        Ok(Self { id, secret: letters(SECRET_LETTERS, SECRET_LENGTH)? })
    }

    /// Reads `sit_<id>_<secret>`; nothing else is a key.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("sit_")?.split_once('_')?;
        let well = |text: &str, length, letters: &[u8]| text.len() == length && text.bytes().all(|b| letters.contains(&b));
        (well(id, ID_LENGTH, ID_LETTERS) && well(secret, SECRET_LENGTH, SECRET_LETTERS))
            .then(|| Self { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// The public part.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("sit_{}_{}", self.id, *self.secret))
    }

    /// What the database has of the secret.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_bytes()).into()
    }

    /// Names the whole key where it is remembered.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.reveal().as_bytes()).into()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText(sit_{}_…)", self.id)
    }
}

/// So many letters, each as likely as the others: bytes beyond the last whole multiple are thrown again.
fn letters(alphabet: &[u8], length: usize) -> Result<Zeroizing<String>, Failure> {
    let fair = 256 - 256 % alphabet.len();
    let mut text = Zeroizing::new(String::with_capacity(length));
    while text.len() < length {
        let bytes = Zeroizing::new(random::<64>()?);
        let missing = length - text.len();
        text.extend(
            bytes.iter().filter(|b| usize::from(**b) < fair).take(missing).map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()])),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::KeyText;

    #[test]
    fn a_key_goes_out_and_comes_back_and_is_never_printed() {
        let key = KeyText::new().unwrap();
        let text = key.reveal();
        assert_eq!(text.len(), 4 + 10 + 1 + 43);
        assert!(KeyText::parse(&text).unwrap() == key);
        assert!(KeyText::new().unwrap() != key);
        let secret = text.rsplit('_').next().unwrap();
        assert!(!format!("{key:?}").contains(secret), "{key:?}");
    }

    #[test]
    fn nothing_else_is_a_key() {
        let good = KeyText::new().unwrap().reveal();
        let wrong = [
            "",
            "sit_",
            "sit__",
            "SIT_x_y",
            &good[1..],
            &good[..good.len() - 1],
            &format!("{}x", *good),
            &good.replace('_', "-"),
            "sit_'; drop table x; --_",
        ];
        assert!(wrong.iter().all(|text| KeyText::parse(text).is_none()));
        assert!(KeyText::parse(&good.replacen("sit_", "sit_\0", 1)).is_none());
    }
}
