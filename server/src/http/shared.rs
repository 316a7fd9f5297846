//! A layer of the edge hands each request on to a copy of what is behind it. So that this copies one layer and not all of those behind it, each
//! has what is behind it in common with its copies.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::layer::util::Stack;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

/// A service that is copied by counting; what it has is copied for each request.
#[derive(Debug)]
pub(super) struct Shared<S>(Arc<S>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service<R, Error = Infallible> + Clone, R> Service<R> for Shared<S> {
    type Response = S::Response;
    type Error = Infallible;
    type Future = Oneshot<S, R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // the copy is asked when there is one
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        S::clone(&self.0).oneshot(request)
    }
}

/// Makes [`Shared`] of what is behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sharing;

impl<S> Layer<S> for Sharing {
    type Service = Shared<S>;

    fn layer(&self, inner: S) -> Shared<S> {
        Shared(Arc::new(inner))
    }
}

/// A layer over a service that is shared.
pub(super) fn over<L>(layer: L) -> Stack<Sharing, L> {
    Stack::new(Sharing, layer)
}
