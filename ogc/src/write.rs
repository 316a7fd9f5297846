//! Features of layers that have editors are made, replaced, changed and deleted (OGC API Features 4, draft: create, replace, update,
//! delete; optimistic locking by entity tags).
//!
//! What is sent is checked as a whole against the layer's fields, lists, constraints and geometry type before anything is written;
//! 422 tells all that is wrong, with places. A change is one transaction: row, history, journal and the answer that an
//! idempotency key is given for are there together or not at all. Rows are looked for as their editor sees them and locked; the
//! policies of row-level security hold whatever is said here.

mod answer;
mod ask;
mod assign;
mod body;
mod change;
pub(crate) mod columns;
mod failure;
mod geometry;
mod history;
mod methods;
mod past;
mod restore;
mod rows;
mod run;
mod transactions;
mod value;

use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use kernel::{Action, Problem};

pub use body::{MAX_BODY_BYTES, MAX_POSITIONS};
pub(crate) use transactions::MAX_CHANGES;

use ask::Ask;
use body::Given;
use change::{Change, changeable};
use run::{Task, run};

use crate::app::App;
use crate::items::{self, item};
use crate::links::media;
use crate::{CollectionPath, ItemPath};

/// The media types of a feature, and of a part of one.
const FEATURE: [&str; 2] = [media::GEOJSON, media::JSON];
pub(crate) const PATCH: [&str; 3] = ["application/merge-patch+json", media::GEOJSON, media::JSON];

/// The addresses of features, to read and to write, and those round them.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/collections/{collection}/items", get(items::handler).post(create).options(methods::of_items))
        .route(
            "/collections/{collection}/items/{feature}",
            get(item::handler).put(replace).patch(update).delete(delete).options(methods::of_item),
        )
        .route("/collections/{collection}/items/{feature}/history", get(history::handler))
        .route("/collections/{collection}/items/{feature}/history/{version}/restore", post(restore::handler))
        .layer(map_response(allow))
}

/// What can be done at an address of a layer that nobody changes.
async fn allow(mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().entry(header::ALLOW).or_insert(HeaderValue::from_static(methods::READ));
    }
    response
}

/// The address of several changes.
pub(crate) fn transactions() -> Router<App> {
    Router::new().route("/transactions", post(transactions::handler))
}

/// `POST /collections/{id}/items`.
async fn create(app: App, path: CollectionPath, ask: Ask, body: Body) -> Result<Response, Problem> {
    one(&app, &path.collection, String::new(), ask, body, Action::Create).await
}

/// `PUT /collections/{id}/items/{featureId}`.
async fn replace(app: App, path: ItemPath, ask: Ask, body: Body) -> Result<Response, Problem> {
    one(&app, &path.collection, path.feature, ask, body, Action::Replace).await
}

/// `PATCH /collections/{id}/items/{featureId}`: a merge patch (RFC 7396) of properties and geometry.
async fn update(app: App, path: ItemPath, ask: Ask, body: Body) -> Result<Response, Problem> {
    one(&app, &path.collection, path.feature, ask, body, Action::Update).await
}

/// `DELETE /collections/{id}/items/{featureId}`.
async fn delete(app: App, path: ItemPath, ask: Ask) -> Result<Response, Problem> {
    one(&app, &path.collection, path.feature, ask, Body::empty(), Action::Delete).await
}

async fn one(app: &App, collection: &str, id: String, ask: Ask, body: Body, action: Action) -> Result<Response, Problem> {
    // before a byte of the body is read
    let entry = changeable(app, &ask.request.who, collection)?;
    ask.request.only(&["crs"])?;
    let (bytes, given) = match action {
        Action::Delete => Default::default(),
        _ => {
            let types: &[&str] = if action == Action::Update { &PATCH } else { &FEATURE };
            let bytes = ask.body(body, types, MAX_BODY_BYTES).await?;
            let given: Given = body::read(&bytes)?;
            check_kind(&given, action)?;
            (bytes, given)
        }
    };
    let change = Change { action, entry, id, state: ask.state.clone(), given, crs: ask.crs, restored: None };
    run(app, &ask, ask.reason.as_deref(), &bytes, Task::One(Box::new(change))).await
}

/// One feature, not a collection of them.
fn check_kind(given: &Given, action: Action) -> Result<(), Problem> {
    match (given.kind.as_deref(), action) {
        (Some("Feature"), _) | (None, Action::Update | Action::Delete) => Ok(()),
        _ => Err(Problem::bad_request("the body is to be one GeoJSON feature, with `\"type\": \"Feature\"`")),
    }
}
