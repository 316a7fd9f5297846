use super::{MAX_FEATURES, Part, envelope};
use crate::frame::EXTENT;

/// Up to this zoom geometries are simplified first, and what is smaller than half a unit is not even transformed.
const SIMPLIFIED_TO_ZOOM: u8 = 16;

impl Part<'_> {
    /// Every feature as it is. The limit is a guard: who gets one more than [`MAX_FEATURES`] asks again, generalised.
    pub(super) fn detail(&self, number: usize) -> String {
        let small = self.z <= SIMPLIFIED_TO_ZOOM && self.layer.geometry.dimension() != Some(0);
        let geometry = if small {
            let side = "greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))";
            // a point of a mixture has no size, and is not small
            let point = if self.layer.geometry.holds(0) { " or st_dimension(geom) = 0" } else { "" };
            format!("case when {side} >= {}{point} then {} end", self.frame.unit / 2.0, self.in_tile(&self.simplified("geom")))
        } else {
            self.in_tile("geom")
        };
        let labels = self.layer.label_points().filter(|from| self.z >= *from).map_or_else(String::new, |_| self.labels());
        format!(
            "({head}{labels} as mvt, count(*) as candidates
   from (select fid{properties},
                {geometry} as geom
           from (select * from {table}
                  where {rows}
                  limit {limit}) c
          order by fid) t)",
            head = self.head(number),
            properties = self.properties(""),
            table = self.seen("seen"),
            rows = self.rows(&self.frame.search),
            limit = MAX_FEATURES + 1,
        )
    }

    /// A point inside each area, for its label, as a layer of its own after the areas'. A point is in the one tile it lies in.
    fn labels(&self) -> String {
        let square = envelope(&self.frame.square, 3857);
        format!(
            " || coalesce((select st_asmvt(l, '{id}', {EXTENT}, 'geom', 'fid')
            from (select fid{properties}, st_asmvtgeom(st_transform(st_pointonsurface(geom), 3857), {square}::box2d, {EXTENT}, 0, true) as geom
                    from {table}
                   where {rows}
                   order by fid
                   limit {MAX_FEATURES}) l
           where geom is not null), '')",
            id = self.layer.label_points_id(),
            properties = self.properties(""),
            table = self.seen("seen"),
            rows = self.rows(&self.frame.search),
        )
    }
}
