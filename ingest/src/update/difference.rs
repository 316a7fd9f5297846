//! What differs, counted and with examples.

use kernel::{Language, Layer, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::Counts;
use super::compare::{CHANGES, VANISHED};
use crate::Told;
use crate::load::{EXAMPLES, Staging, own_columns};

/// What a delivery changes, or changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The column by which rows were compared.
    pub key: String,
    /// Whether it was written, or only looked at.
    pub written: bool,
    /// The delivery's number, if it was written and there was something to write.
    pub delivery: Option<i64>,
    /// How many rows.
    pub rows: Counts,
    /// Rows that stay as they are although the delivery has them, since its rows were kept out.
    pub kept: u64,
    /// Whether rows that vanished were left where they are.
    pub vanished_stay: bool,
    /// Whether more would vanish than may: written it would be refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_many_vanish: bool,
    /// The fields that changed, with the number of rows, most first.
    pub fields: Vec<FieldChange>,
    /// Rows whose geometry changed.
    pub moved: Moved,
    /// Rows that change and were edited here since the last delivery: the edit is lost but for the history.
    pub edited: Edited,
    /// Some of the rows.
    pub examples: Examples,
}

impl Difference {
    /// As JSON, with the same in plain words in `words`.
    pub fn with_words(&self) -> Value {
        let Ok(mut document) = serde_json::to_value(self) else { return Value::Null };
        let said = |language| {
            let mut text = String::new();
            // a text takes whatever is written to it
            let _ = super::words::difference(self, language, Told::Plan, &mut text);
            text
        };
        document["words"] = json!(Text::new(said(Language::It), said(Language::En)));
        document
    }
}

/// A field in which rows changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// In how many rows.
    #[sqlx(try_from = "i64")]
    pub rows: u64,
}

/// Geometries that changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// How many.
    pub rows: u64,
    /// How far the middle one moved, metres: the farthest that any part of its outline is from the other outline.
    pub median_m: f64,
    /// How far the farthest did, metres.
    pub farthest_m: f64,
}

/// Rows that were edited here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// How many.
    pub rows: u64,
    /// Some of their ids.
    pub examples: Vec<String>,
}

/// A few rows of each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    /// Ids of new ones.
    pub new: Vec<String>,
    /// Those that changed.
    pub changed: Vec<Changed>,
    /// Ids of those that vanished.
    pub vanished: Vec<String>,
}

/// A row that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromRow)]
pub struct Changed {
    /// Its public id.
    pub id: String,
    /// Of each field that changed, what it was and what it is now.
    #[sqlx(json)]
    pub fields: Value,
    /// How far its geometry moved, metres; `None` if it did not change.
    pub moved_m: Option<f64>,
}

#[derive(FromRow)]
struct Totals {
    new: i64,
    changed: i64,
    vanished: i64,
    there: i64,
    kept: i64,
    moved: i64,
    median_m: Option<f64>,
    farthest_m: Option<f64>,
}

/// Counts what the tables of [`super::compare`] hold.
pub(super) async fn count(
    database: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    key: String,
    keep_vanished: bool,
) -> Result<Difference, sqlx::Error> {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let totals: Totals = sqlx::query_as(AssertSqlSafe(format!(
        "select count(*) filter (where fid is null) as new, count(*) filter (where fid is not null) as changed,
                (select count(*) from {VANISHED}) as vanished, (select count(*) from {table}) as there,
                (select count(*) from {table} t where t.id in (
                    select _key from {loading} where _geom is null
                    union all select l._key from {placed} p join {loading} l using (_seq) where p.kept_out is not null)) as kept,
                count(moved_m) as moved, percentile_cont(0.5) within group (order by moved_m) as median_m, max(moved_m) as farthest_m
         from {CHANGES}",
        placed = staging.placed.sql()
    )))
    .fetch_one(&mut *database)
    .await?;
    let fields = format!("select f as field, count(*) as rows from {CHANGES} c, unnest(c.fields) f group by f order by count(*) desc, f");
    let fields = sqlx::query_as(AssertSqlSafe(fields)).fetch_all(&mut *database).await?;
    let n = |count: i64| count.unsigned_abs();
    Ok(Difference {
        key,
        written: false,
        delivery: None,
        rows: Counts {
            new: n(totals.new),
            changed: n(totals.changed),
            vanished: n(totals.vanished),
            same: n(totals.there - totals.changed - totals.vanished - totals.kept),
        },
        kept: n(totals.kept),
        vanished_stay: keep_vanished,
        too_many_vanish: false,
        fields,
        moved: Moved {
            rows: n(totals.moved),
            median_m: totals.median_m.unwrap_or_default(),
            farthest_m: totals.farthest_m.unwrap_or_default(),
        },
        edited: edited(&mut *database, layer, keep_vanished).await?,
        examples: examples(database, staging, layer).await?,
    })
}

/// The rows that the delivery changes or takes away, and that were changed or made here by something else than a delivery since the
/// last one.
async fn edited(database: &mut PgConnection, layer: &Layer, keep_vanished: bool) -> Result<Edited, sqlx::Error> {
    let gone = if keep_vanished { String::new() } else { format!(" union all select fid from {VANISHED}") };
    let sql = format!(
        "with last as (
             select max(at) as at from opensit.deliveries where layer = $1 and relation = $2 and undone_at is null
         )
         select t.id, count(*) over () from {table} t
         where t.fid in (select fid from {CHANGES} where fid is not null{gone})
           and exists (select from opensit.row_history h, last
                        where h.relation = $2 and h.fid = t.fid and (last.at is null or h.changed_at > last.at)
                          and not exists (select from opensit.deliveries d
                                           where d.layer = $1 and ((d.transaction, d.at) = (h.transaction, h.changed_at)
                                                                or (d.undone_by, d.undone_at) = (h.transaction, h.changed_at))))
         order by t.fid limit {EXAMPLES}",
        table = layer.table.sql()
    );
    let rows: Vec<(String, i64)> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(layer.id.as_str()).bind(layer.table.to_string()).fetch_all(database).await?;
    let count = rows.first().map_or(0, |(_, count)| count.unsigned_abs());
    Ok(Edited { rows: count, examples: rows.into_iter().map(|(id, _)| id).collect() })
}

async fn examples(database: &mut PgConnection, staging: &Staging, layer: &Layer) -> Result<Examples, sqlx::Error> {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let new = format!("select id from {CHANGES} where fid is null order by _seq limit {EXAMPLES}");
    let vanished = format!("select t.id from {VANISHED} v join {table} t using (fid) order by t.fid limit {EXAMPLES}");
    let changed = format!(
        "select c.id, {values} as fields, c.moved_m
         from {CHANGES} c join {loading} l using (_seq) join {table} t on t.fid = c.fid
         order by c._seq limit {EXAMPLES}",
        values = values_sql(layer)
    );
    Ok(Examples {
        new: sqlx::query_scalar(AssertSqlSafe(new)).fetch_all(&mut *database).await?,
        changed: sqlx::query_as(AssertSqlSafe(changed)).fetch_all(&mut *database).await?,
        vanished: sqlx::query_scalar(AssertSqlSafe(vanished)).fetch_all(database).await?,
    })
}

/// An object of the fields of `c` that changed, each with what it was (`t`) and what it will be (`l`).
pub(super) fn values_sql(layer: &Layer) -> String {
    let columns = own_columns(layer);
    if columns.is_empty() {
        return "'{}'::jsonb".to_owned();
    }
    let of = |row: &str| {
        let names: Vec<String> = columns.iter().map(|c| format!("{row}.{}", c.sql())).collect();
        format!("(select to_jsonb(x) from (select {}) x)", names.join(", "))
    };
    format!(
        "(select coalesce(jsonb_object_agg(f, jsonb_build_array(b.was -> f, b.is -> f)), '{{}}')
            from (select {} as was, {} as is offset 0) b, unnest(c.fields) f)",
        of("t"),
        of("l")
    )
}
