#![doc = include_str!("../README.md")]

pub mod census;
pub mod check;
pub mod cxf;
pub mod demo;
pub mod files;
pub mod gml;
pub mod holdings;
mod layers;
mod lines;
mod number;
mod parcel;
mod people;
pub mod remark;
mod search;
pub mod sheet_map;
pub mod sup;

use axum::Router;
use kernel::{Module, Services, Text};

pub use parcel::{MapName, ParcelNumber, ParcelRef, Reference, ReferenceError, Sheet, Short, UnionName};

/// The theme: layers, and the ways of naming a parcel in the search box.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module {
        id: "cadastre",
        title: Text::new("Catasto", "Cadastre"),
        layers: layers::all()?,
        routes: Some(routes),
        search: Some(search::lookup),
    })
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(people::form::handler, people::find::handler, people::show::handler))]
pub struct Api;

fn routes(services: Services) -> Router {
    people::routes(services)
}
