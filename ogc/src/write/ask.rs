use std::ops::Deref;

use axum::extract::FromRequestParts;
use crs::Crs;
use http::request::Parts;
use kernel::{Problem, Srid};
use operations::Format;

use crate::items::query::uris;

/// What a request to change a feature says beside its body. Its answer is JSON always.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    ask: operations::Ask,
    /// The system of the positions sent (`Content-Crs`).
    pub(crate) crs: &'static Crs,
}

impl Deref for Ask {
    type Target = operations::Ask;

    fn deref(&self) -> &operations::Ask {
        &self.ask
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut ask = operations::Ask::from_request_parts(parts, state).await?;
        ask.request.format = Format::Json;
        let crs = content_crs(operations::header(&parts.headers, "content-crs")?)?;
        Ok(Self { ask: ask.with(&crs.srid().to_string()), crs })
    }
}

/// `<uri>` (part 2, 6.4), with or without the brackets; CRS84 without one.
fn content_crs(text: Option<&str>) -> Result<&'static Crs, Problem> {
    let named = text.map(str::trim).map(|t| t.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(t));
    let found = named.map_or_else(|| Crs::require(Srid::CRS84), |name| if name.contains(':') { Crs::named(name) } else { Crs::named("") });
    found.map_err(|e| Problem::invalid_parameter("Content-Crs", e.to_string(), uris()))
}

#[cfg(test)]
mod tests {
    use super::content_crs;

    #[test]
    fn the_system_of_positions_is_named_by_its_uri() {
        for good in ["<http://www.opengis.net/def/crs/EPSG/0/7792>", "http://www.opengis.net/def/crs/EPSG/0/7792", "EPSG:7792"] {
            assert_eq!(content_crs(Some(good)).unwrap().srid().to_string(), "EPSG:7792");
        }
        assert!(content_crs(Some("EPSG:2154")).is_err() && content_crs(Some("7792")).is_err() && content_crs(None).is_ok());
    }
}
