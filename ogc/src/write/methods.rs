//! `OPTIONS`: what somebody can do at an address. QGIS asks it, and opens a layer for editing by what `Allow` has.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::Problem;

use super::{FEATURE, PATCH};
use crate::{App, CollectionPath, ItemPath};
use operations::Request;

/// What everybody does who sees a layer.
pub(crate) const READ: &str = "GET, HEAD, OPTIONS";

pub(crate) async fn of_items(app: App, path: CollectionPath, request: Request) -> Result<Response, Problem> {
    answer(&app, &path.collection, &request, "GET, HEAD, OPTIONS, POST", ("accept-post", FEATURE.join(", ")))
}

/// Without a look at the feature: it is the layer that is edited or not, and an id tells nothing.
pub(crate) async fn of_item(app: App, path: ItemPath, request: Request) -> Result<Response, Problem> {
    answer(&app, &path.collection, &request, "GET, HEAD, OPTIONS, PUT, PATCH, DELETE", ("accept-patch", PATCH.join(", ")))
}

fn answer(
    app: &App,
    collection: &str,
    request: &Request,
    all: &'static str,
    (name, types): (&'static str, String),
) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, collection)?;
    let editable = request.who.may_edit(&entry.layer) && entry.layer.takes_features();
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(if editable { all } else { READ }));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if editable && let Ok(types) = HeaderValue::try_from(types) {
        headers.insert(name, types);
    }
    Ok(response)
}
