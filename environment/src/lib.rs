#![doc = include_str!("../README.md")]

mod alerts;
mod at;
mod burnt;
mod datasets;
pub mod demo;
mod home;
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

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    home::handler,
    at::handler,
    datasets::list::handler,
    datasets::upload::handler,
    datasets::page::handler,
    datasets::in_force::handler,
    datasets::withdraw::handler,
    burnt::list::handler,
    burnt::page::handler,
    trees::list::handler,
    trees::page::handler,
    trees::inspect::handler,
    alerts::page::handler,
    alerts::import::handler
))]
pub struct Api;

fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes = Router::new()
        .route("/environment/", get(home::handler))
        .route("/environment/at", get(at::handler))
        .route("/environment/datasets/", get(datasets::list::handler).post(datasets::upload::handler))
        .route("/environment/datasets/{id}", get(datasets::page::handler))
        .route("/environment/datasets/{id}/in-force", post(datasets::in_force::handler))
        .route("/environment/datasets/{id}/withdraw", post(datasets::withdraw::handler))
        .route("/environment/burnt-areas/", get(burnt::list::handler))
        .route("/environment/burnt-areas/{id}", get(burnt::page::handler))
        .route("/environment/trees/", get(trees::list::handler))
        .route("/environment/trees/{id}", get(trees::page::handler))
        .route("/environment/trees/{id}/inspections", post(trees::inspect::handler))
        .route("/environment/alerts", get(alerts::page::handler))
        .route("/environment/bulletins", post(alerts::import::handler))
        .with_state(services);
    operations::for_people(routes, &context)
}
