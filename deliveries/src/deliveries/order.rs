//! Work on a delivery, ordered: its row says so and its job waits, both or neither.

use jobs::NewJob;
use kernel::{Principal, Problem};
use sqlx::PgConnection;
use uuid::Uuid;

use super::record::State;
use crate::work::Order;

/// Puts the job into the queue.
pub(super) async fn put(conn: &mut PgConnection, who: &Principal, kind: &str, order: &Order, state: State) -> Result<Uuid, Problem> {
    let job = jobs::put(&mut *conn, who, &NewJob::new(kind, order)).await.map_err(|e| Problem::internal("a delivery", &e))?;
    sqlx::query(
        "update deliveries.deliveries
            set state = $2, job = $3, stage = null, error = null, difference = null, report = null, mode = $4, touched_at = clock_timestamp()
          where id = $1",
    )
    .bind(order.delivery)
    .bind(state.name())
    .bind(job.0)
    .bind(order.mode.map(ingest::Mode::name))
    .execute(conn)
    .await
    .map_err(|e| Problem::database("a delivery", &e))?;
    Ok(job.0)
}
