use chrono::NaiveDate;

use super::Private;
use super::money::{Amount, Lire};
use crate::number;
use crate::remark::{Issue, Remarks};

/// The fields of a line. One that is not there is empty.
pub(super) struct Fields<'a, 'r> {
    fields: Vec<&'a str>,
    line: u64,
    remarks: &'r mut Remarks,
}

/// Fields that a line can have; of the rest nothing is read.
const MOST: usize = 4096;

impl<'a, 'r> Fields<'a, 'r> {
    pub(super) fn new(text: &'a str, line: u64, remarks: &'r mut Remarks) -> Self {
        Self { fields: text.split('|').map(str::trim).take(MOST).collect(), line, remarks }
    }

    pub(super) fn remark(&mut self, issue: Issue) {
        self.remarks.add(self.line, issue);
    }

    /// Remarks on a line with less or more fields than records of its kind have had over the years; a `|` at the end makes an
    /// empty one more.
    pub(super) fn expect(&mut self, record: &'static str, least: usize, most: usize) {
        let there = self.fields.len() - usize::from(self.fields.last() == Some(&""));
        if self.fields.len() < least {
            self.remark(Issue::FewFields { record, there, least });
        } else if there > most {
            self.remark(Issue::ManyFields { record, there, most });
        }
    }

    /// Groups of as many fields from the seventh on, whole ones alone.
    pub(super) fn groups(&mut self, record: &'static str, size: usize) -> Vec<usize> {
        const FIRST: usize = 6;
        let mut own = self.fields.len().saturating_sub(FIRST);
        // the one that a `|` at the end makes
        if (own - own.min(1)).is_multiple_of(size) && own > 1 && self.fields.last() == Some(&"") {
            own -= 1;
        }
        let left = own % size;
        if left > 0 || own == 0 {
            self.remark(Issue::GroupCut { record, fields: size, left });
        }
        (0..own / size).map(|group| FIRST + group * size).collect()
    }

    /// How many fields follow the sixth, a last empty one aside.
    pub(super) fn own(&self) -> usize {
        self.fields.len().saturating_sub(6 + usize::from(self.fields.last() == Some(&"")))
    }

    /// The line as a whole.
    pub(super) fn line(&self) -> String {
        self.fields.join("|")
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.fields.get(index).copied().unwrap_or("")
    }

    pub(super) fn owned(&self, index: usize) -> String {
        self.text(index).to_owned()
    }

    pub(super) fn private(&self, index: usize) -> Private {
        Private::new(self.text(index))
    }

    /// A code or a number without the zeros before it.
    pub(super) fn stripped(&self, index: usize) -> String {
        self.text(index).trim_start_matches('0').to_owned()
    }

    pub(super) fn character(&self, index: usize) -> Option<char> {
        self.text(index).chars().next()
    }

    pub(super) fn id(&self, index: usize) -> Option<u64> {
        let text = self.text(index);
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    }

    /// A day, `00000000` and blanks being none.
    pub(super) fn day(&mut self, index: usize, field: &'static str) -> Option<NaiveDate> {
        let text = self.text(index);
        if text.bytes().all(|b| b == b'0') {
            return None;
        }
        let day = (text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| NaiveDate::from_ymd_opt(text[4..].parse().ok()?, text[2..4].parse().ok()?, text[..2].parse().ok()?))
            .flatten();
        if day.is_none() {
            self.remark(Issue::Date { field });
        }
        day
    }

    pub(super) fn amount(&mut self, index: usize, field: &'static str) -> Option<Amount> {
        let text = self.text(index);
        let amount = number::thousandths(text.as_bytes()).map(|(value, _)| Amount::of_thousandths(value));
        if amount.is_none() && !text.is_empty() {
            self.remark(Issue::Number { field });
        }
        amount
    }

    pub(super) fn whole(&mut self, index: usize, field: &'static str) -> Option<i64> {
        let text = self.text(index);
        let number = number::whole(text.as_bytes());
        if number.is_none() && !text.is_empty() {
            self.remark(Issue::Number { field });
        }
        number
    }

    pub(super) fn lire(&mut self, index: usize, field: &'static str) -> Option<Lire> {
        self.whole(index, field).map(Lire)
    }
}
