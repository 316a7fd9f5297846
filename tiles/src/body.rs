//! A tile on its way out: its validator, its compression, its headers.

use std::io::Write;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::Problem;
use xxhash_rust::xxh3::xxh3_128;

use crate::render::Tile;

/// On tiles of parcels zlib-rs writes at this level 1.02 times the bytes of level 6, two to three times as fast
/// (some 120 MB/s).
const LEVEL: u32 = 3;
/// Larger bodies are compressed on a thread that may block: it takes longer than half a millisecond.
const LARGE_BYTES: usize = 64 * 1024;
/// Smaller ones are not worth it.
const SMALL_BYTES: usize = 256;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.mapbox-vector-tile");
const X_GENERALISED: HeaderName = HeaderName::from_static("x-generalised");

/// The answer: 304 if the client has it, 204 if nothing is there, else the tile. `public`: whether it is for everybody.
pub(crate) async fn respond(tile: Tile, request: &HeaderMap, public: bool) -> Result<Response, Problem> {
    let compress = tile.bytes.len() >= SMALL_BYTES && accepts_gzip(request);
    let hash = xxh3_128(&tile.bytes);
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if public { "no-cache" } else { "private, no-cache" }));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let etag = format!("\"{hash:032x}{}\"", if compress { "-gzip" } else { "" });
    headers.insert(header::ETAG, header_value(&etag)?);
    if let Some(generalised) = &tile.generalised {
        headers.insert(X_GENERALISED, header_value(generalised)?);
    }
    if has(request, hash) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    if tile.bytes.is_empty() {
        return Ok((StatusCode::NO_CONTENT, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    if !compress {
        return Ok((headers, Bytes::from(tile.bytes)).into_response());
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let body = if tile.bytes.len() > LARGE_BYTES {
        tokio::task::spawn_blocking(move || gzip(&tile.bytes)).await.map_err(|e| Problem::internal("tile", &e))?
    } else {
        gzip(&tile.bytes)
    };
    Ok((headers, Bytes::from(body.map_err(|e| Problem::internal("tile", &e))?)).into_response())
}

fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|e| Problem::internal("tile", &e))
}

pub(crate) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(LEVEL));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Whether `If-None-Match` names this content, in whatever coding (RFC 9110, 13.1.2: weak comparison).
pub(crate) fn has(request: &HeaderMap, hash: u128) -> bool {
    let plain = format!("{hash:032x}");
    request.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        tag == "*" || opaque.strip_suffix("-gzip").unwrap_or(opaque) == plain
    })
}

/// Whether `Accept-Encoding` takes gzip (RFC 9110, 12.5.3): named, or under `*`, with a weight above nought.
pub(crate) fn accepts_gzip(request: &HeaderMap) -> bool {
    let mut any = None;
    for value in request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()) {
        for coding in value.split(',') {
            let mut parts = coding.split(';');
            let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
            let wanted = weight.is_some_and(|q| q > 0.0);
            match name.as_str() {
                "gzip" | "x-gzip" => return wanted,
                "*" => any = Some(wanted),
                _ => {}
            }
        }
    }
    any.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{accepts_gzip, gzip, has, respond};
    use crate::render::Tile;
    use flate2::read::GzDecoder;
    use http::{HeaderMap, HeaderValue, StatusCode, header};
    use http_body_util::BodyExt;
    use std::io::Read;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn who_takes_gzip() {
        for yes in ["gzip", "br, gzip;q=0.5", "*", "identity;q=0, *;q=0.1", "GZIP"] {
            assert!(accepts_gzip(&headers(header::ACCEPT_ENCODING, yes)), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzip;q=x"] {
            assert!(!accepts_gzip(&headers(header::ACCEPT_ENCODING, no)), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn who_has_it() {
        let hash = 0xAB;
        for yes in ["\"000000000000000000000000000000ab\"", "\"x\", W/\"000000000000000000000000000000ab-gzip\"", "*"] {
            assert!(has(&headers(header::IF_NONE_MATCH, yes), hash), "{yes}");
        }
        for no in ["", "\"ab\"", "\"000000000000000000000000000000ac\""] {
            assert!(!has(&headers(header::IF_NONE_MATCH, no), hash), "{no}");
        }
    }

    #[tokio::test]
    async fn each_coding_has_its_own_validator_and_either_is_known_again() {
        let tile = || Tile { bytes: vec![7; 100_000], generalised: Some("parcels;cell=32;reason=features".into()), in_memory: false };
        let plain = respond(tile(), &HeaderMap::new(), true).await.unwrap();
        let zipped = respond(tile(), &headers(header::ACCEPT_ENCODING, "gzip"), false).await.unwrap();
        assert_ne!(plain.headers()[header::ETAG], zipped.headers()[header::ETAG]);
        assert_eq!(plain.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(zipped.headers()[header::CACHE_CONTROL], "private, no-cache");
        assert_eq!(zipped.headers()["x-generalised"], "parcels;cell=32;reason=features");
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, zipped.headers()[header::ETAG].clone())]);
        assert_eq!(respond(tile(), &again, true).await.unwrap().status(), StatusCode::NOT_MODIFIED);
        let body = zipped.into_body().collect().await.unwrap().to_bytes();
        let mut out = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut out).unwrap();
        assert_eq!(out, tile().bytes);
        assert!(gzip(b"").unwrap().len() < 32);
    }

    #[tokio::test]
    async fn nothing_is_204_with_a_validator() {
        let response = respond(Tile::default(), &HeaderMap::new(), true).await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, response.headers()[header::ETAG].clone())]);
        assert_eq!(respond(Tile::default(), &again, true).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    }
}
