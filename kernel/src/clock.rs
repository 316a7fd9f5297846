use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Europe::Rome;

/// What time it is: a parameter, so that a test can say.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The instant at which a day of the Italian calendar begins: what a bare date means in every layer's validity.
///
/// `None` only for dates outside chrono's range.
pub fn midnight_in_rome(date: NaiveDate) -> Option<DateTime<Utc>> {
    Rome.from_local_datetime(&date.and_hms_opt(0, 0, 0)?).earliest().map(|t| t.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::midnight_in_rome;
    use chrono::NaiveDate;

    #[test]
    fn a_day_begins_an_hour_or_two_before_utc() {
        let at = |y, m, d| midnight_in_rome(NaiveDate::from_ymd_opt(y, m, d).unwrap()).unwrap().to_rfc3339();
        assert_eq!(at(2026, 1, 15), "2026-01-14T23:00:00+00:00");
        assert_eq!(at(2026, 7, 15), "2026-07-14T22:00:00+00:00");
    }
}
