//! Keys of programs: `sit_<id>_<secret>`, as the password of HTTP Basic (with any user name) or as `X-API-Key`.
//!
//! The id is public; the secret is 256 random bits, shown once and kept as its SHA-256, which is enough for a secret that can't
//! be guessed. A key is looked up by its id; whether there is one or not, one query is made and one hash compared, in
//! constant time. Only keys that were right are remembered, for [`Keys::REMEMBERED`]: so soon a revocation holds in every
//! process, and at once in the one that did it.
//!
//! For tiles, which browsers and map libraries fetch by address alone, a [`token::Signer`] makes short-lived, read-only tokens. How
//! often a key or a network may ask is a matter of [`rates::Rates`].

mod check;
mod create;
mod http;
mod list;
mod presented;
pub mod rates;
mod revoke;
mod standing;
mod text;
pub mod token;

use chrono::{DateTime, Utc};
use kernel::LayerId;
use uuid::Uuid;

pub use self::check::Keys;
pub use self::create::{KeyError, NewKey, create};
pub use self::http::{Api, LayerRule, Pages, routes};
pub use self::list::list;
pub use self::revoke::revoke;
pub use self::text::KeyText;

/// A key as its administrator sees it. The secret is not part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The public part.
    pub id: String,
    /// What it is for, in the words of who made it.
    pub name: String,
    /// Whether it may also edit.
    pub edit: bool,
    /// Only these layers; `None`: those that staff may read.
    pub layers: Option<Vec<LayerId>>,
    /// Only rows of these comuni, by ISTAT code; `None`: of all.
    pub comuni: Option<Vec<String>>,
    /// How often it may ask; `None`: as often as the settings say.
    pub requests_per_minute: Option<i32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The account that made it; `None`: the operator.
    pub created_by: Option<Uuid>,
    /// That account's name.
    pub creator: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to a minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
}
