use std::sync::Arc;

use axum::Router;

use crate::{Context, Journal, Layer, LayerId, Principal, TableName, Text, Vault};

/// How a theme plugs in: a value that says what it is and what it offers. No registry at link time, no trait.
pub struct Module {
    /// The folder's name.
    pub id: &'static str,
    /// The name that people see: the group in the layer tree.
    pub title: Text,
    /// Its layers. Migrating writes them into the catalogue.
    pub layers: Vec<Layer>,
    /// Its own pages and operations, under `/{id}/…`: the routes say their whole addresses.
    pub routes: Option<fn(Services) -> Router>,
    /// Its own ways of naming a place in the search box (`fg 12 p 345`), tried before the search by text: what the text names, the
    /// likeliest first; nothing where it is not in its syntax.
    pub search: Option<fn(&str) -> Vec<Lookup>>,
}

/// Places that a search text names: rows of one layer by the values of some columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The layer.
    pub layer: LayerId,
    /// Columns and the values they must have, compared as text without regard to case; an `id` as it stands.
    pub equal: Vec<(&'static str, String)>,
    /// Columns and what their values begin with, without regard to case: what somebody may be about to type.
    pub starts: Vec<(&'static str, String)>,
    /// Of a layer with validity: rows that are no more are meant too, after those valid now, and what became of them as far as this
    /// relation knows it: its columns `parent` and `child` are ids. Without it only what is valid now is meant.
    pub lineage: Option<TableName>,
}

/// What a theme's own operations are given. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The database, the time, the public address.
    pub context: Context,
    /// The layers as they stand in the catalogue, where an administrator may have changed who sees and edits them.
    pub layers: Arc<dyn Layers>,
    /// Told of each change.
    pub journal: Arc<dyn Journal>,
    /// For what must not be readable in the database.
    pub vault: Vault,
}

/// The layers of the catalogue.
pub trait Layers: Send + Sync {
    /// The layer of this name, if it exists for this principal.
    fn layer(&self, who: &Principal, id: &str) -> Option<Arc<Layer>>;
}
