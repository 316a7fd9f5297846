use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Action, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Row, absent, refused};

use super::{Inspection, RISKS, Tree, find};
use crate::shown::day_of;

/// `POST /environment/trees/{id}/inspections`: an inspection of a tree, by somebody of its comune. Without `next_due` the next is due by the
/// class of risk.
#[utoipa::path(
    post,
    path = "/environment/trees/{id}/inspections",
    tag = "environment",
    params(("id" = String, Path, description = "The tree")),
    request_body(content_type = "application/json", description = "`inspected`, `risk`, `next_due`, `notes`"),
    responses((status = 201, description = "The record, at `Location`; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(services): State<Services>,
    Path(id): Path<String>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let who = ask.request.who.clone();
    let layer = operations::layer(&services, &who, "trees")?;
    let papers = operations::layer(&services, &who, "tree_inspections")?;
    let sent = ask.read(body).await?;
    let mut given = sent.reader(ask.request.language);
    let today = day_of(services.context.clock.now());
    let inspected = given.required_date("inspected");
    let risk = given.required_code("risk", &RISKS);
    let next_due = given.date("next_due");
    let notes = given.text("notes", 2_000);
    if inspected.is_some_and(|on| on > today) {
        given.fault("inspected", "è nel futuro", "is in the future");
    }
    if let (Some(inspected), Some(due)) = (inspected, next_due)
        && due <= inspected
    {
        given.fault("next_due", "viene prima della verifica", "comes before the inspection");
    }
    given.check()?;
    let inspected = inspected.unwrap_or(today);
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let tree = find(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?.ok_or_else(|| absent(&layer, &id))?;
    if !who.may_edit(&papers) || !who.comuni().contains(&tree.comune) {
        return Err(Problem::not_editable("inspections are recorded by those who work for the tree's comune"));
    }
    let (row, inspection) = write(&mut change, &tree, (inspected, risk, next_due, notes)).await?;
    change.tell(Action::Create, &papers, &row, &[]).await?;
    let answer = Answer::made(Tree::path(&tree.id), row.tag(), inspection.document());
    change.finish(answer).await
}

type Said = (NaiveDate, &'static str, Option<NaiveDate>, Option<String>);

async fn write(change: &mut Change, tree: &Tree, (inspected, risk, next_due, notes): Said) -> Result<(Row, Inspection), Problem> {
    // a tree may be inspected twice on one day
    let (fid, id, version, due): (i64, String, i64, Option<NaiveDate>) = sqlx::query_as(
        "insert into environment.tree_inspections (id, comune, tree, risk, inspected, next_due, notes, geom)
         select t.id || '-' || $2 || case when n.before = 0 then '' else '-' || n.before + 1 end, t.comune, t.id, $3, $2, $4, $5, t.geom
           from environment.trees t,
                lateral (select count(*) as before from environment.tree_inspections i where i.tree = t.id and i.inspected = $2) n
          where t.fid = $1
         returning fid, id, version, next_due",
    )
    .bind(tree.fid)
    .bind(inspected)
    .bind(risk)
    .bind(next_due)
    .bind(&notes)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let row = Row { fid, version, id: id.clone(), comune: tree.comune.clone() };
    Ok((row, Inspection { version, id, risk: risk.to_owned(), inspected, next_due: due, notes }))
}
