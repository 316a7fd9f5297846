//! `GET /openapi.json`: the operations of this program's own, as the crates describe them. The OGC API describes itself
//! at `/api`, from the catalogue.

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi;
use utoipa::openapi::{InfoBuilder, ServerBuilder};

use super::App;

/// The operations of running it.
#[derive(OpenApi)]
#[openapi(paths(super::health::alive, super::health::ready, super::metrics::handler, super::version::handler))]
struct Running;

pub(super) async fn handler(State(app): State<App>) -> Json<utoipa::openapi::OpenApi> {
    let mut document = Running::openapi();
    document.merge(catalogue::Api::openapi());
    document.merge(crs::Api::openapi());
    document.merge(tiles::Api::openapi());
    document.merge(ogc::StylesApi::openapi());
    document.info = InfoBuilder::new()
        .title("Open SIT: operations beside the OGC API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Tiles, styles, search, identify, coordinates and running it. Features are described at /api."))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url(app.context.public_url.to_string()).build()]);
    Json(document)
}
