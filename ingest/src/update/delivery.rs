//! What was delivered before: the column that rows are told apart by, and what can be taken back.

use kernel::Layer;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Ids, IngestError, Mode, Request};

/// A delivery that is being published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) mode: Mode,
    /// The files' column that ids come from; `None`: the rows' numbers.
    pub(crate) key: Option<&'a str>,
    /// What people call the files.
    pub(crate) files: &'a [String],
    pub(crate) rows: Counts,
    /// What names it for whoever ordered it.
    pub(crate) order: Option<Uuid>,
    /// The name of who did, if it is a person; without, the database's user.
    pub(crate) by: Option<&'a str>,
}

/// Rows of a delivery, against what was there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not there before.
    pub new: u64,
    /// There, with other values or in another place.
    pub changed: u64,
    /// There, and not in the delivery.
    pub vanished: u64,
    /// There as they are.
    pub same: u64,
}

/// A delivery that was published.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Kept {
    pub(crate) number: i64,
    pub(crate) mode: String,
    pub(crate) key: Option<String>,
    pub(crate) files: Vec<String>,
    pub(crate) rows: Json<Counts>,
}

impl Delivery<'_> {
    /// Refuses an order that was carried out before.
    pub(crate) async fn ordered(database: &mut PgConnection, request: &Request) -> Result<(), IngestError> {
        let Some(order) = request.order else { return Ok(()) };
        let number: Option<i64> = sqlx::query_scalar("select number from opensit.deliveries where ordered = $1")
            .bind(order)
            .fetch_optional(database)
            .await
            .map_err(IngestError::database("did not say what was delivered before"))?;
        number.map_or(Ok(()), |number| Err(IngestError::LoadedBefore { layer: request.layer.clone(), number }))
    }

    /// Why its rows change, for their history.
    pub(crate) fn reason(&self, number: i64) -> String {
        format!("delivery {number}: {}", self.files.join(", "))
    }

    /// Writes it down, in the transaction that publishes it; its number.
    pub(crate) async fn keep(&self, transaction: &mut PgConnection, layer: &Layer) -> Result<i64, IngestError> {
        sqlx::query_scalar(
            "insert into opensit.deliveries (layer, relation, mode, key, files, rows, ordered, by)
             values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, session_user)) returning number",
        )
        .bind(layer.id.as_str())
        .bind(layer.table.to_string())
        .bind(self.mode.name())
        .bind(self.key)
        .bind(self.files)
        .bind(Json(self.rows))
        .bind(self.order)
        .bind(self.by)
        .fetch_one(transaction)
        .await
        .map_err(IngestError::database("did not take down the delivery"))
    }
}

impl Kept {
    /// The last one of a layer that was not taken back.
    pub(crate) async fn last(database: &mut PgConnection, layer: &Layer) -> Result<Option<Self>, IngestError> {
        sqlx::query_as(
            "select number, mode, key, files, rows from opensit.deliveries
              where layer = $1 and relation = $2 and undone_at is null order by number desc limit 1",
        )
        .bind(layer.id.as_str())
        .bind(layer.table.to_string())
        .fetch_optional(database)
        .await
        .map_err(IngestError::database("did not say what was delivered before"))
    }
}

/// Where the ids of a layer that was made of a file come from, as its last delivery says.
///
/// # Errors
/// When the database does not answer.
pub async fn ids_of(owner: &mut PgConnection, layer: &Layer) -> Result<Ids, IngestError> {
    let last = Kept::last(owner, layer).await?;
    Ok(match last.and_then(|last| last.key) {
        Some(key) if layer.field(&key).is_some() => Ids::Field,
        Some(key) => Ids::Key(key),
        None => Ids::Elsewhere,
    })
}
