//! How long the office has. Days of the Italian calendar are counted, never hours: a day on which the clocks change is a day.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::holidays::Holidays;

/// A part of the term: so many days, by this article.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Phase {
    pub(crate) it: String,
    pub(crate) en: String,
    pub(crate) days: u32,
    /// For projects that the office declared complex.
    #[serde(default)]
    pub(crate) days_complex: Option<u32>,
    pub(crate) article: String,
}

/// What a rule says of counting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Terms {
    pub(crate) phases: Vec<Phase>,
    /// After a pause the count begins anew (an interruption); otherwise it goes on (a suspension).
    pub(crate) restarts: bool,
    /// Whether the day of the event that starts the count is counted.
    pub(crate) first_day_counts: bool,
    /// Whether a term that ends on a holiday ends on the next working day.
    pub(crate) holiday_moves: bool,
}

/// A time in which the clock stands: after the day `from`, up to the day `to`, on which it is set going again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pause {
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) filed: NaiveDate,
    pub(crate) complex: bool,
    /// In order, none begins before the one before it ends.
    pub(crate) pauses: Vec<Pause>,
    /// The day on which there was nothing more to wait for: decided, withdrawn.
    pub(crate) closed: Option<NaiveDate>,
}

/// Why days are as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Why {
    /// They are counted, for the phase of this place in the rule.
    Counted(usize),
    /// The clock stands.
    Paused,
    /// The last day was a holiday.
    Moved,
}

/// Days in a row that are one thing. `to` is missing while it is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) from: NaiveDate,
    pub(crate) to: Option<NaiveDate>,
    pub(crate) why: Why,
    /// The count on the first and on the last day, for days that are counted.
    pub(crate) counted: Option<(u32, u32)>,
}

/// The count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Count {
    pub(crate) stretches: Vec<Stretch>,
    /// Days that the term has; 0 where none runs.
    pub(crate) total: u32,
    /// The day on which it ends; `None` while the clock stands, where no term runs, and if it was closed before.
    pub(crate) due: Option<NaiveDate>,
}

impl Count {
    /// How many days have been counted at the end of this day.
    pub(crate) fn counted_on(&self, day: NaiveDate) -> u32 {
        let reached = self.stretches.iter().rev().find(|s| s.from <= day && s.counted.is_some());
        let Some((stretch, (first, last))) = reached.and_then(|s| Some((s, s.counted?))) else { return 0 };
        u32::try_from((day - stretch.from).num_days()).map_or(last, |more| (first + more).min(last))
    }
}

/// Counts.
pub(crate) fn count(terms: &Terms, facts: &Facts, holidays: &Holidays) -> Count {
    let mut counting = Counting::begin(terms, facts);
    for pause in &facts.pauses {
        counting.run(pause.from);
        if counting.is_over() || facts.closed.is_some_and(|closed| closed <= pause.from) {
            break;
        }
        counting.pause(*pause);
        if pause.to.is_none() {
            return counting.done;
        }
    }
    counting.run(facts.closed.unwrap_or(NaiveDate::MAX));
    counting.end(holidays)
}

struct Counting<'a> {
    terms: &'a Terms,
    facts: &'a Facts,
    done: Count,
    /// The next day to be counted.
    day: NaiveDate,
    phase: usize,
    /// Days left of it.
    left: u32,
    number: u32,
}

impl<'a> Counting<'a> {
    fn begin(terms: &'a Terms, facts: &'a Facts) -> Self {
        let total = terms.phases.iter().map(|phase| days(phase, facts.complex)).sum();
        let mut counting = Self { terms, facts, done: Count { total, ..Count::default() }, day: facts.filed, phase: 0, left: 0, number: 0 };
        counting.day = counting.after(facts.filed);
        counting.enter(0);
        counting
    }

    /// The first day that is counted after something that happened on this one.
    fn after(&self, day: NaiveDate) -> NaiveDate {
        if self.terms.first_day_counts { day } else { plus(day, 1) }
    }

    fn enter(&mut self, phase: usize) {
        self.phase = phase;
        self.left = self.terms.phases.get(phase).map_or(0, |phase| days(phase, self.facts.complex));
    }

    fn is_over(&self) -> bool {
        self.phase >= self.terms.phases.len()
    }

    /// Counts up to this day, which is counted too, or to the end of the term.
    fn run(&mut self, until: NaiveDate) {
        while !self.is_over() && self.day <= until {
            let room = u32::try_from((until - self.day).num_days() + 1).unwrap_or(u32::MAX);
            let taken = self.left.min(room);
            if taken > 0 {
                let stretch = Stretch {
                    from: self.day,
                    to: Some(plus(self.day, taken - 1)),
                    why: Why::Counted(self.phase),
                    counted: Some((self.number + 1, self.number + taken)),
                };
                self.done.stretches.push(stretch);
            }
            self.day = plus(self.day, taken);
            self.number += taken;
            self.left -= taken;
            if self.left == 0 {
                self.enter(self.phase + 1);
            }
        }
    }

    fn pause(&mut self, pause: Pause) {
        let next = pause.to.map(|to| self.after(to).max(self.day));
        let last = next.map(|next| next.pred_opt().unwrap_or(next));
        if last.is_none_or(|last| last >= self.day) {
            self.done.stretches.push(Stretch { from: self.day, to: last, why: Why::Paused, counted: None });
        }
        if let Some(next) = next {
            self.day = next;
            if self.terms.restarts {
                self.number = 0;
                self.enter(0);
            }
        }
    }

    fn end(mut self, holidays: &Holidays) -> Count {
        let last = self.done.stretches.iter().rev().find(|s| s.counted.is_some()).and_then(|s| s.to);
        if self.is_over()
            && let Some(last) = last
        {
            let due = if self.terms.holiday_moves { holidays.working_day(last) } else { last };
            if due > last {
                self.done.stretches.push(Stretch { from: plus(last, 1), to: Some(due), why: Why::Moved, counted: None });
            }
            self.done.due = Some(due);
        }
        self.done
    }
}

fn days(phase: &Phase, complex: bool) -> u32 {
    phase.days_complex.filter(|_| complex).unwrap_or(phase.days)
}

fn plus(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests;
