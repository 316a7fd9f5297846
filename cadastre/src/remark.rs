//! What a reader found to be otherwise than the format says, and what it did: files of the cadastre's offices may break
//! every rule, and are read all the same.

mod words;

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use kernel::{Language, Text};
use serde::{Serialize, Serializer};

pub use words::Issue;

/// Remarks of one kind on one file that are kept; the others are counted.
const KEPT: u64 = 200;

/// Something about a line of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The line, from 1; 0 is the file as a whole.
    pub line: u64,
    /// What.
    pub issue: Issue,
}

impl Remark {
    /// What is otherwise than it should be.
    pub fn what(&self) -> Text {
        self.issue.words().1
    }

    /// What was done about it.
    pub fn done(&self) -> Text {
        self.issue.words().2
    }

    /// `line 12: …; …`.
    pub fn text(&self, language: Language) -> String {
        let (_, what, done) = self.issue.words();
        let what = format!("{}; {}", what.get(language), done.get(language));
        match (self.line, language) {
            (0, _) => what,
            (line, Language::It) => format!("riga {line}: {what}"),
            (line, Language::En) => format!("line {line}: {what}"),
        }
    }
}

impl Serialize for Remark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            line: u64,
            kind: &'static str,
            what: Text,
            done: Text,
        }
        let (kind, what, done) = self.issue.words();
        Written { line: self.line, kind, what, done }.serialize(serializer)
    }
}

/// The remarks on one file, in the order in which they were made. Of each kind the first 200 are kept, so that a file
/// can't fill the memory with them.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    kept: Vec<Remark>,
    counts: HashMap<Discriminant<Issue>, u64>,
    lost_areas: bool,
}

impl Remarks {
    pub(crate) fn add(&mut self, line: u64, issue: Issue) {
        self.lost_areas |= issue.may_lose_an_area();
        let count = self.counts.entry(discriminant(&issue)).or_default();
        *count += 1;
        if *count <= KEPT {
            self.kept.push(Remark { line, issue });
        }
    }

    /// Adds one of its kind only once.
    pub(crate) fn once(&mut self, line: u64, issue: Issue) {
        if !self.counts.contains_key(&discriminant(&issue)) {
            self.add(line, issue);
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for remark in other.kept {
            self.add(remark.line, remark.issue);
        }
        self.lost_areas |= other.lost_areas;
        for (kind, count) in other.counts {
            let kept = count.min(KEPT);
            *self.counts.entry(kind).or_default() += count - kept;
        }
    }

    /// Those that are kept.
    pub fn kept(&self) -> &[Remark] {
        &self.kept
    }

    /// Whether an area that the file has may not have been read.
    pub(crate) fn lost_areas(&self) -> bool {
        self.lost_areas
    }

    /// How many there are, kept or not.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Issue, Remarks};
    use kernel::Language;

    #[test]
    fn many_of_a_kind_are_counted_and_not_kept() {
        let mut remarks = Remarks::default();
        for line in 1..=1000 {
            remarks.add(line, Issue::LineCut);
        }
        remarks.once(7, Issue::Utf8);
        remarks.once(8, Issue::Utf8);
        assert_eq!((remarks.kept().len(), remarks.count()), (201, 1001));
        let mut more = Remarks::default();
        more.add(1, Issue::LineCut);
        more.extend(remarks);
        assert_eq!((more.kept().len(), more.count()), (201, 1002));
    }

    #[test]
    fn a_remark_says_where_what_and_what_was_done() {
        let mut remarks = Remarks::default();
        remarks.add(12, Issue::VertexCount { said: 5, there: 4 });
        let remark = &remarks.kept()[0];
        assert_eq!(remark.text(Language::En), "line 12: 5 vertices are announced and 4 are there; those that are there were taken");
        assert!(remark.text(Language::It).starts_with("riga 12: annuncia 5 vertici"), "{}", remark.text(Language::It));
        let json = serde_json::to_value(remark).unwrap();
        assert_eq!((json["line"].as_u64(), json["kind"].as_str()), (Some(12), Some("vertex_count")));
    }
}
