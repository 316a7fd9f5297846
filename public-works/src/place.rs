//! Where a record is: drawn (GeoJSON), or along a street that the register knows by name.

use kernel::{Comuni, Layer, Problem};
use operations::{Change, Place, Reader, refused};
use serde_json::Value;

/// What was sent of a place.
pub(crate) struct Given {
    drawn: Option<Value>,
    street: Option<String>,
}

/// Reads `place` (a GeoJSON geometry, longitude and latitude) and `street` (a name as on the sign), of which one is wanted.
pub(crate) fn read(given: &mut Reader) -> Given {
    let before = given.json("place");
    let street = given.text("street", 200);
    if before.is_some() == street.is_some() {
        given.fault("place", "serve il luogo: disegnato, o il nome di una strada", "the place is needed: drawn, or the name of a street");
    }
    Given { drawn: before, street }
}

/// The place in the layer's system, of a comune that its editor works for; what is wrong goes to the reader.
pub(crate) async fn settle(change: &mut Change, layer: &Layer, place: &Given, given: &mut Reader) -> Result<Option<Place>, Problem> {
    let name = if place.drawn.is_some() { "place" } else { "street" };
    let drawn = match (&place.drawn, &place.street) {
        (Some(drawn), None) => Some(drawn.clone()),
        (None, Some(street)) => along(change, street, given).await?,
        _ => None,
    };
    let Some(drawn) = drawn else { return Ok(None) };
    let found = operations::place(change.conn(), layer, &drawn, given, name).await?;
    if let Some(place) = &found
        && !change.who().comuni().contains(&place.comune)
    {
        given.fault(name, "è in un comune per cui non lavori", "is in a comune that you do not work for");
    }
    Ok(found)
}

/// The axis of a street of the comuni that its editor works for. One name may stand in two comuni.
async fn along(change: &mut Change, street: &str, given: &mut Reader) -> Result<Option<Value>, Problem> {
    let comuni: Option<Vec<String>> = match change.who().comuni() {
        Comuni::All => None,
        Comuni::Only(some) => Some(some.iter().cloned().collect()),
    };
    let found: Vec<(Value,)> = sqlx::query_as(
        "select st_asgeojson(st_transform(st_linemerge(st_collect(geom)), 4326), 9)::jsonb
           from territory.v_streets
          where lower(name) = lower($1) and ($2::text[] is null or comune = any ($2))
          group by comune order by comune",
    )
    .bind(street)
    .bind(comuni)
    .fetch_all(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    match found.len() {
        1 => return Ok(found.into_iter().next().map(|(line,)| line)),
        0 => given.fault("street", "non c'è una strada con questo nome", "there is no street of this name"),
        _ => given.fault(
            "street",
            "più comuni hanno una strada con questo nome: va disegnata",
            "several comuni have a street of this name: draw it",
        ),
    }
    Ok(None)
}
