//! What is looked for in every load, how bad it is, and what was found. Rules are data: a plan sets their severities.

mod accents;
mod checker;
mod found;
mod overlap;
mod placed;
mod register;
mod severity;

pub(crate) use checker::{Checker, Facts};
pub(crate) use found::Findings;
pub use found::{Example, Finding, Picture};
pub(crate) use overlap::Areas;
pub(crate) use placed::look_at_placed;
pub use register::Rule;
pub use severity::{Rules, Severity, Thresholds};
