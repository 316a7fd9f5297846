//! The demo town's part of this theme.

use catalogue::copy::fill;
use catalogue::ewkb;
use demo_town::Town;
use kernel::{Srid, TableName};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema, which must be empty, with the town; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let table = TableName::new("tourism", "points_of_interest").map_err(|e| sqlx::Error::Configuration(e.into()))?;
    let columns = ["id", "comune", "name", "name_en", "kind", "description", "description_en", "geom"];
    fill(conn, &table, &columns, &town.points_of_interest, |p, row| {
        row.text(&p.id).text(p.comune).text(&p.name).text(&p.name_en).text(p.kind.as_str());
        row.text(&p.description).text(&p.description_en).bytes(&ewkb::point(p.geometry, SRID));
    })
    .await
}
