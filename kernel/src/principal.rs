use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::layer::Audience;
use crate::{Layer, layer::Field};

/// How surely we know who somebody is (SPID and eIDAS levels; CAD art. 64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Nobody said who they are.
    #[default]
    None,
    /// One factor.
    Low,
    /// Two factors.
    Substantial,
    /// Two factors, one bound to hardware.
    High,
}

/// Who is asking. Every operation takes one; it is made where a request comes in and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    assurance: Assurance,
    audiences: Vec<Audience>,
}

impl Principal {
    /// Somebody who has not said who they are.
    pub fn anonymous() -> Self {
        Self { assurance: Assurance::None, audiences: vec![Audience::Public] }
    }

    /// The operator of the installation, at its own command line, who owns the database anyway.
    pub fn operator() -> Self {
        Self { assurance: Assurance::High, audiences: vec![Audience::Public, Audience::Officers] }
    }

    /// How surely we know.
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// Whether this layer exists for them. If it does not, the answer is the same as for a layer that nobody has.
    pub fn may_read(&self, layer: &Layer) -> bool {
        self.audiences.contains(&layer.audience)
    }

    /// Whether they may see this field of a layer they may read.
    pub fn may_read_field(&self, field: &Field) -> bool {
        !field.private || self.audiences.contains(&Audience::Officers)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    /// The principal that the edge put into the request; without one, nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::anonymous))
    }
}
