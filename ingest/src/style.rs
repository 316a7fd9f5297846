//! How a layer that is made of a file is drawn: quietly at first, and in ways that its values propose.

mod breaks;
mod figures;
mod look;
mod proposal;
mod rank;
mod words;

pub(crate) use look::default_style;
pub use proposal::{Asked, Kind, LegendLine, Proposal, propose};
