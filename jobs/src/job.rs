use std::fmt;

use kernel::Principal;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Names a job. It can't be guessed, but is no secret either: who may see the job is decided by who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for a worker, or for its next attempt.
    Queued,
    /// A worker has it.
    Running,
    /// It ended well.
    Done,
    /// It failed for good.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl State {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }

    /// Its name in JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A job as its handler gets it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// Which handler it is for.
    pub kind: String,
    /// What was asked for.
    pub payload: Value,
    /// Who asked: the work is done in their name, with their rights at the time they asked.
    pub who: Principal,
    /// Which attempt this is, from 1.
    pub attempt: i32,
}

impl Job {
    /// What was asked for, as the handler's own type. A payload that is none will not be one at the next attempt either.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.payload.clone()).map_err(|e| Failure::Final(format!("the job can't be read: {e}")))
    }
}

/// What a job leaves, to be fetched until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its media type.
    pub media_type: String,
    /// The name under which it is saved.
    pub name: Option<String>,
    /// Its bytes, [`Output::MAX_BYTES`] at most.
    pub content: Vec<u8>,
}

impl Output {
    /// The longest result kept. Larger ones belong into a table or an attachment of their own.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// A JSON document.
    pub fn json(document: &Value) -> Self {
        Self { media_type: "application/json".to_owned(), name: None, content: document.to_string().into_bytes() }
    }
}

/// How an attempt failed. The text is shown to who asked for the job: it names no password and no other person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may go better another time: something was away.
    #[error("{0}")]
    Again(String),
    /// It will never go better.
    #[error("{0}")]
    Final(String),
    /// The handler stopped because it was told to.
    #[error("cancelled")]
    Cancelled,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        tracing::warn!(cause = %error, "a job's question to the database failed");
        Self::Again("the database did not answer".to_owned())
    }
}
