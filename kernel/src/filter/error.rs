use std::fmt;

use crate::Problem;

/// Why a filter can't be used: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The place in the document, as a JSON pointer (RFC 6901); empty for the whole.
    pub at: String,
    /// What is wrong with it, and what would be right.
    pub what: String,
    /// The place in a text, characters from 1.
    pub position: Option<usize>,
}

impl FilterError {
    /// An error at a place of the document.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), position: None }
    }

    /// An error of a text, of which nothing closer is known than that it is somewhere from the beginning on.
    pub(super) fn in_text(self) -> Self {
        Self { position: self.position.or(Some(1)), ..self }
    }

    pub(super) fn at_character(position: usize, what: impl Into<String>) -> Self {
        Self { at: String::new(), what: what.into(), position: Some(position) }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "the filter, at character {position}: {}", self.what),
            None if self.at.is_empty() => write!(f, "the filter: {}", self.what),
            None => write!(f, "the filter, at {}: {}", self.at, self.what),
        }
    }
}

impl std::error::Error for FilterError {}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        let problem = Self::invalid_parameter(
            "filter",
            error.to_string(),
            "CQL2 over the queryables of the layer (`filter-lang`: cql2-text, cql2-json)",
        );
        match error.position {
            Some(position) => problem.with("position", position),
            None => problem.with("pointer", error.at),
        }
    }
}
