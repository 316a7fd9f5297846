//! Which of GDAL's drivers reads what, and what it is told.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gdal::vector::Layer;

use super::ffi;
use crate::source::sniff::Content;

/// The driver for a content, and its options. It is the only one that is asked.
pub(super) fn of(content: Content) -> (&'static str, &'static [&'static str]) {
    match content {
        Content::GeoPackage => ("GPKG", &["LIST_ALL_TABLES=NO"]),
        Content::Shapefile | Content::Dbf => ("ESRI Shapefile", &["ADJUST_TYPE=NO"]),
        Content::FlatGeobuf => ("FlatGeobuf", &["VERIFY_BUFFERS=YES"]),
        // no schema is fetched, none is written beside the file
        Content::Gml => ("GML", &["DOWNLOAD_SCHEMA=NO", "WRITE_GFS=NO", "SWAP_COORDINATES=AUTO", "CONSIDER_EPSG_AS_URN=AUTO"]),
        Content::Kml => ("LIBKML", &[]),
        Content::Gpx => ("GPX", &[]),
        Content::Dxf => ("DXF", &[]),
        Content::GeoJsonSeq => ("GeoJSONSeq", &[]),
        Content::GeoJson | Content::Xlsx | Content::Text | Content::Zip => ("GeoJSON", &["ARRAY_AS_STRING=YES"]),
    }
}

/// What a file is opened by. Of a sequence the driver would want to recognise the first kilobytes, unless it is told.
pub(super) fn name(path: &Path, content: Content) -> PathBuf {
    if content != Content::GeoJsonSeq {
        return path.to_owned();
    }
    let mut name = OsString::from("GeoJSONSeq:");
    name.push(path);
    name.into()
}

/// How the texts of a layer are encoded.
pub(super) fn encoding(layer: &Layer<'_>, content: Content) -> String {
    let tabled = matches!(content, Content::Shapefile | Content::Dbf);
    let stated = if tabled { ffi::metadata(layer, c"SOURCE_ENCODING", c"SHAPEFILE") } else { None };
    match stated {
        Some(stated) if !stated.is_empty() => stated,
        // without a word the driver takes Latin-1
        _ if tabled => "ISO-8859-1".to_owned(),
        _ => "UTF-8".to_owned(),
    }
}
