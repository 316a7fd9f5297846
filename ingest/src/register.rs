//! Rows without coordinates, that say where they are by foglio and particella or by an address: placed through the registers that the
//! database has.
//!
//! A register is any layer that is declared as one ([`kernel::layer::Register`]). What the rows say is gathered first, each parcel and each
//! address once, looked up all at once, and the table is read again as one whose rows have a geometry ([`reader`]): whatever a file with
//! coordinates is held against holds for it as well. Nothing is guessed: what the register has not, or has several times, is kept out and
//! listed ([`unplaced`]).

mod address;
mod columns;
mod comuni;
mod key;
mod parcel;
mod reader;
mod street;
mod unplaced;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use catalogue::store;
use chrono::{DateTime, Utc};
use kernel::layer::Register;
use kernel::{Layer, Srid};
use sqlx::PgConnection;

use self::comuni::Comuni;
use self::key::{Cells, Key};
use self::reader::PlacedReader;
use self::unplaced::List;
use crate::load::row_name;
use crate::names;
use crate::plan::Place;
use crate::report::{Note, Reason};
use crate::source::{DeclaredCrs, Source};
use crate::{IngestError, Request, Settings};

pub(crate) use columns::ways;
pub use unplaced::Unplaced;

/// Below this share of placed rows another way that the columns offer is tried.
const ENOUGH: f64 = 0.5;

/// Where a parcel or an address is, in storage.
#[derive(Clone, Debug, PartialEq)]
enum Spot {
    Point([f64; 2]),
    /// Well-known binary.
    Area(Vec<u8>),
    Nowhere(Reason),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placing {
    /// By which columns; nothing if every file has coordinates.
    pub(crate) place: Option<Place>,
    /// Rows that have a place now, of all.
    pub(crate) rows: (u64, u64),
    /// The first of those that have none.
    pub(crate) unplaced: Vec<Unplaced>,
}

/// What rows are placed with.
struct Registers<'a> {
    database: &'a mut PgConnection,
    layers: Vec<Layer>,
    comuni: Arc<Comuni>,
    storage: Srid,
    now: DateTime<Utc>,
}

/// What the rows of a table say, each thing once, with the rows that say it; and those that say nothing.
#[derive(Default)]
struct Said {
    rows: u64,
    keys: HashMap<Key, u64>,
    silent: u64,
}

/// A table's rows as the register has them.
struct Looked {
    cells: Cells,
    spots: HashMap<Key, Spot>,
    alike: address::Alike,
    crs: DeclaredCrs,
    title: kernel::Text,
    placed: u64,
    rows: u64,
}

/// Gives the rows of files without coordinates a place: as the request's plan says, or as the columns' names do. Files that have
/// coordinates are left as they are, unless the plan speaks of places.
pub(crate) async fn place(
    database: &mut PgConnection,
    settings: &Settings,
    request: &Request,
    sources: Vec<Source>,
) -> Result<(Vec<Source>, Placing), IngestError> {
    let said = request.plan.as_ref().and_then(|plan| plan.place.clone());
    if said.is_none() && sources.iter().all(|source| source.reader.layer().placed) {
        return Ok((sources, Placing::default()));
    }
    let layers = store::registers(database).await?;
    let comuni = Arc::new(Comuni::load(database, request.comune.as_deref()).await?);
    let mut registers = Registers { database, layers, comuni, storage: settings.storage, now: settings.clock.now() };
    let mut list = List::new(request.unplaced.as_deref())?;
    let (mut placing, mut placed) = (Placing::default(), Vec::with_capacity(sources.len()));
    let several = sources.len() > 1;
    for source in sources {
        if said.is_none() && source.reader.layer().placed {
            placed.push(source);
            continue;
        }
        let ways = match &said {
            Some(place) => vec![place.clone()],
            None => guessed(&source)?,
        };
        let (source, way, looked) = registers.best(source, ways).await?;
        placing.rows = (placing.rows.0 + looked.placed, placing.rows.1 + looked.rows);
        placing.place.get_or_insert(way);
        let (source, rest) = finish(source, looked, list, several).await?;
        list = rest;
        placed.push(source);
    }
    placing.unplaced = list.end()?;
    Ok((placed, placing))
}

/// The ways that a table's columns offer; without one it has no place on a map.
fn guessed(source: &Source) -> Result<Vec<Place>, IngestError> {
    let layer = source.reader.layer();
    let names: Vec<&str> = layer.fields.iter().map(|f| f.name.as_str()).collect();
    let ways = ways(&names);
    if ways.is_empty() {
        let columns = names.into_iter().take(30).map(str::to_owned).collect();
        return Err(IngestError::NoCoordinates { file: source.file.clone(), columns });
    }
    Ok(ways)
}

impl Registers<'_> {
    /// The first way that places enough rows, or else the one that places most.
    async fn best(&mut self, mut source: Source, ways: Vec<Place>) -> Result<(Source, Place, Looked), IngestError> {
        let mut best: Option<(Place, Looked)> = None;
        let mut refused = None;
        for way in ways {
            let (back, looked) = self.look(source, &way).await?;
            source = back;
            let looked = match looked {
                Ok(looked) => looked,
                Err(error) => {
                    refused.get_or_insert(error);
                    continue;
                }
            };
            let enough = looked.placed as f64 >= ENOUGH * looked.rows as f64;
            if best.as_ref().is_none_or(|(_, before)| looked.placed > before.placed) {
                best = Some((way, looked));
            }
            if enough {
                break;
            }
        }
        match (best, refused) {
            (Some((way, looked)), _) => Ok((source, way, looked)),
            (None, Some(error)) => Err(error),
            (None, None) => Err(IngestError::NoRows { file: source.file }),
        }
    }

    /// Looks up what a table says in these columns. An error inside: there is no such column, or no such register.
    async fn look(&mut self, source: Source, place: &Place) -> Result<(Source, Result<Looked, IngestError>), IngestError> {
        let Some(layer) = self.layers.iter().find(|layer| place.is_in(layer)).cloned() else {
            let error = IngestError::NoRegister { file: source.file.clone(), by: place.words() };
            return Ok((source, Err(error)));
        };
        let cells = match Cells::find(place, source.reader.layer(), Arc::clone(&self.comuni)) {
            Ok(cells) => cells,
            Err(column) => {
                let columns = source.reader.layer().fields.iter().map(|f| f.name.clone()).collect();
                let error = IngestError::PlanLacks { file: source.file.clone(), column, columns };
                return Ok((source, Err(error)));
            }
        };
        let (source, said) = gather(source, cells.clone()).await?;
        let (mut parcels, mut addresses) = (Vec::new(), Vec::new());
        for key in said.keys.keys() {
            match key {
                Key::Parcel(key) => parcels.push(key.clone()),
                Key::Address(key) => addresses.push(key.clone()),
            }
        }
        let mut alike = address::Alike::new();
        let spots: HashMap<Key, Spot> = match &layer.register {
            Some(Register::Parcels { sheet, number }) => {
                let columns = parcel::Columns { sheet, number };
                let found = parcel::look_up(self.database, &layer, columns, &parcels, place.by, self.now).await?;
                found.into_iter().map(|(key, spot)| (Key::Parcel(key), spot)).collect()
            }
            Some(Register::Addresses { street, number }) => {
                let columns = address::Columns { street, number };
                let (found, taken) = address::look_up(self.database, &layer, columns, &addresses, place.similar, self.now).await?;
                alike = taken;
                found.into_iter().map(|(key, spot)| (Key::Address(key), spot)).collect()
            }
            None => HashMap::new(),
        };
        let there = |key: &Key| !matches!(spots.get(key), None | Some(Spot::Nowhere(_)));
        let placed = said.keys.iter().filter(|(key, _)| there(key)).map(|(_, rows)| rows).sum();
        let crs = DeclaredCrs::Register(self.storage, layer.title.clone(), layer.accuracy.clone());
        Ok((source, Ok(Looked { cells, spots, alike, crs, title: layer.title, placed, rows: said.rows })))
    }
}

impl Place {
    /// Whether a layer is the register that it speaks of.
    fn is_in(&self, layer: &Layer) -> bool {
        match &layer.register {
            Some(Register::Parcels { .. }) => !self.by_address(),
            Some(Register::Addresses { .. }) => self.by_address(),
            None => false,
        }
    }
}

/// Reads a table on a thread of its own.
async fn gather(mut source: Source, cells: Cells) -> Result<(Source, Said), IngestError> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut said = Said::default();
        let read = source.reader.read(&mut |row| {
            said.rows += 1;
            match cells.key(&row.values) {
                Ok(key) => *said.keys.entry(key).or_default() += 1,
                Err(_) => said.silent += 1,
            }
            ControlFlow::Continue(())
        });
        read.map(|()| (source, said))
    });
    reading.await.map_err(|e| IngestError::Reader(e.to_string()))?
}

/// Makes the table one whose rows have a place, and lists those that have none.
async fn finish(source: Source, looked: Looked, mut list: List, several: bool) -> Result<(Source, List), IngestError> {
    let Looked { cells, spots, alike, crs, title, placed, rows } = looked;
    let spots = Arc::new(spots);
    let reading = tokio::task::spawn_blocking(move || {
        let Source { file, reader } = source;
        let mut reader = reader;
        if placed < rows {
            let names: Vec<String> = reader.layer().fields.iter().map(|f| f.name.clone()).collect();
            list.columns(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
            let mut wrong = None;
            reader.read(&mut |row| {
                let (reason, what) = match cells.key(&row.values) {
                    Ok(key) => match spots.get(&key) {
                        Some(Spot::Nowhere(reason)) => (*reason, key.to_string()),
                        _ => return ControlFlow::Continue(()),
                    },
                    Err(reason) => (reason, cells.as_written(&row.values)),
                };
                let name = row_name(several.then_some(file.as_str()), row.number);
                match list.add(Unplaced { row: name, reason, what }, &row) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        wrong = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })?;
            if let Some(error) = wrong {
                return Err(error);
            }
        }
        let mut reader: Box<dyn crate::source::Reader> = Box::new(PlacedReader::new(reader, cells, spots, crs));
        reader.note(Note::placed_by(&title, placed, rows));
        if !alike.is_empty() {
            reader.note(Note::streets_alike(&alike));
        }
        Ok((Source { file, reader }, list))
    });
    reading.await.map_err(|e| IngestError::Reader(e.to_string()))?
}

/// A name without accents, blanks and signs, in small letters.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        match names::fold(c) {
            Some(folded) => plain.push_str(folded),
            None if c.is_ascii_alphanumeric() => plain.push(c.to_ascii_lowercase()),
            None => {}
        }
    }
    plain
}
