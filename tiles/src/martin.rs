//! The addresses of the tile server martin, under a prefix of the operator's choice, so that maps made for it go on with ours: the same tiles
//! and TileJSON as under `/xyz`, by the same code and with the same rules.
//!
//! | address | what |
//! |---|---|
//! | `{prefix}/catalog` | what there is, in the form of martin 1.14 |
//! | `{prefix}/health` | `OK` |
//! | `{prefix}/{ids}` | TileJSON 3.0.0 |
//! | `{prefix}/{ids}/{z}/{x}/{y}` | a tile |
//! | `{prefix}/font/{fontstack}/{range}` | glyphs |

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router, middleware};
use catalogue::Entry;
use http::{HeaderMap, header};
use kernel::{Language, LayerId, NameError, Params, Principal, Problem};
use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::{App, archive, fonts, tile, tilejson};

/// First segments of addresses that are not in the names which no layer may have.
const TAKEN: [&str; 5] = ["favicon", "font", "here", "open311", "well-known"];

/// Where martin's addresses are: `/martin`. One segment that is no other address of ours; a theme's must be kept from it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(String);

impl Home {
    /// The segment, without a slash.
    pub fn segment(&self) -> &str {
        &self.0[1..]
    }

    /// The path of tiles, with `{z}/{x}/{y}`.
    pub(crate) fn tiles(&self, asked: &Asked) -> String {
        let ids: Vec<&str> = asked.entries.iter().map(|entry| entry.layer.id.as_str()).collect();
        format!("{self}/{}/{{z}}/{{x}}/{{y}}", ids.join(","))
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Home {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let segment = text.strip_prefix('/').unwrap_or(text);
        match LayerId::new(segment.replace('-', "_")) {
            Ok(_) if !TAKEN.contains(&segment) => Ok(Self(format!("/{segment}"))),
            Ok(_) | Err(NameError::Reserved(_)) => {
                Err(format!("`/{segment}` has other addresses of this program below it; write `/martin`"))
            }
            Err(NameError::Alphabet(_)) => Err(format!("`{text}` is no such prefix: one lower-case word after a slash, as `/martin`")),
        }
    }
}

/// Everything under the prefix.
pub(crate) fn routes(home: &Home, app: &Arc<App>) -> Router<Arc<App>> {
    let below = Router::new()
        .route("/catalog", get(catalog))
        .route("/health", get(health))
        .route("/{ids}", get(tilejson::handler))
        .route("/{ids}/{z}/{x}/{y}", get(tile::handler))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), archive::answer))
        .layer(Extension(home.clone()))
        .merge(fonts::routes(&app.fonts).with_state(()));
    Router::new().nest(&home.0, below)
}

async fn health() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-cache")], "OK")
}

/// What they may read, by name. `description` is there where there is one, as all but the media type in martin.
async fn catalog(State(app): State<Arc<App>>, who: Principal, params: Params, headers: HeaderMap) -> Result<Response, Problem> {
    params.only(&[])?;
    let language = Language::negotiate(None, headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()));
    let entries = app.catalogue.layers(&who);
    let files = app.archives.of(&who).map(|file| archive::described(file, language));
    let layers = entries.iter().map(|entry| (entry.layer.id.to_string(), described(entry, language)));
    // a layer comes before a file of its name
    let tiles: Map<String, Value> = files.chain(layers).collect();
    let fonts: Map<String, Value> =
        app.fonts.names().map(|name| (name.to_owned(), json!({ "family": name, "start": 0, "end": 0xFFFF }))).collect();
    let document = json!({ "tiles": tiles, "sprites": {}, "fonts": fonts, "styles": {} });
    Ok(([(header::CACHE_CONTROL, "no-cache"), (header::VARY, "accept-language")], Json(document)).into_response())
}

fn described(entry: &Entry, language: Language) -> Value {
    let layer = &entry.layer;
    let mut about = json!({
        "content_type": "application/vnd.mapbox-vector-tile",
        "name": layer.title.get(language),
        "layer_count": 1 + u8::from(layer.label_points().is_some()),
        "last_modified_at": entry.changed_at,
    });
    let description = layer.description.get(language);
    if !description.is_empty() {
        about["description"] = description.into();
    }
    if let Some(attribution) = &layer.attribution {
        about["attribution"] = attribution.as_str().into();
    }
    about
}

#[cfg(test)]
mod tests {
    use super::Home;

    #[test]
    fn a_prefix_is_one_word_that_leads_nowhere_else() {
        for (text, path) in [("/martin", "/martin"), ("martin", "/martin"), ("/old-tiles", "/old-tiles")] {
            assert_eq!(text.parse::<Home>().unwrap().to_string(), path);
        }
        for bad in ["", "/", "/a/b", "/Martin", "/xyz", "/collections", "/here", "/open311", "/ü", "//martin", "/martin/", "/{ids}"] {
            assert!(bad.parse::<Home>().is_err(), "{bad}");
        }
    }
}
