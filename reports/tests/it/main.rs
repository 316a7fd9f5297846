//! The desk behind its router, on a real database: citizens, the office, programs, and those who mean harm.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails by panicking")]

mod citizens;
mod lists;
mod office;
mod open311;
mod photos;
mod scene;
mod walls;
