//! GeoJSON (RFC 7946), a feature a line. In another system than longitude and latitude it has the member `crs` of the older form.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use kernel::{Layer, Srid};
use serde_json::{Map, Value as Json, json};

use super::rows::Columns;
use crate::geometry::{self, Shape};
use crate::source::Value;

pub(super) struct GeoJsonSink {
    out: BufWriter<File>,
    names: Vec<String>,
    first: bool,
}

impl GeoJsonSink {
    pub(super) fn create(path: &Path, layer: &Layer, columns: &Columns, crs: Srid) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        write!(out, r#"{{"type":"FeatureCollection","name":{},"#, Json::from(layer.id.as_str()))?;
        if crs.postgis() != Srid::WGS84.postgis() {
            let name = format!("urn:ogc:def:crs:EPSG::{}", crs.postgis());
            write!(out, r#""crs":{},"#, json!({"type": "name", "properties": {"name": name}}))?;
        }
        out.write_all(br#""features":["#)?;
        Ok(Self { out, names: columns.names().map(str::to_owned).collect(), first: true })
    }

    pub(super) fn write(&mut self, values: &[Value], shape: &Shape) -> io::Result<()> {
        let properties: Map<String, Json> = self.names.iter().cloned().zip(values.iter().map(json_of)).collect();
        let separator = if self.first { "\n" } else { ",\n" };
        self.first = false;
        let mut geometry = String::new();
        geometry::to_geojson(shape, &mut geometry);
        write!(self.out, r#"{separator}{{"type":"Feature","properties":{},"geometry":{geometry}}}"#, Json::Object(properties))
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(())
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(v) => v.as_str().into(),
        Value::Integer(v) => (*v).into(),
        Value::Number(v) => (*v).into(),
        Value::Boolean(v) => (*v).into(),
        date => date.to_text().into(),
    }
}
