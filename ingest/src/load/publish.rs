//! From the staging tables into the layer.

use catalogue::store;
use kernel::layer::GeometryType;
use kernel::{Layer, LayerId, TableName};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::Staging;
use crate::update::Delivery;
use crate::{IngestError, Mode};

/// What the layer's name stands for now.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Nothing.
    New,
    /// A published layer that makes place.
    Replaces(Box<Layer>),
    /// A published layer that grows.
    Grows(Box<Layer>),
    /// A published layer whose rows are compared with the file's.
    Updates(Box<Layer>),
}

impl Target {
    /// Looks it up, and refuses what must not be.
    pub(crate) async fn find(database: &mut PgConnection, id: &LayerId, mode: Mode) -> Result<Self, IngestError> {
        let layer = store::get(database, id).await?;
        match (layer, mode) {
            (None, Mode::Create | Mode::Replace) => Ok(Self::New),
            (None, Mode::Append | Mode::Update) => Err(IngestError::NoLayer(id.clone())),
            (Some(layer), _) if layer.module != crate::plan::SCHEMA => {
                Err(IngestError::Declared { layer: id.clone(), module: layer.module })
            }
            (Some(_), Mode::Create) => Err(IngestError::Exists(id.clone())),
            (Some(layer), Mode::Replace) => Ok(Self::Replaces(Box::new(layer))),
            (Some(layer), Mode::Append) => Ok(Self::Grows(Box::new(layer))),
            (Some(layer), Mode::Update) => Ok(Self::Updates(Box::new(layer))),
        }
    }

    /// The layer that is there.
    pub(crate) fn existing(&self) -> Option<&Layer> {
        match self {
            Self::New => None,
            Self::Replaces(layer) | Self::Grows(layer) | Self::Updates(layer) => Some(layer),
        }
    }

    /// The layer whose rows stay, so that the file has to fit it.
    pub(crate) fn keeps(&self) -> Option<&Layer> {
        match self {
            Self::New | Self::Replaces(_) => None,
            Self::Grows(layer) | Self::Updates(layer) => Some(layer),
        }
    }
}

/// Adds what PostGIS looked at to the layer's next table and puts that in its place, in one transaction. Returns how many
/// rows were added. What takes long is done before, by two connections.
pub(crate) async fn publish(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    delivery: &Delivery<'_>,
) -> Result<u64, IngestError> {
    let failed = "can't publish the layer";
    let sql = insert(staging, layer, &staging.next, "l._seq::text");
    let rows = sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await.map_err(IngestError::database(failed))?.rows_affected();
    store::index_ahead(database, helper, &staging.next, layer).await?;
    let mut transaction = database.begin().await.map_err(IngestError::database(failed))?;
    // somebody may have made it meanwhile by other means
    let target = Target::find(&mut transaction, &layer.id, delivery.mode).await?;
    store::swap_in(&mut transaction, &staging.next, layer).await?;
    let mode = if matches!(target, Target::New) { Mode::Create } else { delivery.mode };
    Delivery { mode, ..*delivery }.keep(&mut transaction, layer).await?;
    transaction.commit().await.map_err(IngestError::database(failed))?;
    Ok(rows)
}

/// Adds the rows to the layer, in one transaction. Returns how many there were before, and how many were added. `layer` is
/// the declaration as it will be.
pub(crate) async fn append(
    database: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    delivery: &Delivery<'_>,
) -> Result<(u64, u64), IngestError> {
    let failed = "can't append the rows";
    let mut transaction = database.begin().await.map_err(IngestError::database(failed))?;
    lock(&mut transaction, layer).await.map_err(IngestError::database(failed))?;
    refuse_known_ids(&mut transaction, staging, layer).await?;
    let (before, last): (i64, i64) = sqlx::query_as(AssertSqlSafe(format!(
        "select count(*), coalesce(max(id::bigint) filter (where id ~ '^[0-9]{{1,18}}$'), 0) from {}",
        layer.table.sql()
    )))
    .fetch_one(&mut *transaction)
    .await
    .map_err(IngestError::database(failed))?;
    let sql = insert(staging, layer, &layer.table, &format!("(l._seq + {last})::text"));
    let rows = sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await.map_err(IngestError::database(failed))?.rows_affected();
    store::put(&mut transaction, layer, None).await?;
    store::touch(&mut transaction, &layer.id).await?;
    delivery.keep(&mut transaction, layer).await?;
    transaction.commit().await.map_err(IngestError::database(failed))?;
    Ok((before.unsigned_abs(), rows))
}

/// Until the transaction ends readers go on, and other writers wait.
pub(crate) async fn lock(transaction: &mut PgConnection, layer: &Layer) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(format!("lock table {} in share row exclusive mode", layer.table.sql()))).execute(transaction).await?;
    Ok(())
}

async fn refuse_known_ids(database: &mut PgConnection, staging: &Staging, layer: &Layer) -> Result<(), IngestError> {
    let sql = format!(
        "select t.id, count(*) over () as rows from {} l join {} t on t.id = l._key order by l._seq limit 5",
        staging.loading.sql(),
        layer.table.sql()
    );
    let known = sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await.map_err(IngestError::database("can't compare ids"))?;
    let Some(first) = known.first() else { return Ok(()) };
    let rows = first.try_get("rows").map_err(IngestError::database("can't compare ids"))?;
    let examples = known.iter().filter_map(|r| r.try_get("id").ok()).collect();
    Err(IngestError::IdsThere { layer: layer.id.clone(), rows, examples })
}

/// The rows that are not kept out, with the geometry in the layer's type.
fn insert(staging: &Staging, layer: &Layer, into: &TableName, sequence: &str) -> String {
    let mut fields: String = layer.fields.iter().map(|f| format!(", {}", f.name.sql())).collect();
    let mut values: String = layer.fields.iter().map(|f| format!(", l.{}", f.name.sql())).collect();
    if layer.validity {
        fields += ", valid_from, valid_to";
        // a file may say nothing of an end, and its table has no column for it then
        values += ", l.valid_from, (to_jsonb(l) ->> 'valid_to')::timestamptz";
    }
    let geometry = geometry_sql(layer);
    format!(
        "insert into {into} (id, comune, geom{fields})
         select coalesce(l._key, {sequence}), coalesce(l._comune, p.comune), {geometry}{values}
         from {loading} l left join {placed} p using (_seq)
         where p.kept_out is null
         order by l._seq",
        into = into.sql(),
        loading = staging.loading.sql(),
        placed = staging.placed.sql(),
    )
}

/// The geometry of a row that was staged (`l`) and, if it had to be, placed (`p`), in the layer's type.
pub(crate) fn geometry_sql(layer: &Layer) -> String {
    let geometry = "coalesce(p.geom, l._geom)";
    match layer.geometry {
        GeometryType::Geometry => geometry.to_owned(),
        own if own == own.multi() => format!("st_multi({geometry})"),
        _ => format!("st_geometryn({geometry}, 1)"),
    }
}
