use axum::response::{IntoResponse, Response};
use http::header;
use kernel::{Bbox, Context, Language, Layer, Text};
use maud::{DOCTYPE, Markup, html};

use crate::links;
use crate::reply;
use crate::request::Request;

/// Where the style sheet lies.
pub const STYLE_SHEET: &str = "/static/pages.css";

/// The pages' style sheet, for a page that stands alone.
pub const STYLES: &str = include_str!("../static/pages.css");

/// The pages' style sheet, for the address [`STYLE_SHEET`].
pub async fn style_sheet() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, STYLES).into_response()
}

/// One wording of two.
pub fn say(language: Language, it: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::It => it,
        Language::En => en,
    }
}

/// What a page has around its content.
pub struct Page<'a> {
    /// The page's own title; the service's comes after it.
    pub title: &'a str,
    /// Address and name of the pages above this one.
    pub trail: Vec<(String, String)>,
    /// Whether the page has a map.
    pub map: bool,
}

impl Page<'_> {
    /// The whole page.
    pub fn render(&self, context: &Context, request: &Request, content: &Markup) -> Response {
        self.of(&context.installation.title, request, None, content)
    }

    /// The whole page of something that is for people alone: a form, which has no other form.
    pub fn alone(&self, context: &Context, request: &Request, content: &Markup) -> Response {
        self.whole(&context.installation.title, request, None, false, content)
    }

    /// The whole page of a service of this name; `again`: it asks for itself again after so many seconds.
    pub fn of(&self, service: &Text, request: &Request, again: Option<u32>, content: &Markup) -> Response {
        self.whole(service, request, again, true, content)
    }

    fn whole(&self, service: &Text, request: &Request, again: Option<u32>, twin: bool, content: &Markup) -> Response {
        let language = request.language;
        let url = |path: &str| request.relative(path);
        let page = html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if let Some(seconds) = again { meta http-equiv="refresh" content=(seconds); }
                    title { (self.title) @if self.title != service.get(language) { " · " (service.get(language)) } }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href=(url("/portal/embed.css"));
                    link rel="stylesheet" href=(url(STYLE_SHEET));
                    @if self.map {
                        script type="module" src=(url("/portal/embed.js")) {}
                    }
                    @if twin { link rel="alternate" type="application/json" href=(Self::variant(request, "f", "json")); }
                }
                body {
                    a.skip href="#content" { (say(language, "Vai al contenuto", "Skip to content")) }
                    header.bar {
                        a.service href=(url("/")) { (service.get(language)) }
                        nav aria-label=(say(language, "Servizio", "Service")) {
                            a href=(url("/portal/")) { (say(language, "Mappa", "Map")) }
                            a href=(url("/collections")) { (say(language, "Dati", "Data")) }
                            a href=(url("/api?f=html")) { "API" }
                            @let other = if language == Language::It { ("en", "English") } else { ("it", "Italiano") };
                            a lang=(other.0) hreflang=(other.0) href=(Self::variant(request, "lang", other.0)) { (other.1) }
                        }
                    }
                    main id="content" {
                        @if !self.trail.is_empty() {
                            nav.trail aria-label=(say(language, "Percorso", "Breadcrumb")) {
                                @for (href, name) in &self.trail { a href=(href) { (name) } span aria-hidden="true" { " › " } }
                                span aria-current="page" { (self.title) }
                            }
                        }
                        h1 { (self.title) }
                        (content)
                    }
                    footer {
                        p {
                            @if twin { a href=(Self::variant(request, "f", "json")) { (say(language, "Questa pagina in JSON", "This page as JSON")) } " · " }
                            a href=(url("/conformance?f=html")) { (say(language, "Conformità agli standard", "Conformance to standards")) }
                            " · Open SIT " (env!("CARGO_PKG_VERSION"))
                        }
                    }
                }
            }
        };
        reply::page(page, language)
    }

    /// This page's address with one parameter replaced.
    fn variant(request: &Request, name: &str, value: &str) -> String {
        let kept = request.params.iter().filter(|(n, _)| *n != name);
        links::query(kept.chain([(name, value)]))
    }
}

/// A map of a collection, by the portal's element. Without a script it is not there, and the page is whole all the same.
pub fn map(layer: &Layer, bbox: Option<Bbox>, item: Option<&str>, language: Language) -> Markup {
    let sides = bbox.map(|b| <[f64; 4]>::from(if item.is_some() { b } else { drawn(layer, b) }).map(|side| side.to_string()).join(","));
    html! {
        opensit-map collection=(layer.id) bbox=[sides] item=[item] lang=(language.tag()) role="region" aria-label=(say(language, "Mappa", "Map")) {}
    }
}

/// A map of those rows of a collection for which a MapLibre expression over the tiles' properties is true, fitted to this rectangle: what a
/// list shows under its filters.
pub fn map_where(layer: &Layer, bbox: Bbox, rows: &serde_json::Value, language: Language) -> Markup {
    let sides = <[f64; 4]>::from(bbox).map(|side| side.to_string()).join(",");
    html! {
        opensit-map collection=(layer.id) bbox=(sides) where=(rows) lang=(language.tag()) role="region" aria-label=(say(language, "Mappa", "Map")) {}
    }
}

/// The middle of a rectangle, as large as the map shows it at the first zoom at which the layer is drawn: a map that fits
/// all of a town's parcels would be too small to show one.
fn drawn(layer: &Layer, bbox: Bbox) -> Bbox {
    let styled = layer.style.0.iter().map(|s| s.minzoom.unwrap_or(0.0)).fold(f64::INFINITY, f64::min);
    let first = f64::from(layer.zoom.0).max(if styled.is_finite() { styled } else { 0.0 });
    // Half a zoom beyond, on a map of some 280 by 220 pixels, as on a phone; tiles of 512 pixels, the world 360 degrees wide.
    let degrees_a_pixel = 360.0 / 512.0 / (first + 0.5).exp2();
    let ((x, y), (across, up)) = (bbox.centre(), (140.0 * degrees_a_pixel, 110.0 * degrees_a_pixel * bbox.centre().1.to_radians().cos()));
    let (across, up) = (across.min(bbox.width() / 2.0), up.min(bbox.height() / 2.0));
    Bbox::new(x - across, y - up, x + across, y + up).unwrap_or(bbox)
}

/// A labelled field of a form. `attributes` are those of the `input` beside its name, without a value where it is empty: pairs of name
/// and value, as `("type", "date")` and `("required", "")`.
pub fn field(name: &str, label: &str, value: Option<&str>, hint: Option<&str>, attributes: &[(&str, &str)]) -> Markup {
    let has = |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let hinted = hint.map(|_| format!("{name}-hint"));
    html! {
        p.field {
            label for=(name) { (label) }
            input id=(name) name=(name) value=[value] type=(has("type").unwrap_or("text")) required[has("required").is_some()]
                maxlength=[has("maxlength")] min=[has("min")] max=[has("max")] step=[has("step")] pattern=[has("pattern")]
                inputmode=[has("inputmode")] autocomplete=(has("autocomplete").unwrap_or("off")) aria-describedby=[hinted.as_deref()];
            @if let (Some(hint), Some(id)) = (hint, &hinted) { small id=(id) { (hint) } }
        }
    }
}

/// What a form says of its request that headers would: which state is meant, and a key of its own, so that it is done once however often
/// it is sent.
pub fn hidden(tag: Option<&str>) -> Markup {
    let key = uuid::Uuid::new_v4().to_string();
    html! {
        @if let Some(tag) = tag { input type="hidden" name="_tag" value=(tag); }
        input type="hidden" name="_key" value=(key);
    }
}
