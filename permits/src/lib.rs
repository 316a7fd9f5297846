#![doc = include_str!("../README.md")]

mod advance;
mod clock;
mod correct;
pub mod demo;
mod document;
mod holidays;
mod layers;
mod list;
mod pages;
mod parties;
mod place;
mod record;
mod register;
mod rules;
mod show;
mod steps;
mod words;

use axum::Router;
use axum::routing::{get, post};
use kernel::{Module, Services, Text};

/// The theme: its layer, and its operations under `/permits/`.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module {
        id: "permits",
        title: Text::new("Edilizia", "Building permits"),
        layers: layers::all()?,
        routes: Some(routes),
        search: None,
    })
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    pages::list::handler,
    register::handler,
    pages::new::handler,
    pages::rules::handler,
    show::handler,
    correct::handler,
    advance::handler
))]
pub struct Api;

fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes = Router::new()
        .route("/permits/", get(pages::list::handler).post(register::handler))
        .route("/permits/new", get(pages::new::handler))
        .route("/permits/rules", get(pages::rules::handler))
        .route("/permits/{id}", get(show::handler).patch(correct::handler).post(correct::handler))
        .route("/permits/{id}/steps", post(advance::handler))
        .with_state(services);
    operations::for_people(routes, &context)
}
