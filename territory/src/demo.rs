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
    Ok(boundaries(conn, town).await?
        + streets(conn, town).await?
        + railways(conn, town).await?
        + house_numbers(conn, town).await?
        + place_names(conn, town).await?
        + land_cover(conn, town).await?
        + water(conn, town).await?
        + coastlines(conn, town).await?)
}

async fn boundaries(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("boundaries")?, &["id", "comune", "name", "catasto_code", "geom"], &town.boundaries, |b, row| {
        row.text(&b.id).text(&b.id).text(&b.name).text(&b.catasto_code).bytes(&ewkb::multi_polygon(&b.geometry, SRID));
    })
    .await
}

async fn streets(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("streets")?, &["id", "comune", "name", "kind", "geom"], &town.streets, |s, row| {
        row.text(&s.id).text(s.comune).text(&s.name).text(s.kind.as_str()).bytes(&ewkb::line(&s.geometry, SRID));
    })
    .await
}

async fn railways(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("railways")?, &["id", "comune", "name", "geom"], &town.railways, |r, row| {
        row.text(&r.id).text(r.comune).text(&r.name).bytes(&ewkb::line(&r.geometry, SRID));
    })
    .await
}

async fn house_numbers(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "street", "number", "address", "geom"];
    fill(conn, &table("house_numbers")?, &columns, &town.house_numbers, |h, row| {
        row.text(&h.id).text(h.comune).text(&h.street).text(&h.number).text(&h.address).bytes(&ewkb::point(h.geometry, SRID));
    })
    .await
}

async fn place_names(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("place_names")?, &["id", "comune", "name", "kind", "rank", "geom"], &town.place_names, |p, row| {
        row.text(&p.id).text(p.comune).text(&p.name).text(p.kind.as_str()).int4(p.rank.into()).bytes(&ewkb::point(p.geometry, SRID));
    })
    .await
}

async fn land_cover(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("land_cover")?, &["id", "comune", "kind", "geom"], &town.land_cover, |l, row| {
        row.text(&l.id).text(l.comune).text(l.kind.as_str()).bytes(&ewkb::polygon(&l.geometry, SRID));
    })
    .await
}

async fn water(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("water")?, &["id", "comune", "name", "kind", "geom"], &town.water, |w, row| {
        row.text(&w.id).text(w.comune);
        if w.name.is_empty() {
            row.null()
        } else {
            row.text(&w.name)
        };
        row.text(w.kind.as_str()).bytes(&ewkb::polygon(&w.geometry, SRID));
    })
    .await
}

async fn coastlines(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("coastlines")?, &["id", "comune", "geom"], &town.coastlines, |c, row| {
        row.text(&c.id).text(c.comune).bytes(&ewkb::line(&c.geometry, SRID));
    })
    .await
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("territory", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
