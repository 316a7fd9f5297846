//! Values, geometries and times in CQL2-JSON.

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, Utc};
use geo::MapCoordsInPlace;
use geo_types::Coord;
use serde_json::{Value as Json, json};

use super::super::{Filter, Shape, Value};
use crate::{Bbox, Srid};

/// A day or instant, or an interval of them whose open end is `None`.
pub(super) enum Moment {
    At(Value),
    Between(Option<Value>, Option<Value>),
}

/// The name, if it is `{"property": NAME}`.
pub(super) fn property(document: &Json) -> Option<&str> {
    let members = document.as_object().filter(|members| members.len() == 1)?;
    members.get("property")?.as_str()
}

pub(super) fn value(document: &Json) -> Result<Value, String> {
    match document {
        Json::Bool(v) => Ok(Value::Boolean(*v)),
        Json::Number(v) => match (v.as_i64(), v.as_f64()) {
            (Some(v), _) => Ok(Value::Integer(v)),
            (None, Some(v)) => Ok(Value::Number(v)),
            (None, None) => Err(format!("{v} is not a number that can be compared with")),
        },
        Json::String(v) if v.len() > Filter::MAX_TEXT => {
            Err(format!("the text has {} bytes; at most {} are taken", v.len(), Filter::MAX_TEXT))
        }
        Json::String(v) if v.contains('\0') => Err("a text can't hold the character NUL".to_owned()),
        Json::String(v) => Ok(Value::Text(v.clone())),
        Json::Object(members) if members.len() == 1 && !members.contains_key("property") => match moment(document)? {
            Moment::At(value) => Ok(value),
            Moment::Between(..) => Err("an interval goes with the operators `t_…`".to_owned()),
        },
        Json::Null => Err("nothing is equal to null: ask with `isNull`".to_owned()),
        _ => Err("a value is a text, a number, true, false, {\"date\": …} or {\"timestamp\": …}".to_owned()),
    }
}

pub(super) fn moment(document: &Json) -> Result<Moment, String> {
    if let Some(text) = document.get("date").and_then(Json::as_str) {
        return date(text).map(Moment::At);
    }
    if let Some(text) = document.get("timestamp").and_then(Json::as_str) {
        return instant(text).map(Moment::At);
    }
    match document.get("interval").and_then(Json::as_array).map(Vec::as_slice) {
        Some([Json::String(start), Json::String(end)]) => {
            let end_of = |text: &str| match text {
                ".." => Ok(None),
                text if text.len() == 10 => date(text).map(Some),
                text => instant(text).map(Some),
            };
            Ok(Moment::Between(end_of(start)?, end_of(end)?))
        }
        _ => Err("a time is {\"date\": \"2026-01-31\"}, {\"timestamp\": \"2026-01-31T12:00:00Z\"} or {\"interval\": [START, END]}, an open end \"..\"".to_owned()),
    }
}

fn date(text: &str) -> Result<Value, String> {
    let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    day.filter(|day| day.year() > 0).map(Value::Date).ok_or_else(|| "a day is written 2026-01-31".to_owned())
}

fn instant(text: &str) -> Result<Value, String> {
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc).trunc_subsecs(6));
    let instant = instant.filter(|instant| (1..=9999).contains(&instant.year()));
    instant.map(Value::Instant).ok_or_else(|| "an instant is written 2026-01-31T12:00:00Z, or with an offset".to_owned())
}

/// The system that the geometry says it is in, else this one.
fn system(document: &Json, srid: Srid) -> Result<Srid, String> {
    match document.get("coordRefSys") {
        None => Ok(srid),
        Some(named) => {
            named.as_str().and_then(Srid::parse).ok_or_else(|| "`coordRefSys` is the address of a coordinate reference system".to_owned())
        }
    }
}

/// Whether the geometry has the north coordinate first: those that say their system never do.
fn is_swapped(document: &Json, north_first: bool) -> bool {
    north_first && document.get("coordRefSys").is_none()
}

pub(super) fn bbox(document: &Json, srid: Srid, north_first: bool) -> Result<(Bbox, Srid), String> {
    let numbers: Option<Vec<f64>> = document.get("bbox").and_then(Json::as_array).and_then(|all| all.iter().map(Json::as_f64).collect());
    let [west, south, east, north] = match numbers.as_deref() {
        Some(&[a, b, c, d]) => [a, b, c, d],
        Some(&[a, b, _, c, d, _]) => [a, b, c, d],
        _ => return Err("a bbox is [west, south, east, north]".to_owned()),
    };
    let [west, south, east, north] =
        if is_swapped(document, north_first) { [south, west, north, east] } else { [west, south, east, north] };
    let srid = system(document, srid)?;
    let bbox = Bbox::new(west, south, east, north).map_err(|e| e.to_string())?;
    Shape::check_position(srid, west, south).and_then(|()| Shape::check_position(srid, east, north)).map_err(|e| e.to_string())?;
    Ok((bbox, srid))
}

pub(super) fn shape(document: &Json, srid: Srid, north_first: bool) -> Result<Shape, String> {
    if document.get("type").is_none() && document.get("bbox").is_some() {
        let (bbox, srid) = bbox(document, srid, north_first)?;
        return Shape::rectangle(&bbox, srid).map_err(|e| e.to_string());
    }
    let srid = system(document, srid)?;
    if document.get("type").and_then(Json::as_str) == Some("GeometryCollection") {
        return Err(super::super::ShapeError::Collection.to_string());
    }
    let coordinates = json!({"type": document.get("type"), "coordinates": document.get("coordinates")});
    let geometry = serde_json::from_value::<geojson::Geometry>(coordinates).map_err(|e| format!("it is not a GeoJSON geometry: {e}"))?;
    let mut geometry = geo_types::Geometry::<f64>::try_from(geometry).map_err(|e| format!("it is not a GeoJSON geometry: {e}"))?;
    if is_swapped(document, north_first) {
        geometry.map_coords_in_place(|c| Coord { x: c.y, y: c.x });
    }
    Shape::new(geometry, srid).map_err(|e| e.to_string())
}
