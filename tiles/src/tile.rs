use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use kernel::{Filter, Params, Problem, TileCoord, TileCoordError};

use crate::asked::Asked;
use crate::body::Out;
use crate::choice::{self, Choice};
use crate::coding::Coding;
use crate::queue::Place;
use crate::render::{Failure, Tile};
use crate::{App, render};

/// `GET /xyz/{ids}/{z}/{x}/{y}`: a Mapbox Vector Tile. Its layers are named as ours, its features' ids are `fid`, and
/// their properties `id` and the fields that are not private.
///
/// `?datetime=` shows the rows of layers with validity as they were valid then, as on items. `?filter=` (CQL2 text, or `filter-lang`) shows
/// the rows that meet a condition, which every layer of the tile must know; `?properties=` leaves only these properties. 204 where nothing is, also outside a layer's zooms; 400 for what is no tile, 404 outside the grid or for a layer that is not
/// there; 503 if the database does not answer in time, or more tiles are asked for than can be made. A layer whose table is not what it declares any more is left out; if no
/// other was asked for that is a 503 too.
#[utoipa::path(
    get,
    path = "/xyz/{ids}/{z}/{x}/{y}",
    tag = "tiles",
    params(
        ("ids" = String, Path, description = "Layers, separated by commas"),
        ("z" = u8, Path, description = "Zoom", maximum = 22),
        ("x" = u32, Path, description = "Column, from the west"),
        ("y" = u32, Path, description = "Row, from the north"),
        ("datetime" = Option<String>, Query, description = "For layers with validity: an instant, a day in Italy, or an interval of these; now without"),
        ("filter" = Option<String>, Query, description = "A condition in CQL2 over properties that every layer has; geometries in `filter-crs`"),
        ("filter-lang" = Option<String>, Query, description = "`cql2-text` (without it), `cql2-json`, or `cql-text` with `ILIKE`"),
        ("filter-crs" = Option<String>, Query, description = "The system of the geometries in `filter`, by its address; longitude and latitude without it"),
        ("properties" = Option<String>, Query, description = "Which properties features have, separated by commas; all without it"),
    ),
    responses(
        (status = 200, description = "Mapbox Vector Tile 2.1", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing is there"),
        (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"),
        (status = 404, description = "No such layer, or not for you", content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer in time, more is asked for than can be made (`Retry-After`), or the layer's table was changed under it", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    asked: Asked,
    Path((_, z, x, y)): Path<(String, String, String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    let params = params.only(&[&["datetime"][..], &choice::PARAMETERS].concat())?;
    let choice = Choice::read(&params)?;
    let time = params.get("datetime").map_or_else(|| Ok(Filter::ValidAt(app.context.clock.now())), Filter::datetime)?;
    let y = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf")).unwrap_or(&y);
    let coord = TileCoord::parse(&z, &x, y).map_err(|e| refuse(&e))?;
    let (public, coding) = (asked.public(), Coding::asked(&headers));
    let is_plain = params.get("datetime").is_none() && choice.is_everything();
    let key = if is_plain { app.cache.key(&app, &asked.who, &asked.sound()?, coord, coding) } else { None };
    let now = app.context.clock.now();
    if let Some(out) = key.as_ref().and_then(|key| app.cache.get(key, now)) {
        metrics::histogram!("tile_seconds", "path" => "cache").record(begun.elapsed().as_secs_f64());
        return out.respond(&headers, public);
    }
    let (mut tile, place) = match render(&app, &asked, coord, &time, &choice).await {
        Err(Failure::Database(error)) if catalogue::may_be_outdated(&error) => {
            Box::pin(async { render(&app, &asked.again(&app).await, coord, &time, &choice).await }).await
        }
        made => made,
    }?;
    let made = tile.made.take();
    let path = if made.is_some() { "memory" } else { "sql" };
    metrics::histogram!("tile_bytes", "path" => path).record(tile.bytes.len() as f64);
    let out = Out::new(tile, coding, &headers).await?;
    drop(place);
    if let (Some(key), Some(made), false) = (key, made, out.is_known(&headers)) {
        app.cache.put(key, out.clone(), made);
    }
    metrics::histogram!("tile_seconds", "path" => path).record(begun.elapsed().as_secs_f64());
    out.respond(&headers, public)
}

/// The tile of those of the layers that can be read.
async fn render(app: &App, asked: &Asked, coord: TileCoord, time: &Filter, choice: &Choice) -> Result<(Tile, Option<Place>), Failure> {
    let entries = asked.sound()?;
    render::tile(app, &asked.who, &entries, coord, time, choice).await
}

pub(crate) fn refuse(error: &TileCoordError) -> Problem {
    let integers = "integers: z from 0 to 22, x and y from 0 to 2^z - 1";
    match error {
        TileCoordError::Zoom(_) => Problem::invalid_parameter("z", error.to_string(), integers),
        TileCoordError::Number(_) => Problem::invalid_parameter("x, y", error.to_string(), integers),
        TileCoordError::OutsideGrid { .. } => Problem::not_found(error.to_string()),
    }
}
