use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::filter::{self, RowValues};
use crate::{Bbox, Column, Filter, LayerId, Srid};

/// A place in the database's write-ahead log (PostgreSQL's `pg_lsn`): later commits have greater positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Position(u64);

/// Why a text is no [`Position`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a position of the change feed, like `0/16B3748`")]
pub struct PositionError(String);

impl Position {
    /// The position at this byte of the log.
    pub fn new(byte: u64) -> Self {
        Self(byte)
    }

    /// The byte of the log.
    pub fn byte(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Position {
    type Err = PositionError;
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let half = |part: &str| {
            let digits = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
            digits.then(|| u64::from_str_radix(part, 16).ok()).flatten()
        };
        text.split_once('/')
            .and_then(|(high, low)| Some(Self(half(high)? << 32 | half(low)?)))
            .ok_or_else(|| PositionError(text.chars().take(40).collect()))
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

impl TryFrom<String> for Position {
    type Error = PositionError;
    fn try_from(text: String) -> Result<Self, PositionError> {
        text.parse()
    }
}

/// Something of a layer changed, as of a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The end of the commit that changed it.
    pub position: Position,
    /// What changed.
    pub what: Changed,
}

/// What a [`Change`] is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Changed {
    /// Rows of a layer, old and new places within this rectangle (CRS84); `None`: anywhere.
    Rows(LayerId, Option<Bbox>),
    /// Rows of a layer of which not everybody sees all, by what decides who does.
    Guarded(LayerId, Vec<GuardedRows>),
    /// The catalogue: a layer was declared, published, changed or withdrawn.
    Catalogue,
    /// Some changes were missed (the server was down, or a reader was too slow): anything may differ.
    Everything,
}

/// Rows that the same people see.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardedRows {
    /// The values of the columns that decide ([`Layer::deciding_columns`](crate::Layer::deciding_columns)), without those that
    /// are null; `None` where they are not known, and then all who see the layer are told.
    pub values: Option<BTreeMap<Column, filter::Value>>,
    /// Their old and new places (CRS84); `None`: anywhere.
    pub bbox: Option<Bbox>,
}

impl GuardedRows {
    /// Whether one who sees these rows of the layer may know that they changed.
    pub fn are_seen(&self, readable: &Filter) -> bool {
        self.values.is_none() || readable.matches(self) == Some(true)
    }
}

impl RowValues for GuardedRows {
    fn value(&self, column: &Column) -> Option<filter::Value> {
        self.values.as_ref()?.get(column).cloned()
    }

    fn geometry(&self) -> Option<&geo_types::Geometry<f64>> {
        None
    }

    fn srid(&self) -> Srid {
        Srid::CRS84
    }
}

impl Change {
    /// Whether a reader of this layer should look again.
    pub fn concerns(&self, layer: &LayerId) -> bool {
        match &self.what {
            Changed::Rows(id, _) | Changed::Guarded(id, _) => id == layer,
            Changed::Catalogue | Changed::Everything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn reads_and_writes_as_postgresql_does() {
        let position: Position = "16/B374D848".parse().unwrap();
        assert_eq!(position.byte(), 0x16_B374_D848);
        assert_eq!(position.to_string(), "16/B374D848");
        for bad in ["", "16", "16/", "/1", "G/1", "1/123456789", "1/+1"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
