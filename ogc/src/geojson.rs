//! Rows as GeoJSON features: positions brought to the system asked for, in its authority's axis order, and values by their
//! field's type. Rows come as PostgreSQL's binary values and are written in batches.

mod geometry;
mod number;
mod property;

use crs::{AxisOrder, Transformer};
use kernel::layer::FieldType;
use thiserror::Error;

pub(crate) use geometry::GeometryError;
use geometry::Manner;
pub(crate) use property::{ValueError, write_text};

/// A row's values in PostgreSQL's binary format, in the order of the columns selected; `None` is null.
pub(crate) trait Cells {
    /// The value of a column.
    fn cell(&self, index: usize) -> Option<&[u8]>;
}

/// Why a row can't be written. Nothing a client did: the stored bytes are not what the catalogue says.
#[derive(Debug, Error)]
pub(crate) enum WriteError {
    /// The geometry.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A value.
    #[error(transparent)]
    Value(#[from] ValueError),
}

/// Writes features. Columns must be, in this order: `id`, the geometry as EWKB, and then those of `properties`.
pub(crate) struct FeatureWriter {
    /// `"name":` and the type.
    properties: Vec<(Vec<u8>, FieldType)>,
    transformer: Transformer,
    manner: Manner,
    positions: Vec<[f64; 2]>,
    /// Where each row's positions end.
    ends: Vec<usize>,
}

impl FeatureWriter {
    /// For rows with these properties, from the storage system to the one asked for.
    pub(crate) fn new<'a>(properties: impl IntoIterator<Item = (&'a str, FieldType)>, transformer: Transformer) -> Self {
        let named = |(name, kind): (&str, FieldType)| {
            let mut key = Vec::with_capacity(name.len() + 3);
            write_text(name, &mut key);
            key.push(b':');
            (key, kind)
        };
        let to = transformer.to();
        let manner = Manner { north_first: to.axis_order() == AxisOrder::NorthEast, decimals: u32::try_from(to.decimals()).unwrap_or(0) };
        let properties = properties.into_iter().map(named).collect();
        Self { properties, transformer, manner, positions: Vec::new(), ends: Vec::new() }
    }

    /// Writes a batch; `first`: whether nothing was written before, so that no comma goes in front.
    pub(crate) fn write<R: Cells>(&mut self, rows: &[R], mut first: bool, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.collect(rows)?;
        let whole = self.transformer.convert(&mut self.positions).is_ok();
        if !whole {
            self.collect(rows)?;
        }
        let mut start = 0;
        for (index, row) in rows.iter().enumerate() {
            if !first {
                out.push(b',');
            }
            first = false;
            let end = self.ends.get(index).copied().unwrap_or(start);
            self.write_feature(row, start..end, whole, out)?;
            start = end;
        }
        Ok(())
    }

    /// Takes the positions of all rows.
    fn collect<R: Cells>(&mut self, rows: &[R]) -> Result<(), WriteError> {
        self.positions.clear();
        self.ends.clear();
        for row in rows {
            if let Some(ewkb) = row.cell(1) {
                geometry::collect(ewkb, &mut self.positions)?;
            }
            self.ends.push(self.positions.len());
        }
        Ok(())
    }

    fn write_feature<R: Cells>(
        &mut self,
        row: &R,
        range: std::ops::Range<usize>,
        converted: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        property::write_value(FieldType::Text, row.cell(0), out)?;
        out.extend_from_slice(b",\"geometry\":");
        let positions = self.positions.get_mut(range).unwrap_or_default();
        // One row of the batch has no place in the other system (an empty point, a stray position): that one gets null.
        match row.cell(1) {
            Some(ewkb) if converted || self.transformer.convert(positions).is_ok() => geometry::write(ewkb, positions, self.manner, out)?,
            _ => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"properties\":{");
        for (index, (key, kind)) in self.properties.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            property::write_value(*kind, row.cell(index + 2), out)?;
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Cells, FeatureWriter};
    use crs::{Settings, Transformer};
    use kernel::Srid;
    use kernel::layer::FieldType;

    struct Row(Vec<Option<Vec<u8>>>);
    impl Cells for Row {
        fn cell(&self, index: usize) -> Option<&[u8]> {
            self.0[index].as_deref()
        }
    }

    fn row(id: &str, x: f64, y: f64, number: Option<i64>) -> Row {
        let mut ewkb = vec![1, 1, 0, 0, 0];
        ewkb.extend_from_slice(&x.to_le_bytes());
        ewkb.extend_from_slice(&y.to_le_bytes());
        Row(vec![Some(id.into()), Some(ewkb), number.map(|n| n.to_be_bytes().to_vec())])
    }

    fn write(to: Srid, rows: &[Row]) -> String {
        let transformer = Transformer::new(Srid::RDN2008_UTM33, to, &Settings::default()).unwrap();
        let mut writer = FeatureWriter::new([("number", FieldType::Integer)], transformer);
        let mut out = Vec::new();
        writer.write(rows, true, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn features_in_the_system_asked_for_and_its_axis_order() {
        let rows = [row("a", 556_983.208_62, 4_218_219.354_77, Some(7))];
        let feature = |coordinates: &str| {
            format!(
                r#"{{"type":"Feature","id":"a","geometry":{{"type":"Point","coordinates":{coordinates}}},"properties":{{"number":7}}}}"#
            )
        };
        assert_eq!(write(Srid::CRS84, &rows), feature("[15.65,38.11]"));
        assert_eq!(write(Srid::WGS84, &rows), feature("[38.11,15.65]"));
        assert_eq!(write(Srid::new(3004).unwrap(), &rows), feature("[2576990.8524,4218220.8333]"));
        assert_eq!(write(Srid::new(6708).unwrap(), &rows), feature("[4218219.3548,556983.2086]"));
    }

    #[test]
    fn a_row_without_a_place_loses_its_geometry_not_the_batch() {
        let text = write(Srid::CRS84, &[row("a", f64::NAN, f64::NAN, None), row("b", 556_983.208_62, 4_218_219.354_77, None)]);
        assert_eq!(
            text,
            r#"{"type":"Feature","id":"a","geometry":null,"properties":{"number":null}},{"type":"Feature","id":"b","geometry":{"type":"Point","coordinates":[15.65,38.11]},"properties":{"number":null}}"#
        );
    }
}
