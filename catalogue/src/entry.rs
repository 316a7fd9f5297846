use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::{Bbox, Layer, Principal, Problem};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::LOOK_AGAIN;
use crate::damage::{Columns, Damage};

/// A layer of the catalogue with what the database knows of its table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The declaration.
    pub layer: Arc<Layer>,
    /// Grows when the declaration changes or the whole table is replaced.
    pub generation: i64,
    /// When that last happened.
    pub changed_at: DateTime<Utc>,
    /// The rectangle round its rows, CRS84, as of the last reload; `None` when it is empty.
    pub bbox: Option<Bbox>,
    /// How many rows it has, as of the last `ANALYZE`.
    pub rows: i64,
    /// What keeps its table from being read, as of the last look at it.
    pub damage: Option<Damage>,
}

impl Entry {
    /// Whether its table can be read. If not: 503, with what is wrong with it and what to do.
    pub fn sound(&self) -> Result<(), Problem> {
        let Some(damage) = &self.damage else { return Ok(()) };
        let seconds = u32::try_from(LOOK_AGAIN.as_secs()).unwrap_or(u32::MAX);
        let detail = format!("the layer `{}` can't be read: {}. {}", self.layer.id, damage.told().en, damage.cure(&self.layer));
        Err(Problem::unavailable(detail, seconds).with("layer", self.layer.id.as_str()).with("columns", damage.columns()))
    }
}

impl Entry {
    /// How many rows it has, for one who sees all of them: what is left out is not counted either.
    pub fn rows_for(&self, who: &Principal) -> Option<i64> {
        self.layer.readable_rows(who).is_everything().then_some(self.rows)
    }

    /// The rectangle round its rows, for one who sees all of them.
    pub fn bbox_for(&self, who: &Principal) -> Option<Bbox> {
        self.bbox.filter(|_| self.layer.readable_rows(who).is_everything())
    }
}

/// A row of [`SELECT`].
#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) id: String,
    declaration: Json<serde_json::Value>,
    pub(crate) generation: i64,
    changed_at: DateTime<Utc>,
    rows: i64,
    columns: Option<Json<Columns>>,
    west: Option<f64>,
    south: Option<f64>,
    east: Option<f64>,
    north: Option<f64>,
}

/// The columns of the table `class`, as [`Columns`].
macro_rules! columns_of_class {
    () => {
        "left join lateral (
           select jsonb_object_agg(attname, case when typname = 'geometry'
                                                 then postgis_typmod_type(atttypmod) || ',' || postgis_typmod_srid(atttypmod)
                                                 else typcategory::text end) as columns
             from pg_attribute join pg_type on pg_type.oid = atttypid
            where attrelid = class.oid and attnum > 0 and not attisdropped
           ) attributes on true"
    };
}

/// Every layer, in catalogue order. The extent comes from the spatial index's root: no scan, but rows that were rolled back
/// or moved away count until the index is cleaned. It must not be asked for where `geom` is no column, or none of geometries in the
/// system that layers are stored in, which a `where` does not ensure.
pub(crate) const SELECT: &str = concat!(
    "
    select layers.id, layers.declaration, layers.generation, layers.changed_at,
           greatest(class.reltuples, 0)::bigint as rows, columns,
           st_xmin(extent) as west, st_ymin(extent) as south, st_xmax(extent) as east, st_ymax(extent) as north
      from opensit.layers
      left join pg_class class on class.oid = to_regclass(layers.relation)
      ",
    columns_of_class!(),
    "
     cross join opensit.installation
      left join lateral (
           select case when split_part(columns ->> 'geom', ',', 2) = storage_srid::text
                       then st_estimatedextent(split_part(layers.relation, '.', 1), split_part(layers.relation, '.', 2), 'geom')::geometry
                  end as box
           ) estimate on true
      left join lateral (
           select opensit.lonlat(st_setsrid(box, storage_srid)) as extent
           ) transformed on true
     order by layers.ordinal, layers.id"
);

/// Every layer's name and the columns of its table; waits for no lock.
pub(crate) const TABLES: &str = concat!(
    "select layers.id, columns from opensit.layers left join pg_class class on class.oid = to_regclass(layers.relation) ",
    columns_of_class!()
);

/// The columns of the table `$1`: no row if there is none.
pub(crate) const TABLE: &str =
    concat!("select columns from (select oid from pg_class where oid = to_regclass($1)) class ", columns_of_class!());

impl TryFrom<Row> for Entry {
    type Error = serde_json::Error;

    fn try_from(row: Row) -> Result<Self, serde_json::Error> {
        let layer: Layer = serde_json::from_value(row.declaration.0)?;
        let bbox = match (row.west, row.south, row.east, row.north) {
            (Some(west), Some(south), Some(east), Some(north)) => Bbox::new(west, south, east, north).ok(),
            _ => None,
        };
        let damage = Damage::of(&layer, row.columns.as_deref());
        Ok(Self { layer: Arc::new(layer), generation: row.generation, changed_at: row.changed_at, bbox, rows: row.rows, damage })
    }
}
