//! The words that every other crate shares.
//!
//! `kernel` imports none of our crates, opens no socket and knows no theme by name. What stands here is vocabulary:
//! [`Layer`] (what is on the map), [`Module`] (how a theme plugs in), [`Srid`], [`Bbox`] and [`TileCoord`] (where),
//! [`Filter`] (which rows), [`Principal`] and [`Client`] (who asks, and from where), [`Problem`] (what a client is told when it goes wrong),
//! [`Database`] (connections, for somebody),
//! [`Context`] and [`Services`] (what an operation is given), [`Vault`] (what must not be readable in the database), [`Journal`] (who keeps a log of changes) and [`Clock`] (what time it is).

mod bbox;
mod change;
mod client;
mod clock;
mod context;
mod database;
pub mod filter;
pub mod idempotency;
mod journal;
pub mod layer;
mod module;
mod name;
mod params;
mod principal;
mod problem;
mod srid;
mod text;
mod tile;
mod vault;

pub use bbox::{Bbox, BboxError};
pub use change::{Change, Changed, GuardedRows, Position, PositionError};
pub use client::Client;
pub use clock::{Clock, SystemClock, midnight_in_rome};
pub use context::{AddressToken, Context, Installation, PublicUrl};
pub use database::{Database, Session};
pub use filter::Filter;
pub use journal::{Action, Edit, Journal, Pending};
pub use layer::Layer;
pub use module::{Asking, Layers, Lookup, Module, OnIt, Services};
pub use name::{Column, LayerId, NameError, TableName};
pub use params::Params;
pub use principal::{Assurance, Comuni, KeyScope, Principal, Role};
pub use problem::Problem;
pub use srid::Srid;
pub use text::{Language, Text};
pub use tile::{TileCoord, TileCoordError};
pub use vault::Vault;
