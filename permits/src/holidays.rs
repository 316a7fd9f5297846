//! The days on which a term does not end.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use sqlx::{FromRow, PgConnection};

/// A holiday as the table has it: a day of the year, or so many days after Easter.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Holiday {
    pub(crate) name: String,
    pub(crate) month: Option<i32>,
    pub(crate) day: Option<i32>,
    pub(crate) after_easter: Option<i32>,
    pub(crate) first_year: Option<i32>,
    pub(crate) last_year: Option<i32>,
}

/// Those of a comune: the Republic's and its patron's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Holidays(pub(crate) Vec<Holiday>);

impl Holidays {
    /// As the table has them.
    pub(crate) async fn of(conn: &mut PgConnection, comune: &str) -> Result<Self, sqlx::Error> {
        sqlx::query_as(
            "select name, month, day, after_easter, first_year, last_year
               from permits.holidays
              where comune is null or comune = $1",
        )
        .bind(comune)
        .fetch_all(conn)
        .await
        .map(Self)
    }

    /// Why a term does not end on this day: `None` on a working day, Saturdays among them; a Sunday has no name.
    pub(crate) fn off(&self, day: NaiveDate) -> Option<&str> {
        let holiday = self.0.iter().find(|holiday| holiday.falls_on(day)).map(|holiday| &*holiday.name);
        holiday.or((day.weekday() == Weekday::Sun).then_some(""))
    }

    /// The first day from this one on that is none of them.
    pub(crate) fn working_day(&self, mut day: NaiveDate) -> NaiveDate {
        while self.off(day).is_some()
            && let Some(next) = day.checked_add_days(Days::new(1))
        {
            day = next;
        }
        day
    }
}

impl Holiday {
    fn falls_on(&self, day: NaiveDate) -> bool {
        let year = day.year();
        if self.first_year.is_some_and(|first| year < first) || self.last_year.is_some_and(|last| year > last) {
            return false;
        }
        match self.after_easter {
            Some(after) => easter(year).is_some_and(|easter| (day - easter).num_days() == i64::from(after)),
            None => self.month == i32::try_from(day.month()).ok() && self.day == i32::try_from(day.day()).ok(),
        }
    }
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let n = (h + l - 7 * m + 90) / 25;
    let p = (h + l - 7 * m + 33 * n + 19) % 32;
    NaiveDate::from_ymd_opt(year, u32::try_from(n).ok()?, u32::try_from(p).ok()?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Holiday, Holidays, easter};
    use chrono::NaiveDate;

    pub(crate) fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    pub(crate) fn holidays() -> Holidays {
        let fixed = |name: &str, month, day, first_year| Holiday {
            name: name.to_owned(),
            month: Some(month),
            day: Some(day),
            after_easter: None,
            first_year,
            last_year: None,
        };
        let monday =
            Holiday { name: "Pasquetta".to_owned(), month: None, day: None, after_easter: Some(1), first_year: None, last_year: None };
        Holidays(vec![
            fixed("Natale", 12, 25, None),
            fixed("Santo Stefano", 12, 26, None),
            fixed("San Francesco", 10, 4, Some(2026)),
            monday,
        ])
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for (year, expected) in [
            (1818, "1818-03-22"),
            (1943, "1943-04-25"),
            (2000, "2000-04-23"),
            (2024, "2024-03-31"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
        ] {
            assert_eq!(easter(year), Some(day(expected)));
        }
    }

    #[test]
    fn a_day_off_says_why_and_leads_on() {
        let all = holidays();
        assert_eq!(all.off(day("2026-04-06")), Some("Pasquetta"));
        assert_eq!(all.off(day("2026-11-29")), Some(""), "a Sunday");
        assert_eq!(all.off(day("2026-11-28")), None, "a Saturday is a working day");
        assert_eq!(all.off(day("2025-10-04")), None, "not yet in that year");
        // Friday, Saturday, Sunday
        assert_eq!(all.working_day(day("2026-12-25")), day("2026-12-28"));
        assert_eq!(all.working_day(day("2026-12-24")), day("2026-12-24"));
    }
}
