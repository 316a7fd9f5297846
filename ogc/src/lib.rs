//! OGC APIs over any layer of the catalogue: Features part 1 (core), part 2 (coordinate systems) and, for layers that have editors,
//! part 4 (create, replace, update and delete), with JSON for programs and pages for people at the same addresses.
//!
//! This crate knows [`kernel::Layer`] and never a theme. Everything a request asks is read and checked before the first byte
//! of the answer; items are streamed, their positions transformed by crate `crs` on the way.

mod api;
mod app;
mod collections;
mod conformance;
mod fields;
mod geojson;
mod html;
mod items;
mod landing;
mod path;
mod schema;
mod styles;
#[cfg(test)]
mod testing;
mod write;

pub use app::Door;
pub use styles::{Fault as StyleFault, StylesApi, check_style, colours, drawn};
pub use write::{MAX_BODY_BYTES, MAX_POSITIONS};

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use catalogue::Catalogue;
use kernel::{Context, Journal};
use operations::{links, reply};

use app::App;
use path::{CollectionPath, ItemPath};

/// The routes: `/`, `/conformance`, `/api`, `/collections…`.
///
/// `settings` say which datum parameters hold where this installation lies; `journal` is told of each change of a feature; `doors` are
/// what the first page leads people to, beside the map and the data.
pub fn routes(context: Context, catalogue: Catalogue, settings: crs::Settings, journal: Arc<dyn Journal>, doors: Vec<Door>) -> Router {
    let app = App { doors: doors.into(), ..App::new(context.clone(), catalogue.clone(), settings, journal) };
    let items = write::routes().route_layer(from_fn_with_state(app.clone(), items::damage::guard));
    Router::new()
        .route("/", get(landing::handler))
        .route("/api", get(api::handler))
        .route("/conformance", get(conformance::handler))
        .route("/collections", get(collections::list))
        .route("/collections/{collection}", get(collections::get))
        .merge(items)
        .merge(write::transactions())
        .route("/collections/{collection}/queryables", get(schema::queryables_handler))
        .route("/collections/{collection}/sortables", get(schema::sortables_handler))
        .route("/collections/{collection}/schema", get(schema::schema))
        .with_state(app)
        .merge(styles::routes(context, catalogue))
}
