//! What leads to a session.

mod code;
mod demo;
mod first;
mod password;
mod vouched;

pub use demo::{DemoPerson, PEOPLE};
