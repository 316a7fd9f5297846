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
    let table = TableName::new("environment", "trees").map_err(|e| sqlx::Error::Configuration(e.into()))?;
    let columns = ["id", "comune", "species", "height_m", "crown_m", "planted_year", "site", "geom"];
    fill(conn, &table, &columns, &town.trees, |t, row| {
        row.text(&t.id).text(t.comune).text(t.species).number(t.height_m).number(t.crown_m);
        row.int4(t.planted_year.into()).text(t.site.as_str()).bytes(&ewkb::point(t.geometry, SRID));
    })
    .await
}
