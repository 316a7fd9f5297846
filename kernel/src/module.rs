use std::sync::Arc;

use axum::Router;

use chrono::{DateTime, Utc};

use crate::{Context, Journal, Language, Layer, LayerId, Pending, Principal, Problem, TableName, Text, Vault};

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

    /// What lies on a feature (a layer and an id) at an instant, of every layer that this principal sees but the ground; within a layer the
    /// largest first. Nothing if there is no such feature for them. Thus a theme tells what the others say, and knows none of them.
    fn on<'a>(&'a self, asking: Asking<'a>, feature: (&'a str, &'a str), at: DateTime<Utc>) -> Pending<'a, Result<Vec<OnIt>, Problem>>;
}

/// Who asks the catalogue, and in which language.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The database, the time, the public address.
    pub context: &'a Context,
    /// Who asks.
    pub who: &'a Principal,
    /// The language of titles.
    pub language: Language,
}

/// A feature that lies on another.
#[derive(Clone, Debug)]
pub struct OnIt {
    /// Its layer.
    pub layer: Arc<Layer>,
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Of an area on an area: the ground that both have, m².
    pub area_m2: Option<f64>,
    /// Of a line: how long it lies there, m.
    pub length_m: Option<f64>,
    /// Of an area on an area: the part of the other one's, 0 to 1.
    pub share: Option<f64>,
}

impl OnIt {
    /// Its own page, or its item in the collection: a path.
    pub fn path(&self) -> String {
        self.layer.page_of(&self.id).unwrap_or_else(|| self.layer.item_path(&self.id))
    }
}
