//! What the database says of a layer's columns, beside what the layer declares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use catalogue::Entry;
use sqlx::{FromRow, PgConnection};

/// A column of the table.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Whether it must have a value.
    pub(crate) not_null: bool,
    /// Whether it has one if none is given.
    pub(crate) has_default: bool,
    /// Its type, as PostgreSQL names it.
    pub(crate) kind: String,
    /// The most characters of a `varchar`.
    pub(crate) length: Option<i32>,
}

/// Those of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns(Vec<Column>);

impl Columns {
    /// The column of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Column> {
        self.0.iter().find(|c| c.name == name)
    }
}

/// The columns of the tables looked at, for as long as their layers stay as they are.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<String, (i64, Arc<Columns>)>>);

impl Known {
    /// The columns of the layer's table.
    pub(crate) async fn of(&self, conn: &mut PgConnection, entry: &Entry) -> Result<Arc<Columns>, sqlx::Error> {
        let id = entry.layer.id.as_str();
        if let Some((generation, known)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id)
            && *generation == entry.generation
        {
            return Ok(Arc::clone(known));
        }
        let found: Vec<Column> = sqlx::query_as(
            "select attname::text as name, attnotnull as not_null, atthasdef as has_default, atttypid::regtype::text as kind,
                    case when atttypid = 'varchar'::regtype and atttypmod > 4 then atttypmod - 4 end as length
               from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
        )
        .bind(entry.layer.table.sql())
        .fetch_all(conn)
        .await?;
        let columns = Arc::new(Columns(found));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), (entry.generation, Arc::clone(&columns)));
        Ok(columns)
    }

    /// Looks again next time: the table is not what was known.
    pub(crate) fn forget(&self, entry: &Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(entry.layer.id.as_str());
    }
}
