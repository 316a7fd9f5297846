//! Rows of a layer, as somebody sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt;
use kernel::layer::FieldType;
use kernel::{Filter, Layer};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use tokio::sync::mpsc::Sender;

use super::{Format, Ids, Wanted};
use crate::source::Value;

/// Rows that go on together.
const BATCH: usize = 1024;

/// A row on its way into a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OutRow {
    /// One for each column.
    pub(super) values: Vec<Value>,
    /// Well-known binary, in the storage system until it is brought to the file's.
    pub(super) wkb: Vec<u8>,
    /// Its key in a GeoPackage, if the layer's ids are such keys.
    pub(super) key: Option<i64>,
}

impl Wanted {
    /// The key's name, if the layer's ids come from a GeoPackage's key and the file is one.
    pub(super) fn key(&self) -> Option<&str> {
        match &self.ids {
            Ids::Key(name) if self.format == Format::Gpkg => Some(name),
            _ => None,
        }
    }
}

/// The columns of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Columns(Vec<(String, FieldType)>);

impl Columns {
    /// The fields that this principal may read. A layer of a theme has besides what tells its rows apart and whose they are; one that
    /// was made of a file, what the file had, so that it can be edited and delivered again.
    pub(super) fn of(layer: &Layer, wanted: &Wanted) -> Self {
        let mut columns = Vec::new();
        let of_a_file = layer.module == crate::plan::SCHEMA;
        if !of_a_file || (wanted.ids != Ids::Field && wanted.key().is_none()) {
            columns.push(("id".to_owned(), FieldType::Text));
        }
        if !of_a_file {
            columns.push(("comune".to_owned(), FieldType::Text));
        }
        if layer.validity {
            columns.extend(["valid_from", "valid_to"].map(|name| (name.to_owned(), FieldType::DateTime)));
        }
        columns.extend(layer.fields.iter().filter(|f| wanted.who.may_read_field(f)).map(|f| (f.name.to_string(), f.kind)));
        Self(columns)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), *kind))
    }
}

/// The statement, and what its columns are.
pub(super) struct Rows {
    sql: QueryBuilder<Postgres>,
    kinds: Vec<FieldType>,
    sent: Arc<AtomicU64>,
}

/// Where the rows come from, and which.
fn from(sql: &mut QueryBuilder<Postgres>, layer: &Layer, wanted: &Wanted) {
    sql.push(" from ").push(layer.seen_by(&wanted.who, "seen")).push(" where true");
    let valid = layer.validity.then_some(Filter::ValidAt(wanted.now));
    for filter in wanted.filter.iter().chain(&valid) {
        sql.push(" and (");
        filter.write(layer.srid, sql);
        sql.push(")");
    }
}

/// How many there are.
pub(super) async fn count(conn: &mut PgConnection, layer: &Layer, wanted: &Wanted) -> Result<i64, sqlx::Error> {
    let mut sql = QueryBuilder::new("select count(*)");
    from(&mut sql, layer, wanted);
    sql.build_query_scalar().persistent(false).fetch_one(conn).await
}

impl Rows {
    pub(super) fn new(layer: &Layer, wanted: &Wanted, columns: &Columns) -> Self {
        let mut sql = QueryBuilder::new("select st_asbinary(geom)");
        let key = if wanted.key().is_some() { "case when id ~ '^[0-9]{1,18}$' then id::bigint end" } else { "null::bigint" };
        sql.push(", ").push(key);
        for (name, kind) in columns.iter() {
            // a theme's column may be of a narrower type
            sql.push(format!(", \"{name}\"::{}", kind.sql()));
        }
        from(&mut sql, layer, wanted);
        sql.push(" order by fid");
        Self { sql, sent: Arc::clone(&wanted.sent), kinds: columns.iter().map(|(_, kind)| kind).collect() }
    }

    /// Reads them all, and ends early when nobody takes them any more.
    pub(super) async fn send(&mut self, conn: &mut PgConnection, out: Sender<Vec<OutRow>>) -> Result<(), sqlx::Error> {
        let mut found = self.sql.build().fetch(conn);
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = found.try_next().await? {
            batch.push(read(&row, &self.kinds)?);
            self.sent.fetch_add(1, Ordering::Relaxed);
            if batch.len() == BATCH && out.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).await.is_err() {
                return Ok(());
            }
        }
        let _ = out.send(batch).await;
        Ok(())
    }
}

fn read(row: &PgRow, kinds: &[FieldType]) -> Result<OutRow, sqlx::Error> {
    let value = |(index, kind): (usize, &FieldType)| {
        let at = index + 2;
        Ok::<_, sqlx::Error>(
            match kind {
                FieldType::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
                FieldType::Integer => row.try_get::<Option<i64>, _>(at)?.map(Value::Integer),
                FieldType::Number => row.try_get::<Option<f64>, _>(at)?.map(Value::Number),
                FieldType::Boolean => row.try_get::<Option<bool>, _>(at)?.map(Value::Boolean),
                FieldType::Date => row.try_get::<Option<chrono::NaiveDate>, _>(at)?.map(Value::Date),
                FieldType::DateTime => row.try_get::<Option<chrono::DateTime<chrono::Utc>>, _>(at)?.map(Value::Instant),
            }
            .unwrap_or(Value::Null),
        )
    };
    Ok(OutRow { values: kinds.iter().enumerate().map(value).collect::<Result<_, _>>()?, wkb: row.try_get(0)?, key: row.try_get(1)? })
}
