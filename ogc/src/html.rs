//! Pages for people: the same resources as the JSON documents, readable without a script, with a map where there is a place.
//! No style or script stands in a page itself, so that the content security policy can be strict.

pub(crate) mod api;
pub(crate) mod collection;
pub(crate) mod collections;
pub(crate) mod conformance;
mod extent;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod landing;
mod layout;
pub(crate) mod schema;
mod value;

use axum::response::{IntoResponse, Response};
use http::header;

pub(crate) use layout::STYLE_SHEET;

/// The pages' style sheet. Its address carries the program's version, so that browsers may keep it for ever.
pub(crate) async fn style_sheet() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../static/ogc.css")).into_response()
}
