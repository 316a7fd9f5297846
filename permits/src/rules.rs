//! The rules of the term, as the table has them, and what they make of an application's steps.

use chrono::NaiveDate;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};

use crate::clock::{Count, Facts, Pause, Phase, Terms, count};
use crate::holidays::Holidays;
use crate::words;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Rule {
    pub(crate) rule: String,
    pub(crate) region: Option<String>,
    pub(crate) kind: String,
    pub(crate) inhabitants_over: Option<i32>,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: Option<NaiveDate>,
    #[sqlx(json)]
    pub(crate) phases: Vec<Phase>,
    pub(crate) paused_by: Vec<String>,
    pub(crate) pause: String,
    pub(crate) first_day_counts: bool,
    pub(crate) holiday_moves: bool,
    pub(crate) silence: String,
    pub(crate) silence_constrained: String,
    pub(crate) works_begin: String,
    pub(crate) article: String,
    pub(crate) silence_article: String,
    pub(crate) source: String,
    pub(crate) note: Option<String>,
}

/// A step, as far as the clock asks: the state that began, and the day.
pub(crate) type Dated<'a> = (&'a str, NaiveDate);

const COLUMNS: &str =
    "r.rule, r.region, r.kind, r.inhabitants_over, r.valid_from, r.valid_to, r.phases, r.paused_by, r.pause, r.first_day_counts,
    r.holiday_moves, r.silence, r.silence_constrained, r.works_begin, r.article, r.silence_article, r.source, r.note";

impl Rule {
    /// The rule for a kind filed on this day in this comune: the region's own before the nation's, the one for larger comuni first.
    pub(crate) async fn choose(conn: &mut PgConnection, kind: &str, filed: NaiveDate, comune: &str) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!(
            "select {COLUMNS}
               from permits.deadline_rules r
               left join permits.authorities a on a.comune = $3
              where r.kind = $1
                and r.valid_from <= $2 and (r.valid_to is null or r.valid_to > $2)
                and (r.region is null or r.region = a.region)
                and (r.inhabitants_over is null or a.inhabitants > r.inhabitants_over)
              order by r.region is null, r.inhabitants_over desc nulls last, r.valid_from desc
              limit 1"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(kind).bind(filed).bind(comune).fetch_optional(conn).await
    }

    /// The rule of this name.
    pub(crate) async fn named(conn: &mut PgConnection, rule: &str) -> Result<Self, sqlx::Error> {
        let sql = format!("select {COLUMNS} from permits.deadline_rules r where r.rule = $1");
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(rule).fetch_one(conn).await
    }

    /// All of them, by kind.
    pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!("select {COLUMNS} from permits.deadline_rules r order by r.kind, r.region nulls first, r.valid_from, r.rule");
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(conn).await
    }

    /// Counts the days of an application that took these steps, the first of which was its filing.
    pub(crate) fn count(&self, complex: bool, steps: &[Dated<'_>], holidays: &Holidays) -> Count {
        let Some((_, filed)) = steps.first() else { return Count::default() };
        let terms = Terms {
            phases: self.phases.clone(),
            restarts: self.pause == "restarts",
            first_day_counts: self.first_day_counts,
            holiday_moves: self.holiday_moves,
        };
        let closed = steps.iter().find(|(state, _)| !words::is_open(state)).map(|(_, day)| *day);
        count(&terms, &Facts { filed: *filed, complex, pauses: self.pauses(steps), closed }, holidays)
    }

    /// What silence means, with a constraint that is not cleared or without.
    pub(crate) fn silence_with(&self, constrained: bool) -> &str {
        if constrained { &self.silence_constrained } else { &self.silence }
    }

    fn pauses(&self, steps: &[Dated<'_>]) -> Vec<Pause> {
        let mut pauses: Vec<Pause> = Vec::new();
        for (state, day) in steps {
            if let Some(open) = pauses.last_mut().filter(|pause| pause.to.is_none()) {
                open.to = Some(*day);
            }
            if self.paused_by.iter().any(|pausing| pausing == state) {
                pauses.push(Pause { from: *day, to: None });
            }
        }
        pauses
    }

    /// For programs.
    pub(crate) fn document(&self) -> Value {
        let phases: Vec<Value> = self
            .phases
            .iter()
            .map(|p| json!({ "name": { "it": p.it, "en": p.en }, "days": p.days, "days_complex": p.days_complex, "article": p.article }))
            .collect();
        json!({
            "rule": self.rule, "region": self.region, "kind": self.kind, "inhabitants_over": self.inhabitants_over, "valid_from": self.valid_from,
            "valid_to": self.valid_to, "phases": phases, "paused_by": self.paused_by, "pause": self.pause,
            "first_day_counts": self.first_day_counts, "holiday_moves": self.holiday_moves, "silence": self.silence,
            "silence_constrained": self.silence_constrained, "works_begin": self.works_begin, "article": self.article,
            "silence_article": self.silence_article, "source": self.source, "note": self.note,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Rule;
    use crate::clock::Phase;
    use crate::holidays::Holidays;
    use crate::holidays::tests::day;

    pub(crate) fn rule() -> Rule {
        Rule {
            rule: "it-test".to_owned(),
            region: None,
            kind: "pdc".to_owned(),
            inhabitants_over: None,
            valid_from: day("2011-05-14"),
            valid_to: None,
            phases: vec![Phase { it: "i".to_owned(), en: "e".to_owned(), days: 90, days_complex: None, article: "art. 20".to_owned() }],
            paused_by: vec!["integration_requested".to_owned()],
            pause: "suspends".to_owned(),
            first_day_counts: false,
            holiday_moves: false,
            silence: "consent".to_owned(),
            silence_constrained: "none".to_owned(),
            works_begin: "after_title".to_owned(),
            article: "art. 20".to_owned(),
            silence_article: "art. 20, c. 8".to_owned(),
            source: "s".to_owned(),
            note: None,
        }
    }

    #[test]
    fn a_step_that_pauses_stops_the_clock_until_the_next_step() {
        let steps = [("submitted", day("2026-01-12")), ("integration_requested", day("2026-02-01")), ("resumed", day("2026-03-03"))];
        let count = rule().count(false, &steps, &Holidays::default());
        assert_eq!(count.due, Some(day("2026-05-12")));
        assert_eq!(rule().count(false, &steps[..2], &Holidays::default()).due, None);
        let conference = [steps[0], ("conference", day("2026-02-01")), steps[2]];
        assert_eq!(rule().count(false, &conference, &Holidays::default()).due, Some(day("2026-04-12")), "it does not pause by this rule");
        let both = Rule { paused_by: vec!["integration_requested".to_owned(), "conference".to_owned()], ..rule() };
        assert_eq!(both.count(false, &conference, &Holidays::default()).due, Some(day("2026-05-12")));
    }

    #[test]
    fn a_decision_closes_the_clock() {
        let steps = [("submitted", day("2026-01-12")), ("issued", day("2026-02-01")), ("started", day("2026-03-03"))];
        let count = rule().count(false, &steps, &Holidays::default());
        assert_eq!((count.due, count.counted_on(day("2026-05-01"))), (None, 20));
    }
}
