//! The statement that makes a tile.
//!
//! One statement for all its layers, a row for each: `layer` (its place in the list), `mvt` (its bytes; tiles are joined by
//! writing one layer after the other) and `candidates` (how many rows the search box met, up to one more than
//! [`MAX_FEATURES`]). It is written with literal bounds and run once: a prepared one turns to a generic plan at its sixth
//! run, which at zoom 12 costs a quarter of a second. Names come from the catalogue, whose types check them; numbers
//! and the instant are written by us, and so are the values of a filter that is asked with: typed, each by the one writer of literals that
//! row policies are written with ([`Filter::policy_sql`]).
//!
//! Features come in the order of `fid`, so that equal data give equal bytes. A feature's geometry outside the tile or smaller
//! than half a unit is NULL, and `ST_AsMVT` leaves it out.

mod detail;
mod generalised;
mod merged;

use kernel::layer::{Field, FieldType};
use kernel::{Bbox, Column, Filter, Layer, Principal};

use crate::choice::Selection;
use crate::frame::{EXTENT, Frame};

/// Beyond as many features in a tile a layer is generalised.
pub(crate) const MAX_FEATURES: u32 = 20_000;

/// How a layer is written into a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Every feature as it is.
    Detail,
    /// One feature for each cell of so many units, and as many of the larger ones; without their attributes if said so.
    Generalised { cell: u32, attributes: bool },
}

/// A layer to be written.
pub(crate) struct Part<'a> {
    pub(crate) layer: &'a Layer,
    pub(crate) who: &'a Principal,
    pub(crate) frame: Frame,
    /// When the rows of layers with validity must be valid.
    pub(crate) time: &'a Filter,
    /// Which rows and properties are asked for.
    pub(crate) selection: &'a Selection,
    /// The zoom.
    pub(crate) z: u8,
}

/// The statement for some layers, each with the number that its row shall have.
pub(crate) fn tile<'a>(parts: impl IntoIterator<Item = (usize, &'a Part<'a>, Form)>) -> String {
    union(parts.into_iter().map(|(number, part, form)| match form {
        Form::Detail => part.detail(number),
        Form::Generalised { cell, attributes } => match part.merged_by() {
            Some(by) => part.merged(number, cell, attributes, by),
            None => part.generalised(number, cell, attributes),
        },
    }))
}

/// The statement that counts candidates up to one more than [`MAX_FEATURES`]: `layer`, `candidates`.
pub(crate) fn count<'a>(parts: impl IntoIterator<Item = (usize, &'a Part<'a>)>) -> String {
    union(parts.into_iter().map(|(number, part)| {
        let (table, rows) = (part.seen("seen"), part.rows(&part.frame.search));
        format!("(select {number} as layer, count(*) as candidates\n   from (select from {table}\n          where {rows}\n          limit {}) c)", MAX_FEATURES + 1)
    }))
}

/// The statement that says where each row lies that who asks sees at a time: `x`, `y` of the middle of its box in Web Mercator, metres. With a
/// rectangle (of the storage system) only rows that meet it.
pub(crate) fn middles(layer: &Layer, who: &Principal, time: &Filter, bbox: Option<&Bbox>) -> String {
    let near = bbox.map(|b| format!(" and geom && {}", envelope(b, layer.srid.postgis())));
    let valid = if layer.validity { format!(" and {}", time.policy_sql(layer.srid)) } else { String::new() };
    format!(
        "select (st_xmin(g) + st_xmax(g)) / 2 as x, (st_ymin(g) + st_ymax(g)) / 2 as y
   from (select st_transform(geom, 3857) as g from {table} where true{near}{valid}) m",
        table = layer.seen_by(who, "seen"),
        near = near.unwrap_or_default(),
    )
}

fn union(selects: impl Iterator<Item = String>) -> String {
    selects.collect::<Vec<_>>().join("\nunion all\n")
}

impl Part<'_> {
    /// The rows and values that there are for who asks.
    fn seen(&self, alias: &str) -> String {
        self.layer.seen_by(self.who, alias)
    }

    /// The condition on rows: in the box, valid, and as asked for.
    fn rows(&self, search: &Bbox) -> String {
        let srid = self.layer.srid.postgis();
        let mut sql = format!("geom && {}", envelope(search, srid));
        if self.layer.validity {
            sql.push_str(&format!(" and {}", self.time.policy_sql(self.layer.srid)));
        }
        if let Some(filter) = &self.selection.filter {
            sql.push_str(&format!(" and ({})", filter.policy_sql(self.layer.srid)));
        }
        sql
    }

    /// The columns that become properties, with their names, each after a comma.
    fn properties(&self, row: &str) -> String {
        let mut sql = if self.selection.wants("id") { format!(", {row}id::text as id") } else { String::new() };
        for field in self.fields() {
            sql.push_str(&format!(", {} as {}", value(row, field), field.name.sql()));
        }
        sql
    }

    /// The same, null but for one of them unless the condition holds.
    fn properties_of_one(&self, row: &str, condition: &str, but: &Column) -> String {
        let id = format!(", case when {condition} then {row}id::text end as id");
        let mut sql = if self.selection.wants("id") { id } else { String::new() };
        for field in self.fields() {
            let value = value(row, field);
            let value = if field.name == *but { value } else { format!("case when {condition} then {value} end") };
            sql.push_str(&format!(", {value} as {}", field.name.sql()));
        }
        sql
    }

    /// One column as a property, if it is one; after a comma.
    fn property(&self, row: &str, column: &Column) -> String {
        let field = self.fields().find(|field| field.name == *column);
        field.map_or_else(String::new, |field| format!(", {} as {}", value(row, field), column.sql()))
    }

    /// The fields that become properties.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.layer.fields.iter().filter(|f| !f.personal && self.who.may_read_field(f) && self.selection.wants(f.name.as_str()))
    }

    /// The geometry in the units of the tile, clipped to it and its buffer.
    fn in_tile(&self, geometry: &str) -> String {
        let square = envelope(&self.frame.square, 3857);
        let moved = if self.layer.srid.postgis() == 3857 { geometry.to_owned() } else { format!("st_transform({geometry}, 3857)") };
        format!("st_asmvtgeom({moved}, {square}::box2d, {EXTENT}, {}, true)", self.frame.buffer)
    }

    /// The geometry without what is smaller than half a unit; before it is transformed, since that costs by the vertex.
    fn simplified(&self, geometry: &str) -> String {
        if self.layer.geometry.dimension() == Some(0) {
            return geometry.to_owned();
        }
        format!("st_simplify({geometry}, {}, true)", self.frame.unit / 2.0)
    }

    fn head(&self, number: usize) -> String {
        format!("select {number} as layer, st_asmvt(t, '{}', {EXTENT}, 'geom', 'fid')", self.layer.id)
    }
}

/// A field's value as tiles have it.
fn value(row: &str, field: &Field) -> String {
    let column = format!("{row}{}", field.name.sql());
    match field.kind {
        FieldType::Text => format!("{column}::text"),
        FieldType::Integer => format!("{column}::bigint"),
        FieldType::Number => format!("{column}::double precision"),
        FieldType::Boolean => format!("{column}::boolean"),
        // sqlx asks for DateStyle ISO on every connection
        FieldType::Date => format!("{column}::text"),
        FieldType::DateTime => format!("to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"),
    }
}

fn envelope(b: &Bbox, srid: i32) -> String {
    format!("st_makeenvelope({}, {}, {}, {}, {srid})", b.west(), b.south(), b.east(), b.north())
}

#[cfg(test)]
mod tests {
    use super::{Form, Part, Selection, count, tile};
    use crate::frame::{Ways, buffer};
    use chrono::{TimeZone, Utc};
    use kernel::{Filter, Layer, TileCoord};
    use serde_json::json;

    fn layer(geometry: &str, validity: bool) -> Layer {
        serde_json::from_value(json!({
            "id": "parcels", "module": "cadastre", "title": {"it": "Particelle", "en": "Parcels"},
            "table": "cadastre.parcels", "geometry": geometry, "srid": 7792, "validity": validity,
            "fields": [
                {"name": "number", "label": {"it": "", "en": ""}, "type": "text"},
                {"name": "owner", "label": {"it": "", "en": ""}, "type": "text", "private": true},
                {"name": "updated_on", "label": {"it": "", "en": ""}, "type": "date"}
            ]
        }))
        .unwrap()
    }

    fn write(layer: &Layer, z: u8, x: u32, y: u32, form: Option<Form>) -> String {
        let tile_of = TileCoord::new(z, x, y).unwrap();
        let mut frame = Ways::default().to(layer.srid).unwrap().frame(tile_of, buffer(tile_of, layer.geometry)).unwrap();
        // so that the text below does not depend on the last digits of PROJ
        frame.search = kernel::Bbox::new(1.0, 2.0, 3.0, 4.5).unwrap();
        frame.square = kernel::Bbox::new(10.0, 20.0, 30.0, 40.0).unwrap();
        frame.unit = 0.5;
        let who = kernel::Principal::anonymous();
        let time = Filter::ValidAt(Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap());
        let part = Part { layer, who: &who, frame, time: &time, selection: &Selection::default(), z };
        match form {
            Some(form) => tile([(0, &part, form)]),
            None => count([(0, &part)]),
        }
    }

    #[test]
    fn in_detail() {
        assert_eq!(
            write(&layer("Polygon", true), 18, 142467, 101020, Some(Form::Detail)),
            r#"(select 0 as layer, st_asmvt(t, 'parcels', 4096, 'geom', 'fid') as mvt, count(*) as candidates
   from (select fid, id::text as id, "number"::text as "number", "updated_on"::text as "updated_on",
                st_asmvtgeom(st_transform(geom, 3857), st_makeenvelope(10, 20, 30, 40, 3857)::box2d, 4096, 64, true) as geom
           from (select * from (select "fid", "id", "comune", "version", "geom", "valid_from", "valid_to", "number", case when false then "owner" end as "owner", "updated_on" from "cadastre"."parcels") as seen
                  where geom && st_makeenvelope(1, 2, 3, 4.5, 7792) and valid_from <= '2026-03-01T12:00:00.000000Z'::timestamptz and (valid_to is null or valid_to > '2026-03-01T12:00:00.000000Z'::timestamptz)
                  limit 20001) c
          order by fid) t)"#
        );
    }

    #[test]
    fn at_low_zooms_it_is_simplified_before_it_is_moved() {
        let sql = write(&layer("LineString", false), 10, 556, 394, Some(Form::Detail));
        assert!(sql.contains("st_transform(st_simplify(geom, 0.25, true), 3857)"), "{sql}");
        assert!(sql.contains("case when greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) >= 0.25 then"), "{sql}");
        assert!(!sql.contains("valid_from"), "{sql}");
        assert!(sql.contains("4096, 64, true)"), "{sql}");
        let sql = write(&layer("LineString", false), 19, 284935, 202047, Some(Form::Detail));
        assert!(sql.contains("4096, 1022, true)"), "wider beside lines that are drawn as wide as they are: {sql}");
        let sql = write(&layer("Point", false), 10, 556, 394, Some(Form::Detail));
        assert!(!sql.contains("st_simplify") && !sql.contains("case when greatest"), "{sql}");
    }

    #[test]
    fn generalised() {
        let form = Form::Generalised { cell: 32, attributes: true };
        assert_eq!(write(&layer("Polygon", false), 8, 139, 98, Some(form)), include_str!("sql/generalised_polygons.sql").trim_end());
        let points = write(&layer("Point", false), 8, 139, 98, Some(Form::Generalised { cell: 32, attributes: false }));
        assert!(!points.contains("area") && !points.contains("number\"::text"), "{points}");
        assert!(points.contains("nullif(s.n, 1) as point_count"), "{points}");
    }

    #[test]
    fn merged_by_a_value_that_everybody_sees() {
        let form = Form::Generalised { cell: 32, attributes: true };
        let by = |column: &str| {
            let mut layer = layer("Polygon", false);
            layer.aggregate_by = kernel::Column::new(column).ok();
            write(&layer, 8, 139, 98, Some(form))
        };
        let sql = by("number");
        assert!(sql.contains("group by cx, cy, value") && sql.contains("case when s.n = 1 then r.\"updated_on\"::text end"), "{sql}");
        assert!(sql.contains("case when s.n = 1 then r.fid end as fid"), "what stands for several is none of them: {sql}");
        assert_eq!(by("owner"), write(&layer("Polygon", false), 8, 139, 98, Some(form)), "a private one merges nothing");
    }

    #[test]
    fn of_a_mixture_each_is_generalised_as_what_it_is() {
        let detail = write(&layer("Geometry", false), 10, 556, 394, Some(Form::Detail));
        assert!(detail.contains(">= 0.25 or st_dimension(geom) = 0 then"), "points have no size: {detail}");
        let form = Form::Generalised { cell: 32, attributes: false };
        let low = write(&layer("Geometry", false), 8, 139, 98, Some(form));
        assert!(low.contains("case when s.n = 1 or st_dimension(r.geom) < 2 then r.geom"), "{low}");
    }

    #[test]
    fn counting() {
        assert_eq!(
            write(&layer("Polygon", false), 8, 139, 98, None),
            "(select 0 as layer, count(*) as candidates\n   from (select from (select \"fid\", \"id\", \"comune\", \"version\", \"geom\", \"number\", case when false then \"owner\" end as \"owner\", \"updated_on\" from \"cadastre\".\"parcels\") as seen\n          where geom && st_makeenvelope(1, 2, 3, 4.5, 7792)\n          limit 20001) c)"
        );
    }
}
