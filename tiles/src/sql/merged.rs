use kernel::Column;

use super::Part;
use super::generalised::counts;

/// As many features larger than a cell are kept, the largest first.
const MAX_LARGE: u32 = 4_000;

impl Part<'_> {
    /// The column by whose value features are merged, if who asks sees it in all rows.
    pub(super) fn merged_by(&self) -> Option<&Column> {
        let name = self.layer.aggregate_by.as_ref()?;
        let field = self.layer.field(name.as_str()).filter(|field| !field.personal)?;
        self.layer.rows_with(field, self.who).is_everything().then_some(name)
    }

    /// One feature for each cell of a grid and each value of a column, and the larger ones. What stands for several has the value and how
    /// many they are, and no id: it is none of them.
    ///
    /// Of points and lines the largest (then the latest) stands for those of its value. Areas fill the cell if they cover half of it, and
    /// else a square as large as they are, with the value that covers most: neighbours leave no gap, and nothing is drawn twice.
    pub(super) fn merged(&self, number: usize, cell: u32, attributes: bool, by: &Column) -> String {
        let side = self.frame.unit * f64::from(cell);
        let name = by.sql();
        let own = |row: &str| if attributes { self.properties(row) } else { self.property(row, by) };
        let (counted, uncounted) = counts(self.layer);
        let areal = self.layer.geometry.dimension() == Some(2);
        let (area, most) = if areal { ("st_area(geom)", "sum(area)") } else { ("0", "max(side)") };
        let pick = if areal { "\n  where place = 1" } else { "" };
        let small = if areal {
            let h = format!("case when s.area * 2 >= {side} * {side} then {side} else sqrt(s.area) end / 2");
            let corner = |axis: &str, sign: char| format!("(s.c{axis} + 0.5) * {side} {sign} {h}");
            let srid = self.layer.srid.postgis();
            let [w, s, e, n] = [corner("x", '-'), corner("y", '-'), corner("x", '+'), corner("y", '+')];
            format!("case when s.n = 1 then r.geom else st_makeenvelope({w}, {s}, {e}, {n}, {srid}) end")
        } else {
            self.simplified("r.geom")
        };
        format!(
            "(with met as materialized (
      select fid, {name} as value, (st_xmin(geom) + st_xmax(geom)) / 2 as x, (st_ymin(geom) + st_ymax(geom)) / 2 as y,
             greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) as side, {area} as area
        from {table}
       where {rows}),
 grouped as (
      select (max(array[side, fid]))[2]::bigint as fid, value, count(*) as n, {most} as most, floor(x / {side}) as cx, floor(y / {side}) as cy,
             sum(area) as area
        from met
       where side < {side}
       group by cx, cy, value),
 small as (
      select * from (
      select fid, n, cx, cy, sum(area) over (partition by cx, cy) as area, row_number() over (partition by cx, cy order by most desc, value) as place
        from grouped) g{pick}),
 large as (
      select fid from met where side >= {side} order by side desc, fid limit {MAX_LARGE})
 {head} as mvt, (select count(*) from met) as candidates
   from (select r.fid{large}{uncounted},
                {large_geometry} as geom
           from large join {row} using (fid)
          union all
         select case when s.n = 1 then r.fid end as fid{shared}{counted},
                {small_geometry} as geom
           from small s join {row} using (fid)
          order by fid{then}) t)",
            table = self.seen("seen"),
            row = self.seen("r"),
            rows = self.rows(&self.frame.search.widened(side)),
            head = self.head(number),
            large = own("r."),
            then = if self.selection.wants(by.as_str()) { format!(", {name}") } else { String::new() },
            // of what stands for several only what they have in common
            shared = if attributes { self.properties_of_one("r.", "s.n = 1", by) } else { own("r.") },
            large_geometry = self.in_tile(&self.simplified("r.geom")),
            small_geometry = self.in_tile(&small),
        )
    }
}
