//! What happened to an application, and what the row says since.

use chrono::NaiveDate;
use kernel::Problem;
use operations::refused;
use sqlx::PgConnection;

use crate::holidays::Holidays;
use crate::rules::{Dated, Rule};
use crate::words;

/// A step that is recorded now.
#[derive(Clone, Debug)]
pub(crate) struct New<'a> {
    pub(crate) permit: i64,
    pub(crate) ordinal: i32,
    pub(crate) state: &'a str,
    pub(crate) day: NaiveDate,
    pub(crate) protocol: Option<String>,
    pub(crate) protocol_on: Option<NaiveDate>,
    pub(crate) note: Option<String>,
    pub(crate) recorded_by: Option<&'a str>,
}

/// Writes it, with what the office wrote beside it.
pub(crate) async fn add(conn: &mut PgConnection, step: &New<'_>) -> Result<(), Problem> {
    sqlx::query(
        "insert into permits.steps (permit, ordinal, state, on_day, protocol, protocol_on)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(step.permit)
    .bind(step.ordinal)
    .bind(step.state)
    .bind(step.day)
    .bind(&step.protocol)
    .bind(step.protocol_on)
    .execute(&mut *conn)
    .await
    .map_err(|e| refused(&e))?;
    sqlx::query("insert into permits.step_notes (permit, ordinal, note, recorded_by) values ($1, $2, $3, $4)")
        .bind(step.permit)
        .bind(step.ordinal)
        .bind(&step.note)
        .bind(step.recorded_by)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(|e| refused(&e))
}

/// What the row says of its term after these steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) due_on: Option<NaiveDate>,
    pub(crate) paused_since: Option<NaiveDate>,
    pub(crate) silence: String,
}

/// Counts it. Once there is nothing to decide, nothing is due.
pub(crate) fn term(rule: &Rule, complex: bool, constrained: bool, steps: &[Dated<'_>], holidays: &Holidays) -> Term {
    let silence = rule.silence_with(constrained).to_owned();
    let Some((state, day)) = steps.last().filter(|(state, _)| words::is_open(state)) else {
        return Term { due_on: None, paused_since: None, silence };
    };
    let due_on = rule.count(complex, steps, holidays).due;
    let paused = due_on.is_none() && rule.paused_by.iter().any(|pausing| pausing == state);
    Term { due_on, paused_since: paused.then_some(*day), silence }
}

#[cfg(test)]
mod tests {
    use super::term;
    use crate::holidays::Holidays;
    use crate::holidays::tests::day;
    use crate::rules::tests::rule;

    #[test]
    fn the_row_says_what_is_due_or_since_when_the_clock_stands() {
        let steps = [("submitted", day("2026-01-12")), ("integration_requested", day("2026-02-01")), ("resumed", day("2026-03-03"))];
        let of = |steps: &[_]| term(&rule(), false, false, steps, &Holidays::default());
        assert_eq!(of(&steps[..1]).due_on, Some(day("2026-04-12")));
        assert_eq!((of(&steps[..2]).due_on, of(&steps[..2]).paused_since), (None, Some(day("2026-02-01"))));
        assert_eq!((of(&steps).due_on, of(&steps).paused_since), (Some(day("2026-05-12")), None));
        assert_eq!(of(&[steps[0], ("issued", day("2026-02-01"))]).due_on, None);
        assert_eq!(term(&rule(), false, true, &steps, &Holidays::default()).silence, "none", "a constraint changes what silence means");
    }

    #[test]
    fn a_request_after_the_term_has_ended_does_not_stop_it() {
        let steps = [("submitted", day("2026-01-12")), ("integration_requested", day("2026-06-01"))];
        let found = term(&rule(), false, false, &steps, &Holidays::default());
        assert_eq!((found.due_on, found.paused_since), (Some(day("2026-04-12")), None));
    }
}
