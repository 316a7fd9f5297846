//! The layers as stored (table `opensit.layers`): declared by themes when the database is migrated, or published from
//! files while it runs. What serves them reads the [`Catalogue`] only, never a theme.
//!
//! [`store`] writes the table and makes layers' tables; [`copy`] and [`ewkb`] fill them in bulk; [`routes`] answers what
//! goes over all layers: `/search`, `/identify`, `/here` and the portal's catalogue.

mod catalogue;
pub mod copy;
mod damage;
mod entry;
pub mod ewkb;
mod here;
mod identify;
mod policies;
mod portal;
mod query;
mod search;
pub mod store;

pub use catalogue::{Catalogue, CatalogueError, Unreadable, may_be_outdated};
pub use damage::Damage;
pub use entry::Entry;
pub use portal::{BaseMap, BaseMapKind, PortalSettings};
pub use query::title;
pub use search::named;

pub(crate) use catalogue::LOOK_AGAIN;

use std::sync::Arc;

use axum::{Router, routing::get};
use kernel::{Context, Lookup};

/// A theme's own way of naming a place in the search box (see [`kernel::Module::search`]).
pub type SearchSyntax = fn(&str) -> Vec<Lookup>;

#[derive(Clone)]
struct App {
    context: Context,
    catalogue: Catalogue,
    syntaxes: Arc<[SearchSyntax]>,
    portal: Arc<PortalSettings>,
}

/// `/search`, `/identify`, `/here` and `/portal/catalogue.json`.
pub fn routes(context: Context, catalogue: Catalogue, syntaxes: Vec<SearchSyntax>, portal: PortalSettings) -> Router {
    let app = App { context: context.clone(), catalogue, syntaxes: syntaxes.into(), portal: Arc::new(portal) };
    let pages = Router::new().route("/here", get(here::handler)).with_state(app.clone());
    Router::new()
        .route("/search", get(search::handler))
        .route("/identify", get(identify::handler))
        .route("/portal/catalogue.json", get(portal::handler))
        .with_state(app)
        .merge(operations::for_people(pages, &context))
}

/// What [`routes`] answers, described.
#[derive(utoipa::OpenApi)]
#[openapi(paths(search::handler, identify::handler, here::handler, portal::handler))]
pub struct Api;
