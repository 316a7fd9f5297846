use crate::{Filter, Problem, midnight_in_rome};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// What the parameter takes, in a sentence.
const ALLOWED: &str =
    "an instant (2026-11-23T10:00:00Z), a day (2026-11-23), or an interval `start/end` of these, open with `..` or nothing";

impl Filter {
    /// Reads the parameter `datetime` (OGC API Features, 7.15.4): which versions of a row with validity are meant.
    ///
    /// A bare date is that day in Italy, midnight to midnight.
    pub fn datetime(text: &str) -> Result<Self, Problem> {
        parse(text)
    }
}

fn parse(text: &str) -> Result<Filter, Problem> {
    read(text).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Problem::invalid_parameter("datetime", format!("`{shown}` is not {ALLOWED}"), ALLOWED)
    })
}

fn read(text: &str) -> Option<Filter> {
    let Some((start, end)) = text.split_once('/') else {
        return Some(match Moment::read(text)? {
            Moment::Instant(instant) => Filter::ValidAt(instant),
            Moment::Day { start, end } => Filter::ValidDuring(Some(start), Some(end)),
        });
    };
    let open = |part: &str| matches!(part, "" | "..");
    let start = if open(start) { None } else { Some(Moment::read(start)?.start()) };
    let end = if open(end) { None } else { Some(Moment::read(end)?.end()) };
    if start.zip(end).is_some_and(|(s, e)| s > e) {
        return None;
    }
    Some(Filter::ValidDuring(start, end))
}

enum Moment {
    Instant(DateTime<Utc>),
    /// Its last microsecond is `end`.
    Day {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    },
}

impl Moment {
    fn read(text: &str) -> Option<Self> {
        // RFC 3339 allows a small `t` and `z`, and chrono a blank for the `T`, which the standard does not.
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return (!text.contains(' ')).then(|| Self::Instant(instant.with_timezone(&Utc)));
        }
        let date: NaiveDate = if text.len() == 10 { text.parse().ok()? } else { return None };
        let next = midnight_in_rome(date.checked_add_days(Days::new(1))?)?;
        Some(Self::Day { start: midnight_in_rome(date)?, end: next - chrono::TimeDelta::microseconds(1) })
    }

    fn start(&self) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => *instant,
            Self::Day { start, .. } => *start,
        }
    }

    fn end(&self) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => *instant,
            Self::Day { end, .. } => *end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::Filter;
    use chrono::{DateTime, Utc};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn instants_days_and_intervals() {
        assert_eq!(parse("2018-02-12T23:20:50Z"), Ok(Filter::ValidAt(at("2018-02-12T23:20:50Z"))));
        assert_eq!(parse("2018-02-12T23:20:50+01:00"), Ok(Filter::ValidAt(at("2018-02-12T22:20:50Z"))));
        let (day, end) = (at("2026-01-14T23:00:00Z"), at("2026-01-15T22:59:59.999999Z"));
        assert_eq!(parse("2026-01-15"), Ok(Filter::ValidDuring(Some(day), Some(end))));
        assert_eq!(parse("2026-01-15/2026-01-15"), Ok(Filter::ValidDuring(Some(day), Some(end))));
        let instant = at("2018-02-12T00:00:00Z");
        for open in ["2018-02-12T00:00:00Z/..", "2018-02-12T00:00:00Z/"] {
            assert_eq!(parse(open), Ok(Filter::ValidDuring(Some(instant), None)));
        }
        for open in ["../2018-02-12T00:00:00Z", "/2018-02-12T00:00:00Z"] {
            assert_eq!(parse(open), Ok(Filter::ValidDuring(None, Some(instant))));
        }
        assert_eq!(parse("../.."), Ok(Filter::ValidDuring(None, None)));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "now",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2026-1-1",
            "2018-02-12 23:20:50Z",
            "2018-02-12T23:20:50",
            "2026-01-02/2026-01-01",
            "2026-01-01/2026-01-02/2026-01-03",
            "a/b",
            "9999999-01-01",
            "2026-01-01;drop",
            "+262143-01-01",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
