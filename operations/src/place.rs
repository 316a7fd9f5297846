use kernel::{Layer, Problem};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::change::refused;
use crate::sent::Reader;

/// A place as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// EWKB in the layer's system.
    pub ewkb: Vec<u8>,
    /// The comune that it is of (ISTAT code): the boundary round it, or the nearest.
    pub comune: String,
}

#[derive(FromRow)]
struct Found {
    ewkb: Option<Vec<u8>>,
    comune: Option<String>,
    fault: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
}

/// A GeoJSON geometry (RFC 7946: longitude and latitude), checked, brought into the layer's system and type. What is wrong goes to the
/// reader under `name`: no valid geometry of a kind that the layer has, more than 100,000 positions, farther than half a degree from every comune.
pub async fn place(
    conn: &mut PgConnection,
    layer: &Layer,
    geojson: &Value,
    given: &mut Reader,
    name: &str,
) -> Result<Option<Place>, Problem> {
    let found: Found = sqlx::query_as("select ewkb, comune, fault, lon, lat from opensit.place_of($1, $2)")
        .bind(geojson.to_string())
        .bind(layer.geometry.sql())
        .fetch_one(conn)
        .await
        .map_err(|e| refused(&e))?;
    match found {
        Found { fault: None, ewkb: Some(ewkb), comune: Some(comune), .. } => Ok(Some(Place { ewkb, comune })),
        Found { fault, lon, lat, .. } => {
            let said = lon.zip(lat).map(|(lon, lat)| format!(" ({lon:.7}, {lat:.7})")).unwrap_or_default();
            let detail = format!("{}{said}", fault.unwrap_or_else(|| "is no place".to_owned()));
            given.told_at(name, detail, lon.zip(lat).map(|(lon, lat)| [lon, lat]));
            Ok(None)
        }
    }
}
