//! What somebody has said of where maps are that lie in no known system: the origin that they count from, an adjustment, or both.

use std::collections::BTreeMap;

use kernel::Srid;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::systems::{Converter, Systems};
use crate::{Adjustment, MapName, Origin};

/// A row of `cadastre.adjustments`: the beginning of names, the system, and what was found upon what.
type Adjusted = (String, i32, Json<Adjustment>, Option<Json<Origin>>);

/// What brings maps whose names begin in one way to where they belong.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    /// The beginning of their names.
    pub(super) maps: String,
    /// The origin that they count from.
    pub(super) origin: Option<Origin>,
    /// What brings their positions into a system: from the map, or, with an origin, from where that puts them in the same system.
    pub(super) shift: Option<(Srid, Adjustment)>,
}

impl Placement {
    /// What is kept, by the beginning of the names of maps. Of an origin and an adjustment for the same names the adjustment counts: it was
    /// found for these maps, and knows whether it goes upon an origin.
    pub(super) async fn all(conn: &mut PgConnection) -> Result<BTreeMap<String, Self>, sqlx::Error> {
        let origins: Vec<(String, Json<Origin>)> =
            sqlx::query_as("select maps, origin from cadastre.origins").fetch_all(&mut *conn).await?;
        let adjustments: Vec<Adjusted> =
            sqlx::query_as("select maps, srid, adjustment, origin from cadastre.adjustments").fetch_all(conn).await?;
        let alone = |(maps, Json(origin)): (String, Json<Origin>)| Self { maps, origin: Some(origin), shift: None };
        let adjusted = |(maps, srid, Json(found), origin): Adjusted| {
            Some(Self { maps, origin: origin.map(|Json(origin)| origin), shift: Some((Srid::new(srid)?, found)) })
        };
        let all = origins.into_iter().map(alone).chain(adjustments.into_iter().filter_map(adjusted));
        Ok(all.map(|placement| (placement.maps.clone(), placement)).collect())
    }

    /// The one for a map: that of the longest beginning.
    pub(super) fn of<'a>(all: &'a BTreeMap<String, Self>, map: &MapName) -> Option<&'a Self> {
        let name = map.to_string();
        all.values().filter(|placement| name.starts_with(placement.maps.as_str())).max_by_key(|placement| placement.maps.len())
    }

    /// What the report says of where the map is: by what.
    pub(super) fn title(&self) -> String {
        let by = match (&self.origin, &self.shift) {
            (Some(_), None) => "origin",
            (None, _) => "adjustment",
            (Some(_), Some(_)) => "origin, adjustment",
        };
        format!("{by} {}", self.maps)
    }

    /// Whether the system that is said for a map counts instead: it was counted from an origin before, and now comes in a system in which it
    /// lies in its comune. An adjustment is of maps in some system: it stays.
    pub(super) fn gives_way(&self, given: Option<Srid>, systems: &dyn Systems, map: &MapName, positions: &[[f64; 2]]) -> bool {
        let fits = |given| systems.fit(map, positions).is_ok_and(|all| all.iter().any(|system| system.is_fit_by(given)));
        self.origin.is_some() && given.is_some_and(fits)
    }

    /// The system that the positions are in when they have been brought by it, before those that layers are stored in.
    pub(super) fn srid(&self, storage: Srid) -> Srid {
        self.shift.as_ref().map_or(storage, |(srid, _)| *srid)
    }

    /// What brings positions of the map, metres, into the system that layers are stored in.
    pub(super) fn converter(&self, systems: &dyn Systems) -> Result<Converter, String> {
        let srid = self.srid(systems.storage());
        let from_origin = self.origin.as_ref().map(|origin| systems.origin_converter(origin, srid)).transpose()?;
        let Some((_, shift)) = self.shift.clone() else {
            return from_origin.ok_or_else(|| format!("{}: neither an origin nor an adjustment", self.maps));
        };
        let to_storage = systems.converter(srid)?;
        Ok(Box::new(move |positions| {
            if from_origin.as_ref().is_some_and(|convert| !convert(positions)) {
                return false;
            }
            positions.iter_mut().for_each(|at| *at = shift.apply(*at));
            to_storage(positions)
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::Srid;

    use super::Placement;
    use crate::{Origin, OriginEllipsoid};

    #[test]
    fn the_longest_beginning_counts() {
        let origin =
            |longitude| Origin { latitude: 38.1, longitude, crs: Srid::WGS84, ellipsoid: OriginEllipsoid::Bessel, called: [0.0, 0.0] };
        let kept = [("X101", 15.0), ("X101A", 16.0), ("X101_0012", 17.0), ("X1", 18.0)];
        let all: BTreeMap<String, Placement> = kept
            .into_iter()
            .map(|(maps, longitude)| (maps.to_owned(), Placement { maps: maps.to_owned(), origin: Some(origin(longitude)), shift: None }))
            .collect();
        let of = |map: &str| Placement::of(&all, &map.parse().unwrap()).map(|placement| placement.maps.as_str());
        assert_eq!(
            [of("X101_001200"), of("X101_001300"), of("X101A001200"), of("X102_001200")],
            [Some("X101_0012"), Some("X101"), Some("X101A"), Some("X1")]
        );
        assert_eq!(of("H224_001200"), None);
    }
}
