//! From the staging tables into the layer.

use catalogue::store;
use kernel::layer::GeometryType;
use kernel::{Layer, LayerId};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::{Placed, Secretary, Staging, Tally, Written, explain, listed, own_columns};
use crate::plan::keep_changes;
use crate::update::Delivery;
use crate::{IngestError, Mode, Report};

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

/// Rows that were staged and placed, as those of a layer.
pub(crate) struct Staged<'a> {
    pub(crate) staging: &'a Staging,
    /// The layer as it will be declared, and as it was when the load began.
    pub(crate) layer: &'a Layer,
    pub(crate) was: Option<&'a Layer>,
    pub(crate) tally: &'a Tally,
    pub(crate) placed: Placed,
    /// Rows of each comune, by ISTAT code.
    pub(crate) comuni: Vec<(String, u64)>,
}

/// Adds what PostGIS looked at to the layer's next table, and does what takes long before that can be published: by two connections. Returns how
/// many rows were added.
pub(crate) async fn make_ready(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
) -> Result<u64, IngestError> {
    let failed = IngestError::database("can't publish the layer");
    store::check_rows(database, &staging.next).await?;
    let (columns, rows) = rows_of(staging, layer, "l._seq::text");
    let sql = format!("insert into {} ({columns}) {rows}", staging.next.sql());
    let rows = sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await.map_err(failed)?.rows_affected();
    store::index_ahead(database, helper, &staging.next, layer).await?;
    Ok(rows)
}

/// Puts the layer's next table, to which so many rows were added, in its place, in one transaction with the delivery's papers.
pub(crate) async fn publish(
    database: &mut PgConnection,
    staged: Staged<'_>,
    added: u64,
    delivery: &Delivery<'_>,
    secretary: &Secretary<'_>,
) -> Result<Report, IngestError> {
    let failed = "can't publish the layer";
    let Staged { staging, layer, was, tally, placed, comuni } = staged;
    let mut transaction = database.begin().await.map_err(IngestError::database(failed))?;
    // somebody may have made it meanwhile by other means
    let target = Target::find(&mut transaction, &layer.id, delivery.mode).await?;
    let layer = &as_people_say(&mut transaction, layer, was).await?;
    store::swap_in(&mut transaction, &staging.next, layer).await?;
    let mode = if matches!(target, Target::New) { Mode::Create } else { delivery.mode };
    let number = Delivery { mode, ..*delivery }.keep(&mut transaction, layer).await?;
    let rows = added + tally.direct.rows();
    let papers = secretary(Written { layer, rows, before: None, tally, placed, comuni, difference: None });
    papers.keep(&mut transaction, number).await?;
    transaction.commit().await.map_err(IngestError::database(failed))?;
    Ok(papers.report)
}

/// Adds the rows to the layer, in one transaction with the delivery's papers. Of each it is kept that this delivery made it, by which it can
/// be taken back.
pub(crate) async fn append(
    database: &mut PgConnection,
    staged: Staged<'_>,
    delivery: &Delivery<'_>,
    secretary: &Secretary<'_>,
) -> Result<Report, IngestError> {
    let failed = "can't append the rows";
    let Staged { staging, layer, was, tally, placed, comuni } = staged;
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
    let number = delivery.keep(&mut transaction, layer).await?;
    let (columns, rows) = rows_of(staging, layer, &format!("(l._seq + {last})::text"));
    explain(&mut transaction, &delivery.reason(number)).await.map_err(IngestError::database(failed))?;
    let rows = super::insert(&mut transaction, layer, &columns, &rows).await.map_err(IngestError::database(failed))?;
    let layer = &as_people_say(&mut transaction, layer, was).await?;
    store::put(&mut transaction, layer, None).await?;
    store::touch(&mut transaction, &layer.id).await?;
    let before = Some(before.unsigned_abs());
    let papers = secretary(Written { layer, rows, before, tally, placed, comuni, difference: None });
    papers.keep(&mut transaction, number).await?;
    transaction.commit().await.map_err(IngestError::database(failed))?;
    Ok(papers.report)
}

/// The layer as it will be declared, with what somebody changed of it while the files were read. Who else changes it waits for us.
async fn as_people_say(transaction: &mut PgConnection, layer: &Layer, was: Option<&Layer>) -> Result<Layer, IngestError> {
    let now = store::get_to_change(transaction, &layer.id).await?;
    Ok(match (was, now) {
        (Some(was), Some(now)) => keep_changes(layer, was, &now),
        _ => layer.clone(),
    })
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

/// Columns, and the rows that are not kept out as a query of them, with the geometry in the layer's type. A row without a key is called by
/// `sequence`.
fn rows_of(staging: &Staging, layer: &Layer, sequence: &str) -> (String, String) {
    let columns = own_columns(layer);
    let rows = format!(
        "select coalesce(l._key, {sequence}), coalesce(l._comune, p.comune), {geometry}{values}
         from {loading} l left join {placed} p using (_seq)
         where p.kept_out is null
         order by l._seq",
        geometry = geometry_sql(layer),
        values = listed(&columns, "l"),
        loading = staging.loading.sql(),
        placed = staging.placed.sql(),
    );
    (format!("id, comune, geom{}", listed(&columns, "")), rows)
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
