//! Texts that are compared with days and instants are read as such: clients write both as plain texts.

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, Utc};

use super::document::kind;
use super::{Filter, Value};
use crate::layer::FieldType;
use crate::{Column, Layer};

impl Filter {
    /// The same with values of the columns' types where texts stand for them; what stands for nothing stays, for [`Filter::check`].
    pub(super) fn fitted(&self, layer: &Layer) -> Self {
        let parts = |parts: &[Self]| parts.iter().map(|part| part.fitted(layer)).collect();
        let fit = |column: &Column, value: &Value| {
            kind(layer, column.as_str()).and_then(|kind| read(kind, value)).unwrap_or_else(|| value.clone())
        };
        match self {
            Self::And(inner) => Self::And(parts(inner)),
            Self::Or(inner) => Self::Or(parts(inner)),
            Self::Not(inner) => Self::Not(Box::new(inner.fitted(layer))),
            Self::Equal(column, value) => Self::Equal(column.clone(), fit(column, value)),
            Self::Compare(column, comparison, value) => Self::Compare(column.clone(), *comparison, fit(column, value)),
            Self::In(column, values) => Self::In(column.clone(), values.iter().map(|value| fit(column, value)).collect()),
            Self::Between(column, low, high) => Self::Between(column.clone(), fit(column, low), fit(column, high)),
            other => other.clone(),
        }
    }
}

fn read(kind: FieldType, value: &Value) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    // GDAL writes a day as `2026-01-31T`, or as the instant of its midnight
    let day = || text.strip_suffix('T').unwrap_or(text).parse::<NaiveDate>().ok().filter(|_| matches!(text.len(), 10 | 11));
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc).trunc_subsecs(6));
    match kind {
        FieldType::Date => day().or_else(|| instant().filter(|at| at.time() == NaiveTime::MIN).map(|at| at.date_naive())).map(Value::Date),
        FieldType::DateTime => instant()
            .or_else(|| day().filter(|_| text.ends_with('T')).map(|day| day.and_time(NaiveTime::MIN).and_utc()))
            .map(Value::Instant),
        _ => None,
    }
}
