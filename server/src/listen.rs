//! Takes connections and speaks HTTP/1.1 over them, within limits: axum's own loop has no time-out for a head that comes a byte at a
//! time, and takes as many connections as come. HTTP/2 is a proxy's business, and so are its attacks.

mod bound;
mod files;
mod held;
mod patience;
mod places;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

pub(crate) use bound::Bound;
pub(crate) use held::Held;

use crate::config::{Limits, Network};
use patience::Patience;
use places::{Place, Places};

/// Waited after a connection that the system could not give us: it has no files left, and that passes.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves until `stop` ends; then takes no more connections, closes those that rest, and ends when the last answer has been sent.
pub(crate) async fn serve(listener: TcpListener, router: Router, limits: &Limits, trusted: &[Network], stop: impl Future<Output = ()>) {
    let places = Places::new(limits, files::connections(limits.connections), trusted);
    let protocol = protocol(limits);
    let patience = Duration::from_secs(limits.answer_seconds.into());
    let (stopping, stopped) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let (stream, peer) = listener.accept().await?;
            Ok::<_, std::io::Error>((stream, peer, places.take(peer.ip()).await))
        };
        let next = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        match next {
            Ok((stream, peer, Some(place))) => {
                // events and small answers shall not wait for more to send
                let _ = stream.set_nodelay(true);
                let stream = Patience::new(stream, patience);
                tokio::spawn(connection(stream, peer, router.clone(), protocol.clone(), place, stopped.clone()));
            }
            Ok((_, _, None)) => metrics::counter!("http_connections_refused_total").increment(1),
            Err(error) => {
                tracing::warn!(cause = %error, "a connection can't be taken");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    drop((listener, stopping));
    places.empty().await;
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.head_seconds.into()))
        .max_header_size(limits.head_bytes as usize);
    protocol
}

async fn connection(
    stream: Patience<TcpStream>,
    peer: SocketAddr,
    router: Router,
    protocol: http1::Builder,
    place: Arc<Place>,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(|request| answer(request, peer, router.clone(), Arc::clone(&place)));
    let mut connection = std::pin::pin!(protocol.serve_connection(TokioIo::new(stream), service));
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(cause = %error, "a connection broke off");
                }
                return;
            }
            () = place.wanted_by_another() => return,
            _ = stopped.changed(), if !stopping => {
                if place.rests() {
                    return;
                }
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The connection was to be closed just when the request came; nothing was done.
#[derive(Debug)]
struct Closing;

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was closed for another one")
    }
}

impl std::error::Error for Closing {}

async fn answer(request: Request<Incoming>, peer: SocketAddr, router: Router, place: Arc<Place>) -> Result<Response, Closing> {
    let working = place.work().ok_or(Closing)?;
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response: Result<Response, Infallible> = router.oneshot(request).await;
    let Ok(response) = response;
    Ok(response.map(|body| Held::new(body, working)))
}
