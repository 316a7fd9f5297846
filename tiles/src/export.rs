//! Tiles into a file: what `/xyz` serves, as one archive (PMTiles, version 3).

mod cover;

use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use catalogue::{Catalogue, Entry};
use crs::Settings;
use feed::{Feed, FeedState};
use futures::{StreamExt, TryStreamExt};
use kernel::{Bbox, Context, Filter, Language, Principal, Problem};
use pmtiles::{PmTilesWriter, TileType};
use serde_json::{Value, json};
use thiserror::Error;

use crate::asked::Asked;
use crate::choice::{Choice, Selection};
use crate::render::Tile;
use crate::{App, Archives, Engine, Fonts, Load, Queues, render, tilejson};
use cover::Range;

/// The last zoom that is written unless another is asked for: clients draw closer ones from its tiles, whose units are 12 cm there.
const LAST_ZOOM: u8 = 16;
/// How many tiles one file may have to be asked for: some days of work, and the list of them is kept in memory.
const MAX_TILES: u64 = 50_000_000;
/// How many tiles are written at a time.
const AT_A_TIME: usize = 4;
/// How long it is waited for the change feed, without which nothing is loaded into memory.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The layers, in their order.
    pub layers: Vec<String>,
    /// Who is to see the file: it has what they see.
    pub who: Principal,
    /// The first and last zoom; those of the layers without, 16 at most.
    pub zooms: (Option<u8>, Option<u8>),
    /// Only tiles over this rectangle, CRS84.
    pub bbox: Option<Bbox>,
    /// Of titles and labels.
    pub language: Language,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// Tiles with something in them.
    pub tiles: u64,
    /// Of these, tiles in which a layer is generalised.
    pub generalised: u64,
    /// First and last zoom.
    pub zooms: (u8, u8),
    /// Whether all tiles came from memory.
    pub in_memory: bool,
}

/// Why there is no file.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A layer that does not exist.
    #[error("there is no layer `{0}`: `opensit layers` lists those there are")]
    NoLayer(String),
    /// A layer that is not for whom the file is for.
    #[error("the layer `{0}` is not for everybody; a file for those who may see everything is written with --everything")]
    NotForThem(String),
    /// A layer named twice, or none.
    #[error("name each layer once, as `parcels,buildings`")]
    Names,
    /// No zoom is left.
    #[error("these layers have tiles from zoom {0} to {1}, and none of these zooms is asked for")]
    Zooms(u8, u8),
    /// More tiles than a file can be asked to have.
    #[error("these are {0} tiles, more than {MAX_TILES}: ask for a smaller --bbox or --max-zoom")]
    TooMany(u64),
    /// Nothing is in any of the tiles.
    #[error("there is nothing to write: none of the tiles has anything in it")]
    Empty,
    /// A tile or a layer can't be read.
    #[error("{}", .0.detail())]
    Tile(Problem),
    /// The file.
    #[error("the file can't be written: {0}")]
    File(String),
}

impl From<Problem> for ExportError {
    fn from(problem: Problem) -> Self {
        Self::Tile(problem)
    }
}

/// Writes the tiles of layers, as they are now, into a file; `told` hears how many of how many were looked at. The file is whole only if this
/// returns well. The engine should know nothing yet: the layers that are asked for are loaded, and where that can't be, the database writes
/// their tiles.
pub async fn export<W: Write + Seek>(
    context: Context,
    catalogue: Catalogue,
    feed: Feed,
    engine: Engine,
    wanted: &Wanted,
    file: W,
    told: impl Fn(u64, u64),
) -> Result<Written, ExportError> {
    let entries = entries(&catalogue, wanted)?;
    let (min, max) = zooms(&entries, wanted)?;
    let ranges = ranges(&entries, wanted, context.installation.bbox, (min, max));
    let all: u64 = ranges.iter().map(Range::count).sum();
    if all > MAX_TILES {
        return Err(ExportError::TooMany(all));
    }
    if tokio::time::timeout(PATIENCE, live(&feed)).await.is_ok() {
        for entry in &entries {
            engine.load_now(entry, &feed).await;
        }
    }
    let queues = Arc::new(Queues::new(&context, Load::here(AT_A_TIME, 0)));
    let (archives, fonts) = (Archives::default(), Fonts::default());
    let app = App {
        context,
        catalogue,
        feed,
        engine: Some(engine),
        ways: Arc::default(),
        queues,
        cache: crate::cache::Tiles::new(0),
        archives,
        fonts,
        settings: Settings::default(),
    };
    let time = Filter::ValidAt(app.context.clock.now());
    let asked = Asked { who: wanted.who.clone(), entries };
    let described = tilejson::tilejson(
        &asked,
        &vec![Selection::default(); asked.entries.len()],
        &app.context.public_url,
        app.context.installation.bbox,
        wanted.language,
    );
    let mut writer = head(&described, wanted, (min, max)).create(file).map_err(unwritten)?;

    let mut written = Written { tiles: 0, generalised: 0, zooms: (min, max), in_memory: true };
    let mut looked_at = 0;
    told(0, all);
    for range in ranges {
        let drawn = futures::stream::iter(range.tiles()).map(|coord| {
            let (app, asked, time) = (&app, &asked, &time);
            async move { Ok::<_, ExportError>((coord, draw(app, asked, coord, time).await?)) }
        });
        let mut drawn = drawn.buffered(AT_A_TIME);
        while let Some((coord, tile)) = drawn.try_next().await? {
            looked_at += 1;
            told(looked_at, all);
            if tile.bytes.is_empty() {
                continue;
            }
            written.tiles += 1;
            written.generalised += u64::from(tile.generalised.is_some());
            written.in_memory &= tile.made.is_some();
            writer.add_tile(coord, &tile.bytes).map_err(unwritten)?;
        }
    }
    if written.tiles == 0 {
        return Err(ExportError::Empty);
    }
    writer.finalize().map_err(unwritten)?;
    Ok(written)
}

/// Ends when the feed follows the database.
async fn live(feed: &Feed) {
    while feed.status().state != FeedState::Live {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn unwritten(error: pmtiles::PmtError) -> ExportError {
    ExportError::File(error.to_string())
}

/// The layers that are asked for, each there and sound.
fn entries(catalogue: &Catalogue, wanted: &Wanted) -> Result<Vec<Arc<Entry>>, ExportError> {
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    for name in &wanted.layers {
        let entry = catalogue.layer(&Principal::operator(), name).ok_or_else(|| ExportError::NoLayer(name.clone()))?;
        if !wanted.who.may_read(&entry.layer) {
            return Err(ExportError::NotForThem(name.clone()));
        }
        if entries.iter().any(|known| known.layer.id == entry.layer.id) {
            return Err(ExportError::Names);
        }
        entry.sound()?;
        entries.push(entry);
    }
    if entries.is_empty() { Err(ExportError::Names) } else { Ok(entries) }
}

fn zooms(entries: &[Arc<Entry>], wanted: &Wanted) -> Result<(u8, u8), ExportError> {
    let first = entries.iter().map(|e| e.layer.zoom.0).min().unwrap_or(0);
    let last = entries.iter().map(|e| e.layer.zoom.1).max().unwrap_or(0);
    let min = wanted.zooms.0.unwrap_or(first).max(first);
    let max = wanted.zooms.1.unwrap_or(LAST_ZOOM.max(min)).min(last);
    if min <= max { Ok((min, max)) } else { Err(ExportError::Zooms(first, last)) }
}

/// The tiles to look at, a range a zoom. Where the rectangle is not given it is that of the rows, with a tile round it.
fn ranges(entries: &[Arc<Entry>], wanted: &Wanted, installation: Bbox, (min, max): (u8, u8)) -> Vec<Range> {
    let rows = entries.iter().filter_map(|e| e.bbox).reduce(Bbox::union);
    let (bbox, margin) = match wanted.bbox {
        Some(bbox) => (bbox, 0),
        None => (rows.unwrap_or(installation), 1),
    };
    (min..=max).map(|z| Range::over(bbox, z, margin)).collect()
}

/// What a reader learns of the file before its first tile: the words of TileJSON.
fn head(described: &Value, wanted: &Wanted, (min, max): (u8, u8)) -> PmTilesWriter {
    let side = |i: usize, otherwise: f64| described["bounds"][i].as_f64().unwrap_or(otherwise);
    let stated = Bbox::new(side(0, -180.0), side(1, -85.0), side(2, 180.0), side(3, 85.0)).ok();
    let mut layers = described["vector_layers"].clone();
    for layer in layers.as_array_mut().into_iter().flatten() {
        for zoom in ["minzoom", "maxzoom"] {
            layer[zoom] = json!(layer[zoom].as_u64().unwrap_or_default().clamp(min.into(), max.into()));
        }
    }
    let metadata = json!({
        "name": described["name"],
        "attribution": described["attribution"],
        "type": "overlay",
        "generator": concat!("opensit ", env!("CARGO_PKG_VERSION")),
        "vector_layers": layers,
    });
    let writer = PmTilesWriter::new(TileType::Mvt).min_zoom(min).max_zoom(max).metadata(metadata.to_string());
    let Some(bounds) = wanted.bbox.or(stated) else { return writer };
    let (lon, lat) = bounds.centre();
    let writer = writer.bounds(bounds.west(), bounds.south(), bounds.east(), bounds.north());
    writer.center(lon, lat).center_zoom(12.clamp(min, max))
}

async fn draw(app: &App, asked: &Asked, coord: pmtiles::TileCoord, time: &Filter) -> Result<Tile, Problem> {
    let tile = kernel::TileCoord::new(coord.z(), coord.x(), coord.y()).map_err(|e| Problem::internal("tile", &e))?;
    Ok(render::tile(app, &asked.who, &asked.entries, tile, time, &Choice::default()).await?.0)
}
