//! From tables and the coordinates of storage to layers and CRS84.

use std::collections::HashMap;

use catalogue::Catalogue;
use crs::{Settings, Transformer};
use kernel::{Bbox, Changed, LayerId, Principal, Srid, TableName};

use crate::transaction::Place;

/// How much wider than what was computed a rectangle is told, degrees (some ten metres): it is to be looked at again, so
/// too much does no harm, and the choice of datum parameters moves places by a few metres.
const MARGIN_DEGREES: f64 = 1e-4;

/// The ways from storage systems to CRS84 that were needed so far; `None`: there is none.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<Srid, Option<Transformer>>);

impl Places {
    /// What readers are told of a table that was touched; `None` if it is no layer's.
    pub(crate) fn changed(&mut self, catalogue: &Catalogue, table: &TableName, place: Place) -> Option<Changed> {
        let id: LayerId = catalogue.layer_of_table(table)?;
        let entry = catalogue.layer(&Principal::operator(), id.as_str())?;
        let bbox = match place {
            Place::Within(Some(bbox)) => self.told(entry.layer.srid, &bbox),
            Place::Within(None) | Place::Anywhere => None,
        };
        Some(Changed::Rows(id, bbox))
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
