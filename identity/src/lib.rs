//! Who is asking: accounts, how they prove who they are, and the sessions that follow.

mod account;
pub mod audit;
mod cookie;
mod failure;
mod flow;
mod identity;
pub mod keys;
mod link;
mod oidc;
mod origin;
mod passkey;
mod password;
mod sealing;
mod secret;
mod session;
mod sign_in;
mod source;
mod throttle;
mod totp;
mod web;

pub use account::{Account, Change, NewAccount, standing};
pub use failure::Failure;
pub use identity::{Identity, Parts, Settings};
pub use link::OneTimeLink;
pub use oidc::{Oidc, OidcSettings};
pub use origin::check_browser;
pub use passkey::OwnPasskey;
pub use sealing::SealingKey;
pub use secret::{Secret, Token};
pub use session::{Current, OwnSession};
pub use sign_in::{DemoPerson, PEOPLE};
pub use source::{Departure, Evidence, Source, SourceError, Unknown};
pub use throttle::Client;
pub use web::{Api, edge, routes};
