//! Drives the built program as its users do: starts it, asks it over HTTP, runs its commands and other people's clients.
//! A test that can't run fails; nothing is skipped.

#![allow(clippy::expect_used, clippy::panic, reason = "this crate is for tests alone")]

mod answer;
mod events;
mod program;
mod town;

pub use answer::Answer;
pub use events::Events;
pub use program::{Output, opensit, run};
pub use town::{Server, Town, send};
