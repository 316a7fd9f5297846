//! A file that GDAL writes, with one driver; coordinates go in as they are.

#![allow(unsafe_code, reason = "GDAL's C interface where crate `gdal` has no form for it; each call says why it is sound")]

use std::ffi::{CString, c_int};
use std::sync::Mutex;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use gdal::errors::CplErrType;
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::vector::{Defn, Feature, Geometry, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType};
use gdal::{Dataset, DriverManager};
use kernel::layer::{FieldType, GeometryType};

use super::Format;
use super::rows::OutRow;
use super::serve::Order;
use crate::source::Value;

/// Rows between two commits of a file that is a database.
const COMMIT: u64 = 100_000;

/// The first thing that GDAL said was wrong: what happens when a file is closed it tells in no other way.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);

pub(super) struct GdalFile {
    dataset: Dataset,
    format: Format,
    /// What a DXF's entities are drawn on.
    name: String,
    rows: u64,
}

impl GdalFile {
    pub(super) fn create(order: &Order) -> Result<Self, String> {
        let driver = order.format.driver().ok_or("is asked for a format of another's")?;
        prepare(driver);
        let driver = DriverManager::get_driver_by_name(driver).map_err(words)?;
        let mut dataset = driver.create_vector_only(order.path()).map_err(words)?;
        let mut srs = SpatialRef::from_epsg(u32::try_from(order.srid).unwrap_or_default()).map_err(words)?;
        srs.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let title = format!("IDENTIFIER={}", order.title);
        let key = format!("FID={}", order.key.as_deref().unwrap_or("fid"));
        let options: &[&str] = match order.format {
            Format::Gpkg => &["GEOMETRY_NAME=geom", &title, &key],
            Format::Shp => &["ENCODING=UTF-8"],
            _ => &[],
        };
        let layer = dataset
            .create_layer(LayerOptions { name: &order.layer, srs: Some(&srs), ty: kind(order.geometry), options: Some(options) })
            .map_err(words)?;
        // a DXF's layers have fields of their own and no others
        if order.format != Format::Dxf {
            for (name, kind) in &order.columns {
                create_field(&layer, name, *kind)?;
            }
        }
        let mut file = Self { dataset, format: order.format, name: order.layer.clone(), rows: 0 };
        file.begin()?;
        failure()?;
        Ok(file)
    }

    pub(super) fn write(&mut self, row: &OutRow) -> Result<(), String> {
        let layer = self.dataset.layer(0).map_err(words)?;
        let definition = Defn::from_layer(&layer);
        let mut feature = Feature::new(&definition).map_err(words)?;
        feature.set_geometry(Geometry::from_wkb(&row.wkb).map_err(words)?).map_err(words)?;
        if self.format == Format::Dxf {
            feature.set_field_string(0, &self.name).map_err(words)?;
        } else {
            for (index, value) in row.values.iter().enumerate() {
                set(&mut feature, index, value)?;
            }
        }
        if let Some(key) = row.key {
            // SAFETY: the feature is alive
            unsafe { gdal_sys::OGR_F_SetFID(feature.c_feature(), key) };
        }
        feature.create(&layer).map_err(words)?;
        failure()?;
        self.rows += 1;
        if self.rows.is_multiple_of(COMMIT) {
            self.commit()?;
            self.begin()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), String> {
        self.commit()?;
        self.dataset.close().map_err(words)?;
        failure()
    }

    fn begin(&mut self) -> Result<(), String> {
        if self.format != Format::Gpkg {
            return Ok(());
        }
        // SAFETY: the dataset is open
        match unsafe { gdal_sys::GDALDatasetStartTransaction(self.dataset.c_dataset(), 0) } {
            0 => Ok(()),
            _ => Err("no transaction begins".to_owned()),
        }
    }

    fn commit(&mut self) -> Result<(), String> {
        if self.format != Format::Gpkg {
            return Ok(());
        }
        // SAFETY: the dataset is open
        match unsafe { gdal_sys::GDALDatasetCommitTransaction(self.dataset.c_dataset()) } {
            0 => Ok(()),
            _ => failure().and(Err("a transaction does not end".to_owned())),
        }
    }
}

/// Of all drivers this one is left; what GDAL says is kept.
fn prepare(driver: &str) {
    for (name, value) in [("GDAL_DRIVER_PATH", "disable"), ("GDAL_PAM_ENABLED", "NO"), ("CPL_VSIL_CURL_ALLOWED_FILENAME", "none")] {
        let _ = gdal::config::set_config_option(name, value);
    }
    DriverManager::register_all();
    DriverManager::prevent_auto_registration();
    for index in (0..DriverManager::count()).rev() {
        if let Ok(other) = DriverManager::get_driver(index)
            && other.short_name() != driver
        {
            DriverManager::deregister_driver(&other);
        }
    }
    gdal::config::set_error_handler(|class, _, message| {
        if matches!(class, CplErrType::Failure | CplErrType::Fatal)
            && let Ok(mut first) = FAILURE.lock()
        {
            first.get_or_insert_with(|| message.to_owned());
        }
    });
}

fn failure() -> Result<(), String> {
    match FAILURE.lock() {
        Ok(first) => first.clone().map_or(Ok(()), Err),
        Err(_) => Err("nobody knows what GDAL said".to_owned()),
    }
}

fn words(error: gdal::errors::GdalError) -> String {
    failure().err().unwrap_or_else(|| error.to_string())
}

fn kind(geometry: GeometryType) -> OGRwkbGeometryType::Type {
    match geometry {
        GeometryType::Point => OGRwkbGeometryType::wkbPoint,
        GeometryType::MultiPoint => OGRwkbGeometryType::wkbMultiPoint,
        GeometryType::LineString => OGRwkbGeometryType::wkbLineString,
        GeometryType::MultiLineString => OGRwkbGeometryType::wkbMultiLineString,
        GeometryType::Polygon => OGRwkbGeometryType::wkbPolygon,
        GeometryType::MultiPolygon => OGRwkbGeometryType::wkbMultiPolygon,
        GeometryType::Geometry => OGRwkbGeometryType::wkbUnknown,
    }
}

fn create_field(layer: &impl LayerAccess, name: &str, kind: FieldType) -> Result<(), String> {
    let plain = match kind {
        FieldType::Text => OGRFieldType::OFTString,
        FieldType::Integer => OGRFieldType::OFTInteger64,
        FieldType::Number => OGRFieldType::OFTReal,
        FieldType::Boolean => OGRFieldType::OFTInteger,
        FieldType::Date => OGRFieldType::OFTDate,
        FieldType::DateTime => OGRFieldType::OFTDateTime,
    };
    let name = CString::new(name).map_err(|e| e.to_string())?;
    // SAFETY: the layer is open; the definition is ours, copied by GDAL, and destroyed once
    let created = unsafe {
        let field = gdal_sys::OGR_Fld_Create(name.as_ptr(), plain);
        if kind == FieldType::Boolean {
            gdal_sys::OGR_Fld_SetSubType(field, gdal_sys::OGRFieldSubType::OFSTBoolean);
        }
        // shortened where the format wants it so
        let created = gdal_sys::OGR_L_CreateField(layer.c_layer(), field, 1);
        gdal_sys::OGR_Fld_Destroy(field);
        created
    };
    if created == 0 { Ok(()) } else { failure().and(Err("a field can't be made".to_owned())) }
}

fn set(feature: &mut Feature<'_>, index: usize, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => feature.set_field_null(index),
        Value::Text(v) => feature.set_field_string(index, &v.replace('\0', "")),
        Value::Integer(v) => feature.set_field_integer64(index, *v),
        Value::Number(v) => feature.set_field_double(index, *v),
        Value::Boolean(v) => feature.set_field_integer(index, i32::from(*v)),
        Value::Date(v) => return set_moment(feature, index, *v, None),
        Value::Instant(v) => return set_moment(feature, index, v.date_naive(), Some(*v)),
    }
    .map_err(words)
}

/// A day, or an instant in UTC; of a second GDAL keeps the thousandths.
fn set_moment(feature: &mut Feature<'_>, index: usize, day: NaiveDate, at: Option<DateTime<Utc>>) -> Result<(), String> {
    /// GDAL's zone for UTC; 0 is none.
    const UTC: c_int = 100;
    let part = |n: u32| c_int::try_from(n).unwrap_or_default();
    let time = at.map(|at| at.time()).unwrap_or_default();
    let second = time.second() as f32 + (time.nanosecond() / 1_000_000) as f32 / 1_000.0;
    let zone = if at.is_some() { UTC } else { 0 };
    let index = c_int::try_from(index).map_err(|e| e.to_string())?;
    // SAFETY: the feature is alive; GDAL looks whether the field is there
    unsafe {
        gdal_sys::OGR_F_SetFieldDateTimeEx(
            feature.c_feature(),
            index,
            day.year(),
            part(day.month()),
            part(day.day()),
            part(time.hour()),
            part(time.minute()),
            second,
            zone,
        );
    }
    failure()
}
