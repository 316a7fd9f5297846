use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use kernel::{Language, Params, Principal, Problem};

use super::App;
use super::document::{self, Look};
use super::palette::Theme;

/// The style of every layer that they may read: those of the ground share one source, any other has its own, so that none
/// waits for it; those not shown at first are hidden.
#[utoipa::path(
    get,
    path = "/styles/map.json",
    tag = "styles",
    params(("theme" = Option<String>, Query, description = "`light`, `dark` or `contrast`"), ("lang" = Option<String>, Query, description = "`it` or `en`")),
    responses((status = 200, description = "A MapLibre style of every layer", content_type = "application/json"), (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn map(app: App, who: Principal, params: Params, headers: HeaderMap) -> Result<Response, Problem> {
    let look = look(params)?;
    let entries = app.catalogue.layers(&who);
    let layers: Vec<_> = entries.iter().map(|e| &*e.layer).collect();
    Ok(answer(&document::of_map(app.home(), &layers, look).to_string(), &headers, app.token.is_some()))
}

/// The style of one layer, `/styles/parcels.json`.
#[utoipa::path(
    get,
    path = "/styles/{id}.json",
    tag = "styles",
    params(("id" = String, Path, description = "The layer"), ("theme" = Option<String>, Query, description = "`light`, `dark` or `contrast`"), ("lang" = Option<String>, Query, description = "`it` or `en`")),
    responses((status = 200, description = "A MapLibre style of one layer", content_type = "application/json"), (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"), (status = 404, description = "No such layer, or not for you", content_type = "application/problem+json"))
)]
pub(crate) async fn layer(
    app: App,
    Path(file): Path<String>,
    who: Principal,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let absent = || Problem::not_found("there is no such style: `/styles/map.json` is the whole map, `/styles/{layer}.json` one layer");
    let look = look(params)?;
    let id = file.strip_suffix(".json").ok_or_else(absent)?;
    let entry = app.catalogue.layer(&who, id).ok_or_else(absent)?;
    Ok(answer(&document::of_layer(app.home(), &entry.layer, entry.bbox_for(&who), look).to_string(), &headers, app.token.is_some()))
}

fn look(params: Params) -> Result<Look, Problem> {
    let params = params.only(&["theme", "lang"])?;
    let theme = match params.get("theme") {
        None => Theme::Light,
        Some(text) => Theme::parse(text)
            .ok_or_else(|| Problem::invalid_parameter("theme", "`theme` is none of the map's", Theme::ALL.map(Theme::name).to_vec()))?,
    };
    let language = match params.get("lang") {
        None | Some("it") => Language::It,
        Some("en") => Language::En,
        Some(_) => return Err(Problem::invalid_parameter("lang", "`lang` is none of the map's languages", vec!["it", "en"])),
    };
    Ok(Look { theme, language })
}

/// A style changes when a declaration does, which a client is to see at once: it asks each time, and is told 304. One with a token in it
/// is its reader's alone.
fn answer(body: &str, request: &HeaderMap, with_token: bool) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let known = request.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|tags| tags.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag))
    });
    let kept = if with_token { "private, no-cache" } else { "no-cache" };
    let caching = [(header::ETAG, etag), (header::CACHE_CONTROL, kept.to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use super::{answer, look};
    use http::{HeaderMap, HeaderValue, StatusCode, header};
    use kernel::{Language, Params};

    #[test]
    fn only_what_the_map_has_can_be_asked_for() {
        let read = |query| look(Params::parse(query).unwrap());
        assert_eq!(read("").unwrap().language, Language::It);
        assert_eq!(read("theme=dark&lang=en").unwrap().language, Language::En);
        for bad in ["theme=blue", "theme=", "lang=de", "lang=", "themes=dark", "theme=dark&theme=light&x=1"] {
            assert_eq!(Params::parse(bad).and_then(look).unwrap_err().status(), StatusCode::BAD_REQUEST, "{bad}");
        }
    }

    #[test]
    fn who_has_it_is_not_sent_it_again() {
        let first = answer("{}", &HeaderMap::new(), false);
        let etag = first.headers()[header::ETAG].clone();
        let again = |tags: &str| {
            answer("{}", &HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(tags).unwrap())]), false).status()
        };
        assert_eq!(again(etag.to_str().unwrap()), StatusCode::NOT_MODIFIED);
        assert_eq!(again(&format!("\"x\", W/{}", etag.to_str().unwrap())), StatusCode::NOT_MODIFIED);
        assert_eq!(again("\"x\""), StatusCode::OK);
        assert_ne!(answer("{ }", &HeaderMap::new(), false).headers()[header::ETAG], etag);
        let kept = |with_token| answer("{}", &HeaderMap::new(), with_token).headers()[header::CACHE_CONTROL].clone();
        assert_eq!((kept(false), kept(true)), ("no-cache".parse().unwrap(), "private, no-cache".parse().unwrap()));
    }
}
