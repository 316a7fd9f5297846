//! From tables and the coordinates of storage to layers and CRS84.

use std::collections::{BTreeMap, HashMap};

use catalogue::Catalogue;
use chrono::{DateTime, Utc};
use crs::{Settings, Transformer};
use kernel::filter::Value;
use kernel::layer::FieldType;
use kernel::{Bbox, Changed, Column, GuardedRows, Layer, LayerId, Principal, Srid};

use crate::transaction::{Key, Place, Touched};

/// How much wider than what was computed a rectangle is told, degrees (some ten metres): it is to be looked at again, so
/// too much does no harm, and the choice of datum parameters moves places by a few metres.
const MARGIN_DEGREES: f64 = 1e-4;

/// The ways from storage systems to CRS84 that were needed so far; `None`: there is none.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<Srid, Option<Transformer>>);

impl Places {
    /// What readers are told of a table that was touched; `None` if it is no layer's.
    pub(crate) fn changed(&mut self, catalogue: &Catalogue, touched: &Touched) -> Option<Changed> {
        let id: LayerId = catalogue.layer_of_table(&touched.table)?;
        let entry = catalogue.layer(&Principal::operator(), id.as_str())?;
        let mut place = |place: &Place| match place {
            Place::Within(Some(bbox)) => self.told(entry.layer.srid, bbox),
            Place::Within(None) | Place::Anywhere => None,
        };
        if touched.deciding.is_empty() {
            let (_, only) = touched.places.first()?;
            return Some(Changed::Rows(id, place(only)));
        }
        let rows =
            touched.places.iter().map(|(key, at)| GuardedRows { values: values(&entry.layer, &touched.deciding, key), bbox: place(at) });
        Some(Changed::Guarded(id, rows.collect()))
    }

    /// The rectangle in CRS84, a little wider; `None` where it can't be told.
    fn told(&mut self, from: Srid, bbox: &Bbox) -> Option<Bbox> {
        let way = self.0.entry(from).or_insert_with(|| {
            Transformer::new(from, Srid::CRS84, &Settings::default())
                .inspect_err(|error| tracing::error!(%from, cause = %error, "places of changes can't be told: readers look everywhere"))
                .ok()
        });
        Some(way.as_ref()?.transform_bbox(bbox).ok()?.widened(MARGIN_DEGREES))
    }
}

/// A key's values by the types of their columns. One that can't be read is as good as a key that is not known.
fn values(layer: &Layer, deciding: &[Column], key: &Key) -> Option<BTreeMap<Column, Value>> {
    let mut values = BTreeMap::new();
    for (column, text) in deciding.iter().zip(key.as_ref()?) {
        let Some(text) = text else { continue };
        let text = std::str::from_utf8(text).ok()?;
        let kind = layer.field(column.as_str()).map_or(FieldType::Text, |field| field.kind);
        let value = match kind {
            FieldType::Text => Value::Text(text.to_owned()),
            FieldType::Integer => Value::Integer(text.parse().ok()?),
            FieldType::Number => Value::Number(text.parse().ok()?),
            FieldType::Boolean => Value::Boolean(text == "t"),
            FieldType::Date => Value::Date(text.parse().ok()?),
            FieldType::DateTime => Value::Instant(DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok()?.with_timezone(&Utc)),
        };
        values.insert(column.clone(), value);
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::Places;
    use kernel::{Bbox, Srid};

    #[test]
    fn a_place_in_the_strait() {
        // PostGIS 3.3: select st_transform('SRID=7792;POINT(557000 4218000)'::geometry, 4326) = 15.6499.., 38.1083..
        let point = Bbox::new(557_000.0, 4_218_000.0, 557_000.0, 4_218_000.0).unwrap();
        let told = Places::default().told(Srid::RDN2008_UTM33, &point).unwrap();
        assert!((told.width() - 2e-4).abs() < 1e-9, "{told:?}");
        let (x, y) = told.centre();
        assert!((x - 15.65).abs() < 0.01 && (y - 38.108).abs() < 0.01, "{told:?}");
        let nowhere = Bbox::new(1e300, 1e300, 1e300, 1e300).unwrap();
        assert_eq!(Places::default().told(Srid::RDN2008_UTM33, &nowhere), None);
    }
}
