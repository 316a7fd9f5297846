//! Other identity sources: providers that the browser is sent to and comes back from.

use futures::future::BoxFuture;
use kernel::{Assurance, Text};

use crate::Secret;

/// What a source says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Who says it, for ever: an issuer's address, an entity id.
    pub issuer: String,
    /// Who they are there, for ever: never an address or a name.
    pub subject: String,
    /// How surely.
    pub assurance: Assurance,
    /// What they are called there.
    pub name: Option<String>,
    /// An address that the source has verified.
    pub verified_email: Option<String>,
}

/// What happens to somebody whom a source vouches for and who has no account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// They are told to ask for an invitation: for staff.
    #[default]
    Refuse,
    /// They become a citizen.
    Citizen,
}

/// Where to send the browser, and what to keep until it comes back (encrypted, ten minutes, used once).
pub struct Departure {
    /// The address to go to.
    pub address: String,
    /// What [`Source::finish`] gets again: state, nonce, verifier.
    pub kept: Secret,
}

/// Why a source did not say who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It does not answer, or not in time.
    #[error("the source does not answer: {0}")]
    Away(String),
    /// What came back is not a sound answer to what was asked: forged, replayed, expired, for somebody else; or the person
    /// said no.
    #[error("the source's answer does not hold: {0}")]
    Refused(String),
}

/// Another identity source. OpenID Connect is one; a federation such as SPID or CIE is another implementation of the same
/// two steps, and everything after them (accounts, sessions, rights) is ours.
pub trait Source: Send + Sync {
    /// Its name in addresses: lower-case letters, digits, `-`.
    fn id(&self) -> &str;

    /// Its name for people.
    fn title(&self) -> &Text;

    /// What happens to people it vouches for that have no account.
    fn unknown(&self) -> Unknown;

    /// Whether an address that it has verified is proof enough to enter the account that has it.
    fn trusts_email(&self) -> bool {
        false
    }

    /// Begins: `callback` is the address that the browser is to come back to.
    fn begin<'a>(&'a self, callback: &'a str) -> BoxFuture<'a, Result<Departure, SourceError>>;

    /// Ends: `query` is what the browser brought back.
    fn finish<'a>(
        &'a self,
        callback: &'a str,
        kept: &'a Secret,
        query: &'a [(String, String)],
    ) -> BoxFuture<'a, Result<Evidence, SourceError>>;
}
