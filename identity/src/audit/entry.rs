//! An entry and the bytes of it that are hashed.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use uuid::Uuid;

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash before the first entry.
pub(super) const BEGINNING: Hash = [0; 32];

/// What is read of an entry. `details` is text: PostgreSQL writes the same `jsonb` the same way always.
pub(super) const COLUMNS: &str =
    "entry, at, subject, name, role, via, event, layer, fid, id, purpose, details::text as details, request, seal, hash";

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Entry {
    /// In the order of writing.
    pub entry: i64,
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Whose account or key.
    pub subject: Option<Uuid>,
    /// Their name then.
    pub name: Option<String>,
    /// Their role then.
    pub role: String,
    /// How they came: `session`, `key`, `operator`, `nobody`.
    pub via: String,
    /// What they did.
    pub event: String,
    /// On which layer.
    pub layer: Option<String>,
    /// On which row.
    pub fid: Option<i64>,
    /// Its public id.
    pub id: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// More of it, as JSON.
    pub details: String,
    /// In which request.
    pub request: Option<String>,
    /// Its place in the chain.
    pub seal: Option<i64>,
    /// Its hash.
    pub hash: Option<Vec<u8>>,
}

impl Entry {
    /// The hash of this entry at a place in the chain, after another one's.
    ///
    /// SHA-256 of: the hash before (32 bytes); the place and the number of the entry (8 bytes each, big-endian); then, in the order
    /// of the table, each value as a byte 1, its length in bytes (4 bytes, big-endian) and its text in UTF-8, or one byte 0
    /// for null. Instants are microseconds since 1970 in decimal digits, UUIDs are written with hyphens.
    pub fn chain(&self, before: &Hash, seal: i64) -> Hash {
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(seal.to_be_bytes());
        hash.update(self.entry.to_be_bytes());
        let (at, subject, fid) =
            (self.at.timestamp_micros().to_string(), self.subject.map(|s| s.to_string()), self.fid.map(|f| f.to_string()));
        let values = [
            Some(at.as_str()),
            subject.as_deref(),
            self.name.as_deref(),
            Some(self.role.as_str()),
            Some(self.via.as_str()),
            Some(self.event.as_str()),
            self.layer.as_deref(),
            fid.as_deref(),
            self.id.as_deref(),
            self.purpose.as_deref(),
            Some(self.details.as_str()),
            self.request.as_deref(),
        ];
        for value in values {
            match value {
                None => hash.update([0]),
                Some(text) => {
                    hash.update([1]);
                    hash.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
                    hash.update(text);
                }
            }
        }
        hash.finalize().into()
    }

    /// As JSON, with its hash in hexadecimal digits.
    pub fn to_json(&self) -> Value {
        json!({
            "seal": self.seal, "entry": self.entry, "at": self.at.to_rfc3339_opts(SecondsFormat::Micros, true), "subject": self.subject,
            "name": self.name, "role": self.role, "via": self.via, "event": self.event, "layer": self.layer, "fid": self.fid, "id": self.id,
            "purpose": self.purpose, "details": serde_json::from_str::<Value>(&self.details).unwrap_or(Value::Null), "request": self.request,
            "hash": self.hash.as_deref().map(hex),
        })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            entry: 7,
            at: DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap(),
            subject: None,
            name: Some("ab".to_owned()),
            role: "officer".to_owned(),
            via: "session".to_owned(),
            event: "update".to_owned(),
            layer: None,
            fid: None,
            id: None,
            purpose: None,
            details: "{}".to_owned(),
            request: None,
            seal: None,
            hash: None,
        }
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_that_are_documented() {
        let mut bytes = vec![0; 32];
        bytes.extend_from_slice(&3_i64.to_be_bytes());
        bytes.extend_from_slice(&7_i64.to_be_bytes());
        for value in [
            Some("1800000000123456"),
            None,
            Some("ab"),
            Some("officer"),
            Some("session"),
            Some("update"),
            None,
            None,
            None,
            None,
            Some("{}"),
            None,
        ] {
            match value {
                None => bytes.push(0),
                Some(text) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        let expected: Hash = Sha256::digest(&bytes).into();
        assert_eq!(entry().chain(&BEGINNING, 3), expected);
    }

    #[test]
    fn what_moves_from_one_value_to_the_next_changes_the_hash() {
        let plain = entry().chain(&BEGINNING, 1);
        let others = [
            Entry { name: Some("a".to_owned()), role: "bofficer".to_owned(), ..entry() },
            Entry { name: None, subject: Some(Uuid::nil()), ..entry() },
            Entry { layer: Some(String::new()), ..entry() },
            Entry { entry: 8, ..entry() },
        ];
        assert!(others.iter().all(|other| other.chain(&BEGINNING, 1) != plain));
        assert_ne!(entry().chain(&BEGINNING, 2), plain);
        assert_ne!(entry().chain(&[1; 32], 1), plain);
    }
}
