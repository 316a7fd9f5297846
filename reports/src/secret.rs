//! Private links, and tickets by which a form shows that somebody took a moment over it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use kernel::Problem;
use sha2::{Digest, Sha256};

/// How long a ticket may lie: a form that is left open overnight is read anew.
const TICKET_KEEPS: TimeDelta = TimeDelta::hours(12);
/// How old a ticket is that comes without work: nobody fills the form in sooner.
const TICKET_RESTS: TimeDelta = TimeDelta::seconds(4);
/// Leading zero bits of the work's hash: some 30,000 hashes, a fraction of a second on a phone.
pub(crate) const WORK_BITS: u32 = 15;

/// 256 bits of the installation's own.
pub(crate) struct Pepper(Vec<u8>);

/// What a private link has: who holds it made the report.
pub(crate) struct Secret([u8; 32]);

/// Why a ticket does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TicketFault {
    /// It was not made here, or is too old.
    Unknown,
    /// It comes at once, and without work.
    Hasty,
}

impl Secret {
    /// A new one, from the operating system's randomness.
    pub(crate) fn new() -> Result<Self, Problem> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| Problem::internal("a private link", &e))?;
        Ok(Self(bytes))
    }

    /// From 43 characters of base64url; nothing else is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    pub(crate) fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the database has of it: a look-up by it can't be timed for the secret.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

impl Pepper {
    pub(crate) fn new(value: Vec<u8>) -> Self {
        Self(value)
    }

    fn mac(&self, what: &str, text: &[u8]) -> [u8; 32] {
        // any length of key is one
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return Sha256::digest(&self.0).into() };
        mac.update(what.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// The link of what is sent with this key: who sends it again because the answer was lost gets the same link, without its lying anywhere.
    pub(crate) fn secret_for(&self, key: &str) -> Secret {
        Secret(self.mac("link", key.as_bytes()))
    }

    /// What is kept of such a key.
    pub(crate) fn hash_of(&self, key: &str) -> Vec<u8> {
        self.mac("key", key.as_bytes()).to_vec()
    }

    /// A ticket made now.
    pub(crate) fn ticket(&self, now: DateTime<Utc>) -> Result<String, Problem> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|e| Problem::internal("a ticket", &e))?;
        let mut bytes = now.timestamp_millis().to_be_bytes().to_vec();
        bytes.extend(nonce);
        let mac = self.mac("ticket", &bytes);
        bytes.extend_from_slice(&mac[..16]);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The nonce of a ticket that counts now, with this work or after a rest.
    pub(crate) fn admit(&self, ticket: &str, work: Option<&str>, now: DateTime<Utc>) -> Result<Vec<u8>, TicketFault> {
        let bytes = URL_SAFE_NO_PAD.decode(ticket).ok().filter(|bytes| bytes.len() == 40).ok_or(TicketFault::Unknown)?;
        let (said, mac) = bytes.split_at(24);
        // compared by hashes, so that how long it takes tells nothing
        if Sha256::digest(&self.mac("ticket", said)[..16]) != Sha256::digest(mac) {
            return Err(TicketFault::Unknown);
        }
        let (millis, nonce) = said.split_at(8);
        let made = millis.try_into().ok().map(i64::from_be_bytes).and_then(DateTime::from_timestamp_millis).ok_or(TicketFault::Unknown)?;
        let age = now - made;
        if age > TICKET_KEEPS || age < -TimeDelta::minutes(5) {
            return Err(TicketFault::Unknown);
        }
        if age >= TICKET_RESTS || work.is_some_and(|work| is_work(ticket, work)) { Ok(nonce.to_vec()) } else { Err(TicketFault::Hasty) }
    }
}

/// Whether SHA-256 of `{ticket}.{work}` begins with [`WORK_BITS`] zero bits.
fn is_work(ticket: &str, work: &str) -> bool {
    let hash = Sha256::digest(format!("{ticket}.{work}"));
    let first = hash.first_chunk::<4>().map_or(u32::MAX, |four| u32::from_be_bytes(*four));
    work.len() <= 20 && first.leading_zeros() >= WORK_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        Pepper::new(vec![7; 32])
    }

    #[test]
    fn a_link_goes_out_and_comes_back_and_nothing_else_is_one() {
        let secret = Secret::new().unwrap();
        assert_eq!(Secret::parse(&secret.reveal()).unwrap().hash(), secret.hash());
        for bad in ["", "x", &"=".repeat(43), &"A".repeat(44), "../../etc/passwd"] {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(pepper().secret_for("k").hash(), pepper().secret_for("k").hash());
        assert_ne!(pepper().secret_for("k").hash(), pepper().secret_for("l").hash());
        assert_ne!(pepper().secret_for("k").hash(), Pepper::new(vec![8; 32]).secret_for("k").hash());
    }

    #[test]
    fn a_ticket_counts_after_a_rest_or_with_work_and_not_for_ever() {
        let now: DateTime<Utc> = "2026-11-28T10:00:00Z".parse().unwrap();
        let ticket = pepper().ticket(now).unwrap();
        assert_eq!(pepper().admit(&ticket, None, now), Err(TicketFault::Hasty));
        assert_eq!(pepper().admit(&ticket, Some("1"), now), Err(TicketFault::Hasty));
        let work = (0_u32..).map(|n| n.to_string()).find(|work| is_work(&ticket, work)).unwrap();
        let nonce = pepper().admit(&ticket, Some(&work), now).unwrap();
        assert_eq!(pepper().admit(&ticket, None, now + TimeDelta::seconds(4)), Ok(nonce));
        assert_eq!(pepper().admit(&ticket, Some(&work), now + TimeDelta::hours(13)), Err(TicketFault::Unknown));
        assert_eq!(Pepper::new(vec![1; 32]).admit(&ticket, Some(&work), now), Err(TicketFault::Unknown));
        for forged in ["", "AAAA", &ticket[1..], &ticket.replace(&ticket[..2], "zz")] {
            assert_eq!(pepper().admit(forged, Some(&work), now + TimeDelta::hours(1)), Err(TicketFault::Unknown), "{forged}");
        }
    }
}
