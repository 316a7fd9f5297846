use std::fmt;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::entry::{BEGINNING, COLUMNS, Entry, Hash, hex};

/// The end of a chain: how many entries, and the last one's hash. Written `12:0a1b…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries are sealed.
    pub seal: i64,
    /// The hash of the last.
    pub hash: Hash,
}

impl Head {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (seal, hash) = text.split_once(':')?;
        let seal = seal.parse().ok().filter(|s| *s >= 0)?;
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = BEGINNING;
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(hash.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self { seal, hash: bytes })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seal, hex(&self.hash))
    }
}

/// Where a chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// The entry at this place is not there.
    Missing {
        /// The place.
        seal: i64,
    },
    /// The entry at this place, or one that was there before it, is not what was sealed.
    Altered {
        /// The place.
        seal: i64,
        /// The number of the entry that stands there now.
        entry: i64,
    },
    /// Entries were cut off at the end: the chain goes to `found`, and the sealer left it at `expected`.
    Shortened {
        /// Where it ends.
        found: i64,
        /// Where the sealer left it.
        expected: i64,
    },
    /// The chain is whole, but not the one whose head was given: it was made anew.
    OtherHead {
        /// The place that the given head names.
        seal: i64,
    },
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { seal } => write!(f, "the entry at place {seal} is missing"),
            Self::Altered { seal, entry } => write!(f, "the entry at place {seal} (entry {entry}) is not what was sealed there"),
            Self::Shortened { found, expected } => write!(f, "the chain ends at place {found}, but was sealed up to place {expected}"),
            Self::OtherHead { seal } => write!(f, "the chain was made anew: at place {seal} it does not have the expected hash"),
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The first break, if there is one.
    pub broken: Option<Break>,
    /// As far as the chain is whole.
    pub head: Head,
    /// Entries that are not sealed yet.
    pub unsealed: i64,
    /// The oldest of these.
    pub unsealed_since: Option<DateTime<Utc>>,
}

/// Goes through the whole chain, one entry in memory at a time; in one snapshot, as the connection's role. With a head that
/// was noted elsewhere, also tells whether this is still the chain that it was the head of.
pub async fn verify(conn: &mut PgConnection, noted: Option<&Head>) -> Result<Report, sqlx::Error> {
    let mut transaction = sqlx::Connection::begin(conn).await?;
    sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *transaction).await?;
    let mut head = Head { seal: 0, hash: BEGINNING };
    let mut broken = None;
    let mut noted_is_there = noted.is_none_or(|n| *n == head);
    {
        let text = format!("select {COLUMNS} from identity.audit where seal is not null order by seal");
        let mut entries = sqlx::query_as::<_, Entry>(AssertSqlSafe(text)).fetch(&mut *transaction);
        while let Some(entry) = entries.try_next().await? {
            let place = head.seal + 1;
            if entry.seal != Some(place) {
                broken = Some(Break::Missing { seal: place });
                break;
            }
            let hash = entry.chain(&head.hash, place);
            if entry.hash.as_deref() != Some(hash.as_slice()) {
                broken = Some(Break::Altered { seal: place, entry: entry.entry });
                break;
            }
            head = Head { seal: place, hash };
            noted_is_there |= noted == Some(&head);
        }
    }
    if broken.is_none() {
        let left = sqlx::query("select seal, hash from identity.audit_head").fetch_one(&mut *transaction).await?;
        let (seal, hash): (i64, Vec<u8>) = (left.try_get("seal")?, left.try_get("hash")?);
        if seal != head.seal || hash != head.hash {
            broken = Some(Break::Shortened { found: head.seal, expected: seal });
        } else if let Some(noted) = noted.filter(|_| !noted_is_there) {
            broken = Some(Break::OtherHead { seal: noted.seal });
        }
    }
    let tail = sqlx::query("select count(*) as number, min(at) as since from identity.audit where seal is null");
    let tail = tail.fetch_one(&mut *transaction).await?;
    let report = Report { broken, head, unsealed: tail.try_get("number")?, unsealed_since: tail.try_get("since")? };
    transaction.commit().await?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_written_and_read() {
        let head = Head { seal: 12, hash: [0xa7; 32] };
        assert_eq!(Head::parse(&head.to_string()), Some(head));
        for bad in ["", "12", "12:", "-1:00", "12:zz", &format!("1:{}", "é".repeat(32)), &format!("1:{}", "+1".repeat(32))[..66]] {
            assert_eq!(Head::parse(bad), None, "{bad}");
        }
    }
}
