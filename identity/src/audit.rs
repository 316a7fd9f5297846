//! What was done, by whom: an append-only log, chained by hashes.
//!
//! [`record`] adds an entry in the transaction of what it tells of: both are there or neither. Writers do not wait for each other,
//! for the chain is made afterwards by one [`Sealer`], which takes entries whose transactions, and all older ones, have ended. An
//! entry's hash is SHA-256 over the hash before it and its own bytes ([`entry`] says which), so that whoever changes, removes or
//! moves a sealed one must make all later hashes anew; [`verify()`](verify) finds where. Against somebody who does make them anew,
//! and the head too, only a copy of the head that he can't reach helps: `opensit audit verify` prints it, and compares with one.
//!
//! Entries hold no personal data but the name of who acted; details are words of ours, identifiers and numbers.

mod entry;
mod export;
mod http;
mod record;
mod seal;
mod verify;

pub use self::entry::{Entry, Hash};
pub use self::export::{ExportError, export};
pub use self::http::{Api, Pages, routes};
pub use self::record::{Action, Event, record, record_apart};
pub use self::seal::Sealer;
pub use self::verify::{Break, Head, Report, verify};
