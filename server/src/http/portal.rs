//! `/portal/…`: the built portal, which is part of the program.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Problem;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::failure::Failure;

/// The files that `npm run build` leaves in `web-map/dist`, each also compressed (`.br`, `.gz`).
#[derive(RustEmbed)]
#[folder = "../web-map/dist"]
struct Dist;

/// Where `/portal` and `/favicon.ico` lead to: seen from there, so that whatever path a proxy puts before ours stays before it.
const PORTAL: &str = "portal/";
const ICON: &str = "portal/favicon.svg";

/// The portal's fonts by the begin of their files' names, and what styles call them (`src/tokens.css` of the portal).
const FONTS: [(&str, [&str; 2]); 2] = [
    ("assets/titillium-web-latin-400-normal-", ["Titillium Web", "Titillium Web Regular"]),
    ("assets/titillium-web-latin-600-normal-", ["Titillium Web SemiBold", "Titillium Web Bold"]),
];

/// The fonts that labels are drawn with, for map programs that have not got them; none where the portal was not built.
pub(super) fn fonts() -> Result<tiles::Fonts, Failure> {
    let file =
        |begin: &str| Dist::iter().find(|path| path.starts_with(begin) && path.ends_with(".woff2")).and_then(|path| Dist::get(&path));
    let found = FONTS.iter().filter_map(|(begin, names)| Some((names.map(str::to_owned).to_vec(), file(begin)?.data.into_owned())));
    tiles::Fonts::new(found).map_err(|e| Failure::new(format!("a font of the portal: {e}; build the portal again")))
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/portal", get(|| async { Redirect::permanent(PORTAL) }))
        .route("/favicon.ico", get(|| async { Redirect::permanent(ICON) }))
        .route("/portal/", get(|headers: HeaderMap| async move { serve("index.html", &headers) }))
        .route("/portal/{*path}", get(|Path(path): Path<String>, headers: HeaderMap| async move { serve(&path, &headers) }))
}

fn serve(path: &str, headers: &HeaderMap) -> Response {
    // the compressed twins are ways of sending a file, not files of their own
    let whole = (!path.ends_with(".br") && !path.ends_with(".gz")).then(|| Dist::get(path)).flatten();
    let Some(whole) = whole else {
        let detail = if Dist::get("index.html").is_none() {
            "the portal was not built into this program: run `make build`".to_owned()
        } else {
            format!("the portal has no file `{}`", path.chars().take(120).collect::<String>())
        };
        return Problem::not_found(detail).into_response();
    };
    let tag = etag(&whole);
    let mut out = HeaderMap::new();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    };
    set(header::ETAG, &tag);
    set(header::VARY, "accept-encoding");
    // hashed names never change their content
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    set(header::CACHE_CONTROL, cache);
    if headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|known| known.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, out).into_response();
    }
    set(header::CONTENT_TYPE, content_type(path));
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    for (name, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(accepted, name)
            && let Some(small) = Dist::get(&format!("{path}{suffix}"))
        {
            set(header::CONTENT_ENCODING, name);
            return (out, small.data).into_response();
        }
    }
    (out, whole.data).into_response()
}

/// Whether an `Accept-Encoding` names a coding and does not weigh it with 0.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut parts = part.split(';').map(str::trim);
        parts.next() == Some(coding) && !parts.any(|p| matches!(p.strip_prefix("q="), Some(q) if q.parse() == Ok(0.0)))
    })
}

fn etag(file: &EmbeddedFile) -> String {
    let hash: String = file.metadata.sha256_hash().iter().take(12).map(|b| format!("{b:02x}")).collect();
    format!("\"{hash}\"")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ICON, PORTAL, accepts};
    use url::Url;

    #[test]
    fn redirections_stay_below_the_path_that_a_proxy_has_for_us() {
        for prefix in ["https://sit.example.it", "https://sit.example.it/gis", "https://sit.example.it/a/b"] {
            let led = |from: &str, to: &str| Url::parse(&format!("{prefix}{from}")).unwrap().join(to).unwrap().to_string();
            assert_eq!(led("/portal", PORTAL), format!("{prefix}/portal/"));
            assert_eq!(led("/portal?lang=en", PORTAL), format!("{prefix}/portal/"));
            assert_eq!(led("/favicon.ico", ICON), format!("{prefix}/portal/favicon.svg"));
        }
    }

    #[test]
    fn a_coding_with_weight_zero_is_refused() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("", "gzip"));
    }
}
