use gdal::vector::LayerAccess;
use kernel::Srid;

use super::ffi;
use crate::source::DeclaredCrs;

/// What a layer says of its coordinate system.
pub(super) fn declared(layer: &impl LayerAccess) -> DeclaredCrs {
    let Some(srs) = layer.spatial_ref() else { return DeclaredCrs::None };
    let name = srs.name().unwrap_or_default();
    let code = match (srs.auth_name().as_deref(), srs.auth_code()) {
        (Some("EPSG"), Ok(code)) => Some(code),
        (Some("OGC"), _) if name.contains("CRS84") || name.contains("CRS 84") => Some(4326),
        _ if srs.is_compound() => ffi::code_of_part(&srs, c"PROJCS").or_else(|| ffi::code_of_part(&srs, c"GEOGCS")),
        _ => None,
    };
    if let Some(srid) = code.map(horizontal).and_then(Srid::new) {
        return DeclaredCrs::Stated(srid);
    }
    // GeoPackage's own rows for "not known"
    if name.is_empty() || name.to_ascii_lowercase().starts_with("undefined") || srs.is_local() {
        return DeclaredCrs::None;
    }
    match ffi::recognise(&srs).map(horizontal).and_then(Srid::new) {
        Some(srid) => DeclaredCrs::Recognised(srid, name),
        None => DeclaredCrs::Unrecognised(name),
    }
}

/// Systems with a height, as the same without it.
fn horizontal(code: i32) -> i32 {
    match code {
        4979 => 4326,
        4937 => 4258,
        6705 => 6706,
        other => other,
    }
}
