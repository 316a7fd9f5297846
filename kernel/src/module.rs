use axum::Router;

use crate::{Context, Layer, LayerId, Text};

/// How a theme plugs in: a value that says what it is and what it offers. No registry at link time, no trait.
pub struct Module {
    /// The folder's name.
    pub id: &'static str,
    /// The name that people see: the group in the layer tree.
    pub title: Text,
    /// Its layers. Migrating writes them into the catalogue.
    pub layers: Vec<Layer>,
    /// Its own pages and operations, under `/{id}/…`.
    pub routes: Option<fn(Context) -> Router>,
    /// Its own ways of naming a place in the search box (`fg 12 p 345`), tried before the search by text.
    pub search: Option<fn(&str) -> Option<Lookup>>,
}

/// A place that a search text names exactly: rows of one layer by the values of some columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The layer.
    pub layer: LayerId,
    /// Columns and the values they must have, compared as text without regard to case.
    pub equal: Vec<(&'static str, String)>,
}
