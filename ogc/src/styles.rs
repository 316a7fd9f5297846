//! `GET /styles/map.json` and `GET /styles/{id}.json`: MapLibre styles (version 8) of every layer, or of one.
//!
//! A style is put together at each request from what the layers declare: their drawings, sorted by the place that each
//! part has in the whole, with the colours of the theme asked for. Nothing but the catalogue is read.
//!
//! A style names fonts, and where their glyphs are for programs that have not got them (crate `tiles`); the portal leaves that out, since
//! MapLibre draws letters with the fonts of its page. A stack like `Titillium Web SemiBold, Titillium Web` asks for the weight by its
//! first name and finds the family by its second.

mod check;
mod document;
pub(crate) mod get;
mod palette;
mod words;

pub use check::{Fault, check_style};

use std::convert::Infallible;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::get;
use catalogue::Catalogue;
use http::request::Parts;
use kernel::{AddressToken, Context, Language, Layer};
use serde_json::Value;

#[derive(Clone)]
pub(crate) struct App {
    context: Context,
    catalogue: Catalogue,
    /// What let the request in, if it was one.
    token: Option<AddressToken>,
}

impl FromRequestParts<App> for App {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let token = parts.extensions.get::<AddressToken>().cloned();
        Ok(Self { context: app.context.clone().as_asked(parts), catalogue: app.catalogue.clone(), token })
    }
}

impl App {
    fn home(&self) -> document::Home<'_> {
        document::Home { installation: &self.context.installation, public_url: &self.context.public_url, token: self.token.as_ref() }
    }
}

/// The two addresses.
pub(crate) fn routes(context: Context, catalogue: Catalogue) -> Router {
    Router::new().route("/styles/map.json", get(get::map)).route("/styles/{file}", get(get::layer)).with_state(App {
        context,
        catalogue,
        token: None,
    })
}

/// The layers of MapLibre that draw a layer, as the map's style has them: in the colours of a theme (`light`, `dark`, `contrast`; another name is as
/// `light`), from the source that is called as the layer is.
pub fn drawn(layer: &Layer, theme: &str, language: Language) -> Vec<Value> {
    document::of_parts(layer, document::Look { theme: palette::Theme::parse(theme).unwrap_or(palette::Theme::Light), language })
}

/// A colour of the palette (`data1`) as it is on a light, a dark and a high-contrast map: `#0066cc`. `None`: the palette has none of this name.
pub fn colours(token: &str) -> Option<[&'static str; 3]> {
    palette::is_known(token).then(|| palette::Theme::ALL.map(|theme| theme.colour(token)))
}

/// What the styles' routes answer, described.
#[derive(utoipa::OpenApi)]
#[openapi(paths(get::map, get::layer))]
pub struct StylesApi;
