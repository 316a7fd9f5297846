//! The theme through its router, on a real database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod alerts;
mod burnt;
mod place;
mod scene;
mod surveys;
mod town;
mod trees;
