//! `GET /metrics`, in the text format of Prometheus: requests, pools, and what the feed and the tiles record.

use std::time::Instant;

use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::response::{IntoResponse, Response};
use http::header;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::App;
use crate::failure::Failure;

/// Seconds, from a warm tile to a time-out.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Makes the recorder that the whole program counts with.
pub(super) fn install() -> Result<PrometheusHandle, Failure> {
    PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|e| Failure::new(format!("metrics can't be recorded: {e}")))
}

/// Counts a request by its route, never by its address, which may say where somebody looks.
pub(super) async fn count(request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |p| p.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let start = Instant::now();
    let response = next(request).await;
    let seconds = start.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    metrics::counter!("http_requests_total", "route" => route.clone(), "method" => method.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route.clone()).record(seconds);
    tracing::debug!(%method, route, status, duration_ms = seconds * 1e3, "answered");
    response
}

#[utoipa::path(get, path = "/metrics", tag = "running", responses((status = 200, description = "Metrics in the text format of Prometheus")))]
pub(super) async fn handler(State(app): State<App>, Extension(recorder): Extension<PrometheusHandle>) -> Response {
    for (name, pool) in [("main", &app.context.database), ("tiles", &app.context.tiles_database)] {
        let (all, idle) = pool.connections();
        metrics::gauge!("pool_connections", "pool" => name).set(f64::from(all));
        metrics::gauge!("pool_idle_connections", "pool" => name).set(idle as f64);
    }
    recorder.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], recorder.render()).into_response()
}
