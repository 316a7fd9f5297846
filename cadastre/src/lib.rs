#![doc = include_str!("../README.md")]

pub mod demo;
mod layers;
mod parcel;
mod search;

use kernel::{Module, Text};

pub use parcel::{ParcelNumber, ParcelRef, ReferenceError, Sheet};

/// The theme: layers, and the ways of naming a parcel in the search box.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module {
        id: "cadastre",
        title: Text::new("Catasto", "Cadastre"),
        layers: layers::all()?,
        routes: None,
        search: Some(search::lookup),
    })
}
