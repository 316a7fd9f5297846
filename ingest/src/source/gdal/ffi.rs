//! The few calls that crate `gdal` has no safe form for: reading features without mistaking "unset" for 0 or an error
//! for the end of the file.

#![allow(unsafe_code, reason = "GDAL's C interface; each call says why it is sound")]

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::ptr;
use std::sync::Once;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use gdal::DriverManager;
use gdal::spatial_ref::SpatialRef;
use gdal::vector::LayerAccess;
use gdal_sys::{CPLErr, OGRFeatureH, OGRLayerH, OGRwkbByteOrder, OGRwkbGeometryType};

use crate::report::Reason;
use crate::source::RawGeometry;

/// The formats that files may have; GDAL forgets all others, virtual ones and those of the network among them.
const DRIVERS: [&str; 9] = ["GPKG", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "FlatGeobuf", "GML", "LIBKML", "GPX", "DXF"];

/// What keeps GDAL to the file that it is given: no plug-ins, no other files than those named after it, nothing that SQL in
/// a GeoPackage could open, nothing from the network: what asked for something there would ask a proxy that nobody is. And that
/// blocks of a drawing come as points, values of a GML as texts.
const OPTIONS: [(&str, &str); 11] = [
    ("GDAL_DRIVER_PATH", "disable"),
    ("GDAL_DISABLE_READDIR_ON_OPEN", "TRUE"),
    ("GDAL_PAM_ENABLED", "NO"),
    ("OGR_SQLITE_ALLOW_EXTERNAL_ACCESS", "NO"),
    ("CPL_VSIL_CURL_ALLOWED_FILENAME", "none"),
    ("GDAL_HTTP_PROXY", "127.0.0.1:1"),
    ("GDAL_HTTPS_PROXY", "127.0.0.1:1"),
    ("GML_DOWNLOAD_SCHEMA", "NO"),
    ("GML_FIELDTYPES", "ALWAYS_STRING"),
    ("GML_SKIP_RESOLVE_ELEMS", "ALL"),
    ("DXF_INLINE_BLOCKS", "FALSE"),
];

/// Once a process: drivers and options as above, GDAL's messages go to our log, and curves come as lines.
pub(super) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (name, value) in OPTIONS {
            let _ = gdal::config::set_config_option(name, value);
        }
        DriverManager::register_all();
        DriverManager::prevent_auto_registration();
        for index in (0..DriverManager::count()).rev() {
            if let Ok(driver) = DriverManager::get_driver(index)
                && !DRIVERS.contains(&driver.short_name().as_str())
            {
                DriverManager::deregister_driver(&driver);
            }
        }
        gdal::config::set_error_handler(|class, number, message| tracing::debug!(?class, number, message, "GDAL"));
        // SAFETY: sets a global flag; nothing was opened yet by this crate, the only one that uses GDAL
        unsafe { gdal_sys::OGRSetNonLinearGeometriesEnabledFlag(0) };
    });
}

/// The column that holds the rows' keys, if the format has one that lasts.
pub(super) fn key_column(layer: &impl LayerAccess) -> Option<String> {
    // SAFETY: the layer is open, and the text is copied before it can change
    let name = unsafe {
        let name = gdal_sys::OGR_L_GetFIDColumn(layer.c_layer());
        if name.is_null() {
            return None;
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    };
    (!name.is_empty()).then_some(name)
}

/// The number of a field.
pub(super) fn field_index(layer: &impl LayerAccess, name: &str) -> Option<c_int> {
    let index = layer.defn().fields().position(|field| field.name() == name)?;
    c_int::try_from(index).ok()
}

/// What the driver tells of a layer beside its rows.
pub(super) fn metadata(layer: &impl LayerAccess, name: &CStr, domain: &CStr) -> Option<String> {
    // SAFETY: the layer is open; the text belongs to it and is copied at once
    unsafe {
        let text = gdal_sys::GDALGetMetadataItem(layer.c_layer().cast(), name.as_ptr(), domain.as_ptr());
        if text.is_null() { None } else { Some(CStr::from_ptr(text).to_string_lossy().into_owned()) }
    }
}

/// Whether an integer field holds yes and no.
pub(super) fn is_boolean(layer: &impl LayerAccess, index: usize) -> bool {
    let Ok(index) = c_int::try_from(index) else { return false };
    // SAFETY: the layer is open; an index out of range gives NULL, which is looked at
    unsafe {
        let field = gdal_sys::OGR_FD_GetFieldDefn(gdal_sys::OGR_L_GetLayerDefn(layer.c_layer()), index);
        !field.is_null() && gdal_sys::OGR_Fld_GetSubType(field) == gdal_sys::OGRFieldSubType::OFSTBoolean
    }
}

/// The code that the register of PROJ has for a definition, if it is sure (90 % and more); and for a compound system, of
/// its horizontal part.
pub(super) fn code_of_part(srs: &SpatialRef, part: &CStr) -> Option<i32> {
    // SAFETY: the reference is alive, and the text is copied
    unsafe {
        let code = gdal_sys::OSRGetAuthorityCode(srs.to_c_hsrs(), part.as_ptr());
        if code.is_null() { None } else { CStr::from_ptr(code).to_str().ok()?.parse().ok() }
    }
}

/// Looks a definition without a code up among those that have one.
pub(super) fn recognise(srs: &SpatialRef) -> Option<i32> {
    let mut count: c_int = 0;
    let mut confidences: *mut c_int = ptr::null_mut();
    // SAFETY: GDAL returns `count` references and as many numbers; both are given back to it, nothing of them is kept
    unsafe {
        let matches = gdal_sys::OSRFindMatches(srs.to_c_hsrs(), ptr::null_mut(), &raw mut count, &raw mut confidences);
        let mut best = None;
        if !matches.is_null() && count > 0 && *confidences >= 90 {
            let (name, code) = (gdal_sys::OSRGetAuthorityName(*matches, ptr::null()), gdal_sys::OSRGetAuthorityCode(*matches, ptr::null()));
            if !name.is_null() && !code.is_null() && CStr::from_ptr(name).to_bytes() == b"EPSG" {
                best = CStr::from_ptr(code).to_str().ok().and_then(|c| c.parse().ok());
            }
        }
        gdal_sys::OSRFreeSRSArray(matches);
        gdal_sys::VSIFree(confidences.cast());
        best
    }
}

/// The features of a layer from the first.
pub(super) struct Features<'a> {
    layer: OGRLayerH,
    alive: PhantomData<&'a ()>,
}

impl<'a> Features<'a> {
    pub(super) fn of(layer: &'a impl LayerAccess) -> Self {
        // SAFETY: the layer outlives this value by its lifetime
        let layer = unsafe { layer.c_layer() };
        // SAFETY: as above
        unsafe { gdal_sys::OGR_L_ResetReading(layer) };
        Self { layer, alive: PhantomData }
    }

    /// Hands over each one until there is none or `each` breaks, or says why one can't be read.
    pub(super) fn each(mut self, mut each: impl FnMut(&Feature<'_>) -> ControlFlow<()>) -> Result<(), String> {
        while let Some(feature) = self.next_feature()? {
            if each(&feature).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The next one, `None` at the end, or why it can't be read.
    pub(super) fn next_feature(&mut self) -> Result<Option<Feature<'_>>, String> {
        // SAFETY: the layer is open; the feature is ours until it is destroyed. GDAL keeps errors by thread, and this
        // thread made no other call in between.
        unsafe {
            gdal_sys::CPLErrorReset();
            let feature = gdal_sys::OGR_L_GetNextFeature(self.layer);
            let failed = gdal_sys::CPLGetLastErrorType() >= CPLErr::CE_Failure;
            if !feature.is_null() {
                return Ok(Some(Feature { feature, failed, alive: PhantomData }));
            }
            if failed { Err(CStr::from_ptr(gdal_sys::CPLGetLastErrorMsg()).to_string_lossy().into_owned()) } else { Ok(None) }
        }
    }
}

/// A feature, as long as its layer stands on it.
pub(super) struct Feature<'a> {
    feature: OGRFeatureH,
    /// GDAL reported something about this row.
    failed: bool,
    alive: PhantomData<&'a ()>,
}

impl Drop for Feature<'_> {
    fn drop(&mut self) {
        // SAFETY: it is ours, and destroyed once
        unsafe { gdal_sys::OGR_F_Destroy(self.feature) };
    }
}

// Field numbers come from `fields::columns`, so they exist; GDAL checks them besides.
impl Feature<'_> {
    pub(super) fn fid(&self) -> Option<i64> {
        // SAFETY: the feature is alive
        let fid = unsafe { gdal_sys::OGR_F_GetFID(self.feature) };
        (fid >= 0).then_some(fid)
    }

    pub(super) fn has(&self, field: c_int) -> bool {
        // SAFETY: the feature is alive
        unsafe { gdal_sys::OGR_F_IsFieldSetAndNotNull(self.feature, field) != 0 }
    }

    pub(super) fn integer(&self, field: c_int) -> i64 {
        // SAFETY: the feature is alive
        unsafe { gdal_sys::OGR_F_GetFieldAsInteger64(self.feature, field) }
    }

    pub(super) fn number(&self, field: c_int) -> f64 {
        // SAFETY: the feature is alive
        unsafe { gdal_sys::OGR_F_GetFieldAsDouble(self.feature, field) }
    }

    pub(super) fn text(&self, field: c_int) -> String {
        // SAFETY: the feature is alive; the text is copied before the next call
        unsafe {
            let text = gdal_sys::OGR_F_GetFieldAsString(self.feature, field);
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        }
    }

    /// A day; `None` for what is not in the calendar.
    pub(super) fn date(&self, field: c_int) -> Option<NaiveDate> {
        self.parts(field).map(|(date, ..)| date)
    }

    /// Day and time; without a zone it is the time in Rome. `None` for what is not in the calendar.
    pub(super) fn instant(&self, field: c_int) -> Option<DateTime<Utc>> {
        let (date, [hour, minute], second, zone) = self.parts(field)?;
        let millis = (f64::from(second) * 1000.0).round() as i64;
        let time = date.and_hms_opt(hour, minute, 0)? + chrono::TimeDelta::try_milliseconds(millis)?;
        in_zone(time, zone)
    }

    /// A day, hour and minute, seconds, and GDAL's zone.
    fn parts(&self, field: c_int) -> Option<(NaiveDate, [u32; 2], f32, c_int)> {
        let (mut year, mut month, mut day, mut hour, mut minute, mut zone) = (0, 0, 0, 0, 0, 0);
        let mut second = 0.0f32;
        // SAFETY: the feature is alive, and the seven places are ours
        let ok = unsafe {
            gdal_sys::OGR_F_GetFieldAsDateTimeEx(
                self.feature,
                field,
                &raw mut year,
                &raw mut month,
                &raw mut day,
                &raw mut hour,
                &raw mut minute,
                &raw mut second,
                &raw mut zone,
            )
        };
        if ok == 0 {
            return None;
        }
        let part = |n: c_int| u32::try_from(n).ok();
        let date = NaiveDate::from_ymd_opt(year, part(month)?, part(day)?)?;
        Some((date, [part(hour)?, part(minute)?], second, zone))
    }

    /// Whether the geometry is a point with a coordinate that is no number, which GDAL takes for an empty one.
    pub(super) fn is_at_nan(&self) -> bool {
        // SAFETY: the geometry belongs to the feature, which is alive; coordinates are asked of a point alone
        unsafe {
            let geometry = gdal_sys::OGR_F_GetGeometryRef(self.feature);
            if geometry.is_null() || gdal_sys::OGR_GT_Flatten(gdal_sys::OGR_G_GetGeometryType(geometry)) != OGRwkbGeometryType::wkbPoint {
                return false;
            }
            gdal_sys::OGR_G_GetX(geometry, 0).is_nan() || gdal_sys::OGR_G_GetY(geometry, 0).is_nan()
        }
    }

    /// The geometry as ISO well-known binary.
    pub(super) fn geometry(&self) -> RawGeometry {
        // SAFETY: the geometry belongs to the feature, which is alive; the buffer has the size that GDAL asks for,
        // all of which it has written when it says that it went well
        unsafe {
            let geometry = gdal_sys::OGR_F_GetGeometryRef(self.feature);
            if geometry.is_null() {
                return if self.failed { RawGeometry::Broken(Reason::Unreadable) } else { RawGeometry::Missing };
            }
            let Ok(size) = usize::try_from(gdal_sys::OGR_G_WkbSize(geometry)) else {
                return RawGeometry::Broken(Reason::TooManyVertices);
            };
            let mut bytes = Vec::with_capacity(size);
            match gdal_sys::OGR_G_ExportToIsoWkb(geometry, OGRwkbByteOrder::wkbNDR, bytes.as_mut_ptr()) {
                0 => {
                    bytes.set_len(size);
                    RawGeometry::Wkb(bytes)
                }
                _ => RawGeometry::Broken(Reason::Unreadable),
            }
        }
    }
}

/// GDAL's zone: 0 unknown, 1 local, 100 UTC, otherwise quarters of an hour from 100.
fn in_zone(time: NaiveDateTime, zone: c_int) -> Option<DateTime<Utc>> {
    if zone <= 1 {
        return chrono_tz::Europe::Rome.from_local_datetime(&time).earliest().map(|t| t.with_timezone(&Utc));
    }
    let offset = chrono::TimeDelta::try_minutes(i64::from(zone - 100) * 15)?;
    Some(time.checked_sub_signed(offset)?.and_utc())
}
