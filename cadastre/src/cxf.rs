//! The exchange format of cadastral maps (CXF; `.CXF`, `.CTF`): one value a line, one map a file.
//!
//! "Catasto, specifica tecnica per lo scambio dei dati cartografici (CXF)", Agenzia del Territorio. Lengths are in metres,
//! east before north, with three decimals, and are held here in whole millimetres; angles, in radians from the east against
//! the clock, in whole thousandths. Nothing of the format says in which coordinate system a map is.

mod read;
mod write;

pub use read::Reader;
pub use write::write;

/// A position in millimetres, east first.
pub type Position = [i64; 2];

/// What kind of map a file says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// `MAPPA`.
    Map,
    /// `MAPPA FONDIARIO`: of the former Austrian lands.
    LandMap,
    /// `QUADRO D'UNIONE`: the plan of how the sheets of a comune join.
    Union,
    /// Something else, as it stands in the file.
    Other(String),
}

/// The first three lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the map is.
    pub kind: MapKind,
    /// Its name as it stands in the file.
    pub name: String,
    /// The denominator of its original scale, in thousandths; of a quadro d'unione the longest side of its box.
    pub scale_thousandths: i64,
}

/// Something and the line at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// From 1.
    pub line: u64,
    /// What begins there.
    pub value: T,
}

/// A record. `mostly_outside` is the `\` after a keyword: the element lies mostly outside the sheet's border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// `BORDO`.
    Border(Border),
    /// `TESTO`.
    Text(TextRecord),
    /// `SIMBOLO`.
    Symbol(Symbol),
    /// `FIDUCIALE`.
    Fiducial(Fiducial),
    /// `LINEA`.
    Line(Line),
    /// `RIFERIMENTO_RASTER`.
    Raster(Raster),
    /// `LIBRETTO`: a surveyed line.
    Survey(Survey),
}

/// An area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Border {
    /// What it is, with the blanks that follow it in the file; see [`Border::code`].
    pub written_code: String,
    /// Height of its text.
    pub size: i64,
    /// Angle of its text.
    pub angle: i64,
    /// Where its text stands.
    pub position: Position,
    /// A point that should be inside and, in files that were brought to another coordinate system, is not.
    pub inner: Position,
    /// The outer ring, then the holes, as they stand in the file.
    pub rings: Vec<Vec<Position>>,
    /// Never by the specification.
    pub mostly_outside: bool,
}

impl Border {
    /// What it is: the map's name, `STRADA`, `ACQUA`, `37+`, `37`.
    pub fn code(&self) -> &str {
        self.written_code.trim()
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRecord {
    /// The text with the blanks that follow it in the file. In brackets it is a right to build (diritto di superficie).
    pub text: String,
    /// Its height, in tenths of a millimetre of the paper as real sheets have it; 0 marks the middle of a parcel of a raster map.
    pub size: i64,
    /// Its angle.
    pub angle: i64,
    /// Where it stands.
    pub position: Position,
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// A symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// 1 control point, 2 boundary stone, 3 parametro, 4 osso di morto, 5 to 7 flow of water, 9 and 14 graffa, 10 ancora,
    /// 11 stone of a province, 13 cross, 15 and 16 baffettatura.
    pub code: i64,
    /// Its angle.
    pub angle: i64,
    /// Where it stands.
    pub position: Position,
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// A fiducial point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fiducial {
    /// Its number within the sheet, as written.
    pub number: String,
    /// 8 a trigonometric point, 20 any other.
    pub code: i64,
    /// Where it is.
    pub position: Position,
    /// Where its number stands.
    pub label: Position,
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 1 solid, 5 dashed, 6 dotted, 11 crosses of a church, 12 the paper's frame, 29 to 35 administrative.
    pub style: i64,
    /// Its vertices.
    pub vertices: Vec<Position>,
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// A scan of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// The scan's file.
    pub file: String,
    /// Its four corners.
    pub corners: [Position; 4],
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// A line from a surveyor's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The act by which it came.
    pub protocol: String,
    /// See [`Line::style`]; 1.
    pub style: i64,
    /// Its vertices.
    pub vertices: Vec<Position>,
    /// See [`Record`].
    pub mostly_outside: bool,
}

/// The keywords, in the order of [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyword {
    Border,
    Text,
    Symbol,
    Fiducial,
    Line,
    Raster,
    Survey,
    End,
}

impl Keyword {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Line, "LINEA"),
        (Self::Border, "BORDO"),
        (Self::Symbol, "SIMBOLO"),
        (Self::Text, "TESTO"),
        (Self::Fiducial, "FIDUCIALE"),
        (Self::Raster, "RIFERIMENTO_RASTER"),
        (Self::Survey, "LIBRETTO"),
        (Self::End, "EOF"),
    ];

    /// The keyword that a line is, and whether `\` follows it.
    fn read(line: &[u8]) -> Option<(Self, bool)> {
        let line = line.trim_ascii();
        let (word, backslash) = line.strip_suffix(b"\\").map_or((line, false), |word| (word.trim_ascii_end(), true));
        Self::ALL.iter().find(|(_, text)| text.as_bytes() == word).map(|(keyword, _)| (*keyword, backslash))
    }

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(keyword, _)| *keyword == self).map_or("", |(_, text)| text)
    }
}

impl Record {
    /// Its keyword, and whether `\` follows it.
    fn keyword(&self) -> (Keyword, bool) {
        match self {
            Self::Border(record) => (Keyword::Border, record.mostly_outside),
            Self::Text(record) => (Keyword::Text, record.mostly_outside),
            Self::Symbol(record) => (Keyword::Symbol, record.mostly_outside),
            Self::Fiducial(record) => (Keyword::Fiducial, record.mostly_outside),
            Self::Line(record) => (Keyword::Line, record.mostly_outside),
            Self::Raster(record) => (Keyword::Raster, record.mostly_outside),
            Self::Survey(record) => (Keyword::Survey, record.mostly_outside),
        }
    }
}

impl MapKind {
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        match line {
            b"MAPPA" => Some(Self::Map),
            b"MAPPA FONDIARIO" => Some(Self::LandMap),
            b"QUADRO D'UNIONE" => Some(Self::Union),
            _ => None,
        }
    }

    /// As it stands in a file.
    pub fn text(&self) -> &str {
        match self {
            Self::Map => "MAPPA",
            Self::LandMap => "MAPPA FONDIARIO",
            Self::Union => "QUADRO D'UNIONE",
            Self::Other(text) => text,
        }
    }
}
