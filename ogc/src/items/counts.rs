use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Exact numbers of matching rows, kept for as long as they are provably the same.
///
/// A count holds for every snapshot of the database that sees the same transactions, and these are named by
/// `pg_current_snapshot()`: while nobody writes, a count is right without counting again. A count of rows valid "now" holds,
/// besides, from the instant it was made until the next row begins or ceases to be valid.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<HashMap<String, Count>>);

/// A count and what it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// `pg_current_snapshot()` as text.
    pub(crate) snapshot: String,
    /// Rows that match.
    pub(crate) matched: i64,
    /// The instant that validity was judged at, if it was.
    pub(crate) from: Option<DateTime<Utc>>,
    /// When the next row begins or ceases to be valid, if any does.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// Questions whose counts are kept.
const KEPT: usize = 1_000;

impl Counts {
    /// The count that was made of this question, if it can hold at this instant; whether its snapshot still does is for the
    /// database to say.
    pub(crate) fn recall(&self, question: &str, instant: Option<DateTime<Utc>>) -> Option<Count> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(question).filter(|c| c.holds_at(instant)).cloned()
    }

    /// Keeps a count. On a standby, where snapshots are not named so exactly, `snapshot` is empty and nothing is kept.
    pub(crate) fn keep(&self, question: &str, count: Count) {
        if count.snapshot.is_empty() {
            return;
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KEPT && !counts.contains_key(question) {
            counts.clear();
        }
        counts.insert(question.to_owned(), count);
    }
}

impl Count {
    fn holds_at(&self, instant: Option<DateTime<Utc>>) -> bool {
        match (instant, self.from) {
            (None, None) => true,
            (Some(instant), Some(from)) => from <= instant && self.until.is_none_or(|until| instant < until),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Counts, KEPT};
    use chrono::{DateTime, TimeDelta, Utc};

    fn count(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Count {
        Count { snapshot: "10:10:".to_owned(), matched: 3, from, until }
    }

    #[test]
    fn a_count_of_what_is_valid_holds_until_the_next_change() {
        let (noon, hour) = ("2026-11-23T12:00:00Z".parse::<DateTime<Utc>>().unwrap(), TimeDelta::hours(1));
        let counts = Counts::default();
        counts.keep("q", count(Some(noon), Some(noon + hour)));
        assert!(counts.recall("q", Some(noon)).is_some());
        assert!(counts.recall("q", Some(noon + hour)).is_none());
        assert!(counts.recall("q", Some(noon - hour)).is_none());
        assert!(counts.recall("q", None).is_none());
        assert!(counts.recall("p", Some(noon)).is_none());
    }

    #[test]
    fn it_does_not_grow_without_end_nor_keep_what_a_standby_says() {
        let counts = Counts::default();
        for i in 0..3 * KEPT {
            counts.keep(&i.to_string(), count(None, None));
        }
        assert!(counts.0.lock().unwrap().len() <= KEPT);
        counts.keep("standby", Count { snapshot: String::new(), ..count(None, None) });
        assert!(counts.recall("standby", None).is_none());
    }
}
