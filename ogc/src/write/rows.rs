//! The statements that change rows. What they answer is the row as its editor sees it, ready to be written as a feature.

use chrono::{DateTime, Utc};
use kernel::filter::Value;
use kernel::layer::FieldType;
use kernel::{Filter, Layer, Principal};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};

use crate::fields::properties;
use crate::items::{by_id, select};

/// A row with its place in time. Its columns are those of `geojson::FeatureWriter`, and `fid` and `version`.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) cells: PgRow,
}

impl Row {
    fn new(cells: PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self { fid: cells.try_get("fid")?, version: cells.try_get("version")?, id: cells.try_get("id")?, cells })
    }
}

/// A column and what it is to hold; `None`: its default.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) column: String,
    pub(crate) kind: FieldType,
    pub(crate) value: Option<Option<Value>>,
}

/// The row of this id that they may change, if `locked` until the transaction ends.
pub(crate) async fn editable(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    id: &str,
    now: DateTime<Utc>,
    locked: bool,
) -> Result<Option<Row>, sqlx::Error> {
    let Some(mut sql) = find(layer, who, id, now, &format!("select {}, fid, version", select::columns(&properties(layer, who)))) else {
        return Ok(None);
    };
    sql.push(" and ").push(layer.editable_rows(who).policy_sql(layer.srid));
    if locked {
        sql.push(" for update of seen");
    }
    sql.build().fetch_optional(conn).await?.map(Row::new).transpose()
}

/// Whether they see a row of this id.
pub(crate) async fn is_seen(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    id: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    match find(layer, who, id, now, "select 1") {
        Some(mut sql) => Ok(sql.build().fetch_optional(conn).await?.is_some()),
        None => Ok(false),
    }
}

fn find(layer: &Layer, who: &Principal, id: &str, now: DateTime<Utc>, what: &str) -> Option<QueryBuilder<Postgres>> {
    let by_id = by_id(id).filter(|_| id.len() <= 1_000 && !id.contains('\0'))?;
    let mut sql = QueryBuilder::new(what);
    sql.push(select::from(layer, who)).push(" and ");
    by_id.write(layer.srid, &mut sql);
    if layer.validity {
        sql.push(" and ");
        Filter::ValidAt(now).write(layer.srid, &mut sql);
    }
    Some(sql)
}

/// A new row. One that was deleted is made again under its `fid`, its id and a version beyond all that it had.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    values: &[Assignment],
    (ewkb, comune): (&[u8], &str),
    again: Option<(i64, &str, i64)>,
) -> Result<(Row, bool), sqlx::Error> {
    let given: Vec<(&Assignment, &Option<Value>)> = values.iter().filter_map(|a| Some((a, a.value.as_ref()?))).collect();
    let mut sql = QueryBuilder::new(format!("insert into {} (geom, comune", layer.table.sql()));
    if again.is_some() {
        sql.push(", fid, id, version");
    }
    for (assignment, _) in &given {
        sql.push(", ").push(quoted(&assignment.column));
    }
    sql.push(") values (st_geomfromewkb(").push_bind(ewkb.to_vec()).push("), ").push_bind(comune.to_owned());
    if let Some((fid, id, version)) = again {
        sql.push(", ").push_bind(fid).push(", ").push_bind(id.to_owned()).push(", ").push_bind(version);
    }
    for (assignment, value) in given {
        sql.push(", ");
        push_value(&mut sql, assignment.kind, value.clone());
    }
    sql.push(")").push(returning(layer, who));
    written(sql.build().fetch_one(conn).await?)
}

/// Changes a row that is locked.
pub(crate) async fn update(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    fid: i64,
    values: &[Assignment],
    place: Option<(&[u8], &str)>,
) -> Result<(Row, bool), sqlx::Error> {
    let mut sql = QueryBuilder::new(format!("update {} set ", layer.table.sql()));
    let mut first = true;
    let mut comma = |sql: &mut QueryBuilder<Postgres>| {
        if !std::mem::take(&mut first) {
            sql.push(", ");
        }
    };
    if let Some((ewkb, comune)) = place {
        comma(&mut sql);
        sql.push("geom = st_geomfromewkb(").push_bind(ewkb.to_vec()).push("), comune = ").push_bind(comune.to_owned());
    }
    for assignment in values {
        comma(&mut sql);
        sql.push(quoted(&assignment.column)).push(" = ");
        match &assignment.value {
            Some(value) => push_value(&mut sql, assignment.kind, value.clone()),
            None => {
                sql.push("default");
            }
        }
    }
    sql.push(" where fid = ").push_bind(fid).push(returning(layer, who));
    written(sql.build().fetch_one(conn).await?)
}

/// Deletes a row that is locked.
pub(crate) async fn delete(conn: &mut PgConnection, layer: &Layer, fid: i64) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::<Postgres>::new(format!("delete from {} where fid = ", layer.table.sql()));
    let done = sql.push_bind(fid).build().execute(conn).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// The row as it is now, and whether its editor may still change it.
fn written(cells: PgRow) -> Result<(Row, bool), sqlx::Error> {
    let entitled: Option<bool> = cells.try_get("entitled")?;
    Ok((Row::new(cells)?, entitled == Some(true)))
}

fn returning(layer: &Layer, who: &Principal) -> String {
    let mut text = String::from(" returning id::text, geom::bytea");
    for property in properties(layer, who) {
        let value = property.field.map_or_else(|| quoted(property.name), |field| layer.field_sql(field, who));
        text.push_str(&format!(", ({value})::{}", property.kind.sql()));
    }
    text.push_str(&format!(", fid, version, ({}) as entitled", layer.editable_rows(who).policy_sql(layer.srid)));
    text
}

/// Names are checked where the catalogue is read: letters, digits and `_`.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn push_value(sql: &mut QueryBuilder<Postgres>, kind: FieldType, value: Option<Value>) {
    match value {
        Some(Value::Text(v)) => sql.push_bind(v),
        Some(Value::Integer(v)) => sql.push_bind(v),
        Some(Value::Number(v)) => sql.push_bind(v),
        Some(Value::Boolean(v)) => sql.push_bind(v),
        Some(Value::Date(v)) => sql.push_bind(v),
        Some(Value::Instant(v)) => sql.push_bind(v),
        None => sql.push(format!("null::{}", kind.sql())),
    };
}
