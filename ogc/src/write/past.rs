//! What a row was: its states from `opensit.row_history`, as somebody may see them.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use crs::Transformer;
use geo_types::Geometry;
use kernel::filter::{RowValues, Value};
use kernel::layer::FieldType;
use kernel::{Column, Layer, Principal, Problem, Srid};
use serde_json::{Map, Value as Json};
use sqlx::types::Json as SqlJson;
use sqlx::{FromRow, PgConnection};

use crate::fields::properties;
use crate::geojson::{Cells, FeatureWriter};

/// As many states are looked at.
const MOST: i64 = 1_000;

/// An entry of the history: a state with what ended it, or that a row was made.
#[derive(Debug, FromRow)]
pub(crate) struct Kept {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) operation: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) attributes: SqlJson<Map<String, Json>>,
    pub(crate) geom: Option<Vec<u8>>,
}

const KEPT: &str =
    "select fid, version, operation, changed_at as at, actor as by, reason, attributes, geom::bytea as geom from opensit.row_history";

/// A row's entries, oldest first.
pub(crate) async fn of_row(conn: &mut PgConnection, layer: &Layer, fid: i64) -> Result<Vec<Kept>, sqlx::Error> {
    let sql = format!("{KEPT} where relation = $1 and fid = $2 order by version desc limit {MOST}");
    let mut found: Vec<Kept> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(relation(layer)).bind(fid).fetch_all(conn).await?;
    found.reverse();
    Ok(found)
}

/// The last row of this id that was deleted, if they could change it then.
pub(crate) async fn deleted(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Kept>, sqlx::Error> {
    if id.len() > 1_000 || id.contains('\0') {
        return Ok(None);
    }
    let sql = format!(
        "{KEPT} where relation = $1 and attributes ->> 'id' = $2 and operation = 'delete' order by changed_at desc, version desc limit 1"
    );
    let found: Option<Kept> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(relation(layer)).bind(id).fetch_optional(conn).await?;
    Ok(found.filter(|kept| State::of(layer, kept).is_some_and(|state| state.is_editable(layer, who))))
}

/// The row as it is: what the history will keep of it.
pub(crate) async fn present(conn: &mut PgConnection, layer: &Layer, fid: i64) -> Result<Option<Kept>, sqlx::Error> {
    let sql = format!(
        "select fid, version, 'current' as operation, now() as at, null as by, null as reason, to_jsonb(t) - 'geom' as attributes, geom::bytea as geom
           from {} t where fid = $1",
        layer.table.sql()
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(fid).fetch_optional(conn).await
}

/// As the trigger writes it.
fn relation(layer: &Layer) -> String {
    layer.table.to_string()
}

/// The values of a row at a time.
pub(crate) struct State<'a> {
    values: BTreeMap<Column, Value>,
    attributes: &'a Map<String, Json>,
    ewkb: &'a [u8],
}

impl<'a> State<'a> {
    /// `None` for an entry that holds no state.
    pub(crate) fn of(layer: &Layer, kept: &'a Kept) -> Option<Self> {
        let mut values = BTreeMap::new();
        let own = layer.fields.iter().map(|field| (field.name.as_str(), field.kind));
        let system =
            [("comune", FieldType::Text), ("id", FieldType::Text), ("valid_from", FieldType::DateTime), ("valid_to", FieldType::DateTime)];
        for (name, kind) in own.chain(system) {
            let value = kept.attributes.get(name).and_then(|json| read(kind, json));
            if let (Some(value), Ok(column)) = (value, Column::new(name)) {
                values.insert(column, value);
            }
        }
        Some(Self { values, attributes: &kept.attributes, ewkb: kept.geom.as_deref()? })
    }

    /// Whether they could have changed it, and so may know of it.
    pub(crate) fn is_editable(&self, layer: &Layer, who: &Principal) -> bool {
        layer.editable_rows(who).matches(self) == Some(true)
    }

    /// As a feature, with the properties that they may see; these are null where they were not theirs to see.
    pub(crate) fn feature(&self, layer: &Layer, who: &Principal, transformer: Transformer) -> Result<Json, Problem> {
        let id = self.attributes.get("id").and_then(Json::as_str).unwrap_or_default();
        let mut out = Vec::new();
        FeatureWriter::new([], transformer)
            .write(&[Bare { id: id.as_bytes(), ewkb: self.ewkb }], true, &mut out)
            .map_err(|e| Problem::internal("history of a feature", &e))?;
        let mut feature: Json = serde_json::from_slice(&out).map_err(|e| Problem::internal("history of a feature", &e))?;
        let mut seen = Map::new();
        for property in properties(layer, who) {
            let hidden = property.field.is_some_and(|field| layer.rows_with(field, who).matches(self) != Some(true));
            let value = Column::new(property.name).ok().and_then(|column| self.values.get(&column)).filter(|_| !hidden);
            seen.insert(property.name.to_owned(), super::assign::json(value));
        }
        feature["properties"] = seen.into();
        Ok(feature)
    }
}

impl RowValues for State<'_> {
    fn value(&self, column: &Column) -> Option<Value> {
        self.values.get(column).cloned()
    }

    fn geometry(&self) -> Option<&Geometry<f64>> {
        None
    }

    fn srid(&self) -> Srid {
        Srid::CRS84
    }
}

struct Bare<'a> {
    id: &'a [u8],
    ewkb: &'a [u8],
}

impl Cells for Bare<'_> {
    fn cell(&self, index: usize) -> Option<&[u8]> {
        [self.id, self.ewkb].get(index).copied()
    }
}

/// A value as `to_jsonb` wrote it.
fn read(kind: FieldType, json: &Json) -> Option<Value> {
    match kind {
        FieldType::Text => json.as_str().map(|text| Value::Text(text.to_owned())),
        FieldType::Integer => json.as_i64().map(Value::Integer),
        FieldType::Number => json.as_f64().map(Value::Number),
        FieldType::Boolean => json.as_bool().map(Value::Boolean),
        FieldType::Date => json.as_str()?.parse().ok().map(Value::Date),
        FieldType::DateTime => DateTime::parse_from_rfc3339(json.as_str()?).ok().map(|at| Value::Instant(at.with_timezone(&Utc))),
    }
}

/// An instant as it is told.
pub(crate) fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
