//! Pages for people: the same resources as the JSON documents, readable without a script, with a map where there is a place.
//! No style or script stands in a page itself, so that the content security policy can be strict.

pub(crate) mod api;
pub(crate) mod collection;
pub(crate) mod collections;
pub(crate) mod conformance;
mod extent;
mod filters;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod landing;
pub(crate) mod schema;

use operations::{Request, say};

/// The address and name of the list of collections, for the trail.
fn collections_link(request: &Request) -> (String, String) {
    (request.relative("/collections"), say(request.language, "Dati", "Data").to_owned())
}
