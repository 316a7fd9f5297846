//! The boundary of the installation's comuni, from the file that `--boundary` names.

use std::ops::ControlFlow;
use std::path::Path;

use crs::{Region, Transformer};
use geo_types::MultiPolygon;
use kernel::{Srid, Text};
use sqlx::{Connection, PgConnection};

use crate::geometry::{self, Family, Shape};
use crate::run::FOLDER;
use crate::source::open::Opener;
use crate::source::{DeclaredCrs, RawGeometry, Reader, Row, SourceLayer, Value, open};
use crate::workshop::Workshop;
use crate::{IngestError, Limits, ReaderProcess, Stop};

/// A comune of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comune {
    /// ISTAT code, six digits.
    pub istat: String,
    /// Catasto code (Belfiore), a letter and three digits.
    pub catasto: Option<String>,
    /// Its name.
    pub name: String,
}

/// Names under which files have each of the three, the usual one first.
const ISTAT: [&str; 5] = ["com_istat_code", "pro_com_t", "pro_com", "istat", "codice_istat"];
const CATASTO: [&str; 5] = ["com_catasto_code", "catasto_code", "codice_catastale", "cod_catastale", "belfiore"];
const NAME: [&str; 4] = ["name", "comune", "nome", "denominazione"];

/// A boundary file that was read and found good.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// In storage.
    areas: Vec<(Comune, Shape)>,
    storage: Srid,
}

impl Boundary {
    /// Reads the areas of one or many comuni, without a database: it can be refused before one is made.
    ///
    /// The file may be in any system of the register; which Monte Mario parameters hold follows from its own ISTAT codes.
    pub async fn read(file: &Path, storage: Srid, reader: &ReaderProcess) -> Result<Self, IngestError> {
        let (path, opener) = (file.to_owned(), Opener::Process(reader.clone(), Stop::default()));
        let working = tokio::task::spawn_blocking(move || read(&path, storage, &opener));
        let areas = working.await.map_err(|e| IngestError::Reader(e.to_string()))??;
        Ok(Self { areas, storage })
    }

    /// The boundary that an installation has, with its areas in `to`.
    pub async fn installed(database: &mut PgConnection, storage: Srid, to: Srid, settings: &crs::Settings) -> Result<Self, IngestError> {
        let rows: Vec<(String, Option<String>, String, Vec<u8>)> =
            sqlx::query_as("select istat, catasto, name, st_asbinary(geom) from territory.v_comuni order by istat")
                .fetch_all(database)
                .await
                .map_err(IngestError::database("did not give the boundary"))?;
        let unknown = |cause| IngestError::UnknownCrs { file: "storage".to_owned(), cause };
        let way = Transformer::new(storage, to, settings).map_err(unknown)?;
        let mut areas = Vec::with_capacity(rows.len());
        for (istat, catasto, name, wkb) in rows {
            let Ok(tidied) = geometry::tidy(RawGeometry::Wkb(wkb), &Limits::default()) else { continue };
            let mut shape = tidied.shape;
            way.convert(&mut shape.positions).map_err(unknown)?;
            areas.push((Comune { istat, catasto, name }, shape));
        }
        Ok(Self { areas, storage: to })
    }

    /// Puts it into `territory.boundaries`, in one transaction: what the file has is the boundary from then on, and
    /// comuni that it has not are taken out.
    pub async fn store(&self, database: &mut PgConnection) -> Result<(), IngestError> {
        store(database, &self.areas, self.storage).await.map_err(IngestError::database("did not take the boundary"))
    }

    /// A comune by its Belfiore code, with its area in storage.
    pub fn of(&self, catasto: &str) -> Option<(&Comune, MultiPolygon<f64>)> {
        let (comune, shape) =
            self.areas.iter().find(|(comune, _)| comune.catasto.as_deref().is_some_and(|c| c.eq_ignore_ascii_case(catasto)))?;
        Some((comune, MultiPolygon::new(shape.polygons())))
    }

    /// The comuni that it has.
    pub fn comuni(&self) -> impl ExactSizeIterator<Item = &Comune> {
        self.areas.iter().map(|(comune, _)| comune)
    }
}

/// The comuni with their areas in storage.
fn read(path: &Path, storage: Srid, opener: &Opener) -> Result<Vec<(Comune, Shape)>, IngestError> {
    let limits = Limits::default();
    let temporary = std::env::temp_dir();
    let folder = Workshop::within(&temporary, FOLDER).map_err(IngestError::io(temporary))?;
    let mut sources = open::open(&[path.to_owned()], None, folder.path(), opener, &limits)?;
    let [source] = sources.as_mut_slice() else {
        return Err(refuse(&path.display().to_string(), Text::new("contiene più file", "there are several files in it")));
    };
    let file = source.file.clone();
    let columns = Columns::find(source.reader.layer()).ok_or_else(|| {
        refuse(
            &file,
            Text::new("gli manca una colonna per il codice ISTAT o per il nome", "it lacks a column for the ISTAT code or the name"),
        )
    })?;
    let from = match source.reader.layer().crs {
        DeclaredCrs::Stated(srid) | DeclaredCrs::Recognised(srid, _) => srid,
        _ => {
            return Err(refuse(
                &file,
                Text::new(
                    "non dichiara il sistema di riferimento; salvarlo come GeoJSON o GeoPackage con uno",
                    "it states no coordinate system; save it as GeoJSON or GeoPackage with one",
                ),
            ));
        }
    };
    let mut areas = gather(source.reader.as_mut(), &columns, &file, &limits)?;
    let region = areas.first().and_then(|(comune, _)| Region::of_comune(&comune.istat)).unwrap_or_default();
    let transformer = Transformer::new(from, storage, &crs::Settings::new(region))
        .map_err(|cause| IngestError::UnknownCrs { file: file.clone(), cause })?;
    for (comune, shape) in &mut areas {
        transformer.convert(&mut shape.positions).map_err(|e| refuse(&file, Text::same(format!("{}: {e}", comune.name))))?;
    }
    Ok(areas)
}

fn gather(reader: &mut dyn Reader, columns: &Columns, file: &str, limits: &Limits) -> Result<Vec<(Comune, Shape)>, IngestError> {
    let mut areas: Vec<(Comune, Shape)> = Vec::new();
    let mut wrong = None;
    reader.read(&mut |row| match columns.area(row, limits) {
        Ok((comune, _)) if areas.iter().any(|(c, _)| c.istat == comune.istat) => {
            let (name, istat) = (&comune.name, &comune.istat);
            wrong = Some(Text::new(format!("{name} ({istat}) c'è due volte"), format!("{name} ({istat}) is in it twice")));
            ControlFlow::Break(())
        }
        Ok(area) => {
            areas.push(area);
            ControlFlow::Continue(())
        }
        Err(why) => {
            wrong = Some(why);
            ControlFlow::Break(())
        }
    })?;
    match wrong {
        Some(why) => Err(refuse(file, why)),
        None if areas.is_empty() => Err(refuse(file, Text::new("non ha righe", "it has no rows"))),
        None => Ok(areas),
    }
}

/// Which fields hold what.
struct Columns {
    istat: usize,
    catasto: Option<usize>,
    name: usize,
}

impl Columns {
    fn find(layer: &SourceLayer) -> Option<Self> {
        let find = |names: &[&str]| names.iter().find_map(|n| layer.fields.iter().position(|f| f.name.eq_ignore_ascii_case(n)));
        Some(Self { istat: find(&ISTAT)?, catasto: find(&CATASTO), name: find(&NAME)? })
    }

    fn area(&self, row: Row, limits: &Limits) -> Result<(Comune, Shape), Text> {
        let number = row.number;
        let of_row = |name: &str, it: &str, en: &str| {
            let who = if name.is_empty() { String::new() } else { format!(" ({name})") };
            Text::new(format!("la riga {number}{who} {it}"), format!("row {number}{who} {en}"))
        };
        let text = |index: usize| row.values.get(index).and_then(Value::to_text).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let name = text(self.name).ok_or_else(|| of_row("", "non ha un nome", "has no name"))?;
        let code = text(self.istat).ok_or_else(|| of_row(&name, "non ha un codice ISTAT", "has no ISTAT code"))?;
        // a number has lost its zeros
        let istat = format!("{code:0>6}");
        if Region::of_comune(&istat).is_none() {
            return Err(of_row(
                &name,
                &format!("ha il codice ISTAT `{code}`, che nessun comune ha"),
                &format!("has the ISTAT code `{code}`, which no comune has"),
            ));
        }
        let comune = Comune { istat, catasto: self.catasto.and_then(text), name };
        match geometry::tidy(row.geometry, limits) {
            Ok(tidied) if tidied.shape.family == Family::Polygon => Ok((comune, tidied.shape)),
            Ok(_) => Err(of_row(&comune.name, "non è un'area", "is no area")),
            Err(reason) => Err(of_row(&comune.name, &format!("è {}", reason.words().it), &format!("is {}", reason.words().en))),
        }
    }
}

async fn store(database: &mut PgConnection, areas: &[(Comune, Shape)], storage: Srid) -> Result<(), sqlx::Error> {
    let mut transaction = database.begin().await?;
    let ids: Vec<&str> = areas.iter().map(|(c, _)| c.istat.as_str()).collect();
    sqlx::query("delete from territory.boundaries where id <> all ($1)").bind(&ids).execute(&mut *transaction).await?;
    for (comune, shape) in areas {
        let mut ewkb = Vec::new();
        geometry::write_ewkb(shape, storage, &mut ewkb);
        sqlx::query(
            "insert into territory.boundaries as b (id, comune, name, catasto_code, geom)
             values ($1, $1, $2, $3, st_multi(st_collectionextract(st_makevalid(st_geomfromewkb($4)), 3)))
             on conflict (id) do update
                set name = excluded.name, catasto_code = excluded.catasto_code, geom = excluded.geom
              where (b.name, b.catasto_code) is distinct from (excluded.name, excluded.catasto_code)
                 or not st_orderingequals(b.geom, excluded.geom)",
        )
        .bind(&comune.istat)
        .bind(&comune.name)
        .bind(&comune.catasto)
        .bind(ewkb)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

fn refuse(file: &str, why: Text) -> IngestError {
    IngestError::Boundary { file: file.to_owned(), why }
}
