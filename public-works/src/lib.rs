#![doc = include_str!("../README.md")]

mod codes;
pub mod demo;
mod layers;
pub mod opencup;
mod ordinances;
mod place;
mod shown;
mod works;

use axum::Router;
use axum::routing::{get, post};
use kernel::{Module, Services, Text};

/// The theme: works and road ordinances, and their operations under `/public-works/`.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module {
        id: "public-works",
        title: Text::new("Lavori pubblici", "Public works"),
        layers: layers::all()?,
        routes: Some(routes),
        search: None,
    })
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    works::list::handler,
    works::create::handler,
    works::new::handler,
    works::to_draw::handler,
    works::import::handler,
    ordinances::feed::handler,
    ordinances::list::handler,
    ordinances::register::handler,
    ordinances::new::handler,
    ordinances::show::handler,
    ordinances::extend::handler,
    ordinances::revoke::handler,
    works::show::handler,
    works::correct::handler,
    works::state::handler,
    works::progress::handler,
    works::funding::handler,
    works::phases::handler,
    works::cigs::handler
))]
pub struct Api;

fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes = Router::new()
        .route("/public-works/", get(works::list::handler).post(works::create::handler))
        .route("/public-works/new", get(works::new::handler))
        .route("/public-works/to-draw", get(works::to_draw::handler))
        .route("/public-works/opencup", post(works::import::handler))
        .route("/public-works/ordinances.geojson", get(ordinances::feed::handler))
        .route("/public-works/ordinances/", get(ordinances::list::handler).post(ordinances::register::handler))
        .route("/public-works/ordinances/new", get(ordinances::new::handler))
        .route("/public-works/ordinances/{id}", get(ordinances::show::handler))
        .route("/public-works/ordinances/{id}/extend", post(ordinances::extend::handler))
        .route("/public-works/ordinances/{id}/revoke", post(ordinances::revoke::handler))
        .route("/public-works/{id}", get(works::show::handler).post(works::correct::handler))
        .route("/public-works/{id}/state", post(works::state::handler))
        .route("/public-works/{id}/progress", post(works::progress::handler))
        .route("/public-works/{id}/funding", post(works::funding::handler))
        .route("/public-works/{id}/phases", post(works::phases::handler))
        .route("/public-works/{id}/cigs", post(works::cigs::handler))
        .with_state(services);
    operations::for_people(routes, &context)
}
