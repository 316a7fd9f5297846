//! The demo town's part of this theme.

use catalogue::copy::fill;
use catalogue::ewkb;
use demo_town::Town;
use kernel::{Srid, TableName};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema with the town, beside others of the same region; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    Ok(places(conn, town).await? + lodgings(conn, town).await? + events(conn, town).await?)
}

async fn places(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "name", "name_en", "kind", "description", "description_en", "geom"];
    fill(conn, &table("points_of_interest")?, &columns, &town.points_of_interest, |p, row| {
        row.text(&p.id).text(p.comune).text(&p.name).text(&p.name_en).text(p.kind.as_str());
        row.text(&p.description).text(&p.description_en).bytes(&ewkb::point(p.geometry, SRID));
    })
    .await
}

async fn lodgings(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "name", "kind", "beds", "address", "manager", "phone", "geom"];
    fill(conn, &table("lodgings")?, &columns, &town.lodgings, |l, row| {
        row.text(&l.id).text(l.comune).text(&l.name).text(l.kind.as_str()).int4(l.beds.into()).text(&l.address);
        row.text(&l.manager).text(&l.phone).bytes(&ewkb::point(l.geometry, SRID));
    })
    .await
}

async fn events(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "name", "name_en", "begins", "ends", "published", "budget_eur", "geom"];
    fill(conn, &table("events")?, &columns, &town.events, |e, row| {
        row.text(&e.id)
            .text(e.comune)
            .text(&e.name)
            .text(&e.name_en)
            .date(e.begins.parse().unwrap_or_default())
            .date(e.ends.parse().unwrap_or_default());
        row.boolean(e.published).int4(e.budget_eur as i32).bytes(&ewkb::point(e.geometry, SRID));
    })
    .await
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("tourism", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
