#![doc = include_str!("../README.md")]

pub mod demo;
mod layers;

use kernel::{Module, Text};

/// The theme: layers alone, no routes.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module { id: "territory", title: Text::new("Territorio", "Territory"), layers: layers::all()?, routes: None, search: None })
}
