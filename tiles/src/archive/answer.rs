//! What is answered at the addresses of a file of tiles.

use axum::Json;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kernel::layer::Audience;
use kernel::{AddressToken, Language, Params, Principal, Problem, PublicUrl, Text, TileCoord};
use serde_json::{Value, json};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use xxhash_rust::xxh3::xxh3_128;

use super::{Archive, ArchiveError, Format, Stored};
use crate::coding::Coding;
use crate::martin::Home;
use crate::{App, body, tile};

/// How large a tile may become when it is unpacked for a client that takes no gzip.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// Answers for files of tiles and lets through what is asked of layers. A layer of the same name comes first, so that naming a file changes
/// nobody's map.
pub(crate) async fn answer(State(app): State<Arc<App>>, path: RawPathParams, request: Request, next: Next) -> Result<Response, Problem> {
    let part = |wanted: &str| path.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD) && !request.uri().path().ends_with("/changes");
    let Some(ids) = part("ids").filter(|_| reads) else { return Ok(next.run(request).await) };
    let who = request.extensions().get().cloned().unwrap_or_else(Principal::anonymous);
    let is_layer = |id: &str| app.catalogue.layer(&Principal::operator(), id).is_some();
    let named = ids.split(',').filter(|id| !is_layer(id)).find_map(|id| app.archives.get(&who, id));
    let Some(archive) = named else { return Ok(next.run(request).await) };
    if ids != archive.id.as_str() {
        let detail = format!("`{}` is a file of tiles, which is fetched by itself: ask for it and for the others apart", archive.id);
        return Err(Problem::invalid_parameter("ids", detail, "layers, or one file of tiles"));
    }
    let params = Params::parse(request.uri().query().unwrap_or_default())?;
    match (part("z"), part("x"), part("y")) {
        (Some(z), Some(x), Some(y)) => {
            params.only(&[])?;
            let y = y.rsplit_once('.').map_or(y, |(number, _)| number);
            let coord = TileCoord::parse(z, x, y).map_err(|e| tile::refuse(&e))?;
            archive.tile(coord, request.headers()).await
        }
        _ => {
            let params = params.only(&["lang"])?;
            let language = match params.get("lang") {
                Some(other) if !matches!(other, "it" | "en") => {
                    return Err(Problem::invalid_parameter("lang", "it is none of the languages that there are", "it, en"));
                }
                wanted => Language::negotiate(wanted, accepted(request.headers())),
            };
            let public_url = request.extensions().get().unwrap_or(&app.context.public_url);
            Ok(archive.tilejson(public_url, request.extensions().get(), request.extensions().get(), language))
        }
    }
}

fn accepted(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok())
}

/// The media type and the words of one, for a catalogue.
pub(crate) fn described(archive: &Archive, language: Language) -> (String, Value) {
    let layers = archive.about.vector_layers.as_ref().and_then(Value::as_array).map(Vec::len);
    let mut about = json!({
        "content_type": archive.about.format.media_type(),
        "name": archive.title().get(language),
        "attribution": archive.attribution(),
    });
    if let Some(description) = &archive.about.description {
        about["description"] = description.as_str().into();
    }
    if let Some(layers) = layers {
        about["layer_count"] = layers.into();
    }
    (archive.id.to_string(), about)
}

impl Archive {
    /// Its name for people.
    pub(super) fn title(&self) -> Text {
        let own = || Text::same(self.about.name.as_deref().unwrap_or(self.id.as_str()));
        self.settings.title.clone().unwrap_or_else(own)
    }

    /// Who must be named. Clients show it as HTML; whoever wrote the file is believed as a text alone.
    pub(super) fn attribution(&self) -> String {
        self.settings.attribution.clone().or_else(|| self.about.attribution.clone()).map(|text| plain(&text)).unwrap_or_default()
    }

    fn cache(&self) -> HeaderValue {
        let public = self.settings.audience == Audience::Public;
        HeaderValue::from_static(if public { "no-cache" } else { "private, no-cache" })
    }

    fn tilejson(&self, public_url: &PublicUrl, home: Option<&Home>, token: Option<&AddressToken>, language: Language) -> Response {
        let about = &self.about;
        let home = home.map_or("/xyz".to_owned(), Home::to_string);
        let address = public_url.link(&format!("{home}/{}/{{z}}/{{x}}/{{y}}", self.id));
        let (lon, lat) = about.bounds.centre();
        let mut document = json!({
            "tilejson": "3.0.0",
            "name": self.title().get(language),
            "scheme": "xyz",
            "tiles": [token.map_or(address.clone(), |token| token.onto(&address))],
            "minzoom": about.zooms.0,
            "maxzoom": about.zooms.1,
            "bounds": about.bounds,
            "center": [lon, lat, about.zooms.0.midpoint(about.zooms.1)],
            "attribution": self.attribution(),
            "format": about.format.name(),
            "served_from": "file",
        });
        if let Some(description) = &about.description {
            document["description"] = description.as_str().into();
        }
        if about.format == Format::Mvt {
            document["vector_layers"] = about.vector_layers.clone().unwrap_or_else(|| json!([]));
        }
        let cache = if token.is_some() { HeaderValue::from_static("private, no-cache") } else { self.cache() };
        let vary = HeaderValue::from_static("accept-language");
        ([(header::CACHE_CONTROL, cache), (header::VARY, vary)], Json(document)).into_response()
    }

    async fn tile(&self, coord: TileCoord, request: &HeaderMap) -> Result<Response, Problem> {
        let (first, last) = self.about.zooms;
        let stored = match (first..=last).contains(&coord.z()) {
            true => self.reader.tile(coord).await.map_err(|e| self.unreadable(&e))?,
            false => None,
        };
        self.respond(stored, request).map_err(|e| self.unreadable(&e))
    }

    fn unreadable(&self, error: &ArchiveError) -> Problem {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::error!(archive = %self.id, file = %self.settings.file.display(), cause = %error, "a file of tiles is damaged; its next failures are not logged");
        }
        Problem::damaged_file(format!(
            "this tile can't be read, since the file of `{}` on the server is damaged or gone; others of its tiles may be whole. Who runs the server \
             finds the cause in its log and by `opensit check`",
            self.id
        ))
    }

    /// 304 if the client has it, 204 if nothing is there, else the tile, packed as it lies in the file where the client takes that.
    fn respond(&self, stored: Option<Stored>, request: &HeaderMap) -> Result<Response, ArchiveError> {
        let mut headers = HeaderMap::from_iter([(header::CACHE_CONTROL, self.cache())]);
        let Some(stored) = stored.filter(|stored| !stored.bytes.is_empty()) else {
            return Ok((StatusCode::NO_CONTENT, headers).into_response());
        };
        let hash = xxh3_128(&stored.bytes);
        let packed = stored.gzipped && Coding::takes_gzip(request);
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&format!("\"{hash:032x}{}\"", if packed { "-gzip" } else { "" })) {
            headers.insert(header::ETAG, etag);
        }
        if body::has(request, hash) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.about.format.media_type()));
        if packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let bytes = if stored.gzipped && !packed { unpacked(&stored.bytes)? } else { stored.bytes };
        Ok((headers, bytes).into_response())
    }
}

fn unpacked(bytes: &[u8]) -> Result<Bytes, ArchiveError> {
    let mut out = Vec::new();
    GzDecoder::new(bytes).take(MAX_UNPACKED_BYTES).read_to_end(&mut out).map_err(ArchiveError::broken)?;
    Ok(out.into())
}

/// A text of HTML without its tags.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            '>' => text.push_str("&gt;"),
            '"' if !inside => text.push_str("&quot;"),
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{plain, unpacked};

    #[test]
    fn an_attribution_brings_no_tags() {
        let html = r#"<a href="https://osm.org/copyright" onclick="x()">&copy; OpenStreetMap</a> contributors"#;
        assert_eq!(plain(html), "&copy; OpenStreetMap contributors");
        assert_eq!(plain("<script>alert(1)</script><img src=x onerror=y"), "alert(1)");
        assert_eq!(plain("a > b \"c\""), "a &gt; b &quot;c&quot;");
    }

    #[test]
    fn what_is_not_gzip_is_not_unpacked() {
        assert_eq!(unpacked(&crate::coding::Coding::Gzip.code(b"tile", crate::coding::Effort::Little).unwrap()).unwrap().as_ref(), b"tile");
        assert!(unpacked(b"tile").is_err());
    }
}
