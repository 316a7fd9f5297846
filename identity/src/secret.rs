//! Words that must not be read by anybody but their holder.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Failure;

/// Fills with randomness of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Failure::internal("asking the system for randomness", &e))?;
    Ok(bytes)
}

/// 256 bits that open something: a session, a link, the state of a sign-in. The database has their SHA-256 alone, so that a
/// look-up by it can't be timed for the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<[u8; 32]>);

impl Token {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// From 43 characters of base64url; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        Some(Self(Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?)))
    }

    /// The secret itself, for its holder.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(*self.0)
    }

    /// What the database has of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(*self.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A text that somebody typed to prove who they are, or that a provider gave us to.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes hold of it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Binary in JSON that we keep: base64url.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, Token};

    #[test]
    fn a_token_goes_out_and_comes_back_and_is_never_printed() {
        let token = Token::new().unwrap();
        assert_eq!(Token::parse(&token.reveal()).unwrap().hash(), token.hash());
        assert_eq!(format!("{token:?} {:?}", Secret::new("pass")), "Token(…) Secret(…)");
        for bad in ["", "x", &"=".repeat(43), &"A".repeat(44), "' or 1=1 --"] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }
}
