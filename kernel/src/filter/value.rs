use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};

use crate::layer::FieldType;

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl Value {
    /// The type of the fields that hold it.
    pub fn kind(&self) -> FieldType {
        match self {
            Self::Text(_) => FieldType::Text,
            Self::Integer(_) => FieldType::Integer,
            Self::Number(_) => FieldType::Number,
            Self::Boolean(_) => FieldType::Boolean,
            Self::Date(_) => FieldType::Date,
            Self::Instant(_) => FieldType::DateTime,
        }
    }

    /// Whether a field of this type can be compared with it: of its own type, or both numbers.
    pub fn fits(&self, kind: FieldType) -> bool {
        let number = |kind| matches!(kind, FieldType::Integer | FieldType::Number);
        self.kind() == kind || number(self.kind()) && number(kind)
    }

    /// How it stands to another, as PostgreSQL has it: texts by their bytes (collation `C`), a whole number beside another
    /// number as `double precision`, NaN equal to itself and above all numbers, instants to the microsecond. `None`: they
    /// can't be compared.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Integer(a), Self::Number(b)) => floats(*a as f64, *b),
            (Self::Number(a), Self::Integer(b)) => floats(*a, *b as f64),
            (Self::Number(a), Self::Number(b)) => floats(*a, *b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Instant(a), Self::Instant(b)) => microseconds(a).cmp(&microseconds(b)),
            _ => return None,
        })
    }
}

fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Microseconds since 2000-01-01, cut as the database driver cuts them.
fn microseconds(instant: &DateTime<Utc>) -> Option<i64> {
    (*instant - (DateTime::UNIX_EPOCH + chrono::TimeDelta::days(10_957))).num_microseconds()
}
