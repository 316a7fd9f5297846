use anyhow::{Result, ensure};

use super::Bench;
use crate::measure::{Sample, seconds};
use crate::table::Table;

/// The same rows and columns, as one array of GeoJSON features. No order is asked for, to the peer's advantage.
const PEER: &str = "select json_agg(st_asgeojson(t.*)::json) from (select id, sheet, number, kind, land_use, area_m2, urban, \
    updated_on, comune, valid_from, valid_to, st_transform(geom, 4326) as geom from cadastre.parcels \
    where valid_from <= now() and (valid_to is null or valid_to > now()) limit 10000) t";

impl Bench {
    /// 10,000 parcels as GeoJSON.
    pub(crate) fn items(&mut self, table: &mut Table) -> Result<()> {
        let client = self.client()?;
        let path = "/collections/parcels/items?limit=10000";
        let (mut ours, mut peer) = (Sample::default(), Sample::default());
        let answer = client.json(path)?;
        let features = answer["features"].as_array().map_or(0, Vec::len);
        let wanted = self.psql().rows("select least(10000, count(*)) from cadastre.parcels where valid_to is null")?;
        ensure!(wanted[0][0] == features.to_string(), "the page holds {features} parcels, not {}", wanted[0][0]);
        self.psql().statement(PEER)?;
        for _ in 0..self.runs {
            table.breathe();
            ours.add(seconds(|| client.get(path).map(|_| ()))?);
            peer.add(seconds(|| self.psql().statement(PEER))?);
        }
        table.figure(format!("{features} parcels as GeoJSON, beside json_agg(ST_AsGeoJSON)"), "s", ours, Some(peer), 1.0);
        Ok(())
    }
}
