//! GeoPackage, Shapefile and GeoJSON through GDAL, which reads coordinates as they are and transforms nothing.

mod crs;
mod ffi;
mod fields;

use std::ops::ControlFlow;
use std::path::Path;

use gdal::vector::{LayerAccess, OGRwkbGeometryType};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use kernel::Srid;

use self::fields::Column;
use super::sniff::Content;
use super::{DeclaredCrs, RawGeometry, Reader, Row, SourceLayer, geojson};
use crate::report::{Note, Reason};
use crate::{IngestError, Limits};

/// One layer of a file that GDAL has open.
pub(crate) struct GdalReader {
    dataset: Dataset,
    index: usize,
    file: String,
    layer: SourceLayer,
    columns: Vec<Column>,
    text_bytes: usize,
}

/// Opens a file with the one driver its content asks for. `wanted` names the layer, if the file has several.
pub(crate) fn open(path: &Path, file: &str, content: Content, wanted: Option<&str>, limits: &Limits) -> Result<GdalReader, IngestError> {
    ffi::prepare();
    let (driver, options): (&str, &[&str]) = match content {
        Content::GeoPackage => ("GPKG", &["LIST_ALL_TABLES=NO"]),
        Content::Shapefile => ("ESRI Shapefile", &["ADJUST_TYPE=NO"]),
        _ => ("GeoJSON", &["ARRAY_AS_STRING=YES"]),
    };
    let format = content.name();
    let damaged = |cause: String| IngestError::Damaged { file: file.to_owned(), format, cause };
    let dataset = Dataset::open_ex(
        path,
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
    let (index, others) = choose(&dataset, file, wanted)?;
    let source = dataset.layer(index).map_err(|e| damaged(fields::words(&e)))?;
    let mut notes = Vec::new();
    let columns = fields::columns(&source, &mut notes);
    if columns.len() > limits.fields {
        return Err(IngestError::TooManyFields { file: file.to_owned(), found: columns.len(), allowed: limits.fields });
    }
    let name = source.name();
    if !others.is_empty() {
        notes.push(Note::other_layers(&name, &others));
    }
    let mut crs = crs::declared(&source);
    if content == Content::GeoJson {
        let scan = geojson::scan(path).map_err(IngestError::io(path))?;
        notes.extend((scan.nulls > 0).then(|| Note::null_characters(scan.nulls)));
        crs = geojson_crs(crs, scan.crs);
    }
    let layer = SourceLayer {
        fields: columns.iter().map(|c| c.field.clone()).collect(),
        crs,
        rows: source.try_feature_count(),
        key: ffi::key_column(&source),
        name,
        format,
        notes,
    };
    Ok(GdalReader { dataset, index, file: file.to_owned(), layer, columns, text_bytes: limits.text_bytes })
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

/// The layer asked for, or the only one that has a geometry; and the names of those without.
fn choose(dataset: &Dataset, file: &str, wanted: Option<&str>) -> Result<(usize, Vec<String>), IngestError> {
    let mut with = Vec::new();
    let mut without = Vec::new();
    for (index, layer) in dataset.layers().enumerate() {
        let none = layer.defn().geometry_type() == OGRwkbGeometryType::wkbNone;
        if none { without.push(layer.name()) } else { with.push((index, layer.name())) }
    }
    let file = file.to_owned();
    let names = || with.iter().map(|(_, name)| name.clone()).collect();
    match (wanted, with.as_slice()) {
        (_, []) if without.is_empty() => Err(IngestError::NoLayers { file }),
        (_, []) => Err(IngestError::NoGeometryLayer { file }),
        (None, [(index, _)]) => Ok((*index, without)),
        (None, _) => Err(IngestError::SeveralLayers { file, layers: names() }),
        (Some(wanted), _) => match with.iter().find(|(_, name)| name == wanted) {
            Some((index, _)) => Ok((*index, Vec::new())),
            None => Err(IngestError::NoSuchLayer { file, wanted: wanted.to_owned(), layers: names() }),
        },
    }
}

impl Reader for GdalReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let damaged = |cause: String| IngestError::Damaged { file: self.file.clone(), format: self.layer.format, cause };
        let layer = self.dataset.layer(self.index).map_err(|e| damaged(fields::words(&e)))?;
        let mut number = 0;
        let mut features = ffi::Features::of(&layer);
        loop {
            let feature = match features.next_feature() {
                Ok(Some(feature)) => feature,
                Ok(None) => break,
                Err(cause) => return Err(damaged(format!("after row {number}, {cause}"))),
            };
            number += 1;
            let mut lost = false;
            let values: Vec<_> = self.columns.iter().map(|c| fields::value(&feature, c, &mut lost)).collect();
            let too_long = values.iter().any(|v| matches!(v, super::Value::Text(t) if t.len() > self.text_bytes));
            let geometry = match too_long {
                true => RawGeometry::Broken(Reason::TextTooLong),
                // in a GeoPackage that is how an empty point is written
                false if self.layer.format == Content::GeoJson.name() && feature.is_at_nan() => RawGeometry::Broken(Reason::NotFinite),
                false => feature.geometry(),
            };
            let row = Row { number, key: self.layer.key.as_ref().and_then(|_| feature.fid()), values, lost, geometry };
            if each(row).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
