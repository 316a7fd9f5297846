use std::collections::HashSet;
use std::sync::Arc;

use crs::Transformer;
use geo_types::MultiPolygon;
use kernel::Srid;
use sqlx::{PgConnection, Row};

use super::Locator;
use crate::geometry::Family;
use crate::source::RawGeometry;
use crate::{IngestError, Limits, Settings, geometry};

/// How far outside a row may be and still count as near, metres: boundaries are drawn coarsely.
const NEAR_M: f64 = 1_000.0;

/// The installation's comuni.
#[derive(Clone, Debug)]
pub(crate) struct Territory {
    /// In storage.
    locator: Arc<Locator>,
    /// CRS84.
    outline: MultiPolygon<f64>,
}

impl Territory {
    /// Reads the register's view of them.
    pub(crate) async fn load(database: &mut PgConnection, settings: &Settings) -> Result<Self, IngestError> {
        let read = "did not give the boundary";
        let rows = sqlx::query("select istat, st_asbinary(geom) from territory.v_comuni order by istat")
            .fetch_all(database)
            .await
            .map_err(IngestError::database(read))?;
        let to_globe = Transformer::new(settings.storage, Srid::CRS84, &settings.crs)
            .map_err(|cause| IngestError::UnknownCrs { file: "storage".to_owned(), cause })?;
        let (mut locator, mut outline) = (Locator::default(), MultiPolygon::new(Vec::new()));
        for row in rows {
            let id: String = row.try_get(0).map_err(IngestError::database(read))?;
            let wkb: Vec<u8> = row.try_get(1).map_err(IngestError::database(read))?;
            let Ok(tidied) = geometry::tidy(RawGeometry::Wkb(wkb), &Limits::default()) else { continue };
            let mut shape = tidied.shape;
            if shape.family == Family::Polygon {
                locator.add(&id, &shape);
                if to_globe.convert(&mut shape.positions).is_ok() {
                    outline.0.extend(shape.polygons());
                }
            }
        }
        Ok(Self { locator: Arc::new(locator), outline })
    }

    pub(crate) fn is_known(&self) -> bool {
        !self.outline.0.is_empty()
    }

    /// The ISTAT codes of the comuni.
    pub(crate) fn comuni(&self) -> HashSet<String> {
        self.locator.ids().map(str::to_owned).collect()
    }

    /// Finds the comune of a point in storage.
    pub(crate) fn locator(&self) -> Arc<Locator> {
        Arc::clone(&self.locator)
    }

    /// Looks where positions, in storage, lie. The shares are of `rows`: those that have no position in storage count too. The database is
    /// asked about those outside alone: how far they are.
    pub(crate) async fn fit(
        &self,
        database: &mut PgConnection,
        positions: &[[f64; 2]],
        rows: usize,
        storage: Srid,
    ) -> Result<Fit, IngestError> {
        let outside: Vec<[f64; 2]> = positions.iter().copied().filter(|p| self.locator.locate(*p).is_none()).collect();
        let mut metres = vec![0.0; positions.len() - outside.len()];
        if !outside.is_empty() {
            let away: Vec<f64> = sqlx::query_scalar(
                "select (select st_distance(b.geom, p) from territory.v_comuni b order by b.geom <-> p limit 1) as metres
                   from unnest($1::float8[], $2::float8[]) as t (x, y), st_setsrid(st_makepoint(x, y), $3) as p
                  order by metres",
            )
            .bind(outside.iter().map(|p| p[0]).collect::<Vec<_>>())
            .bind(outside.iter().map(|p| p[1]).collect::<Vec<_>>())
            .bind(storage.postgis())
            .fetch_all(database)
            .await
            .map_err(IngestError::database("did not say whether the rows lie inside the boundary"))?;
            metres.extend(away);
        }
        let share = |at_most: f64| metres.iter().filter(|away| **away <= at_most).count() as f64 / rows.max(1) as f64;
        let middle = metres.len().div_ceil(2).checked_sub(1);
        Ok(Fit { inside: share(0.0), near: share(NEAR_M), median_m: middle.map(|middle| metres[middle]) })
    }

    /// The outline of all comuni, CRS84.
    pub(crate) fn outline(&self) -> &MultiPolygon<f64> {
        &self.outline
    }
}

/// How well positions fit the boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// The share inside, 0 to 1.
    pub(crate) inside: f64,
    /// The share inside or at most [`NEAR_M`] away.
    pub(crate) near: f64,
    /// The middle distance, metres; `None` without positions.
    pub(crate) median_m: Option<f64>,
}
