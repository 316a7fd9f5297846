//! A tile on its way out: its validator, its compression, its headers.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::Problem;
use xxhash_rust::xxh3::xxh3_128;

use crate::coding::{Coding, CodingError, Effort};
use crate::render::Tile;

/// Larger bodies are compressed on a thread that may block: it takes longer than half a millisecond.
const LARGE_BYTES: usize = 64 * 1024;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");
const X_GENERALISED: HeaderName = HeaderName::from_static("x-generalised");

/// A tile as it goes out to those who take a coding.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    /// Nothing is there if it is empty.
    pub(crate) body: Bytes,
    coding: Coding,
    effort: Effort,
    /// Of the tile before it was coded, and how long that was.
    hash: u128,
    length: usize,
    generalised: Option<HeaderValue>,
}

impl Out {
    /// The tile, coded; or without a body for a request that has it already.
    pub(crate) async fn new(tile: Tile, coding: Coding, request: &HeaderMap) -> Result<Self, Problem> {
        let failed = |e: &dyn std::fmt::Display| Problem::internal("tile", &e.to_string());
        let hash = xxh3_128(&tile.bytes);
        let generalised = tile.generalised.as_deref().map(HeaderValue::from_str).transpose().map_err(|e| failed(&e))?;
        let (coding, length) = (coding.of(tile.bytes.len()), tile.bytes.len());
        let body = if coding == Coding::Identity || has(request, hash) {
            Bytes::from(tile.bytes)
        } else if length > LARGE_BYTES {
            let coded = tokio::task::spawn_blocking(move || coding.code(&tile.bytes, Effort::Little)).await.map_err(|e| failed(&e))?;
            coded.map_err(|e| failed(&e))?.into()
        } else {
            coding.code(&tile.bytes, Effort::Little).map_err(|e| failed(&e))?.into()
        };
        Ok(Self { body, coding, effort: Effort::Little, hash, length, generalised })
    }

    /// Whether the request has it already.
    pub(crate) fn is_known(&self, request: &HeaderMap) -> bool {
        has(request, self.hash)
    }

    pub(crate) fn is_coded(&self) -> bool {
        self.coding != Coding::Identity
    }

    /// The same, coded with another effort.
    pub(crate) fn again(&self, effort: Effort) -> Result<Self, CodingError> {
        let plain = self.coding.read(&self.body, self.length)?;
        Ok(Self { body: self.coding.code(&plain, effort)?.into(), effort, ..self.clone() })
    }

    /// The answer: 304 if the client has it, 204 if nothing is there, else the tile. `public`: whether it is for everybody.
    pub(crate) fn respond(self, request: &HeaderMap, public: bool) -> Result<Response, Problem> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if public { "no-cache" } else { "private, no-cache" }));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let etag = format!("\"{:032x}{}\"", self.hash, self.coding.suffix(self.effort));
        headers.insert(header::ETAG, HeaderValue::from_str(&etag).map_err(|e| Problem::internal("tile", &e))?);
        if let Some(generalised) = &self.generalised {
            headers.insert(X_GENERALISED, generalised.clone());
        }
        if self.is_known(request) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        if self.length == 0 {
            return Ok((StatusCode::NO_CONTENT, headers).into_response());
        }
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if let Some(coding) = self.coding.header() {
            headers.insert(header::CONTENT_ENCODING, coding);
        }
        Ok((headers, self.body).into_response())
    }
}

/// Whether `If-None-Match` names this content, in whatever coding (RFC 9110, 13.1.2: weak comparison).
pub(crate) fn has(request: &HeaderMap, hash: u128) -> bool {
    let mut tags = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).peekable();
    if tags.peek().is_none() {
        return false;
    }
    let plain = format!("{hash:032x}");
    tags.any(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        tag == "*" || opaque.split_once('-').map_or(opaque, |(opaque, _)| opaque) == plain
    })
}

#[cfg(test)]
mod tests {
    use super::{Out, has};
    use crate::coding::{Coding, Effort};
    use crate::render::Tile;
    use flate2::read::GzDecoder;
    use http::{HeaderMap, HeaderValue, StatusCode, header};
    use http_body_util::BodyExt;
    use std::io::Read;

    #[test]
    fn who_has_it() {
        let headers = |value| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
        for yes in ["\"000000000000000000000000000000ab\"", "\"x\", W/\"000000000000000000000000000000ab-gzip\"", "*"] {
            assert!(has(&headers(yes), 0xAB), "{yes}");
        }
        for no in ["", "\"ab\"", "\"000000000000000000000000000000ac\""] {
            assert!(!has(&headers(no), 0xAB), "{no}");
        }
        assert!(!has(&HeaderMap::new(), 0xAB));
    }

    #[tokio::test]
    async fn each_coding_has_its_own_validator_and_any_is_known_again() {
        let nothing = HeaderMap::new();
        let out = async |coding| {
            let tile = Tile { bytes: vec![7; 100_000], generalised: Some("parcels;cell=32;reason=features".into()), ..Tile::default() };
            Out::new(tile, coding, &nothing).await.unwrap()
        };
        let (plain, gzip, zstd) = (out(Coding::Identity).await, out(Coding::Gzip).await, out(Coding::Zstd).await);
        let better = gzip.again(Effort::Much).unwrap();
        let mut known = std::collections::HashSet::new();
        for one in [&plain, &gzip, &zstd, &better] {
            let response = one.clone().respond(&nothing, true).unwrap();
            let etag = response.headers()[header::ETAG].clone();
            assert_eq!(response.headers()["x-generalised"], "parcels;cell=32;reason=features");
            let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, etag.clone())]);
            for other in [&plain, &gzip, &zstd, &better] {
                assert_eq!(other.clone().respond(&again, true).unwrap().status(), StatusCode::NOT_MODIFIED);
            }
            assert!(known.insert(etag));
        }
        assert_eq!(plain.respond(&nothing, true).unwrap().headers()[header::CACHE_CONTROL], "no-cache");
        let gzip = gzip.respond(&nothing, false).unwrap();
        assert_eq!(gzip.headers()[header::CACHE_CONTROL], "private, no-cache");
        let body = gzip.into_body().collect().await.unwrap().to_bytes();
        let mut read = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, vec![7; 100_000]);
    }

    #[tokio::test]
    async fn nothing_is_204_with_a_validator() {
        let nothing = HeaderMap::new();
        let out = Out::new(Tile::default(), Coding::Zstd, &nothing).await.unwrap();
        let response = out.clone().respond(&nothing, true).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, response.headers()[header::ETAG].clone())]);
        assert_eq!(out.respond(&again, true).unwrap().status(), StatusCode::NOT_MODIFIED);
    }
}
