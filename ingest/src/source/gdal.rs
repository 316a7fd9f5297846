//! Everything but CSV and spreadsheets through GDAL, which reads coordinates as they are and transforms nothing.

mod choose;
mod crs;
mod driver;
mod ffi;
mod fields;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use gdal::vector::LayerAccess;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use kernel::Srid;

use self::choose::{Chosen, choose};
use self::fields::Column;
use super::sniff::Content;
use super::{DeclaredCrs, RawGeometry, Reader, Row, SourceLayer, geojson, xml};
use crate::report::{Note, Reason};
use crate::{IngestError, Limits};

/// One layer of a file that GDAL has open.
pub(crate) struct GdalReader {
    dataset: Dataset,
    chosen: Chosen,
    file: String,
    layer: SourceLayer,
    columns: Vec<Column>,
    text_bytes: usize,
    /// No file stores more rows than this; a view can make up more.
    bytes: u64,
}

/// Opens a file with the one driver its content asks for. `wanted` names the layer, if the file has several.
pub(crate) fn open(path: &Path, file: &str, content: Content, wanted: Option<&str>, limits: &Limits) -> Result<GdalReader, IngestError> {
    ffi::prepare();
    let format = content.name();
    let damaged = &|cause: String| IngestError::Damaged { file: file.to_owned(), format, cause };
    let links = look_before(path, file, content)?;
    let (driver, options) = driver::of(content);
    // GDAL reads all of a GeoJSON to open it; another processor looks through it meanwhile
    let scanning = (content == Content::GeoJson).then(|| {
        let path = path.to_owned();
        std::thread::spawn(move || geojson::scan(&path))
    });
    let dataset = Dataset::open_ex(
        driver::name(path, content),
        DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
            allowed_drivers: Some(&[driver]),
            open_options: Some(options),
            sibling_files: None,
        },
    )
    .map_err(|e| match fields::words(&e) {
        // of what is wrong with a GeoPackage the driver says more; of one without layers it wants to know nothing
        cause if content == Content::GeoPackage && cause.contains("not recognized") => IngestError::NoLayers { file: file.to_owned() },
        cause => damaged(cause),
    })?;
    let chosen = match choose(&dataset, file, content, wanted) {
        Err(IngestError::NoLayers { file } | IngestError::NoGeometryLayer { file }) if links > 0 => {
            return Err(IngestError::OnlyLinks { file, links });
        }
        chosen => chosen?,
    };
    let source = dataset.layer(chosen.index).map_err(|e| damaged(fields::words(&e)))?;
    let mut notes = Vec::new();
    let mut columns = fields::columns(&source, content, &mut notes);
    if columns.len() > limits.fields {
        return Err(IngestError::TooManyFields { file: file.to_owned(), found: columns.len(), allowed: limits.fields });
    }
    if matches!(content, Content::Gml | Content::Kml) {
        fields::retype(&source, &mut columns).map_err(damaged)?;
    }
    notes.extend(chosen.notes.iter().cloned());
    notes.extend((links > 0).then(|| Note::network_links(links)));
    let mut crs = crs::declared(&source);
    if let Some(scanning) = scanning {
        let scan = scanning.join().unwrap_or_else(|_| Err(io::Error::other("looking through it failed")));
        let scan = scan.map_err(IngestError::io(path))?;
        notes.extend((scan.nulls > 0).then(|| Note::null_characters(scan.nulls)));
        crs = geojson_crs(crs, scan.crs);
    } else if matches!(content, Content::GeoJsonSeq | Content::Kml | Content::Gpx) {
        crs = geojson_crs(crs, None);
    }
    let rows = if chosen.only.is_some() { None } else { source.try_feature_count() };
    let bytes = std::fs::metadata(path).map_err(IngestError::io(path))?.len();
    if content == Content::GeoPackage && rows.is_some_and(|rows| rows > bytes) {
        return Err(IngestError::MoreRowsThanBytes { file: file.to_owned(), bytes });
    }
    let layer = SourceLayer {
        fields: columns.iter().map(|c| c.field.clone()).collect(),
        crs,
        placed: !chosen.is_table,
        rows,
        key: ffi::key_column(&source),
        name: chosen.name.clone(),
        encoding: driver::encoding(&source, content),
        format,
        siblings: chosen.siblings.clone(),
        notes,
    };
    Ok(GdalReader { dataset, chosen, file: file.to_owned(), layer, columns, text_bytes: limits.text_bytes, bytes })
}

/// What GDAL would pass over: records of a sequence that are no features, XML that is cut off, and links to other places in a
/// KML, of which the number is returned.
fn look_before(path: &Path, file: &str, content: Content) -> Result<u64, IngestError> {
    let damaged = |cause: String| IngestError::Damaged { file: file.to_owned(), format: content.name(), cause };
    match content {
        Content::GeoJsonSeq => match geojson::first_bad_record(path).map_err(IngestError::io(path))? {
            Some(bad) => Err(damaged(bad)),
            None => Ok(0),
        },
        Content::Gml | Content::Gpx => xml::count(path, "").map_err(IngestError::io(path))?.map_err(damaged),
        Content::Kml => xml::count(path, "NetworkLink").map_err(IngestError::io(path))?.map_err(damaged),
        _ => Ok(0),
    }
}

/// RFC 7946: without a word, WGS 84 with the longitude first; and so when the word is EPSG:4326. `named` is another
/// system that the file names: GDAL says WGS 84 where it does not know it.
fn geojson_crs(declared: DeclaredCrs, named: Option<String>) -> DeclaredCrs {
    match (declared, named) {
        (DeclaredCrs::None | DeclaredCrs::Stated(Srid::WGS84), Some(name)) => DeclaredCrs::Unrecognised(name),
        (DeclaredCrs::None | DeclaredCrs::Stated(Srid::WGS84), None) => DeclaredCrs::Stated(Srid::CRS84),
        (other, _) => other,
    }
}

impl Reader for GdalReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn as_text(&mut self, _: usize) {
        // its values have kinds of their own
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let damaged = |cause: String| IngestError::Damaged { file: self.file.clone(), format: self.layer.format, cause };
        let mut layer = self.dataset.layer(self.chosen.index).map_err(|e| damaged(fields::words(&e)))?;
        if let Some(only) = &self.chosen.only {
            layer.set_attribute_filter(only).map_err(|e| damaged(fields::words(&e)))?;
        }
        let mut number = 0;
        let mut features = ffi::Features::of(&layer);
        loop {
            let feature = match features.next_feature() {
                Ok(Some(feature)) => feature,
                Ok(None) => break,
                Err(cause) => return Err(damaged(format!("after row {number}, {cause}"))),
            };
            number += 1;
            if number > self.bytes && self.layer.format == Content::GeoPackage.name() {
                return Err(IngestError::MoreRowsThanBytes { file: self.file.clone(), bytes: self.bytes });
            }
            let mut lost = false;
            let values: Vec<_> = self.columns.iter().map(|c| fields::value(&feature, c, &mut lost)).collect();
            let too_long = values.iter().any(|v| matches!(v, super::Value::Text(t) if t.len() > self.text_bytes));
            let geometry = match too_long {
                true => RawGeometry::Broken(Reason::TextTooLong),
                // in a GeoPackage that is how an empty point is written
                false if self.layer.format != Content::GeoPackage.name() && feature.is_at_nan() => RawGeometry::Broken(Reason::NotFinite),
                false => feature.geometry(),
            };
            let row = Row { number, key: self.layer.key.as_ref().and_then(|_| feature.fid()), values, lost, geometry };
            if each(row).is_break() {
                return Ok(());
            }
        }
        // one that was cut off gives no error
        match self.layer.rows.filter(|_| self.layer.format == Content::FlatGeobuf.name()) {
            Some(stated) if stated != number => Err(damaged(format!("it states {stated} rows and has {number}"))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
