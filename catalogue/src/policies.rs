//! The second wall: row-level security as a layer's declaration has it.

use kernel::Layer;
use kernel::layer::Policy;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::CatalogueError;

/// Sees that the table has the policies and grants of its layer, in the caller's transaction. What they were made from is
/// noted on the first of them, so that making the same again locks nothing.
pub(crate) async fn install(conn: &mut PgConnection, layer: &Layer) -> Result<(), CatalogueError> {
    let table = layer.table.sql();
    let policies = layer.policies();
    let rights = if policies.len() > 1 { "insert, update, delete" } else { "" };
    let wanted: Vec<String> = policies.iter().map(|policy| policy.create(&layer.table)).collect();
    let wanted = wanted.join(";\n");
    let made: Option<String> =
        sqlx::query_scalar("select obj_description(oid, 'pg_policy') from pg_policy where polrelid = to_regclass($1) and polname = $2")
            .bind(&table)
            .bind(Policy::NAMES[0])
            .fetch_optional(&mut *conn)
            .await?
            .flatten();
    if made.as_deref() == Some(&wanted) {
        return Ok(());
    }
    let mut sql = String::new();
    for name in Policy::NAMES {
        sql.push_str(&format!("drop policy if exists {name} on {table};\n"));
    }
    sql.push_str(&wanted);
    sql.push_str(&format!(";\nrevoke insert, update, delete on {table} from opensit_app;\n"));
    if !rights.is_empty() {
        sql.push_str(&format!("grant {rights} on {table} to opensit_app;\ngrant usage on sequence opensit.fid to opensit_app;\n"));
    }
    let note = wanted.replace('\\', "\\\\").replace('\'', "''");
    sql.push_str(&format!("comment on policy {} on {table} is E'{note}'", Policy::NAMES[0]));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}
