//! Answers kept for a day, for who asks again with the same key because the first answer did not arrive.

use kernel::idempotency::Error;
pub(crate) use kernel::idempotency::{begin, keep};

use super::failure::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            Error::Problem(problem) => problem.into(),
        }
    }
}
