//! Writing the catalogue and making layers' tables: as the owner, inside the caller's transaction.

use kernel::layer::Audience;
use kernel::{Layer, LayerId, Role, TableName};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::damage::{Columns, Damage};
use crate::{CatalogueError, entry, policies};

/// Where published layers stand: after the declared ones.
const PUBLISHED_ORDINAL: i32 = 10_000;
/// Their module.
const PUBLISHED: &str = "published";

/// Writes a declaration, the indexes that its searchable fields need and the policies that follow from its rule. Writing the same again changes nothing (and
/// the change feed says nothing).
///
/// Of a published layer that is there, who sees it and who edits it stays as it is at this moment: it may have been narrowed while a file was
/// read.
pub async fn put(conn: &mut PgConnection, layer: &Layer, ordinal: Option<i32>) -> Result<(), CatalogueError> {
    let there = if layer.module == PUBLISHED { get_to_change(&mut *conn, &layer.id).await? } else { None };
    let layer = match there.filter(|there| there.module == PUBLISHED) {
        Some(now) => {
            let mut layer = Layer { audience: now.audience, rows: now.rows, author: now.author, draft: now.draft, ..layer.clone() };
            layer.fields.iter_mut().for_each(|field| field.editable = !now.editors.is_empty());
            Layer { editors: now.editors, ..layer }
        }
        None => layer.clone(),
    };
    write(conn, &layer, ordinal).await?;
    equip(conn, &layer).await
}

async fn write(conn: &mut PgConnection, layer: &Layer, ordinal: Option<i32>) -> Result<(), CatalogueError> {
    sqlx::query(
        "insert into opensit.layers (id, ordinal, relation, declaration) values ($1, $2, $3, $4)
         on conflict (id) do update
            set ordinal = excluded.ordinal, relation = excluded.relation, declaration = excluded.declaration,
                generation = layers.generation + 1, changed_at = now()
          where (layers.ordinal, layers.relation, layers.declaration) is distinct from (excluded.ordinal, excluded.relation, excluded.declaration)",
    )
    .bind(layer.id.as_str())
    .bind(ordinal.unwrap_or(PUBLISHED_ORDINAL))
    .bind(layer.table.to_string())
    .bind(Json(layer))
    .execute(conn)
    .await?;
    Ok(())
}

async fn equip(conn: &mut PgConnection, layer: &Layer) -> Result<(), CatalogueError> {
    for field in layer.fields.iter().filter(|f| f.searchable) {
        index_for_search(conn, &layer.table, field.name.as_str()).await?;
    }
    policies::install(conn, layer).await
}

/// Who sees a layer and who edits it, as an administrator decides: kept when the program declares the layer again.
pub async fn set_access(
    conn: &mut PgConnection,
    id: &LayerId,
    audience: Audience,
    editors: &[Role],
    by: &str,
) -> Result<Option<Layer>, CatalogueError> {
    let Some(mut layer) = get_to_change(&mut *conn, id).await? else { return Ok(None) };
    layer.audience = audience;
    layer.editors = editors.to_vec();
    if layer.module == PUBLISHED {
        // a theme declares which of its fields are edited; of a file's, all are
        layer.fields.iter_mut().for_each(|field| field.editable = !editors.is_empty());
    }
    sqlx::query(
        "update opensit.layers
            set declaration = $2, generation = generation + 1, changed_at = now(), access_by = $3, access_at = now()
          where id = $1",
    )
    .bind(id.as_str())
    .bind(Json(&layer))
    .bind(by)
    .execute(&mut *conn)
    .await?;
    policies::install(conn, &layer).await?;
    Ok(Some(layer))
}

/// Writes a declaration that was got by [`get_to_change`] and changed by somebody, and the policies that follow from it.
pub async fn change(conn: &mut PgConnection, layer: &Layer) -> Result<(), CatalogueError> {
    sqlx::query(
        "update opensit.layers set declaration = $2, generation = generation + 1, changed_at = now() where id = $1 and declaration <> $2",
    )
    .bind(layer.id.as_str())
    .bind(Json(layer))
    .execute(&mut *conn)
    .await?;
    policies::install(conn, layer).await
}

/// As [`put`], for what the program declares: audience and editors stay as an administrator has set them; where these can't be
/// read, the row stays as it is. A damaged table keeps nobody from starting the program: what indexes and policies it can't take
/// it gets at the first start after it was mended.
pub async fn declare(conn: &mut PgConnection, mut layer: Layer, ordinal: i32) -> Result<(), CatalogueError> {
    let set: bool = sqlx::query_scalar("select coalesce(bool_or(access_by is not null), false) from opensit.layers where id = $1")
        .bind(layer.id.as_str())
        .fetch_one(&mut *conn)
        .await?;
    if set {
        match get(&mut *conn, &layer.id).await {
            Ok(Some(known)) => (layer.audience, layer.editors) = (known.audience, known.editors),
            Err(CatalogueError::Declaration(_)) => return Ok(()),
            Ok(None) => {}
            Err(error) => return Err(error),
        }
    }
    write(conn, &layer, Some(ordinal)).await?;
    let mut attempt = conn.begin().await?;
    match equip(&mut attempt, &layer).await {
        Ok(()) => Ok(attempt.commit().await?),
        Err(error) => {
            attempt.rollback().await?;
            damage(conn, &layer).await?.map(|_| ()).ok_or(error)
        }
    }
}

/// What is wrong with a layer's table, as it is in the caller's transaction.
pub async fn damage(conn: &mut PgConnection, layer: &Layer) -> Result<Option<Damage>, CatalogueError> {
    let columns: Option<Option<Json<Columns>>> = sqlx::query_scalar(entry::TABLE).bind(layer.table.sql()).fetch_optional(conn).await?;
    Ok(Damage::of(layer, columns.flatten().as_deref()))
}

/// A trigram index over the folded text of a column, unless there is one. Where the column itself is missing nothing is done: the
/// layer is damaged then, which must not keep the program from being started.
async fn index_for_search(conn: &mut PgConnection, table: &TableName, column: &str) -> Result<(), CatalogueError> {
    let there: bool = sqlx::query_scalar(
        "select exists (select from pg_index, pg_get_indexdef(indexrelid) as definition
                          where indrelid = to_regclass($1) and definition like '%gin_trgm_ops%' and definition like $2)
             or not exists (select from pg_attribute where attrelid = to_regclass($1) and attname = $3 and not attisdropped)",
    )
    .bind(table.sql())
    .bind(format!("%fold(%{}%", column.replace('_', "\\_")))
    .bind(column)
    .fetch_one(&mut *conn)
    .await?;
    if !there {
        let sql = format!("create index on {} using gin (opensit.fold(\"{column}\"::text) gin_trgm_ops)", table.sql());
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Says that all of a layer's rows may differ now.
pub async fn touch(conn: &mut PgConnection, id: &LayerId) -> Result<(), CatalogueError> {
    sqlx::query("update opensit.layers set generation = generation + 1, changed_at = now() where id = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a layer out of the catalogue. Its table stays.
pub async fn remove(conn: &mut PgConnection, id: &LayerId) -> Result<(), CatalogueError> {
    sqlx::query("delete from opensit.layers where id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}

/// The layer of this name.
pub async fn get(conn: &mut PgConnection, id: &LayerId) -> Result<Option<Layer>, CatalogueError> {
    read(conn, id, "select declaration from opensit.layers where id = $1").await
}

/// As [`get`]; who else wants to change it waits until the caller's transaction ends.
pub async fn get_to_change(conn: &mut PgConnection, id: &LayerId) -> Result<Option<Layer>, CatalogueError> {
    read(conn, id, "select declaration from opensit.layers where id = $1 for update").await
}

async fn read(conn: &mut PgConnection, id: &LayerId, sql: &'static str) -> Result<Option<Layer>, CatalogueError> {
    let row = sqlx::query(sql).bind(id.as_str()).fetch_optional(conn).await?;
    row.map(|row| {
        let Json(value): Json<serde_json::Value> = row.try_get(0)?;
        serde_json::from_value(value).map_err(CatalogueError::Declaration)
    })
    .transpose()
}

/// The layers that are registers, by which rows without coordinates are placed, in the order of the layer tree.
pub async fn registers(conn: &mut PgConnection) -> Result<Vec<Layer>, CatalogueError> {
    let rows: Vec<Json<serde_json::Value>> =
        sqlx::query_scalar("select declaration from opensit.layers where declaration ? 'register' order by ordinal, id")
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|Json(value)| serde_json::from_value(value).map_err(CatalogueError::Declaration)).collect()
}

/// Makes an empty table for a layer's fields, with the columns of every layer, still without keys, index and the checks of comune and
/// geometry, so that a bulk load is fast: whoever fills it sees to it that a comune has six digits and a geometry is `opensit.sound`.
/// [`check_rows`] puts the checks on, and [`swap_in`] finishes it.
pub async fn create_table(conn: &mut PgConnection, layer: &Layer, table: &TableName) -> Result<(), CatalogueError> {
    let fields: Vec<String> = layer.fields.iter().map(|f| format!("{} {}", f.name.sql(), f.kind.sql())).collect();
    sqlx::query(AssertSqlSafe(format!("create table {} ({})", table.sql(), fields.join(", ")))).execute(&mut *conn).await?;
    sqlx::query("call opensit.add_layer_columns($1::text::regclass, $2, $3)")
        .bind(table.sql())
        .bind(layer.geometry.sql())
        .bind(layer.validity)
        .execute(&mut *conn)
        .await?;
    sqlx::query("call opensit.check_no_rows($1::text::regclass)").bind(table.sql()).execute(conn).await?;
    Ok(())
}

/// From now on the table checks what is written into it.
pub async fn check_rows(conn: &mut PgConnection, table: &TableName) -> Result<(), CatalogueError> {
    sqlx::query("call opensit.check_rows($1::text::regclass)").bind(table.sql()).execute(conn).await?;
    Ok(())
}

/// Makes a filled table's slow indexes (places, the text that is searched, and those of its keys) before [`swap_in`], which finds them there:
/// two connections at once take little more than half the time of one. Nobody else may know the table yet.
pub async fn index_ahead(
    conn: &mut PgConnection,
    helper: &mut PgConnection,
    filled: &TableName,
    layer: &Layer,
) -> Result<(), CatalogueError> {
    // PostgreSQL names an index by what it is over: those of texts, which would be called the same, are made one after the other
    let places = sqlx::query(AssertSqlSafe(format!("create index on {} using gist (geom)", filled.sql()))).execute(&mut *conn);
    let others = async {
        index_for_key(helper, filled, "fid").await?;
        for field in layer.fields.iter().filter(|f| f.searchable) {
            index_for_search(helper, filled, field.name.as_str()).await?;
        }
        // with validity an id is unique at any instant only
        if layer.validity { Ok(()) } else { index_for_key(helper, filled, "id").await }
    };
    let (places, others) = futures::future::join(places, others).await;
    places?;
    others
}

/// `opensit.finish_layer_table` makes the key of it.
async fn index_for_key(conn: &mut PgConnection, table: &TableName, column: &str) -> Result<(), CatalogueError> {
    sqlx::query(AssertSqlSafe(format!("create unique index on {} ({column})", table.sql()))).execute(conn).await?;
    Ok(())
}

/// Puts a filled table in the place of a layer's (which need not exist yet): keys, index, access and feed, statistics,
/// the name, and the catalogue row. For the feed it is one event, not a million.
pub async fn swap_in(conn: &mut PgConnection, filled: &TableName, layer: &Layer) -> Result<(), CatalogueError> {
    sqlx::query("call opensit.finish_layer_table($1::text::regclass, $2)")
        .bind(filled.sql())
        .bind(layer.validity)
        .execute(&mut *conn)
        .await?;
    // dropping takes it out of the publication as well
    sqlx::query(AssertSqlSafe(format!("drop table if exists {}", layer.table.sql()))).execute(&mut *conn).await?;
    sqlx::query(AssertSqlSafe(format!("alter table {} rename to \"{}\"", filled.sql(), layer.table.name()))).execute(&mut *conn).await?;
    sqlx::query(AssertSqlSafe(format!("analyze {}", layer.table.sql()))).execute(&mut *conn).await?;
    put(&mut *conn, layer, None).await?;
    touch(conn, &layer.id).await
}
