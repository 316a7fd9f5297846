//! New rows of a layer that is there, in the one way in which a delivery makes them.

use kernel::{Column, Layer};
use sqlx::{AssertSqlSafe, PgConnection};

/// The columns of a layer that a delivery fills beside `id`, `comune` and `geom`.
pub(crate) fn own_columns(layer: &Layer) -> Vec<Column> {
    let validity = ["valid_from", "valid_to"].into_iter().filter(|_| layer.validity);
    let validity = validity.map(|name| Column::new(name).unwrap_or_else(|_| unreachable!("made of the alphabet of names")));
    layer.fields.iter().map(|field| field.name.clone()).chain(validity).collect()
}

/// Each of these columns behind a comma: `, "a", "b"`; with the name of a table before each, if one is given.
pub(crate) fn listed(columns: &[Column], of: &str) -> String {
    let of = if of.is_empty() { String::new() } else { format!("{of}.") };
    columns.iter().map(|column| format!(", {of}{}", column.sql())).collect()
}

/// Inserts what `select` gives for `columns`, and keeps in the history that the delivery of this transaction made the rows, by which it can
/// be taken back. Returns how many there were.
pub(crate) async fn insert(database: &mut PgConnection, layer: &Layer, columns: &str, select: &str) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "with made as (insert into {table} ({columns}) {select} returning fid, version, id, comune)
         insert into opensit.row_history (relation, fid, version, operation, attributes, reason)
         select '{relation}', fid, version - 1, 'insert', jsonb_build_object('id', id, 'comune', comune), current_setting('opensit.reason')
         from made",
        table = layer.table.sql(),
        relation = layer.table
    );
    Ok(sqlx::query(AssertSqlSafe(sql)).execute(database).await?.rows_affected())
}

/// Longest reason that the history takes.
const LONGEST_REASON: usize = 500;

/// Says why rows change, for the history, until the transaction ends.
pub(crate) async fn explain(database: &mut PgConnection, reason: &str) -> Result<(), sqlx::Error> {
    let reason: String = reason.chars().take(LONGEST_REASON).collect();
    sqlx::query("select set_config('opensit.reason', $1, true)").bind(reason).execute(database).await?;
    Ok(())
}
