#![doc = include_str!("../README.md")]

mod alerts;
mod at;
mod burnt;
mod datasets;
pub mod demo;
mod kind;
mod layers;
mod shown;
mod trees;

pub use alerts::bulletin::{Bulletin, Fault as BulletinFault};
pub use alerts::import::{Imported, import};

use axum::Router;
use axum::routing::{get, post};
use kernel::{Module, Services, Text};

/// The theme.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    let title = Text::new("Ambiente e protezione civile", "Environment and civil protection");
    Ok(Module { id: "environment", title, layers: layers::all()?, routes: Some(routes), search: None })
}

fn routes(services: Services) -> Router {
    let context = services.context.clone();
    Router::new()
        .route("/at", get(at::handler))
        .route("/datasets/", get(datasets::list::handler).post(datasets::upload::handler))
        .route("/datasets/{id}", get(datasets::page::handler))
        .route("/datasets/{id}/in-force", post(datasets::in_force::handler))
        .route("/datasets/{id}/withdraw", post(datasets::withdraw::handler))
        .route("/burnt-areas/", get(burnt::list::handler))
        .route("/burnt-areas/{id}", get(burnt::page::handler))
        .route("/trees/", get(trees::list::handler))
        .route("/trees/{id}", get(trees::page::handler))
        .route("/trees/{id}/inspections", post(trees::inspect::handler))
        .route("/alerts", get(alerts::page::handler))
        .route("/bulletins", post(alerts::import::handler))
        .layer(axum::middleware::from_fn_with_state(context, operations::people))
        .with_state(services)
}
