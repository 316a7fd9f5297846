//! A layer as a file, asked for over HTTP and written as a job: what whoever asked may see when it is written.

mod ask;
mod order;
mod work;

use axum::Router;
use axum::routing::post;
use catalogue::Catalogue;
use jobs::{Room, Worker};
use kernel::{Context, LayerId};
use sqlx::PgPool;

/// The jobs' kind.
const KIND: &str = "export";
/// What one person may have of them.
const ROOM: Room = Room { at_once: 3, kept: 20 };

/// What exports are made from.
#[derive(Clone)]
pub(crate) struct Exports {
    pub(crate) context: Context,
    pub(crate) catalogue: Catalogue,
    /// Connections as the owner: which deliveries a layer had is nobody else's to read.
    pub(crate) owner: PgPool,
    pub(crate) crs: crs::Settings,
}

/// The route.
pub(crate) fn routes(exports: Exports) -> Router {
    Router::new().route("/collections/{collection}/export", post(ask::handler)).with_state(exports)
}

/// The worker with the handler.
pub(crate) fn on(worker: Worker, exports: Exports) -> Worker {
    worker.on(KIND, move |job, progress| work::work(exports.clone(), job, progress))
}

/// What `/openapi.json` says of the address.
#[derive(utoipa::OpenApi)]
#[openapi(paths(ask::handler))]
pub(crate) struct Api;

/// The name under which a file of a layer is saved.
fn file_name(layer: &LayerId, format: ingest::Format) -> String {
    match format {
        ingest::Format::Shp => format!("{layer}.shp.zip"),
        other => format!("{layer}.{}", other.name()),
    }
}

fn media_type(format: ingest::Format) -> &'static str {
    match format {
        ingest::Format::Gpkg => "application/geopackage+sqlite3",
        ingest::Format::Fgb => "application/flatgeobuf",
        ingest::Format::GeoJson => "application/geo+json",
        ingest::Format::Csv => "text/csv; charset=utf-8",
        ingest::Format::Shp => "application/zip",
        ingest::Format::Dxf => "image/vnd.dxf",
        ingest::Format::Kml => "application/vnd.google-earth.kml+xml",
    }
}
