//! The demo town's part of this theme.

mod census;

use std::collections::HashMap;

use catalogue::copy::{RowWriter, fill};
use catalogue::ewkb;
use chrono::NaiveDate;
use demo_town::Town;
use kernel::{Srid, TableName, Vault, midnight_in_rome};
use sqlx::PgConnection;

use crate::Sheet;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;
/// The day from which sheets hold, and buildings of parcels that are older.
const SURVEYED: NaiveDate = match NaiveDate::from_ymd_opt(1980, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// Fills the tables of this schema with the town, its census among it; returns how many rows. The people are invented, and sealed as
/// others are.
pub async fn load(conn: &mut PgConnection, town: &Town, vault: &Vault) -> Result<u64, sqlx::Error> {
    Ok(map(conn, town).await? + lineage(conn, town).await? + census::load(conn, town, vault).await?)
}

/// Fills the tables of the map, beside other towns of the same region; returns how many rows.
pub async fn map(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let begins = begins(town);
    Ok(sheets(conn, town).await? + parcels(conn, town, &begins).await? + former(conn, town).await? + buildings(conn, town, &begins).await?)
}

/// The day from which each parcel holds: that of its last change, or of the change that made it.
fn begins(town: &Town) -> HashMap<&str, NaiveDate> {
    let changed = town.parcels.iter().map(|p| (p.id.as_str(), day(&p.updated)));
    changed.chain(town.lineage.iter().map(|d| (d.child.as_str(), day(&d.day)))).collect()
}

async fn sheets(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = ["id", "comune", "section", "number", "attachment", "development", "valid_from", "geom"];
    fill(conn, &table("sheets")?, &columns, &town.sheets, |s, row| {
        let development = s.id.parse().map_or('0', |sheet: Sheet| sheet.development());
        row.text(&s.id).text(s.comune).text(s.section.encode_utf8(&mut [0; 4])).int4(s.number.into());
        row.text(s.letter.encode_utf8(&mut [0; 4])).text(development.encode_utf8(&mut [0; 4]));
        row.instant(midnight_in_rome(SURVEYED).unwrap_or_default()).bytes(&ewkb::polygon(&s.geometry, SRID));
    })
    .await
}

async fn parcels(conn: &mut PgConnection, town: &Town, begins: &HashMap<&str, NaiveDate>) -> Result<u64, sqlx::Error> {
    let columns = [
        "id",
        "comune",
        "section",
        "sheet",
        "attachment",
        "development",
        "number",
        "kind",
        "land_use",
        "area_m2",
        "urban",
        "updated_on",
        "valid_from",
        "geom",
    ];
    fill(conn, &table("parcels")?, &columns, &town.parcels, |p, row| {
        let updated = day(&p.updated);
        row.text(&p.id).text(p.comune);
        on_sheet(row, &p.id, p.sheet);
        row.text(&p.number).text(p.kind.as_str());
        if p.land_use.is_empty() {
            row.null()
        } else {
            row.text(p.land_use)
        };
        row.int4(p.area_m2.try_into().unwrap_or(i32::MAX)).boolean(p.urban).date(updated);
        let from = begins.get(p.id.as_str()).copied().unwrap_or(updated);
        row.instant(midnight_in_rome(from).unwrap_or_default()).bytes(&ewkb::polygon(&p.geometry, SRID));
    })
    .await
}

/// Parcels that were suppressed, which old acts cite.
async fn former(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns = [
        "id",
        "comune",
        "section",
        "sheet",
        "attachment",
        "development",
        "number",
        "kind",
        "urban",
        "updated_on",
        "valid_from",
        "valid_to",
        "geom",
    ];
    fill(conn, &table("parcels")?, &columns, &town.former_parcels, |p, row| {
        let [from, to] = [&p.from, &p.to].map(|text| day(text));
        let at = |day| midnight_in_rome(day).unwrap_or_default();
        row.text(&p.id).text(p.comune);
        on_sheet(row, &p.id, p.sheet);
        row.text(&p.number).text("land").boolean(false).date(from);
        row.instant(at(from)).instant(at(to)).bytes(&ewkb::polygon(&p.geometry, SRID));
    })
    .await
}

/// A building holds as long as its parcel has been there, those on streets since the survey.
async fn buildings(conn: &mut PgConnection, town: &Town, begins: &HashMap<&str, NaiveDate>) -> Result<u64, sqlx::Error> {
    let columns =
        ["id", "comune", "section", "sheet", "attachment", "development", "parcel", "kind", "floors", "height_m", "valid_from", "geom"];
    fill(conn, &table("buildings")?, &columns, &town.buildings, |b, row| {
        row.text(&b.id).text(b.comune);
        on_sheet(row, &b.id, b.sheet);
        row.text(&b.parcel).text(b.kind.as_str()).int4(b.floors.into()).number(b.height_m);
        let parcel = b.id.rsplit_once('-').map_or("", |(parcel, _)| parcel);
        let from = begins.get(parcel).copied().unwrap_or(SURVEYED);
        row.instant(midnight_in_rome(from).unwrap_or_default()).bytes(&ewkb::polygon(&b.geometry, SRID));
    })
    .await
}

async fn lineage(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    fill(conn, &table("lineage")?, &["parent", "child", "day", "area_m2"], &town.lineage, |d, row| {
        row.text(&d.parent).text(&d.child).date(day(&d.day)).number(d.area_m2);
    })
    .await
}

/// Section, foglio, allegato and sviluppo, from the reference of what lies there.
fn on_sheet(row: &mut RowWriter<'_>, id: &str, number: u16) {
    let sheet = id.split('.').next().and_then(|sheet| sheet.parse::<Sheet>().ok());
    let (section, attachment, development) =
        sheet.map_or(('_', '0', '0'), |sheet| (sheet.section().unwrap_or('_'), sheet.attachment(), sheet.development()));
    row.text(section.encode_utf8(&mut [0; 4])).int4(number.into());
    row.text(attachment.encode_utf8(&mut [0; 4])).text(development.encode_utf8(&mut [0; 4]));
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("cadastre", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
