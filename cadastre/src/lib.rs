#![doc = include_str!("../README.md")]

mod adjust;
pub mod census;
pub mod check;
pub mod cxf;
pub mod demo;
pub mod dxf;
pub mod export;
pub mod files;
pub mod gml;
pub mod holdings;
mod layers;
mod lines;
mod number;
mod origin;
mod page;
mod parcel;
mod people;
pub mod register;
pub mod remark;
mod search;
pub mod sheet_map;
pub mod sup;

use axum::Router;
use kernel::{Module, Services, Text};

pub use adjust::{AdjustError, Adjustment, ControlPoint, Freedom};
pub use origin::{Origin, OriginEllipsoid};
pub use page::Api;
pub use parcel::{MapName, ParcelNumber, ParcelRef, Reference, ReferenceError, Sheet, Short, UnionName};
pub use people::Api as PeopleApi;

/// The theme: layers, the pages under `/cadastre/`, and the ways of naming a parcel in the search box.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module {
        id: "cadastre",
        title: Text::new("Catasto", "Cadastre"),
        layers: layers::all()?,
        routes: Some(routes),
        search: Some(search::lookups),
    })
}

/// Under `/cadastre`.
fn routes(services: Services) -> Router {
    page::routes(services.clone()).merge(people::routes(services))
}
