//! The demo town's part of this theme.

use catalogue::copy::fill;
use catalogue::ewkb;
use chrono::NaiveDate;
use demo_town::Town;
use kernel::{Srid, TableName, midnight_in_rome};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema with the town, beside others of the same region; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    Ok(sheets(conn, town).await? + parcels(conn, town).await? + former(conn, town).await? + buildings(conn, town).await?)
}

async fn sheets(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("sheets")?, &["id", "comune", "section", "number", "attachment", "valid_from", "geom"], &town.sheets, |s, row| {
        row.text(&s.id).text(s.comune).text(s.section.encode_utf8(&mut [0; 4])).int4(s.number.into());
        row.text(s.letter.encode_utf8(&mut [0; 4])).instant(surveyed()).bytes(&ewkb::polygon(&s.geometry, SRID));
    })
    .await
}

/// A parcel is valid from the day of its last change.
async fn parcels(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "sheet", "number", "kind", "land_use", "area_m2", "urban", "updated_on", "valid_from", "geom"];
    fill(conn, &table("parcels")?, &columns, &town.parcels, |p, row| {
        let updated: NaiveDate = p.updated.parse().unwrap_or_default();
        row.text(&p.id).text(p.comune).int4(p.sheet.into()).text(&p.number).text(p.kind.as_str());
        if p.land_use.is_empty() {
            row.null()
        } else {
            row.text(p.land_use)
        };
        row.int4(p.area_m2.try_into().unwrap_or(i32::MAX)).boolean(p.urban).date(updated);
        row.instant(midnight_in_rome(updated).unwrap_or_default()).bytes(&ewkb::polygon(&p.geometry, SRID));
    })
    .await
}

/// Parcels that were suppressed, which old acts cite.
async fn former(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "sheet", "number", "kind", "urban", "updated_on", "valid_from", "valid_to", "geom"];
    fill(conn, &table("parcels")?, &columns, &town.former_parcels, |p, row| {
        let [from, to]: [NaiveDate; 2] = [&p.from, &p.to].map(|day| day.parse().unwrap_or_default());
        let at = |day| midnight_in_rome(day).unwrap_or_default();
        row.text(&p.id).text(p.comune).int4(p.sheet.into()).text(&p.number).text("land").boolean(false).date(from);
        row.instant(at(from)).instant(at(to)).bytes(&ewkb::polygon(&p.geometry, SRID));
    })
    .await
}

async fn buildings(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "sheet", "parcel", "kind", "floors", "height_m", "valid_from", "geom"];
    fill(conn, &table("buildings")?, &columns, &town.buildings, |b, row| {
        row.text(&b.id).text(b.comune).int4(b.sheet.into()).text(&b.parcel).text(b.kind.as_str());
        row.int4(b.floors.into()).number(b.height_m).instant(surveyed()).bytes(&ewkb::polygon(&b.geometry, SRID));
    })
    .await
}

/// From when sheets and buildings hold.
fn surveyed() -> chrono::DateTime<chrono::Utc> {
    NaiveDate::from_ymd_opt(1980, 1, 1).and_then(midnight_in_rome).unwrap_or_default()
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("cadastre", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
