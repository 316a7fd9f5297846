use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use kernel::Problem;

/// The collection that an address names; whether it exists is for the catalogue to say.
pub(crate) struct CollectionPath {
    /// Its id.
    pub(crate) collection: String,
}

/// The collection and the feature that an address names.
pub(crate) struct ItemPath {
    /// The collection's id.
    pub(crate) collection: String,
    /// The feature's public id.
    pub(crate) feature: String,
}

/// A path whose bytes are no text names nothing.
fn nothing(_: axum::extract::rejection::PathRejection) -> Problem {
    Problem::not_found("the address is not UTF-8")
}

impl<S: Send + Sync> FromRequestParts<S> for CollectionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(collection) = Path::<String>::from_request_parts(parts, state).await.map_err(nothing)?;
        Ok(Self { collection })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ItemPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((collection, feature)) = Path::<(String, String)>::from_request_parts(parts, state).await.map_err(nothing)?;
        Ok(Self { collection, feature })
    }
}
