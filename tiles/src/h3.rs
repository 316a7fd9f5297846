//! How many rows of a layer lie in each hexagon of H3.

mod page;
mod tally;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use catalogue::Entry;
use crs::{Settings, Transformer};
use futures::TryStreamExt;
use h3o::Resolution;
use http::header;
use kernel::{Bbox, Filter, Layer, Principal, Problem, Srid};
use operations::links::media;
use operations::{Format, Request, csv, reply};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::engine::{World, at_mercator};
use crate::{App, sql};
use tally::{Counted, MAX_CELLS, Tally};

/// Finer cells than these (some 300 m²) are no statistics.
const FINEST: u8 = 12;

/// A larger rectangle is looked for in all rows, degrees.
const LARGE_DEGREES: f64 = 5.0;
/// How much more is looked at, for what the two systems round differently, degrees.
const MARGIN_DEGREES: f64 = 1e-4;

/// A question, read and checked.
struct Question {
    resolution: Resolution,
    /// CRS84.
    bbox: Option<Bbox>,
    time: Filter,
}

/// `GET /collections/{collection}/h3`: how many rows of a layer lie in each cell of H3 at the resolution asked for, as GeoJSON (the
/// hexagons), CSV or a page. A row lies where its point does, or the middle of its rectangle in Web Mercator; positions are known to 7 mm.
///
/// The answer is made of the same rows as the tiles are: those that who asks may see, valid at `?datetime=`, from memory or from the database
/// (`servedFrom`). 400 where there would be more than 10,000 cells: it says which resolution has fewer.
#[utoipa::path(
    get,
    path = "/collections/{collection}/h3",
    operation_id = "getH3Counts",
    tag = "statistics",
    params(
        ("collection" = String, Path, description = "A layer"),
        ("resolution" = u8, Query, description = "Of the cells: from 0 (4 million km²) to 12 (300 m²)", maximum = 12),
        ("bbox" = Option<String>, Query, description = "West, south, east, north in degrees: only what lies there"),
        ("datetime" = Option<String>, Query, description = "For layers with validity, as on items"),
        ("f" = Option<String>, Query, description = "`json`, `csv` or `html`"),
        ("lang" = Option<String>, Query, description = "`it` or `en`"),
    ),
    responses(
        (status = 200, description = "A GeoJSON FeatureCollection with the properties `h3` and `count`, or a table", content_type = "application/geo+json"),
        (status = 400, description = "A parameter is wrong, or there are too many cells", content_type = "application/problem+json"),
        (status = 404, description = "No such layer, or not for you", content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer in time", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    Path(collection): Path<String>,
    mut request: Request,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    if request.format == Format::Html {
        request.params = request.params.filled();
    }
    request.only_of_list(&["resolution", "bbox", "datetime"])?;
    let entry = app.catalogue.layer(&request.who, &collection).ok_or_else(|| {
        let shown: String = collection.chars().take(60).collect();
        Problem::not_found(format!("there is no collection `{shown}`; /collections lists them"))
    })?;
    entry.sound()?;
    if request.format == Format::Html && request.params.get("resolution").is_none() {
        return Ok(page::form(&app.context, &request, &entry.layer));
    }
    let question = Question::parse(&app, &request)?;
    let (counted, in_memory) = count(&app, &request.who, &entry, &question).await?;
    if let Some(coarser) = counted.coarser() {
        let detail = format!("there are more than {MAX_CELLS} cells with rows at resolution {}", question.resolution);
        return Err(Problem::invalid_parameter("resolution", detail, format!("{coarser} or less here, or a smaller bbox")));
    }
    let path = if in_memory { "memory" } else { "sql" };
    metrics::histogram!("h3_seconds", "path" => path).record(begun.elapsed().as_secs_f64());
    if request.csv {
        let mut response = csv::file(&format!("{}-h3-{}.csv", entry.layer.id, question.resolution), counted.table());
        reply::write_common(request.language, response.headers_mut());
        return Ok(response);
    }
    Ok(match request.format {
        Format::Html => page::counts(&app.context, &request, &entry.layer, &counted),
        Format::Json => {
            let document = document(&counted, in_memory);
            let mut response = ([(header::CONTENT_TYPE, media::GEOJSON)], document.to_string()).into_response();
            reply::write_common(request.language, response.headers_mut());
            response
        }
    })
}

fn document(counted: &Counted, in_memory: bool) -> Value {
    let feature = |(cell, count): &(h3o::CellIndex, u64)| {
        json!({
            "type": "Feature",
            "id": cell.to_string(),
            "geometry": {"type": "Polygon", "coordinates": [tally::ring(*cell)]},
            "properties": {"h3": cell.to_string(), "count": count},
        })
    };
    json!({
        "type": "FeatureCollection",
        "resolution": u8::from(counted.resolution),
        "count": counted.total(),
        "servedFrom": if in_memory { "memory" } else { "database" },
        "features": counted.cells.iter().map(feature).collect::<Vec<_>>(),
    })
}

impl Question {
    fn parse(app: &App, request: &Request) -> Result<Self, Problem> {
        let allowed = format!("an integer from 0 to {FINEST}");
        let text = request.params.required("resolution", &allowed)?;
        let number = text.parse::<u8>().ok().filter(|number| *number <= FINEST && text.bytes().all(|b| b.is_ascii_digit()));
        let resolution = number.and_then(|number| Resolution::try_from(number).ok()).ok_or_else(|| {
            let shown: String = text.chars().take(20).collect();
            Problem::invalid_parameter("resolution", format!("`{shown}` is not {allowed}"), allowed)
        })?;
        let bbox = request.params.get("bbox").map(bbox).transpose()?;
        let now = || Ok(Filter::ValidAt(app.context.clock.now()));
        let time = request.params.get("datetime").map_or_else(now, Filter::datetime)?;
        Ok(Self { resolution, bbox, time })
    }
}

fn bbox(text: &str) -> Result<Bbox, Problem> {
    let allowed = "west,south,east,north in degrees, west not beyond east";
    let wrong = |detail: String| Problem::invalid_parameter("bbox", detail, allowed);
    let [west, south, east, north] = Bbox::parse_numbers(text).map_err(|e| wrong(e.to_string()))?;
    let is_there = [west, east].iter().all(|lon| lon.abs() <= 180.0) && [south, north].iter().all(|lat| lat.abs() <= 90.0);
    if !is_there {
        return Err(wrong("longitudes are from -180 to 180, latitudes from -90 to 90".to_owned()));
    }
    Bbox::new(west, south, east, north).map_err(|e| wrong(e.to_string()))
}

/// The counts, and whether memory has told them.
async fn count(app: &App, who: &Principal, entry: &Arc<Entry>, question: &Question) -> Result<(Counted, bool), Problem> {
    if let Some(engine) = &app.engine {
        let (engine, feed, entry, who) = (engine.clone(), app.feed.clone(), Arc::clone(entry), who.clone());
        let (time, mut tally) = (question.time.clone(), Tally::new(question.resolution, question.bbox.as_ref()));
        let counting = move || {
            let extent = tally.extent();
            engine.middles(&feed, &entry, &who, &time, extent.as_ref(), |middle| tally.put(middle)).then(|| tally.counted())
        };
        if let Some(counted) = tokio::task::spawn_blocking(counting).await.map_err(|e| Problem::internal("counts", &e))? {
            return Ok((counted, true));
        }
    }
    Ok((from_database(app, who, entry, question).await.map_err(|e| Problem::database("counts", &e))?, false))
}

async fn from_database(app: &App, who: &Principal, entry: &Entry, question: &Question) -> Result<Counted, sqlx::Error> {
    let mut tally = Tally::new(question.resolution, question.bbox.as_ref());
    let mut session = app.context.tiles_database.session(who).await?;
    let sql = sql::middles(&entry.layer, who, &question.time, near(&entry.layer, question.bbox.as_ref()).as_ref());
    {
        let mut rows = sqlx::query_as::<_, (Option<f64>, Option<f64>)>(AssertSqlSafe(sql)).persistent(false).fetch(&mut *session);
        while let Some(row) = rows.try_next().await? {
            if let (Some(x), Some(y)) = row {
                let middle: World = at_mercator([x, y]);
                tally.put(middle);
            }
        }
    }
    Ok(tally.counted())
}

/// A rectangle of the storage system that holds that one, with a margin; nothing where it is too large to be said there.
fn near(layer: &Layer, bbox: Option<&Bbox>) -> Option<Bbox> {
    let bbox = bbox.filter(|b| b.east() - b.west() <= LARGE_DEGREES && b.north() - b.south() <= LARGE_DEGREES)?;
    let way = Transformer::new(Srid::CRS84, layer.srid, &Settings::default()).ok()?;
    way.transform_bbox(&bbox.widened(MARGIN_DEGREES)).ok()
}

#[cfg(test)]
mod tests {
    use super::bbox;

    #[test]
    fn what_is_no_rectangle_of_the_globe_is_refused() {
        assert!(bbox("15,38,16,39").is_ok() && bbox("-180,-90,180,90").is_ok());
        for bad in ["", "1,2,3", "16,38,15,39", "15,39,16,38", "15,38,181,39", "15,-91,16,39", "NaN,0,1,1", "1e309,0,1,1", "a,b,c,d"] {
            assert!(bbox(bad).is_err(), "{bad}");
        }
    }
}
