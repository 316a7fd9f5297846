use chrono::{DateTime, Utc};
use kernel::layer::FieldType;
use kernel::{Filter, Layer, Principal, Srid};
use sqlx::{Postgres, QueryBuilder};

use super::place::Boxes;
use crate::fields::Property;

/// Which rows: conditions that all hold, an instant of validity, and rectangles of which one is touched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Conditions that all hold.
    pub(crate) filters: Vec<Filter>,
    /// Rows valid at this instant; `None` for layers without validity, and where a filter speaks of time.
    pub(crate) instant: Option<DateTime<Utc>>,
    /// Rectangles; `None` for everywhere, empty for nowhere.
    pub(crate) boxes: Option<Boxes>,
}

impl Selection {
    /// Writes all conditions, each after an `and`.
    pub(crate) fn write(&self, storage: Srid, sql: &mut QueryBuilder<Postgres>) {
        self.write_timeless(storage, sql);
        if let Some(instant) = self.instant {
            sql.push(" and ");
            Filter::ValidAt(instant).write(storage, sql);
        }
    }

    /// All conditions but the instant's.
    pub(crate) fn write_timeless(&self, storage: Srid, sql: &mut QueryBuilder<Postgres>) {
        for filter in &self.filters {
            sql.push(" and ");
            filter.write(storage, sql);
        }
        let Some(boxes) = &self.boxes else { return };
        if boxes.is_empty() {
            sql.push(" and false");
            return;
        }
        for (index, (bbox, srid)) in boxes.iter().enumerate() {
            sql.push(if index == 0 { " and ((" } else { ") or (" });
            Filter::Intersects(*bbox, *srid).write(storage, sql);
        }
        sql.push("))");
    }
}

/// The columns that a feature is written from, in the order of `geojson::FeatureWriter`, each by the type of its field.
pub(crate) fn columns(properties: &[Property<'_>]) -> String {
    let mut text = String::from("id::text, geom::bytea");
    for property in properties {
        let kind = match property.kind {
            FieldType::Integer => "bigint",
            FieldType::Number => "double precision",
            kind => kind.sql(),
        };
        // Names are checked where the catalogue is read: letters, digits and `_`.
        text.push_str(&format!(", \"{}\"::{kind}", property.name));
    }
    text
}

/// ` from … where true`: the rows and values that there are for this principal.
pub(crate) fn from(layer: &Layer, who: &Principal) -> String {
    format!(" from {} where true", layer.seen_by(who, "seen"))
}

#[cfg(test)]
mod tests {
    use super::{Selection, columns};
    use crate::fields::properties;
    use crate::testing::parcels;
    use kernel::{Bbox, Principal, Srid};
    use sqlx::QueryBuilder;

    #[test]
    fn two_boxes_are_an_alternative_and_none_is_nothing() {
        let text = |boxes| {
            let mut sql = QueryBuilder::new("");
            Selection { boxes, ..Selection::default() }.write(Srid::RDN2008_UTM33, &mut sql);
            sql.sql().as_str().to_owned()
        };
        let one = (Bbox::new(0.0, 0.0, 1.0, 1.0).unwrap(), Srid::RDN2008_UTM33);
        assert_eq!(text(None), "");
        assert_eq!(text(Some(vec![])), " and false");
        let two = text(Some(vec![one, one]));
        assert!(two.starts_with(" and ((geom && ") && two.contains(") or (geom && ") && two.ends_with("))"), "{two}");
    }

    #[test]
    fn columns_come_as_their_fields_types() {
        let layer = parcels();
        let text = columns(&properties(&layer, &Principal::anonymous()));
        assert!(text.starts_with("id::text, geom::bytea, \"sheet\"::bigint, \"kind\"::text, \"area_m2\"::double precision"), "{text}");
        assert!(!text.contains("owner"));
    }
}
