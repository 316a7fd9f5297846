//! What every request goes through on its way in, and every answer on its way out. Each step is a function that is given the request and what
//! comes after it. They are called one within another: a layer of the router each would cost every tile some ten allocations more.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use feed::Feed;
use futures::FutureExt;
use identity::keys::rates;
use kernel::Context;

use super::headers::Headers;
use super::proxy::Proxies;
use super::streams::Streams;
use super::who::{self, Who};
use super::{after, arriving, compression, cors, errors, headers, host, metrics, proxy, purpose, request_id, streams};
use crate::config::{Limits, Origins};

/// What the steps need.
pub(super) struct Edge {
    pub(super) proxies: Proxies,
    pub(super) headers: Headers,
    pub(super) origins: Origins,
    pub(super) streams: Streams,
    pub(super) limits: Limits,
    pub(super) who: Arc<Who>,
    pub(super) context: Context,
    pub(super) feed: Feed,
}

/// All steps; what comes last is farthest out.
pub(super) async fn through(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let next = async |request| next.run(request).await;
    let next = async |request| after::wait(&edge.feed, request, next).await;
    let next = async |request| metrics::count(request, next).await;
    let next = async |request| purpose::read(&edge.context, request, next).await;
    let next = async |request| who::find(&edge.who, request, next).await;
    let next = async |request| arriving::limit(&edge.limits, request, next).await;
    let next = async |request| streams::count(&edge.streams, request, next).await;
    let next = async |request| rates::limit_networks(&edge.who.rates, request, next).await;
    let next = async |request| AssertUnwindSafe(next(request)).catch_unwind().await.unwrap_or_else(errors::panicked);
    let next = async |request| request_id::tell(request, next).await;
    // as one, the type of all steps is too deep for the compiler
    let next = async |request| Box::pin(host::one(request, next)).await;
    let next = async |request| compression::compress(request, next).await;
    let next = async |request| cors::answer(&edge.origins, request, next).await;
    let next = async |request| headers::add(&edge.headers, request, next).await;
    let next = async |request| proxy::read(&edge.proxies, request, next).await;
    request_id::name(&edge.proxies, request, next).await
}
