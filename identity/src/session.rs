//! Sessions: rows, so that any process knows them and any can end them.

mod cache;
mod end;
mod list;
mod open;
mod resolve;

use chrono::{DateTime, Utc};
use kernel::{Assurance, Principal};
use uuid::Uuid;

pub(crate) use cache::Cache;
pub use list::OwnSession;
pub(crate) use open::Opening;

/// The session that a request came with: put into its extensions beside the [`Principal`].
#[derive(Clone, Debug)]
pub struct Current {
    /// Names the session to its owner; opens nothing.
    pub id: Uuid,
    /// Whose it is.
    pub account: Uuid,
    /// Who that is.
    pub principal: Principal,
    /// Their address.
    pub email: Option<String>,
    /// How they proved it: `password`, `passkey`, `link`, `demo`, or a source's id.
    pub method: String,
    /// Ends at the latest then.
    pub expires_at: DateTime<Utc>,
}

pub(crate) fn assurance_name(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::None | Assurance::Low => "low",
        Assurance::Substantial => "substantial",
        Assurance::High => "high",
    }
}

pub(crate) fn assurance_named(name: &str) -> Assurance {
    match name {
        "high" => Assurance::High,
        "substantial" => Assurance::Substantial,
        _ => Assurance::Low,
    }
}
