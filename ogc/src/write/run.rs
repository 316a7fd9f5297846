use axum::response::Response;
use kernel::{Problem, idempotency};
use operations::Answer;
use serde_json::json;

use super::answer;
use super::ask::Ask;
use super::change::{Change, Work};
use super::failure::Failure;
use super::restore;
use crate::App;

/// What is done in one transaction.
#[derive(Debug)]
pub(crate) enum Task {
    /// A change.
    One(Box<Change>),
    /// Several: all or none.
    All(Vec<Change>),
    /// A feature is brought back to a version.
    Restore(restore::Restore),
}

/// Does it, or nothing of it.
pub(crate) async fn run(app: &App, ask: &Ask, reason: Option<&str>, body: &[u8], task: Task) -> Result<Response, Problem> {
    match transact(app, ask, reason, body, task).await {
        Ok(answer) => Ok(answer.send(&app.context, &ask.request).await),
        Err(failure) => Err(failure.explain(app).await),
    }
}

async fn transact(app: &App, ask: &Ask, reason: Option<&str>, body: &[u8], task: Task) -> Result<Answer, Failure> {
    let who = &ask.request.who;
    let mut transaction = app.context.database.write(who).await?;
    if let Some(key) = &ask.key
        && let Some(answer) = idempotency::begin(&mut transaction, who, key, &ask.fingerprint(body)).await?
    {
        return Ok(answer);
    }
    if let Some(reason) = reason {
        sqlx::query("select set_config('opensit.reason', $1, true)").bind(reason).execute(&mut *transaction).await?;
    }
    let mut work = Work { app, request: &ask.request, conn: &mut transaction, now: app.context.clock.now() };
    let answer = match task {
        Task::One(change) => {
            let done = work.apply(*change).await?;
            answer::of(&work, &done)?
        }
        Task::All(changes) => all(&mut work, changes).await?,
        Task::Restore(what) => what.apply(&mut work).await?,
    };
    if let Some(key) = &ask.key {
        idempotency::keep(&mut transaction, who, key, &answer).await?;
    }
    transaction.commit().await?;
    Ok(answer)
}

/// Rows are locked in one order first, so that two who change the same ones do not wait for each other for ever.
async fn all(work: &mut Work<'_>, changes: Vec<Change>) -> Result<Answer, Failure> {
    let mut rows: Vec<(usize, &Change)> = changes.iter().enumerate().filter(|(_, c)| !c.id.is_empty()).collect();
    rows.sort_by(|(_, a), (_, b)| (&a.entry.layer.id, &a.id).cmp(&(&b.entry.layer.id, &b.id)));
    for (index, change) in rows {
        work.lock(&change.entry, &change.id, &change.state).await.map_err(|failure| of_change(failure, index))?;
    }
    let mut results = Vec::with_capacity(changes.len());
    for (index, change) in changes.into_iter().enumerate() {
        let done = work.apply(change).await.map_err(|failure| of_change(failure, index))?;
        let etag = done.row.as_ref().map(|row| work.etag(&done.entry, row));
        results.push(json!({ "op": done.action.name(), "collection": done.entry.layer.id, "id": done.id, "etag": etag }));
    }
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Ok(Answer { status: 200, headers, body: Some(json!({ "results": results })), positioned: true, page: None })
}

/// Says which of the changes it is, from 0.
fn of_change(failure: Failure, index: usize) -> Failure {
    match failure {
        Failure::Problem(problem) => Failure::Problem(problem.with("change", index)),
        other => other,
    }
}
