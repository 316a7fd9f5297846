//! The demo town's part of this theme.

mod surveys;

use catalogue::copy::fill;
use catalogue::ewkb;
use demo_town::Town;
use kernel::{Srid, TableName};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
pub(crate) const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema, which must be empty, with the town; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    Ok(trees(conn, town).await? + inspections(conn, town).await? + surveys::load(conn, town).await?)
}

/// Loads the trees of a town, be others there or not; returns how many.
pub async fn trees(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "species", "height_m", "crown_m", "planted_year", "site", "geom"];
    fill(conn, &table("trees")?, &columns, &town.trees, |t, row| {
        row.text(&t.id).text(t.comune).text(t.species).number(t.height_m).number(t.crown_m);
        row.int4(t.planted_year.into()).text(t.site.as_str()).bytes(&ewkb::point(t.geometry, SRID));
    })
    .await
}

async fn inspections(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "tree", "risk", "inspected", "notes", "geom"];
    fill(conn, &table("tree_inspections")?, &columns, &town.tree_inspections, |i, row| {
        row.text(&i.id).text(i.comune).text(&i.tree).text(i.risk.as_str()).date(i.inspected.parse().unwrap_or_default());
        row.text(i.notes).bytes(&ewkb::point(i.geometry, SRID));
    })
    .await
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("environment", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
