//! What files may be, and what each of them can hold.

use std::path::Path;
use std::str::FromStr;

use kernel::layer::FieldType;
use kernel::{Layer, Srid, Text};
use serde::{Deserialize, Serialize};

use super::rows::Columns;
use super::sink::Losses;
use super::{ExportError, one_kind};
use crate::Note;

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// GeoPackage.
    Gpkg,
    /// FlatGeobuf.
    Fgb,
    /// GeoJSON.
    GeoJson,
    /// A table, with positions in columns or as well-known text.
    Csv,
    /// Shapefile, in an archive.
    Shp,
    /// AutoCAD's exchange format.
    Dxf,
    /// Keyhole Markup Language.
    Kml,
}

/// Bytes of a text in a Shapefile's table.
pub(super) const DBF_TEXT: usize = 254;
/// Bytes of a name there.
const DBF_NAME: usize = 10;

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Gpkg, Self::Fgb, Self::GeoJson, Self::Csv, Self::Shp, Self::Dxf, Self::Kml];

    /// Its name on the command line, which is the usual suffix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpkg => "gpkg",
            Self::Fgb => "fgb",
            Self::GeoJson => "geojson",
            Self::Csv => "csv",
            Self::Shp => "shp",
            Self::Dxf => "dxf",
            Self::Kml => "kml",
        }
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gpkg => "GeoPackage",
            Self::Fgb => "FlatGeobuf",
            Self::GeoJson => "GeoJSON",
            Self::Csv => "CSV",
            Self::Shp => "Shapefile",
            Self::Dxf => "DXF",
            Self::Kml => "KML",
        }
    }

    /// The format that a file's name asks for. A Shapefile is several files, which only an archive holds together: `roads.shp.zip`.
    pub fn of_name(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_str()?.to_ascii_lowercase();
        if name.ends_with(".zip") {
            return Some(Self::Shp);
        }
        let suffix = name.rsplit_once('.')?.1;
        let named = if suffix == "json" { "geojson" } else { suffix };
        Self::ALL.into_iter().find(|format| format.name() == named)
    }

    /// Whether it can hold the layer, in this system if one is said.
    ///
    /// # Errors
    /// Says why not, and what can.
    pub fn can_hold(self, layer: &Layer, crs: Option<Srid>) -> Result<(), ExportError> {
        self.holds(layer, Path::new("layer.zip"))?;
        self.crs(crs, layer.srid).map(|_| ())
    }

    /// Refuses what it has no place for.
    pub(super) fn holds(self, layer: &Layer, file: &Path) -> Result<(), ExportError> {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_ascii_lowercase();
        if self == Self::Shp && !name.ends_with(".zip") {
            let why = "a Shapefile is several files, which can appear at once in an archive only: call it NAME.zip".to_owned();
            return Err(ExportError::Name { path: file.to_owned(), why });
        }
        if self == Self::Shp && !one_kind(layer.geometry) {
            let why = "a Shapefile has points, lines or areas, and this layer has several of them; write it as GeoPackage";
            return Err(ExportError::Format { layer: layer.id.clone(), format: self.title(), why });
        }
        Ok(())
    }

    /// The system of the file.
    pub(super) fn crs(self, asked: Option<Srid>, storage: Srid) -> Result<Srid, ExportError> {
        let degrees = Srid::CRS84;
        match (self, asked) {
            (Self::Kml, Some(other)) if other.postgis() != degrees.postgis() => {
                let why = "KML is in longitude and latitude of WGS 84 and nothing else: name no other system".to_owned();
                Err(ExportError::Name { path: "the coordinate system".into(), why })
            }
            (Self::Kml | Self::GeoJson, None) | (Self::Kml, Some(_)) => Ok(degrees),
            (_, Some(asked)) => Ok(crs::Crs::require(asked)?.srid()),
            (_, None) => Ok(storage),
        }
    }

    /// The driver of GDAL that writes it; none for what Rust writes.
    pub(super) fn driver(self) -> Option<&'static str> {
        match self {
            Self::Gpkg => Some("GPKG"),
            Self::Fgb => Some("FlatGeobuf"),
            Self::Shp => Some("ESRI Shapefile"),
            Self::Dxf => Some("DXF"),
            Self::Kml => Some("LIBKML"),
            Self::GeoJson | Self::Csv => None,
        }
    }

    /// What a value of this kind becomes in it.
    pub(super) fn kind(self, kind: FieldType) -> FieldType {
        match (self, kind) {
            (Self::Shp, FieldType::DateTime | FieldType::Boolean) => FieldType::Text,
            // it has instants, but no days
            (Self::Fgb, FieldType::Date) => FieldType::Text,
            (Self::Kml, FieldType::Integer | FieldType::Boolean | FieldType::Date | FieldType::DateTime) => FieldType::Text,
            (_, kind) => kind,
        }
    }

    /// What it could not hold of these columns and rows.
    pub(super) fn notes(self, columns: &Columns, losses: Losses) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut say = |it: String, en: String| notes.push(Note::of(Text::new(it, en)));
        let long: Vec<&str> = columns.names().filter(|name| name.len() > DBF_NAME).collect();
        match self {
            Self::Dxf => say(
                "un DXF non ha attributi: contiene solo le geometrie, una per ogni parte".to_owned(),
                "a DXF has no attributes: it holds the geometries alone, one for each part".to_owned(),
            ),
            Self::Shp if !long.is_empty() => say(
                format!("in uno Shapefile i nomi hanno al massimo {DBF_NAME} caratteri: sono stati accorciati {}", long.join(", ")),
                format!("names of a Shapefile have {DBF_NAME} characters at most: {} were shortened", long.join(", ")),
            ),
            _ => {}
        }
        let as_text: Vec<&str> = columns.iter().filter(|(_, kind)| self.kind(*kind) != *kind).map(|(name, _)| name).collect();
        if !as_text.is_empty() {
            say(
                format!("scritti come testo, perché il formato non ha il loro tipo: {}", as_text.join(", ")),
                format!("written as text, since the format lacks their type: {}", as_text.join(", ")),
            );
        }
        if losses.cut > 0 {
            say(
                format!("testi più lunghi di {DBF_TEXT} byte, troncati: {}", losses.cut),
                format!("texts longer than {DBF_TEXT} bytes, which were cut: {}", losses.cut),
            );
        }
        if losses.formulas > 0 {
            say(
                format!("testi che un foglio di calcolo prenderebbe per formule, con un apostrofo davanti: {}", losses.formulas),
                format!("texts that a spreadsheet would take for formulas, with an apostrophe before them: {}", losses.formulas),
            );
        }
        notes
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| format!("`{text}` is no format of files; one of {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn a_name_says_the_format() {
        let of = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of("/a/b.GPKG"), Some(Format::Gpkg));
        assert_eq!(of("b.json"), Some(Format::GeoJson));
        assert_eq!(of("roads.shp.zip"), Some(Format::Shp));
        assert_eq!([of("gpkg"), of("a.doc"), of("")], [None, None, None]);
        assert!("xls".parse::<Format>().unwrap_err().contains("gpkg"));
    }
}
