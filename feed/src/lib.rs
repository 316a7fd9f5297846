//! The change feed: logical replication in, events out, in commit order.
//!
//! [`Feed::start`] returns at once and connects in the background, since making a replication slot waits for every open
//! writer of the database, however long somebody else's transaction takes. From then on each commit that touches a layer
//! is a [`kernel::Change`] for each layer it touches, typically within milliseconds, with the rectangle (CRS84) round the
//! old and new places of its rows. A change of `opensit.layers` reloads the [`catalogue::Catalogue`] first and is told then.
//!
//! Nothing is told before readers of the database see it.
//!
//! Readers [`subscribe`](Feed::subscribe), with the position of the last change they know if they have one. What they
//! get has neither gaps nor doubles; where that can't be had (they were away too long, they read too slowly, the server
//! was down, the slot was lost) they are told [`kernel::Changed::Everything`], and look again.
//!
//! The slot is made by SQL, named after the installation and the run, dropped at an orderly exit; what a killed run left
//! behind is dropped at the next start. It holds no data: nothing is lost with it but the knowledge of what changed
//! meanwhile, and then everything is said to have.
//!
//! Where logical replication is not allowed ([`Way::Journal`]) triggers write down what was touched, and the same is told from that: `journal`.

mod config;
mod copies;
pub mod ewkb;
mod hub;
mod journal;
mod monitor;
mod pgoutput;
mod places;
mod run;
mod slot;
mod status;
mod transaction;
mod visible;

pub use config::{FeedConfig, Tls, Way};
pub use copies::{Copies, RowChange, StreamedColumn, StreamedRow};
pub use hub::{Commit, Subscription};
pub use run::{Feed, Teller};
pub use status::{FeedState, FeedStatus};
