//! A date on the wire: days since the first of January of the year 1, instead of ten letters.

use chrono::{Datelike, NaiveDate};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(in crate::source) fn serialize<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    date.num_days_from_ce().serialize(serializer)
}

pub(in crate::source) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    NaiveDate::from_num_days_from_ce_opt(i32::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no day of the calendar"))
}
