use std::fmt;

use crate::Problem;

/// Why a filter can't be used: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The place in the document, as a JSON pointer (RFC 6901); empty for the whole.
    pub at: String,
    /// What is wrong with it, and what would be right.
    pub what: String,
}

impl FilterError {
    pub(super) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { write!(f, "the filter: {}", self.what) } else { write!(f, "the filter, at {}: {}", self.at, self.what) }
    }
}

impl std::error::Error for FilterError {}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::invalid_parameter("filter", error.to_string(), "CQL2-JSON over this layer's queryables").with("pointer", error.at)
    }
}
