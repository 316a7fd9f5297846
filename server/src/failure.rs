//! What a command says when it can't be done.

use std::fmt;

/// What, where, why, and what to do: written for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure of the database while doing something.
    pub(crate) fn database(doing: &str) -> impl FnOnce(sqlx::Error) -> Self + '_ {
        move |error| Self(format!("{doing}: the database answered: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<crate::cluster::ClusterError> for Failure {
    fn from(error: crate::cluster::ClusterError) -> Self {
        Self(error.to_string())
    }
}

impl From<catalogue::CatalogueError> for Failure {
    fn from(error: catalogue::CatalogueError) -> Self {
        Self(error.to_string())
    }
}
