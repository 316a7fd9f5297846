//! What is known of the values of fields: counted in the database, as somebody sees them.

use kernel::layer::{Field, FieldType};
use kernel::{Filter, Layer, Principal};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// Rows that a first look is taken at, spread over all.
const SAMPLE: i64 = 20_000;
/// Bytes beyond which a value names no category.
const LONG: usize = 80;

/// The rows of a layer that somebody sees now.
pub(super) struct Source {
    from: String,
    /// Every how many is in a sample.
    every: i64,
}

/// A field at a first look.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// Rows that were looked at.
    pub(super) rows: i64,
    /// Those with a value.
    pub(super) filled: i64,
    /// Different values among them.
    pub(super) distinct: i64,
    /// Characters of a value, on average.
    pub(super) length: f64,
}

impl Source {
    /// `rows` is about how many there are; `now` keeps those that are valid.
    pub(super) fn new(layer: &Layer, who: &Principal, rows: i64, now: &Filter) -> Self {
        let valid = if layer.validity { now.policy_sql(layer.srid) } else { "true".to_owned() };
        Self { from: format!("{} where ({valid})", layer.seen_by(who, "seen")), every: (rows / SAMPLE).max(1) }
    }

    fn sample(&self) -> String {
        format!("{} and fid % {} = 0", self.from, self.every)
    }

    /// What the sample says of each of the fields.
    pub(super) async fn figures(&self, conn: &mut PgConnection, fields: &[&Field]) -> Result<Vec<Figures>, sqlx::Error> {
        let columns: String = fields
            .iter()
            .map(|field| {
                let name = field.name.sql();
                format!(", count({name}), count(distinct {name}), coalesce(avg(length({name}::text)), 0)::float8")
            })
            .collect();
        let sql = format!("select count(*){columns} from {}", self.sample());
        let row = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_one(conn).await?;
        let rows = row.try_get(0)?;
        (0..fields.len())
            .map(|index| {
                let at = 1 + 3 * index;
                Ok(Figures { rows, filled: row.try_get(at)?, distinct: row.try_get(at + 1)?, length: row.try_get(at + 2)? })
            })
            .collect()
    }

    /// The values that most rows have, up to so many, with how many; and how many rows there are.
    pub(super) async fn commonest(
        &self,
        conn: &mut PgConnection,
        field: &Field,
        most: usize,
    ) -> Result<(Vec<(Value, i64)>, i64), sqlx::Error> {
        let name = field.name.sql();
        let sql = format!(
            "select to_jsonb({name}), count(*), sum(count(*)) over ()::bigint from {} group by {name}
              order by {name} is null, length({name}::text) > {LONG}, count(*) desc, {name} limit {}",
            self.from,
            most + 1
        );
        let found = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(conn).await?;
        let rows = found.first().map_or(Ok(0), |row| row.try_get(2))?;
        let mut values = Vec::new();
        for row in &found {
            let value: Option<Json<Value>> = row.try_get(0)?;
            let Some(Json(value)) = value.filter(|Json(value)| !value.is_null()) else { continue };
            let is_short = value.as_str().is_none_or(|text| text.len() <= LONG && !text.is_empty());
            if is_short && values.len() < most {
                values.push((value, row.try_get(1)?));
            }
        }
        Ok((values, rows))
    }

    /// The numbers of the sample, ascending.
    pub(super) async fn numbers(&self, conn: &mut PgConnection, field: &Field) -> Result<Vec<f64>, sqlx::Error> {
        let name = field.name.sql();
        let finite = finite(field);
        let sql = format!("select {name}::float8 from {} and {finite} order by 1", self.sample());
        sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_all(conn).await
    }

    /// How many rows are in each class: below the first break, from the first on, …; and last those in none.
    pub(super) async fn counts(&self, conn: &mut PgConnection, field: &Field, breaks: &[f64]) -> Result<Vec<i64>, sqlx::Error> {
        let name = field.name.sql();
        let sql = format!(
            "select case when {} then width_bucket({name}::float8, $1) else {} end as class, count(*) from {} group by 1",
            finite(field),
            breaks.len() + 1,
            self.from
        );
        let found: Vec<(i32, i64)> = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).bind(breaks).fetch_all(conn).await?;
        let mut counts = vec![0; breaks.len() + 2];
        for (class, rows) in found {
            if let Some(count) = usize::try_from(class).ok().and_then(|class| counts.get_mut(class)) {
                *count = rows;
            }
        }
        Ok(counts)
    }
}

/// The condition that a field has a number that can be counted with.
fn finite(field: &Field) -> String {
    let name = field.name.sql();
    match field.kind {
        FieldType::Number => format!("{name} between '-1e300'::float8 and '1e300'::float8"),
        _ => format!("{name} is not null"),
    }
}
