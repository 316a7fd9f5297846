use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use kernel::{Comuni, Language, Srid, Vault};
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use thiserror::Error;

use super::compare::{Counts, compare};
use super::placement::Placement;
use super::rows::Table;
use super::systems::Systems;
use super::{apply, between, repeated, stage};
use crate::check::Report;
use crate::files::Limits;
use crate::holdings;

/// Differences that an outcome lists.
const LISTED: i64 = 500;

/// What is to be imported, and how.
pub struct Request {
    /// Files, folders, archives.
    pub paths: Vec<PathBuf>,
    /// Bounds of archives and folders.
    pub limits: Limits,
    /// The system of the maps; without it the one of the comune's maps before.
    pub crs: Option<Srid>,
    /// The day of the data, where no SUP tells one.
    pub day: NaiveDate,
    /// Today: no data are of a later day.
    pub today: NaiveDate,
    /// Whether published parcels (GML) are all that their sheets have: then those that are not told of are gone.
    pub whole: bool,
    /// Who imports.
    pub by: String,
    /// The comuni whose data may come in.
    pub whose: Comuni,
    /// Only say what differs.
    pub only_look: bool,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The layer.
    pub layer: &'static str,
    /// The row's id.
    pub id: String,
    /// `new`, `changed` or `gone`.
    pub what: String,
    /// How far its outline moved at most, metres.
    pub moved_m: Option<f64>,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    /// Its number, by which it is taken back; `None` if nothing was written.
    pub number: Option<i64>,
    /// What was in the files.
    pub report: Report,
    /// Sheets that were compared.
    pub sheets: i64,
    /// What differs, by layer.
    pub counts: Vec<Counts>,
    /// What differs of the census, by table.
    pub census: Vec<Counts>,
    /// Some of what differs, parcels first.
    pub differences: Vec<Difference>,
    /// Pairs of parcels of which one has ground of the other.
    pub lineage: u64,
    /// Places where sheets lie upon each other or leave ground between them, of those that were not there before.
    pub between_sheets: u64,
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The database did not do its part.
    #[error("the database refused: {0}. Nothing was imported")]
    Database(#[from] sqlx::Error),
    /// The day that was given is yet to come.
    #[error("the day of the data, {0}, lies in the future. Nothing was imported")]
    Future(NaiveDate),
    /// Reading ended before its time.
    #[error("reading the files broke off: {0}. Nothing was imported")]
    Reading(String),
}

impl Imported {
    /// Whether anything is to be written.
    pub fn differs(&self) -> bool {
        self.counts.iter().chain(&self.census).any(|c| c.new + c.changed + c.gone > 0)
    }
}

/// Imports files of the cadastre, as the owner of the database. What can't be imported is in the report; the rest is, in one transaction.
pub async fn run(conn: &mut PgConnection, request: Request, systems: Arc<dyn Systems>, vault: &Vault) -> Result<Imported, ImportError> {
    let mut transaction = conn.begin().await?;
    let done = inside(&mut transaction, request, systems, vault).await?;
    if done.number.is_some() {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(done)
}

async fn inside(conn: &mut PgConnection, request: Request, systems: Arc<dyn Systems>, vault: &Vault) -> Result<Imported, ImportError> {
    if request.day > request.today {
        return Err(ImportError::Future(request.day));
    }
    // who comes second waits, however long the first one takes
    sqlx::query("select set_config('lock_timeout', '0', true)").execute(&mut *conn).await?;
    // one after the other: two that bring the same sheet would both compare with what was before
    sqlx::query("select pg_advisory_xact_lock(hashtext('cadastre.imports')), set_config('opensit.actor', $1, true)")
        .bind(&request.by)
        .execute(&mut *conn)
        .await?;
    let mut known = Known::read(conn).await?;
    known.comuni.retain(|_, istat| request.whose.contains(istat));
    let (only_look, by, day) = (request.only_look, request.by.clone(), request.day);
    let (mut report, sheets) = stage::stage(conn, request, known, systems, vault).await?;
    let mut counts = Vec::new();
    for table in Table::ALL {
        if matches!(table, Table::Parcels | Table::Buildings) {
            repeated::settle(conn, table as i16, table.name()).await?;
        }
    }
    stage::leave_one_of_each(conn, &mut report).await?;
    for table in Table::ALL {
        counts.push(compare(conn, table).await?);
    }
    stage::shifted(conn, &mut report).await?;
    let differences = listed(conn).await?;
    let number: i64 = sqlx::query_scalar(
        "insert into cadastre.imports (number, by, day, files, counts, report)
         select coalesce(max(number), 0) + 1, $1, $2, $3, '[]', '{}' from cadastre.imports returning number",
    )
    .bind(&by)
    .bind(day)
    .bind(document(&report.files.iter().map(|file| file.file.as_str()).collect::<Vec<_>>()))
    .fetch_one(&mut *conn)
    .await?;
    let held = holdings::apply(conn, number).await?;
    for (file, remarks) in &held.remarks {
        report.extend(usize::try_from(*file).unwrap_or(usize::MAX), remarks);
    }
    let census = Counts::of_census(&held);
    let mut done = Imported { number: None, report, sheets, counts, census, differences, lineage: 0, between_sheets: 0 };
    if !done.differs() {
        return Ok(done);
    }
    for table in Table::ALL {
        apply::write(conn, table, number).await?;
    }
    done.lineage = apply::lineage(conn, number).await?;
    done.between_sheets = between::look(conn, number).await?;
    // what was written so far goes with the transaction
    if only_look {
        return Ok(done);
    }
    stage::keep_maps(conn, number).await?;
    let comuni = stage::comuni(conn).await?;
    holdings::parcels(conn, &comuni).await?;
    done.number = Some(number);
    let words = serde_json::json!({ "it": done.text(Language::It), "en": done.text(Language::En) });
    sqlx::query("update cadastre.imports set counts = $2, report = $3, words = $4 where number = $1")
        .bind(number)
        .bind(document(&done.counts.iter().chain(&done.census).collect::<Vec<_>>()))
        .bind(document(&done.report))
        .bind(document(&words))
        .execute(conn)
        .await?;
    Ok(done)
}

/// A document as the database can hold it: without NUL characters.
pub fn document(value: &impl Serialize) -> serde_json::Value {
    let text = serde_json::to_string(value).unwrap_or_default().replace("\\u0000", "\u{fffd}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// What the register knows before anything is read.
pub(super) struct Known {
    /// ISTAT codes of the comuni by their Belfiore codes.
    pub(super) comuni: HashMap<String, String>,
    /// The system of a comune's maps, by its Belfiore code: that of the last one.
    pub(super) before: HashMap<String, Srid>,
    /// What is said of where maps are, by the beginning of their names.
    pub(super) placements: BTreeMap<String, Placement>,
}

impl Known {
    async fn read(conn: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let comuni: Vec<(String, String)> =
            sqlx::query_as("select upper(catasto), istat from territory.v_comuni where catasto is not null").fetch_all(&mut *conn).await?;
        let before: Vec<(String, i32)> = sqlx::query_as(
            "select distinct on (left(map, 4)) left(map, 4), srid from cadastre.map_files
              where shift is null and origin is null order by left(map, 4), imported desc",
        )
        .fetch_all(&mut *conn)
        .await?;
        Ok(Self {
            comuni: comuni.into_iter().collect(),
            before: before.into_iter().filter_map(|(comune, srid)| Some((comune, Srid::new(srid)?))).collect(),
            placements: Placement::all(conn).await?,
        })
    }
}

async fn listed(conn: &mut PgConnection) -> Result<Vec<Difference>, sqlx::Error> {
    let rows: Vec<(i16, String, String, Option<f64>)> = sqlx::query_as(
        "select kind, id, what, moved from differing order by case kind when 2 then 0 when 3 then 1 else kind end, what, id limit $1",
    )
    .bind(LISTED)
    .fetch_all(conn)
    .await?;
    let layer = |kind: i16| Table::ALL.into_iter().find(|table| *table as i16 == kind).map_or("", Table::name);
    Ok(rows.into_iter().map(|(kind, id, what, moved_m)| Difference { layer: layer(kind), id, what, moved_m }).collect())
}
