//! What is in cadastral files, without a database: what they are, how much of what they have, whether it fits together, and
//! in which coordinate system a map may be.

mod kept;
mod words;

use std::collections::HashMap;
use std::io::{self, Read};
use std::mem::discriminant;
use std::path::Path;

use kernel::{Language, Srid};
use serde::Serialize;

use kept::Tee;

pub(crate) use kept::Kept;

use crate::census::{self, CensusFile, Entry, Property, Shares, Subject};
use crate::cxf::{Located, Record};
use crate::files::{FileKind, Limits, stem, walk};
use crate::gml::{self, FeatureKind};
use crate::remark::{Issue, Remark, Remarks};
use crate::sheet_map::{Kind, MapFormat, SheetMap, Topology};
use crate::sup::Sup;
use crate::{MapName, Reference};

/// Remarks that a report has, of all files together; of the others there is the count.
const MOST_REMARKS: usize = 20_000;
/// Remarks that a file may have for others to be added to them.
const MOST_LATER: usize = 1_000;
/// Maps whose areas are kept for the SUP that may follow.
const MOST_MAPS: usize = 5_000;
/// Files that are nothing of the cadastre and are named.
const MOST_OTHERS: usize = 20;

/// A coordinate system that a map may be in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SystemFit {
    /// The system.
    pub crs: Srid,
    /// Its name.
    pub title: String,
    /// Systems that give the same positions.
    pub also: Vec<Srid>,
    /// Whether the two numbers of a position would be swapped.
    pub swapped: bool,
    /// How much of the map would lie inside the comune, 0 to 1.
    pub share_inside: f64,
    /// How far away from the comune its middle would be, metres.
    pub distance_m: f64,
    /// Whether it can be that one.
    pub fits: bool,
}

impl SystemFit {
    /// Whether the map lies in its comune by this system, its numbers as they stand.
    pub(crate) fn is_fit_by(&self, srid: Srid) -> bool {
        let is = |other: &Srid| other.postgis() == srid.postgis();
        self.fits && !self.swapped && (is(&self.crs) || self.also.iter().any(is))
    }
}

/// Why nobody can say in which system a map may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFit {
    /// There is no boundary.
    NoBoundary,
    /// The boundary has not the comune that the map names.
    OtherComune,
}

/// What finds the systems that the positions of a map (metres or degrees, as they stand) may be in, the likeliest first.
pub type Fit<'a> = &'a dyn Fn(&MapName, &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit>;

/// A map that was read, for a [`Sink`].
pub(crate) struct MapRead<'a> {
    pub(crate) file: &'a str,
    pub(crate) map: &'a SheetMap,
    pub(crate) topology: &'a Topology,
    pub(crate) systems: Option<&'a [SystemFit]>,
    pub(crate) kept: Kept,
}

/// Who takes what is read, while it is looked at; a read that can't go on ends with an error of theirs.
pub(crate) trait Sink {
    /// A file begins, which will have this place in the report.
    fn begin(&mut self, index: usize);
    /// A map, what is out of place on it, the systems that fit it, and the file itself.
    fn map(&mut self, map: MapRead<'_>, remarks: &mut Remarks) -> io::Result<()>;
    /// The areas beside a map.
    fn areas(&mut self, sup: &Sup) -> io::Result<()>;
    /// A feature of a GML.
    fn feature(&mut self, feature: &Located<gml::Feature>, remarks: &mut Remarks) -> io::Result<()>;
    /// A record of the census.
    fn entry(&mut self, entry: Located<Entry>, remarks: &mut Remarks) -> io::Result<()>;
    /// A file has ended.
    fn ended(&mut self, remarks: &mut Remarks) -> io::Result<()>;
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Cadastral files, and archives with something to say of.
    pub files: Vec<FileReport>,
    /// How many files are nothing of the cadastre.
    pub other_files: u64,
    /// Some of them.
    pub others: Vec<String>,
    /// Remarks on all files.
    pub remarks: u64,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// What people call it.
    pub file: String,
    /// What is in it.
    #[serde(flatten)]
    pub content: Content,
    /// What is otherwise than it should be; of each kind at most 200.
    pub remarks: Vec<Remark>,
    /// How many remarks there are, with those that are not listed.
    pub remark_count: u64,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// CXF or DXF.
    Map(Box<MapFigures>),
    /// SUP.
    Areas(AreaFigures),
    /// GML.
    Gml(GmlFigures),
    /// FAB, TER, SOG, TIT or PRM.
    Census(CensusFigures),
    /// An archive.
    Archive,
    /// It could not be read at all.
    Unreadable,
}

/// How many of each there are on a map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MapCounts {
    /// Borders of the map.
    pub borders: usize,
    /// Borders of sheets, on a quadro d'unione.
    pub sheets: usize,
    /// Particelle.
    pub parcels: usize,
    /// Of them, with holes.
    pub parcels_with_holes: usize,
    /// Buildings.
    pub buildings: usize,
    /// Streets.
    pub streets: usize,
    /// Waters.
    pub waters: usize,
    /// Codes that stand more than once.
    pub repeated_codes: usize,
    /// Texts.
    pub texts: usize,
    /// Symbols.
    pub symbols: usize,
    /// Fiducials.
    pub fiducials: usize,
    /// Lines.
    pub lines: usize,
    /// Scans.
    pub rasters: usize,
    /// Surveyed lines.
    pub surveys: usize,
}

/// A map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapFigures {
    /// What it came as.
    pub format: MapFormat,
    /// Its name.
    pub name: String,
    /// `MAPPA`, `MAPPA FONDIARIO` or `QUADRO D'UNIONE`.
    pub heading: String,
    /// The denominator of its scale; 0 if it does not say.
    pub scale: f64,
    /// How many of each there are.
    pub counts: MapCounts,
    /// How the areas fit together.
    pub topology: Topology,
    /// Parcels for which a point was found where a text can stand.
    pub label_points: usize,
    /// Systems that it may be in, and some that it can't be in. `None`: without the boundary of its comune nobody can say.
    pub systems: Option<Vec<SystemFit>>,
}

/// The areas beside a map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AreaFigures {
    /// The map's name.
    pub map: String,
    /// The day of the data.
    pub day: Option<chrono::NaiveDate>,
    /// How many parcels it lists.
    pub parcels: usize,
    /// TOTALE, m².
    pub total_m2: i64,
    /// CONFINE, m².
    pub border_m2: i64,
    /// SBILANCIO, m².
    pub balance_m2: i64,
    /// Whether its map was there to be compared.
    pub compared: bool,
}

/// Published parcels or sheets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GmlFigures {
    /// Parcels.
    pub parcels: u64,
    /// Sheets.
    pub sheets: u64,
    /// Polygons of all of them.
    pub polygons: u64,
    /// Holes in them.
    pub holes: u64,
    /// Positions of all outlines.
    pub positions: u64,
    /// How many features each comune has, by Belfiore code.
    pub comuni: Vec<(String, u64)>,
    /// The system.
    pub crs: Option<Srid>,
    /// West, south, east and north of all of it, in that system.
    pub extent: Option<[f64; 4]>,
    /// The first reference.
    pub first: Option<Reference>,
}

/// A file of the census. Of persons there is nothing but their number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CensusFigures {
    /// `FAB`, `TER`, `SOG`, `TIT` or `PRM`.
    pub of: &'static str,
    /// How many records.
    pub records: u64,
    /// How many of each type, by its name in the specification.
    pub types: Vec<(&'static str, u64)>,
    /// The comune of the first, Belfiore.
    pub comune: Option<String>,
    /// Different properties, or subjects.
    pub different: u64,
    /// Of titles: rights whose shares make 1, less, and more.
    pub shares: Option<[u64; 3]>,
}

/// Looks at everything at these paths. Nothing is an error here: what can't be read is in the report.
pub fn check(paths: &[impl AsRef<Path>], limits: &Limits, fit: Fit<'_>) -> Report {
    look(paths, limits, fit, None)
}

/// The same, with somebody who takes what is read.
pub(crate) fn look<'a>(paths: &[impl AsRef<Path>], limits: &Limits, fit: Fit<'a>, sink: Option<&'a mut (dyn Sink + 'a)>) -> Report {
    let mut checking = Checking { fit, report: Report::default(), maps: HashMap::new(), areas: Vec::new(), sink };
    for path in paths {
        let path = path.as_ref();
        if let Err(error) = walk(path, limits, &mut |found| checking.file(found.file, found.kind, found.source, found.remarks)) {
            let mut remarks = Remarks::default();
            remarks.add(0, Issue::Unreadable { cause: error.to_string() });
            checking.push(path.display().to_string(), Content::Unreadable, remarks);
        }
    }
    checking.finish()
}

struct Checking<'a> {
    fit: Fit<'a>,
    report: Report,
    /// What each map gives, by its name.
    maps: HashMap<String, Sup>,
    /// Files of areas, and where they are in the report.
    areas: Vec<(usize, Sup, Remarks)>,
    sink: Option<&'a mut (dyn Sink + 'a)>,
}

impl Checking<'_> {
    fn file(&mut self, file: String, kind: Option<FileKind>, source: &mut dyn Read, mut remarks: Remarks) {
        if let (Some(sink), Some(_)) = (self.sink.as_deref_mut(), kind) {
            sink.begin(self.report.files.len());
        }
        let content = match kind {
            None if remarks.count() > 0 => Ok(Some(Content::Unreadable)),
            None => Ok(None),
            Some(FileKind::Archive) if remarks.count() == 0 => return,
            Some(FileKind::Archive) => Ok(Some(Content::Archive)),
            Some(FileKind::Map) => self.map(MapFormat::Exchange, &file, source, &mut remarks).map(Some),
            Some(FileKind::Drawing) => self.map(MapFormat::Drawing, &file, source, &mut remarks).map(Some),
            Some(FileKind::Areas) => self.areas(source, &mut remarks).map(Some),
            Some(FileKind::Gml) => self.gml(source, &mut remarks).map(Some),
            Some(FileKind::Census(of)) => self.census(of, source, &mut remarks).map(Some),
        };
        let content = match (content, self.sink.as_deref_mut()) {
            (Ok(content), Some(sink)) => sink.ended(&mut remarks).map(|()| content),
            (content, _) => content,
        };
        match content {
            Ok(Some(content)) => self.push(file, content, remarks),
            Ok(None) => {
                self.report.other_files += 1;
                if self.report.others.len() < MOST_OTHERS {
                    self.report.others.push(file);
                }
            }
            Err(error) => {
                remarks.add(0, Issue::Unreadable { cause: error.to_string() });
                self.push(file, Content::Unreadable, remarks);
            }
        }
    }

    fn push(&mut self, file: String, content: Content, remarks: Remarks) {
        self.report.files.push(FileReport { file, content, remarks: Vec::new(), remark_count: 0 });
        self.remark(self.report.files.len() - 1, &remarks);
    }

    fn remark(&mut self, index: usize, remarks: &Remarks) {
        let room = MOST_REMARKS.saturating_sub(self.report.files.iter().map(|file| file.remarks.len()).sum());
        let Some(file) = self.report.files.get_mut(index) else { return };
        file.remarks.extend(remarks.kept().iter().take(room).cloned());
        file.remark_count += remarks.count();
        self.report.remarks += remarks.count();
    }

    fn map(&mut self, format: MapFormat, file: &str, source: &mut dyn Read, remarks: &mut Remarks) -> io::Result<Content> {
        let mut reading = Tee { source, kept: self.sink.is_some().then(Kept::new).transpose()? };
        let stem = stem(file);
        let (map, found) = match format {
            MapFormat::Exchange => SheetMap::read(&mut reading)?,
            MapFormat::Drawing => SheetMap::read_drawing(&mut reading, stem)?,
        };
        remarks.extend(found);
        let name = map.header.name.trim().to_owned();
        if map.name.is_some() && format == MapFormat::Exchange && stem.parse::<MapName>().is_ok() && !stem.eq_ignore_ascii_case(&name) {
            remarks.add(2, Issue::OtherName { file: stem.to_owned(), map: name.clone() });
        }
        if format == MapFormat::Drawing && !map.of_kind(Kind::Parcel).any(|piece| !piece.code.is_empty()) {
            remarks.add(0, Issue::EmptyDrawing);
        }
        let topology = map.topology(remarks);
        let systems = match map.name.as_ref().map(|name| (name, (self.fit)(name, &map.positions()))) {
            Some((_, Ok(systems))) => Some(systems),
            Some((name, Err(NoFit::OtherComune))) => {
                remarks.add(2, Issue::StrangeMap { comune: name.comune().to_owned() });
                None
            }
            Some((_, Err(NoFit::NoBoundary))) | None => None,
        };
        if let (Some(sink), Some(kept)) = (self.sink.as_deref_mut(), reading.end()?) {
            sink.map(MapRead { file, map: &map, topology: &topology, systems: systems.as_deref(), kept }, remarks)?;
        }
        // of a sheet that is there in both formats the exchange format counts
        let counts_more = format == MapFormat::Exchange || !self.maps.contains_key(&name);
        if self.maps.len() < MOST_MAPS && counts_more {
            self.maps.insert(name.clone(), Sup::of(&map, None));
        }
        Ok(Content::Map(Box::new(MapFigures {
            format,
            name,
            heading: map.header.kind.text().to_owned(),
            scale: map.header.scale_thousandths as f64 / 1000.0,
            counts: counts(&map),
            topology,
            label_points: map.of_kind(Kind::Parcel).filter(|piece| piece.label_point().is_some_and(|at| piece.holds(at))).count(),
            systems,
        })))
    }

    fn areas(&mut self, source: &mut dyn Read, remarks: &mut Remarks) -> io::Result<Content> {
        let (sup, found) = Sup::read(source)?;
        remarks.extend(found);
        if let Some(sink) = self.sink.as_deref_mut() {
            sink.areas(&sup)?;
        }
        let [.., total_m2, border_m2, balance_m2] = sup.sums;
        let figures = AreaFigures {
            map: sup.map.clone(),
            day: sup.day,
            parcels: sup.parcels.len(),
            total_m2,
            border_m2,
            balance_m2,
            compared: false,
        };
        // the map may come later
        self.areas.push((self.report.files.len(), sup, Remarks::default()));
        Ok(Content::Areas(figures))
    }

    fn gml(&mut self, source: &mut dyn Read, remarks: &mut Remarks) -> io::Result<Content> {
        let mut reader = gml::Reader::new(source)?;
        let mut figures = GmlFigures::default();
        let mut comuni: HashMap<String, u64> = HashMap::new();
        while let Some(feature) = reader.read()? {
            if let Some(sink) = self.sink.as_deref_mut() {
                sink.feature(&feature, remarks)?;
            }
            let feature = feature.value;
            match feature.kind {
                FeatureKind::Parcel => figures.parcels += 1,
                FeatureKind::Sheet => figures.sheets += 1,
            }
            figures.polygons += feature.polygons.len() as u64;
            for polygon in &feature.polygons {
                figures.holes += polygon.len().saturating_sub(1) as u64;
            }
            for [x, y] in feature.polygons.iter().flatten().flatten() {
                figures.positions += 1;
                let [west, south, east, north] = figures.extent.unwrap_or([*x, *y, *x, *y]);
                figures.extent = Some([west.min(*x), south.min(*y), east.max(*x), north.max(*y)]);
            }
            figures.crs = figures.crs.or(feature.system);
            if let Some(reference) = feature.reference {
                if comuni.len() < 10_000 {
                    *comuni.entry(reference.sheet().comune().to_owned()).or_default() += 1;
                }
                figures.first.get_or_insert(reference);
            }
        }
        remarks.extend(reader.into_remarks());
        figures.comuni = comuni.into_iter().collect();
        figures.comuni.sort();
        Ok(Content::Gml(figures))
    }

    fn census(&mut self, of: CensusFile, source: &mut dyn Read, remarks: &mut Remarks) -> io::Result<Content> {
        /// Properties or subjects that are told apart at most.
        const MOST: usize = 5_000_000;
        let mut reader = census::Reader::new(source, of);
        let (mut types, mut different, mut shares) = (HashMap::<&str, u64>::new(), std::collections::HashSet::new(), Shares::default());
        let mut figures = CensusFigures { of: name(of), records: 0, types: Vec::new(), comune: None, different: 0, shares: None };
        let mut of_shares = Remarks::default();
        while let Some(entry) = reader.read()? {
            figures.records += 1;
            let (kind, id, comune) = match &entry.value {
                Entry::Property(key, property) => (record(of, property), Some(key.property), Some(&key.comune)),
                Entry::Subject { id, subject, comune, .. } => {
                    (if matches!(subject, Subject::Person(_)) { "P" } else { "G" }, Some(*id), Some(comune))
                }
                Entry::Title(title) => {
                    shares.add(entry.line, title, &mut of_shares);
                    ("titolarità", Some(title.property), Some(&title.comune))
                }
                Entry::Parameter { .. } => ("parametro", None, None),
            };
            *types.entry(kind).or_default() += 1;
            if different.len() < MOST {
                different.extend(id);
            }
            if figures.comune.is_none() {
                figures.comune = comune.cloned();
            }
            if let Some(sink) = self.sink.as_deref_mut() {
                sink.entry(entry, remarks)?;
            }
        }
        remarks.extend(reader.into_remarks());
        remarks.extend(of_shares);
        figures.types = types.into_iter().collect();
        figures.types.sort_unstable();
        figures.different = different.len() as u64;
        figures.shares = (of == CensusFile::Titles).then(|| shares.whole_less_more());
        Ok(Content::Census(figures))
    }

    fn finish(mut self) -> Report {
        for (index, sup, mut remarks) in std::mem::take(&mut self.areas) {
            let map = self.maps.get(&sup.map);
            match map {
                Some(own) => sup.check(own, &mut remarks),
                None => remarks.add(0, Issue::SupAlone),
            }
            if let Some(FileReport { content: Content::Areas(figures), .. }) = self.report.files.get_mut(index) {
                figures.compared = map.is_some();
            }
            self.remark(index, &remarks);
        }
        self.report
    }
}

fn counts(map: &SheetMap) -> MapCounts {
    let count = |kind| map.of_kind(kind).count();
    MapCounts {
        borders: count(Kind::Border),
        sheets: count(Kind::SheetBorder),
        parcels: count(Kind::Parcel),
        parcels_with_holes: map.of_kind(Kind::Parcel).filter(|piece| piece.rings.len() > 1).count(),
        buildings: count(Kind::Building),
        streets: count(Kind::Street),
        waters: count(Kind::Water),
        repeated_codes: map.pieces.iter().filter(|piece| piece.ordinal == 2 && !piece.code.is_empty()).count(),
        texts: map.count(|record| matches!(record, Record::Text(_))),
        symbols: map.count(|record| matches!(record, Record::Symbol(_))),
        fiducials: map.count(|record| matches!(record, Record::Fiducial(_))),
        lines: map.count(|record| matches!(record, Record::Line(_))),
        rasters: map.count(|record| matches!(record, Record::Raster(_))),
        surveys: map.count(|record| matches!(record, Record::Survey(_))),
    }
}

fn name(of: CensusFile) -> &'static str {
    match of {
        CensusFile::Buildings => "FAB",
        CensusFile::Land => "TER",
        CensusFile::Subjects => "SOG",
        CensusFile::Titles => "TIT",
        CensusFile::Parameters => "PRM",
    }
}

/// The record's type in the specification.
fn record(of: CensusFile, property: &Property) -> &'static str {
    match property {
        Property::Unit(_) | Property::Land(_) => "1",
        Property::Places(_) | Property::Deductions(_) => "2",
        Property::Reserves(_) if of == CensusFile::Buildings => "5",
        Property::Addresses(_) | Property::Reserves(_) => "3",
        Property::Common(_) | Property::Portions(_) => "4",
    }
}

impl Report {
    /// Remarks of a kind with others, on a file after it was read.
    pub(crate) fn extend(&mut self, index: usize, remarks: &Remarks) {
        for remark in remarks.kept() {
            self.remark(index, remark.line, remark.issue.clone());
        }
    }

    /// Remarks on a file after it was read.
    pub(crate) fn remark(&mut self, index: usize, line: u64, issue: Issue) {
        let Some(file) = self.files.get_mut(index) else { return };
        // the first of its kind is told of whatever there is beside it
        if file.remarks.len() < MOST_LATER || !file.remarks.iter().any(|there| discriminant(&there.issue) == discriminant(&issue)) {
            file.remarks.push(Remark { line, issue });
        }
        file.remark_count += 1;
        self.remarks += 1;
    }

    /// Whether nothing is otherwise than it should be, and there was something of the cadastre at all.
    pub fn is_clean(&self) -> bool {
        self.remarks == 0 && !self.files.is_empty()
    }

    /// The report in plain words, without colours.
    pub fn text(&self, language: Language) -> String {
        words::write(self, language)
    }
}

#[cfg(test)]
mod tests;
