use super::{MAX_FEATURES, Part};

/// Up to this zoom geometries are simplified first, and what is smaller than half a unit is not even transformed.
const SIMPLIFIED_TO_ZOOM: u8 = 14;

impl Part<'_> {
    /// Every feature as it is. The limit is a guard: who gets one more than [`MAX_FEATURES`] asks again, generalised.
    pub(super) fn detail(&self, number: usize) -> String {
        let small = self.z <= SIMPLIFIED_TO_ZOOM && self.layer.geometry.dimension() > 0;
        let geometry = if small {
            let side = "greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))";
            format!("case when {side} >= {} then {} end", self.frame.unit / 2.0, self.in_tile(&self.simplified("geom")))
        } else {
            self.in_tile("geom")
        };
        format!(
            "({head}, count(*) as candidates
   from (select fid, {properties},
                {geometry} as geom
           from (select * from {table}
                  where {rows}
                  limit {limit}) c
          order by fid) t)",
            head = self.head(number),
            properties = self.properties(""),
            table = self.layer.table.sql(),
            rows = self.rows(&self.frame.search),
            limit = MAX_FEATURES + 1,
        )
    }
}
