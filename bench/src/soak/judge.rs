use std::collections::HashMap;

use anyhow::{Context, Result, ensure};

use super::expected::{features, number, text};
use crate::client::Client;
use crate::figures::position;
use crate::psql::Session;
use crate::seeded::Seeded;

/// Compares a random tile with what PostGIS says of it, while nothing changes: what differs, if anything does.
///
/// What PostGIS draws larger than four units inside the tile must be there, with its value; and nothing must be there that is not in the
/// table within half a side of the tile: buffers are narrower. Smaller things two implementations may round apart.
pub(super) fn compare(
    client: &Client,
    session: &mut Session,
    random: &mut Seeded,
    [west, south, east, north]: [f64; 4],
) -> Result<Option<String>> {
    let z = 14 + random.below(5) as u8;
    let (x, y) = position(z, random.between(west, east), random.between(south, north));
    let after = session.rows("select pg_current_wal_flush_lsn()")?.concat().concat();
    for (layer, table, column, valid) in [
        ("parcels", "cadastre.parcels", "area_m2", "valid_from <= now() and (valid_to is null or valid_to > now())"),
        (super::database::LAYER, "published.soak", "n", "true"),
    ] {
        let path = format!("/xyz/{layer}/{z}/{x}/{y}");
        let answer = client.ask_after(&path, &after)?;
        ensure!(answer.status < 300, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        if answer.generalised {
            continue;
        }
        let mut ours = HashMap::new();
        for feature in features(&answer.body, layer)? {
            ours.insert(text(&feature, "id").context("a feature has an id")?.to_owned(), number(&feature, column));
        }
        let theirs = session.rows(&format!(
            "select id, coalesce({column}::text, ''), coalesce(g && st_makeenvelope(4, 4, 4092, 4092)
                    and greatest(st_xmax(g) - st_xmin(g), st_ymax(g) - st_ymin(g), case when st_dimension(g) = 0 then 9 else 0 end) > 4, false)
               from (select id, {column}, st_asmvtgeom(st_transform(geom, 3857), e::box2d, 4096, 64, true) as g
                       from {table}, st_tileenvelope({z}, {x}, {y}) as e
                      where geom && st_transform(st_expand(e, (st_xmax(e) - st_xmin(e)) / 2), st_srid(geom)) and {valid}) t"
        ))?;
        let mut known = HashMap::new();
        for row in &theirs {
            let [id, value, must] = &row[..] else { anyhow::bail!("{row:?}") };
            known.insert(id.as_str(), ());
            match ours.get(id) {
                None if must == "t" => return Ok(Some(format!("{path}: {id} is missing"))),
                Some(shown) if shown.map(|n| n.to_string()).unwrap_or_default() != *value => {
                    return Ok(Some(format!("{path}: {column} of {id} is {shown:?}, not {value}")));
                }
                _ => {}
            }
        }
        if let Some(id) = ours.keys().find(|id| !known.contains_key(id.as_str())) {
            return Ok(Some(format!("{path}: {id} is not in the database")));
        }
    }
    Ok(None)
}
