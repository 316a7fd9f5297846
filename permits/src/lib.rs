#![doc = include_str!("../README.md")]

pub mod demo;

use kernel::{Module, Text};

/// The theme.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module { id: "permits", title: Text::new("Edilizia", "Building permits"), layers: Vec::new(), routes: None, search: None })
}
