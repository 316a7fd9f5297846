//! The register as files: a sheet as it was received, parcels and sheets as INSPIRE has them.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::{FromRow, PgConnection};
use thiserror::Error;

use crate::Sheet;

/// Why there is no file.
#[derive(Debug, Error)]
pub enum ExportError {
    /// No map of this sheet was imported, or none before that instant.
    #[error("no map (CXF, DXF) of the sheet {0} was imported: only what came as a map can be handed on as one")]
    NoMap(Sheet),
    /// The file can't be written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The database did not do its part.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
}

/// The map of a sheet, byte for byte as it was received, with the name of its file; as of an instant.
pub async fn map(conn: &mut PgConnection, sheet: &Sheet, at: DateTime<Utc>) -> Result<(String, Vec<u8>), ExportError> {
    let found: Option<(String, Vec<u8>)> = sqlx::query_as(
        "select file, content from cadastre.map_files
          where map = $1 and day::timestamp at time zone 'Europe/Rome' <= $2 order by day desc, imported desc limit 1",
    )
    .bind(sheet.to_string())
    .bind(at)
    .fetch_optional(conn)
    .await?;
    let (file, content) = found.ok_or_else(|| ExportError::NoMap(sheet.clone()))?;
    Ok((file, zstd::decode_all(content.as_slice())?))
}

/// Which part of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A sheet.
    Sheet(Sheet),
    /// A comune, by its Belfiore code.
    Comune(String),
}

impl Part {
    /// What ids begin with.
    fn beginning(&self) -> String {
        match self {
            Self::Sheet(sheet) => sheet.to_string(),
            Self::Comune(comune) => comune.to_ascii_uppercase(),
        }
    }
}

/// How many parcels and sheets were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Of `CadastralParcel`.
    pub parcels: u64,
    /// Of `CadastralZoning`.
    pub zonings: u64,
}

#[derive(FromRow)]
struct Row {
    id: String,
    label: String,
    area_m2: Option<i32>,
    scale: Option<i32>,
    since: DateTime<Utc>,
    gml: String,
    point: String,
}

/// Writes parcels and sheets that hold at an instant as GML of INSPIRE's "Data Specification on Cadastral Parcels", schema CP 4.0, in EPSG:6706 (latitude first).
pub async fn inspire(conn: &mut PgConnection, part: &Part, at: DateTime<Utc>, out: &mut impl Write) -> Result<Written, ExportError> {
    let mut written = Written::default();
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gml:FeatureCollection gml:id=\"cp\" xmlns:cp=\"http://inspire.ec.europa.eu/schemas/cp/4.0\" \
         xmlns:base=\"http://inspire.ec.europa.eu/schemas/base/3.3\" xmlns:gml=\"http://www.opengis.net/gml/3.2\" \
         xmlns:gmd=\"http://www.isotc211.org/2005/gmd\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"http://inspire.ec.europa.eu/schemas/cp/4.0 \
         https://inspire.ec.europa.eu/schemas/cp/4.0/CadastralParcels.xsd http://www.opengis.net/gml/3.2 \
         https://schemas.opengis.net/gml/3.2.1/gml.xsd\">"
    )?;
    // both tables in one form, ids as XML has them; an id begins with its sheet, and a sheet's with its comune
    let select = |columns: &str, table: &str| {
        format!(
            "select id, {columns}, valid_from as since,
                    st_asgml(3, st_multi(st_transform(geom, 6706)), 8, 17, 'gml', 'g.' || replace(id, '+', '.')) as gml,
                    st_asgml(3, st_transform(st_pointonsurface(geom), 6706), 8, 17, 'gml', 'p.' || replace(id, '+', '.')) as point
               from cadastre.{table}
              where id >= $1 collate \"C\" and id < $2 collate \"C\" and valid_from <= $3 and (valid_to is null or valid_to > $3)
              order by id"
        )
    };
    let beginning = part.beginning();
    let end = format!("{beginning}\u{10fffd}");
    let sheets = select("number::text as label, null::integer as area_m2, scale", "sheets");
    {
        let mut rows = sqlx::query_as(sqlx::AssertSqlSafe(sheets)).bind(&beginning).bind(&end).bind(at).fetch(&mut *conn);
        while let Some(row) = rows.try_next().await? {
            zoning(out, &row)?;
            written.zonings += 1;
        }
    }
    let parcels = select("number as label, area_m2, null::integer as scale", "parcels");
    let mut rows = sqlx::query_as(sqlx::AssertSqlSafe(parcels)).bind(&beginning).bind(&end).bind(at).fetch(conn);
    while let Some(row) = rows.try_next().await? {
        parcel(out, &row)?;
        written.parcels += 1;
    }
    writeln!(out, "</gml:FeatureCollection>")?;
    Ok(written)
}

fn zoning(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let id = escaped(&row.id);
    writeln!(out, "<gml:featureMember><cp:CadastralZoning gml:id=\"CadastralZoning.IT.AGE.MAP.{id}\">")?;
    writeln!(out, "<cp:beginLifespanVersion>{}</cp:beginLifespanVersion>", instant(row.since))?;
    writeln!(out, "<cp:estimatedAccuracy xsi:nil=\"true\" nilReason=\"other:unpopulated\"/>")?;
    writeln!(out, "<cp:geometry>{}</cp:geometry>", row.gml)?;
    identifier(out, "MAP", &id)?;
    writeln!(out, "<cp:label>{}</cp:label>", escaped(&row.label))?;
    writeln!(out, "<cp:level xlink:href=\"http://inspire.ec.europa.eu/codelist/CadastralZoningLevelValue/3rdOrder\"/>")?;
    writeln!(
        out,
        "<cp:levelName><gmd:LocalisedCharacterString locale=\"it\">Mappa Catastale</gmd:LocalisedCharacterString></cp:levelName>"
    )?;
    // so it is spelled in the schema
    writeln!(out, "<cp:nationalCadastalZoningReference>{id}</cp:nationalCadastalZoningReference>")?;
    match row.scale {
        Some(scale) => writeln!(out, "<cp:originalMapScaleDenominator>{scale}</cp:originalMapScaleDenominator>")?,
        None => writeln!(out, "<cp:originalMapScaleDenominator xsi:nil=\"true\" nilReason=\"unknown\"/>")?,
    }
    writeln!(out, "<cp:referencePoint>{}</cp:referencePoint>", row.point)?;
    writeln!(out, "<cp:validFrom>{}</cp:validFrom></cp:CadastralZoning></gml:featureMember>", instant(row.since))
}

fn parcel(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let id = escaped(&row.id);
    writeln!(out, "<gml:featureMember><cp:CadastralParcel gml:id=\"CadastralParcel.IT.AGE.PLA.{id}\">")?;
    match row.area_m2 {
        Some(area) => writeln!(out, "<cp:areaValue uom=\"m2\">{area}</cp:areaValue>")?,
        None => writeln!(out, "<cp:areaValue uom=\"m2\" xsi:nil=\"true\" nilReason=\"other:unpopulated\"/>")?,
    }
    writeln!(out, "<cp:beginLifespanVersion>{}</cp:beginLifespanVersion>", instant(row.since))?;
    writeln!(out, "<cp:geometry>{}</cp:geometry>", row.gml)?;
    identifier(out, "PLA", &id)?;
    writeln!(out, "<cp:label>{}</cp:label>", escaped(&row.label))?;
    writeln!(out, "<cp:nationalCadastralReference>{id}</cp:nationalCadastralReference>")?;
    writeln!(out, "<cp:referencePoint>{}</cp:referencePoint>", row.point)?;
    writeln!(out, "<cp:validFrom>{}</cp:validFrom>", instant(row.since))?;
    let sheet: String = row.id.chars().take(11).collect();
    writeln!(out, "<cp:zoning xlink:href=\"#CadastralZoning.IT.AGE.MAP.{}\"/>", escaped(&sheet))?;
    writeln!(out, "</cp:CadastralParcel></gml:featureMember>")
}

fn identifier(out: &mut impl Write, kind: &str, id: &str) -> io::Result<()> {
    writeln!(
        out,
        "<cp:inspireId><base:Identifier><base:localId>{id}</base:localId><base:namespace>IT.AGE.{kind}</base:namespace></base:Identifier></cp:inspireId>"
    )
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
