//! Pages and operations under `/cadastre/`: where one begins, and what is known of a parcel.

mod census;
mod document;
mod find;
mod html;
mod lineage;
mod neighbours;
mod owners;
mod pdf;
mod plan;
mod record;
mod show;
mod start;
mod tables;
pub(crate) mod words;

use axum::Router;
use axum::routing::get;
use kernel::Services;

/// The layer that the pages are of.
const PARCELS: &str = "parcels";
/// The layer of this theme that is told of with those of others: what stands on the parcel.
const BUILDINGS: &str = "buildings";

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(start::handler, show::handler))]
pub struct Api;

pub(crate) fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes =
        Router::new().route("/cadastre/", get(start::handler)).route("/cadastre/parcels/{ref}", get(show::handler)).with_state(services);
    operations::for_people(routes, &context)
}

/// The path of a parcel's page.
fn path(id: &str) -> String {
    format!("/cadastre/parcels/{}", operations::links::encode(id))
}
