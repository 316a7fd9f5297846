//! A work that is being changed: found, locked, and told of when it is done.

use std::sync::Arc;

use axum::response::Response;
use kernel::{Action, Layer, Problem, Services};
use operations::links::encode;
use operations::{Answer, Ask, Begun, Change, Row, Sent, refused};

use super::record::Record;
use crate::layers::WORKS;

/// How a change of a work begins.
pub(crate) enum Open {
    /// It was done before, under its key.
    Again(Response),
    /// The work is locked.
    Ready(Box<Opened>),
}

/// A work, locked.
pub(crate) struct Opened {
    pub(crate) change: Change,
    pub(crate) layer: Arc<Layer>,
    pub(crate) row: Row,
    services: Services,
}

/// Finds and locks the work that is meant: 404, 403, 428 and 412 as [`Change::lock`] says.
pub(crate) async fn open(services: &Services, ask: &Ask, sent: &Sent, id: &str) -> Result<Open, Problem> {
    let layer = operations::layer(services, &ask.request.who, WORKS)?;
    let mut change = match Change::begin(services, ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(Open::Again(response)),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, id).await?;
    Ok(Open::Ready(Box::new(Opened { change, layer, row, services: services.clone() })))
}

impl Opened {
    /// What belongs to the work was changed: so is its row, whose version is the record's tag.
    pub(crate) async fn touched(self, changed: &[&str]) -> Result<Response, Problem> {
        let fid = self.row.fid;
        self.updated(
            sqlx::query_scalar("update public_works.works set version = version where fid = $1 returning version").bind(fid),
            changed,
        )
        .await
    }

    /// The row was changed by this statement, which returns its version.
    pub(crate) async fn updated(
        mut self,
        update: sqlx::query::QueryScalar<'_, sqlx::Postgres, i64, sqlx::postgres::PgArguments>,
        changed: &[&str],
    ) -> Result<Response, Problem> {
        self.row.version = update.fetch_one(self.change.conn()).await.map_err(|e| refused(&e))?;
        self.change.tell(Action::Update, &self.layer, &self.row, changed).await?;
        let answer = answer(&mut self.change, &self.services, &self.layer, &self.row, false).await?;
        self.change.finish(answer).await
    }
}

/// The record as it is now, at its address.
pub(crate) async fn answer(change: &mut Change, services: &Services, layer: &Layer, row: &Row, made: bool) -> Result<Answer, Problem> {
    let who = change.who().clone();
    let record = Record::read(change.conn(), layer, &who, &row.id).await.map_err(|e| refused(&e))?;
    let document = record.ok_or_else(|| operations::absent(layer, &row.id))?.document(&services.context.public_url);
    let page = format!("/public-works/{}", encode(&row.id));
    Ok(if made { Answer::made(page, row.tag(), document) } else { Answer::changed(page, row.tag(), document) })
}
