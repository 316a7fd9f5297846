#![doc = include_str!("../README.md")]

mod acts;
mod category;
mod create;
pub mod demo;
mod desk;
mod follow;
mod form;
mod heat;
mod icons;
mod layers;
mod list;
mod near;
mod open311;
mod photo;
mod rates;
mod receive;
mod record;
mod secret;
mod states;
mod submit;
mod support;

use axum::Router;
use axum::routing::{get, post};
use kernel::{Module, Services, Text};

pub use open311::Api as Open311Api;
pub use photo::{PHOTO_JOB, write_anew};

/// The theme.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    let title = Text::new("Segnalazioni", "Citizens' reports");
    Ok(Module { id: "reports", title, layers: layers::all()?, routes: Some(routes), search: None })
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list::handler,
    create::handler,
    form::handler,
    near::handler,
    heat::handler,
    follow::handler,
    follow::note::handler,
    follow::contact::handler,
    follow::photo::handler,
    record::handler,
    support::handler,
    acts::approve::handler,
    acts::reject::handler,
    acts::assign::handler,
    acts::answer::handler,
    acts::merge::handler,
    acts::close::handler
))]
pub struct Api;

/// Under `/reports`.
fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes = Router::new()
        .route("/reports/", get(list::handler).post(create::handler))
        .route("/reports/new", get(form::handler))
        .route("/reports/near", get(near::handler))
        .route("/reports/times", get(heat::handler))
        .route("/reports/follow/{secret}", get(follow::handler))
        .route("/reports/follow/{secret}/note", post(follow::note::handler))
        .route("/reports/follow/{secret}/contact", post(follow::contact::handler))
        .route("/reports/follow/{secret}/photo", post(follow::photo::handler))
        .route("/reports/{id}", get(record::handler))
        .route("/reports/{id}/support", post(support::handler))
        .route("/reports/{id}/approve", post(acts::approve::handler))
        .route("/reports/{id}/reject", post(acts::reject::handler))
        .route("/reports/{id}/assign", post(acts::assign::handler))
        .route("/reports/{id}/answer", post(acts::answer::handler))
        .route("/reports/{id}/merge", post(acts::merge::handler))
        .route("/reports/{id}/close", post(acts::close::handler))
        .with_state(desk::Desk::new(services));
    operations::for_people(routes, &context)
}

/// Open311 GeoReport v2, whose clients know the addresses below `/open311/v2` alone (ADR 19).
pub fn open311(services: Services) -> Router {
    open311::routes(desk::Desk::new(services))
}
