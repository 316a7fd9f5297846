use super::{Count, Facts, Pause, Phase, Terms, Why, count};
use crate::holidays::tests::{day, holidays};

fn phase(days: u32, days_complex: Option<u32>) -> Phase {
    Phase { it: "i".to_owned(), en: "e".to_owned(), days, days_complex, article: "art. 20".to_owned() }
}

/// 60 days to propose, or 120, and 30 to decide.
fn terms() -> Terms {
    Terms { phases: vec![phase(60, Some(120)), phase(30, None)], restarts: false, first_day_counts: false, holiday_moves: true }
}

fn filed(on: &str) -> Facts {
    Facts { filed: day(on), complex: false, pauses: Vec::new(), closed: None }
}

fn pause(from: &str, to: &str) -> Pause {
    Pause { from: day(from), to: (!to.is_empty()).then(|| day(to)) }
}

/// `from..to count` of each stretch.
fn told(count: &Count) -> Vec<String> {
    let line = |s: &super::Stretch| {
        let to = s.to.map(|to| to.to_string()).unwrap_or_default();
        let what = match (s.why, s.counted) {
            (Why::Counted(phase), Some((first, last))) => format!("{phase}: {first}-{last}"),
            (why, _) => format!("{why:?}"),
        };
        format!("{}..{to} {what}", s.from)
    };
    count.stretches.iter().map(line).collect()
}

#[test]
fn the_day_of_filing_is_not_counted_and_the_ninetieth_is_the_last() {
    let found = count(&terms(), &filed("2026-01-12"), &holidays());
    assert_eq!(told(&found), ["2026-01-13..2026-03-13 0: 1-60", "2026-03-14..2026-04-12 1: 61-90", "2026-04-13..2026-04-13 Moved"]);
    assert_eq!((found.total, found.due), (90, Some(day("2026-04-13"))), "12 April 2026 is a Sunday");
    let first = count(&Terms { first_day_counts: true, ..terms() }, &filed("2026-01-12"), &holidays());
    assert_eq!(first.due, Some(day("2026-04-11")), "a Saturday");
}

#[test]
fn a_suspension_moves_the_end_by_its_days() {
    let facts = Facts { pauses: vec![pause("2026-02-01", "2026-03-03")], ..filed("2026-01-12") };
    let found = count(&terms(), &facts, &holidays());
    let expected = [
        "2026-01-13..2026-02-01 0: 1-20",
        "2026-02-02..2026-03-03 Paused",
        "2026-03-04..2026-04-12 0: 21-60",
        "2026-04-13..2026-05-12 1: 61-90",
    ];
    assert_eq!(told(&found), expected);
    assert_eq!(found.due, Some(day("2026-05-12")));
}

#[test]
fn days_on_which_the_clocks_change_are_days() {
    // 29 March and 25 October 2026
    for (at, to) in [("2026-03-27", "2026-03-31"), ("2026-10-23", "2026-10-27")] {
        let terms = Terms { phases: vec![phase(4, None)], holiday_moves: false, ..terms() };
        assert_eq!(count(&terms, &filed(at), &holidays()).due, Some(day(to)));
    }
    // suspended over the change, from the day before it to the day itself
    for (at, from, to, due) in
        [("2026-03-20", "2026-03-28", "2026-03-29", "2026-06-19"), ("2026-10-20", "2026-10-24", "2026-10-25", "2027-01-19")]
    {
        let facts = Facts { pauses: vec![pause(from, to)], ..filed(at) };
        let found = count(&terms(), &facts, &holidays());
        assert_eq!(found.due, Some(day(due)), "{at}");
        let paused: Vec<_> = found.stretches.iter().filter(|s| s.why == Why::Paused).map(|s| (s.from, s.to)).collect();
        assert_eq!(paused, [(day(to), Some(day(to)))]);
    }
}

#[test]
fn while_the_clock_stands_there_is_no_end() {
    let facts = Facts { pauses: vec![pause("2026-02-01", "")], ..filed("2026-01-12") };
    let found = count(&terms(), &facts, &holidays());
    assert_eq!(told(&found), ["2026-01-13..2026-02-01 0: 1-20", "2026-02-02.. Paused"]);
    assert_eq!(found.due, None);
    assert_eq!((found.counted_on(day("2026-01-12")), found.counted_on(day("2026-01-20")), found.counted_on(day("2026-06-01"))), (0, 8, 20));
}

#[test]
fn a_pause_on_the_day_of_filing_counts_nothing_before_it_and_one_day_is_none() {
    let facts = Facts { pauses: vec![pause("2026-01-12", "2026-01-20")], ..filed("2026-01-12") };
    assert_eq!(told(&count(&terms(), &facts, &holidays()))[..2], ["2026-01-13..2026-01-20 Paused", "2026-01-21..2026-03-21 0: 1-60"]);
    let facts = Facts { pauses: vec![pause("2026-01-20", "2026-01-20")], ..filed("2026-01-12") };
    assert_eq!(count(&terms(), &facts, &holidays()).due, count(&terms(), &filed("2026-01-12"), &holidays()).due);
}

#[test]
fn an_interruption_begins_anew() {
    let terms = Terms { restarts: true, ..terms() };
    let facts = Facts { pauses: vec![pause("2026-02-01", "2026-03-03")], ..filed("2026-01-12") };
    let found = count(&terms, &facts, &holidays());
    assert_eq!(told(&found)[2..], ["2026-03-04..2026-05-02 0: 1-60", "2026-05-03..2026-06-01 1: 61-90"]);
}

#[test]
fn several_pauses_add_up_and_one_after_the_end_changes_nothing() {
    let facts = Facts { pauses: vec![pause("2026-02-01", "2026-02-11"), pause("2026-02-11", "2026-02-21")], ..filed("2026-01-12") };
    assert_eq!(count(&terms(), &facts, &holidays()).due, Some(day("2026-05-02")));
    let late = Facts { pauses: vec![pause("2026-06-01", "")], ..filed("2026-01-12") };
    assert_eq!(count(&terms(), &late, &holidays()).due, Some(day("2026-04-13")));
}

#[test]
fn a_decision_ends_the_count_and_a_late_one_leaves_it_whole() {
    let facts = Facts { closed: Some(day("2026-03-20")), ..filed("2026-01-12") };
    let found = count(&terms(), &facts, &holidays());
    assert_eq!(told(&found), ["2026-01-13..2026-03-13 0: 1-60", "2026-03-14..2026-03-20 1: 61-67"]);
    assert_eq!((found.due, found.counted_on(day("2026-12-31"))), (None, 67));
    let late = Facts { closed: Some(day("2026-06-01")), ..filed("2026-01-12") };
    assert_eq!(count(&terms(), &late, &holidays()).due, Some(day("2026-04-13")));
}

#[test]
fn a_complex_project_has_its_longer_term_and_no_phase_no_term() {
    let facts = Facts { complex: true, ..filed("2026-01-12") };
    assert_eq!(count(&terms(), &facts, &holidays()).total, 150);
    let none = count(&Terms { phases: Vec::new(), ..terms() }, &filed("2026-01-12"), &holidays());
    assert_eq!(none, Count::default());
}

#[test]
fn a_leap_day_and_the_turn_of_the_year_are_days() {
    let terms = Terms { phases: vec![phase(90, None)], holiday_moves: false, ..terms() };
    assert_eq!(count(&terms, &filed("2027-12-01"), &holidays()).due, Some(day("2028-02-29")));
}

#[test]
fn the_end_moves_past_holidays_in_a_row_only_if_the_rule_says_so() {
    // 24 December 2026 and 25 (Friday), 26 (Saturday), 27 (Sunday)
    let terms = |moves| Terms { phases: vec![phase(10, None)], holiday_moves: moves, ..terms() };
    assert_eq!(count(&terms(true), &filed("2026-12-15"), &holidays()).due, Some(day("2026-12-28")));
    assert_eq!(count(&terms(false), &filed("2026-12-15"), &holidays()).due, Some(day("2026-12-25")));
}
