//! What is read, on a thread of its own, becomes rows, which are handed over as they fill.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use catalogue::copy::Rows;
use chrono::NaiveDate;
use kernel::Srid;
use tokio::sync::mpsc::Sender;

use super::map::MapRows;
use super::placement::Placement;
use super::rows::{COLUMNS, Own, Place, Table, id, parcel_kind, polygon, write};
use super::systems::{Converter, Systems};
use crate::census::Entry;
use crate::check::{MapRead, Report, Sink, SystemFit, look};
use crate::cxf::Located;
use crate::files::Limits;
use crate::gml::Feature;
use crate::holdings::Gathering;
use crate::remark::{Issue, Remarks};
use crate::sheet_map::{MapFormat, SheetMap};
use crate::sup::Sup;
use crate::{Adjustment, MapName, Origin, Reference, Sheet};

/// What the reading thread hands over.
pub(super) enum Batch {
    /// Rows of the map.
    Rows(Rows),
    /// A map that is done.
    Map(Box<MapFile>),
    /// A drawing that was handed over counts no more: its map comes in the exchange format.
    Instead(Sheet),
}

/// A map of the exchange format, or a drawing of one.
pub(super) struct MapFile {
    pub(super) map: Sheet,
    /// Whether it may have parcels that it does not name.
    pub(super) partial: bool,
    pub(super) comune: String,
    pub(super) file: String,
    pub(super) content: Vec<u8>,
    pub(super) sha256: [u8; 32],
    pub(super) srid: Srid,
    pub(super) origin: Option<Origin>,
    pub(super) shift: Option<Adjustment>,
}

/// What is to be read, and what is known before.
pub(super) struct Reading {
    pub(super) paths: Vec<PathBuf>,
    pub(super) limits: Limits,
    /// The system of the maps, if somebody says it.
    pub(super) crs: Option<Srid>,
    /// The system of maps imported before, by their comune's Belfiore code.
    pub(super) before: HashMap<String, Srid>,
    /// What is said of where maps are, by the beginning of their names.
    pub(super) placements: BTreeMap<String, Placement>,
    /// ISTAT codes of the comuni by their Belfiore codes.
    pub(super) comuni: HashMap<String, String>,
    pub(super) systems: Arc<dyn Systems>,
}

/// What a reading ends with.
pub(super) struct Ended {
    pub(super) report: Report,
    /// Maps that GML files have parcels of, or that are sheets of theirs, and their comuni.
    pub(super) published: BTreeMap<Sheet, String>,
    /// The days of the data, where a SUP tells one, with the file's place in the report.
    pub(super) days: HashMap<String, (i32, NaiveDate)>,
    /// Drawings that counted until the exchange format came, by the file's place in the report.
    pub(super) behind: Vec<(i32, Sheet)>,
}

impl Reading {
    /// Reads everything. The other end decides how fast: rows wait until they are taken.
    pub(super) fn run(self, to: Sender<Batch>, holdings: Gathering) -> Ended {
        let systems = Arc::clone(&self.systems);
        let (paths, limits) = (self.paths.clone(), self.limits);
        let (placements, crs) = (self.placements.clone(), self.crs);
        let fit = move |map: &MapName, positions: &[[f64; 2]]| {
            let placement = Placement::of(&placements, map).filter(|p| !p.gives_way(crs, systems.as_ref(), map, positions));
            let Some(placement) = placement else { return systems.fit(map, positions) };
            let mut there = positions.to_vec();
            match placement.converter(systems.as_ref()) {
                Ok(convert) if convert(&mut there) => {
                    systems.inside(map, &there).map(|fit| vec![SystemFit { title: placement.title(), ..fit }])
                }
                _ => Ok(Vec::new()),
            }
        };
        let mut taking = Taking {
            rows: Rows::new(COLUMNS.len()),
            reading: self,
            to,
            file: 0,
            holdings,
            maps: HashMap::new(),
            behind: Vec::new(),
            published: BTreeMap::new(),
            days: HashMap::new(),
            strange: BTreeMap::new(),
            converters: HashMap::new(),
        };
        let report = look(&paths, &limits, &fit, Some(&mut taking));
        let Taking { published, days, behind, holdings, .. } = taking;
        // who would take the rest has given up: the transaction says why
        let _ = holdings.finish();
        Ended { report, published, days, behind }
    }
}

struct Taking {
    reading: Reading,
    to: Sender<Batch>,
    rows: Rows,
    /// The place of the file in the report.
    file: i32,
    /// Takes the census.
    holdings: Gathering,
    /// Maps that were taken, what they came as, and the files' places in the report.
    maps: HashMap<String, (MapFormat, i32)>,
    behind: Vec<(i32, Sheet)>,
    published: BTreeMap<Sheet, String>,
    days: HashMap<String, (i32, NaiveDate)>,
    /// Features of the file in comuni that the installation has not.
    strange: BTreeMap<String, u64>,
    converters: HashMap<i32, Result<Arc<Converter>, String>>,
}

impl Taking {
    fn send(&self, batch: Batch) -> io::Result<()> {
        self.to.blocking_send(batch).map_err(|_| io::Error::other("the import was given up"))
    }

    fn send_rows(&mut self) -> io::Result<()> {
        let full = std::mem::replace(&mut self.rows, Rows::new(COLUMNS.len()));
        self.send(Batch::Rows(full))
    }

    fn converter(&mut self, from: Srid) -> Result<Arc<Converter>, String> {
        let systems = &self.reading.systems;
        self.converters.entry(from.postgis()).or_insert_with(|| systems.converter(from).map(Arc::new)).clone()
    }

    /// What is kept of where a map is, unless the system that is said puts it into its comune by itself.
    fn placement(&self, name: &MapName, map: &SheetMap, remarks: &mut Remarks) -> Option<Placement> {
        let placement = Placement::of(&self.reading.placements, name)?;
        let given = self.reading.crs;
        if let Some(crs) = given
            && placement.gives_way(given, self.reading.systems.as_ref(), name, &map.positions())
        {
            remarks.add(0, Issue::GivenInstead { maps: placement.maps.clone(), given: crs.to_string() });
            return None;
        }
        Some(placement.clone())
    }

    /// The system that a map is in: the one that is said, if the map lies in its comune then; else the one of its comune's maps
    /// before, if this one does too. What is placed by what somebody has said of it must lie there as well.
    fn settle(&self, map: &MapName, placement: Option<&Placement>, systems: &[SystemFit], remarks: &mut Remarks) -> Option<Srid> {
        if let Some(placement) = placement {
            if systems.iter().any(|system| system.fits) {
                return Some(placement.srid(self.reading.systems.storage()));
            }
            let distance_m = systems.first().map(|system| system.distance_m);
            remarks.add(0, Issue::WronglyPlaced { maps: placement.maps.clone(), origin: placement.origin.is_some(), distance_m });
            return None;
        }
        let fits = |srid: Srid| systems.iter().any(|system| system.is_fit_by(srid));
        let offered: Vec<String> = systems.iter().filter(|s| s.fits && !s.swapped).map(|s| format!("{} ({})", s.crs, s.title)).collect();
        let offered = offered.join(", ");
        match (self.reading.crs, self.reading.before.get(map.comune())) {
            (Some(given), _) if fits(given) => Some(given),
            (Some(given), _) if !offered.is_empty() => {
                remarks.add(0, Issue::WrongSystem { given: given.to_string(), offered });
                None
            }
            (None, Some(before)) if fits(*before) => Some(*before),
            (None, _) if !offered.is_empty() => {
                remarks.add(0, Issue::AskSystem { offered });
                None
            }
            _ => {
                remarks.add(0, Issue::NoFit);
                None
            }
        }
    }
}

impl Taking {
    /// Whether a map that could come in does: each sheet comes in once, and the exchange format counts before a drawing.
    fn counts(&mut self, name: &MapName, map: &SheetMap, remarks: &mut Remarks) -> io::Result<bool> {
        match (self.maps.get(&name.to_string()), map.format) {
            (None, _) => {}
            (Some((MapFormat::Drawing, file)), MapFormat::Exchange) => {
                if let Some(sheet) = name.sheet() {
                    self.behind.push((*file, sheet.clone()));
                    self.send(Batch::Instead(sheet.clone()))?;
                }
            }
            (Some((MapFormat::Exchange, _)), MapFormat::Drawing) => {
                remarks.add(0, Issue::BehindExchange { map: name.to_string() });
                return Ok(false);
            }
            (Some(_), _) => {
                remarks.add(0, Issue::MapTwice { map: name.to_string() });
                return Ok(false);
            }
        }
        self.maps.insert(name.to_string(), (map.format, self.file));
        Ok(true)
    }
}

impl Sink for Taking {
    fn begin(&mut self, index: usize) {
        self.file = i32::try_from(index).unwrap_or(i32::MAX);
    }

    fn map(&mut self, read: MapRead<'_>, remarks: &mut Remarks) -> io::Result<()> {
        let Some(name) = &read.map.name else {
            remarks.add(2, Issue::Nameless);
            return Ok(());
        };
        if remarks.kept().iter().any(|remark| remark.issue == Issue::NoEnd) {
            remarks.add(0, Issue::CutShort);
            return Ok(());
        }
        if remarks.kept().iter().any(|remark| remark.issue == Issue::EmptyDrawing) {
            return Ok(());
        }
        let Some(comune) = self.reading.comuni.get(name.comune()).cloned() else {
            remarks.add(0, Issue::NotOurs { comune: name.comune().to_owned(), features: read.map.records.len() as u64 });
            return Ok(());
        };
        // without the boundary of its comune the check has said so already
        let placement = self.placement(name, read.map, remarks);
        let Some(srid) = read.systems.and_then(|systems| self.settle(name, placement.as_ref(), systems, remarks)) else { return Ok(()) };
        if !self.counts(name, read.map, remarks)? {
            return Ok(());
        }
        let convert = match &placement {
            Some(placement) => placement.converter(self.reading.systems.as_ref()).map(Arc::new),
            None => self.converter(srid),
        }
        .map_err(io::Error::other)?;
        let (origin, shift) = placement.map_or((None, None), |p| (p.origin, p.shift.map(|(_, shift)| shift)));
        let sheet = match name {
            MapName::Sheet(sheet) => sheet.clone(),
            MapName::Union(_) => match read.map.pieces.iter().find_map(|piece| piece.code.parse::<Sheet>().ok()) {
                Some(sheet) => sheet,
                None => return Ok(()),
            },
        };
        let place = Place { file: self.file, map: sheet.clone(), comune: comune.clone(), published: false };
        let rows = MapRows { place, convert: &convert, storage: self.reading.systems.storage() };
        let mut written = std::mem::replace(&mut self.rows, Rows::new(COLUMNS.len()));
        rows.all(read.map, read.topology, remarks, &mut written);
        self.rows = written;
        self.send_rows()?;
        if name.sheet().is_some() {
            let unnumbered = if read.map.format == MapFormat::Drawing { read.map.unnumbered() } else { 0 };
            if unnumbered > 0 {
                remarks.add(0, Issue::NumbersLack { parcels: unnumbered as u64 });
            } else if remarks.lost_areas() {
                remarks.add(0, Issue::LostAreas { map: name.to_string() });
            }
            let partial = unnumbered > 0 || remarks.lost_areas();
            let (content, sha256) = read.kept.finish()?;
            self.send(Batch::Map(Box::new(MapFile {
                map: sheet,
                partial,
                comune,
                file: read.file.to_owned(),
                content,
                sha256,
                srid,
                origin,
                shift,
            })))?;
        }
        Ok(())
    }

    fn areas(&mut self, sup: &Sup) -> io::Result<()> {
        if let Some(day) = sup.day {
            self.days.insert(sup.map.clone(), (self.file, day));
        }
        Ok(())
    }

    fn feature(&mut self, feature: &Located<Feature>, remarks: &mut Remarks) -> io::Result<()> {
        let (line, feature) = (feature.line, &feature.value);
        let (Some(reference), Some(system)) = (&feature.reference, feature.system) else { return Ok(()) };
        let sheet = reference.sheet();
        let Some(comune) = self.reading.comuni.get(sheet.comune()).cloned() else {
            *self.strange.entry(sheet.comune().to_owned()).or_default() += 1;
            return Ok(());
        };
        let convert = self.converter(system).map_err(io::Error::other)?;
        let place = Place { file: self.file, map: sheet.clone(), comune: comune.clone(), published: true };
        let (table, word, number) = match reference {
            Reference::Sheet(_) => (Table::Sheets, "", None),
            Reference::Parcel(parcel) => (Table::Parcels, parcel.number().as_str(), Some(parcel_kind(parcel))),
        };
        for (ordinal, rings) in (1..).zip(&feature.polygons) {
            let mut rings = rings.clone();
            if !rings.iter_mut().all(|ring| convert(ring)) {
                remarks.add(line, Issue::OutOfSystem { code: reference.to_string() });
                continue;
            }
            let own = Own { line, id: id(reference.to_string(), ordinal), word, number, ..Own::default() };
            write(&mut self.rows, table, &place, &own, &polygon(&rings, self.reading.systems.storage()));
        }
        if !self.published.contains_key(sheet) {
            self.published.insert(sheet.clone(), comune);
        }
        if self.rows.is_full() { self.send_rows() } else { Ok(()) }
    }

    fn entry(&mut self, entry: Located<Entry>, remarks: &mut Remarks) -> io::Result<()> {
        let file = u32::try_from(self.file).unwrap_or(u32::MAX);
        self.holdings.push(file, entry.line, &entry.value, remarks).map_err(io::Error::other)
    }

    fn ended(&mut self, remarks: &mut Remarks) -> io::Result<()> {
        for (comune, features) in std::mem::take(&mut self.strange) {
            remarks.add(0, Issue::NotOurs { comune, features });
        }
        self.send_rows()
    }
}
