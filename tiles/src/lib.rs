//! Vector tiles for any layer of the catalogue, under `/xyz`, and statistics of the same rows.
//!
//! | address | what |
//! |---|---|
//! | `/xyz/{ids}` | TileJSON 3.0.0 |
//! | `/xyz/{ids}/{z}/{x}/{y}` | a Mapbox Vector Tile 2.1; a `.mvt` or `.pbf` after `y` is taken too |
//! | `/xyz/{ids}/changes` | server-sent events: what changed, and where |
//! | `/collections/{collection}/h3` | how many rows lie in each cell of H3 |
//! | `/font/{fontstack}/{range}` | glyphs of the map's fonts |
//!
//! Files of tiles ([`Archives`]) answer at the same addresses, and both at those of the tile server martin too ([`Home`]).
//!
//! `{ids}` is a layer, or several as `a,b`. The tiles are written from memory ([`Engine`]), where the change feed keeps the layers as they
//! are in the database; what is not there is written by PostGIS (`ST_AsMVT`), in one statement for all such layers of a tile, and is the
//! same: what the statement looks like and why is told in `sql`. A tile's size is bounded at every zoom: where a layer has more in it than
//! a map can show, it is generalised, and the header `X-Generalised` says so. `?filter=` chooses rows and `?properties=` what they carry, in
//! either way with the same result.

mod archive;
mod asked;
mod body;
mod cache;
mod changes;
mod choice;
mod coding;
mod engine;
mod export;
mod fonts;
mod frame;
mod h3;
mod ids;
mod martin;
mod queue;
mod render;
mod sql;
mod tile;
mod tilejson;

use std::sync::Arc;

pub use archive::{ArchiveError, ArchiveSettings, Archives, BadArchive, ServedArchive};
use axum::{Router, middleware, routing::get};
use catalogue::Catalogue;
use crs::Settings;
pub use engine::Engine;
pub use export::{ExportError, Wanted, Written, export};
use feed::Feed;
pub use fonts::{FontError, Fonts};
use kernel::Context;
pub use martin::Home;
use queue::{InHand, Queue};

/// What the connections of [`Context::tiles_database`] must be set to, for the planner to do right by a tile.
///
/// Measured on 290,000 parcels: without these PostgreSQL chooses a parallel sequential scan at zoom 15 (40 to 78 ms for
/// what the index does in 10), compiles plans longer than it runs them, and lets parallel workers put the features of a
/// tile in another order each time, so that its ETag is never the same twice. They are settings of the connection, since
/// a statement can't change how it is planned itself.
pub const SESSION: [(&str, &str); 4] =
    [("enable_seqscan", "off"), ("jit", "off"), ("max_parallel_workers_per_gather", "0"), ("statement_timeout", "8s")];

struct App {
    context: Context,
    catalogue: Catalogue,
    feed: Feed,
    /// What keeps layers in memory; without it all tiles are the database's.
    engine: Option<Engine>,
    ways: Arc<frame::Ways>,
    queues: Arc<Queues>,
    cache: cache::Tiles,
    archives: Archives,
    fonts: Fonts,
    /// Datum parameters, for geometries in filters.
    settings: Settings,
}

/// How much is made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Large tiles from memory: as many as there are processors.
    pub at_once: usize,
    /// How many requests may wait for their turn, from memory and from the database each; beyond them it is 503.
    pub waiting: usize,
    /// Bytes that tiles may take which were made and may be asked for again; nought keeps none.
    pub cache: u64,
}

impl Load {
    /// As this machine can bear, with so many that may wait, and so many bytes of tiles that are kept.
    pub fn here(waiting: usize, cache: u64) -> Self {
        Self { at_once: std::thread::available_parallelism().map_or(1, std::num::NonZero::get), waiting, cache }
    }
}

/// What takes long waits here for its turn. Small tiles from memory do not.
struct Queues {
    encodings: Queue,
    statements: Queue,
    /// All tiles that are being made.
    tiles: InHand,
}

impl Queues {
    fn new(context: &Context, load: Load) -> Self {
        let statements = context.tiles_database.most_connections() as usize;
        Self {
            encodings: Queue::new("memory", load.at_once, load.waiting),
            statements: Queue::new("sql", statements, load.waiting),
            tiles: InHand::default(),
        }
    }
}

/// What is served beside the layers.
#[derive(Clone, Default)]
pub struct Beside {
    /// Files of tiles.
    pub archives: Archives,
    /// Fonts that maps draw their letters with.
    pub fonts: Fonts,
    /// Where the addresses of the tile server martin are, if they are to be.
    pub martin: Option<Home>,
}

/// Everything under `/xyz`, what is counted of collections, and everything under martin's prefix. `settings` are the datum parameters by
/// which geometries in filters are read.
pub fn routes(
    context: Context,
    catalogue: Catalogue,
    settings: Settings,
    feed: Feed,
    engine: Option<Engine>,
    load: Load,
    beside: Beside,
) -> Router {
    let (queues, cache) = (Arc::new(Queues::new(&context, load)), cache::Tiles::new(load.cache));
    let (archives, fonts) = (beside.archives, beside.fonts.clone());
    let app = Arc::new(App { context, catalogue, feed, engine, ways: Arc::default(), queues, cache, archives, fonts, settings });
    let martin = beside.martin.map(|home| martin::routes(&home, &app)).unwrap_or_default();
    let own = Router::new()
        .route("/xyz/{ids}", get(tilejson::handler))
        .route("/collections/{collection}/h3", get(h3::handler))
        .route("/xyz/{ids}/changes", get(changes::handler))
        .route("/xyz/{ids}/{z}/{x}/{y}", get(tile::handler))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), archive::answer));
    own.merge(martin).with_state(app).merge(fonts::routes(&beside.fonts))
}

/// What [`routes`] answers, described.
#[derive(utoipa::OpenApi)]
#[openapi(paths(tilejson::handler, tile::handler, changes::handler, h3::handler, fonts::handler))]
pub struct Api;
