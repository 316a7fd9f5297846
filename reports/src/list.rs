//! The reports as a list: the public's of those approved, the office's inbox of all of theirs.

mod page;
mod query;

use axum::extract::State;
use axum::response::Response;
use kernel::Problem;
use operations::{Format, Request, csv, links, reply};
use serde_json::{Value, json};

use crate::category::{self, Category, office_name};
use crate::desk::Desk;
use crate::record::{Report, summary};
use crate::states::{reason_name, state_name};

use query::Query;

/// `GET /reports/`: filters `state`, `category`, `office`, `from` and `to` (days of receipt), `overdue`; `sort`; pages by `after`. `f=csv` has
/// up to 10,000 rows at once.
#[utoipa::path(
    get,
    path = "/reports/",
    tag = "reports",
    params(("state" = Option<String>, Query, description = "A state, or `pending`"), ("category" = Option<String>, Query, description = "A category"), ("office" = Option<String>, Query, description = "An office"), ("from" = Option<String>, Query, description = "A day of receipt"), ("to" = Option<String>, Query, description = "A day of receipt"), ("overdue" = Option<String>, Query, description = "`true`"), ("sort" = Option<String>, Query, description = "`newest`, `oldest`, `supporters` or `due`"), ("after" = Option<String>, Query, description = "What `next` of the page before says"), ("limit" = Option<String>, Query, description = "Rows on a page"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "`reports` and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&query::PARAMETERS)?;
    let query = Query::read(&request)?;
    let failed = |e| Problem::database("the list of reports", &e);
    let layer = desk.layer(&request.who)?;
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let categories = category::all(&mut session).await?;
    let offices = category::offices(&mut session).await?;
    let mut rows: Vec<Report> = query
        .sql(&layer, &request.who, desk.services.context.clock.now())
        .build_query_as()
        .fetch_all(&mut *session)
        .await
        .map_err(failed)?;
    drop(session);
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    if request.csv {
        return Ok(csv::file("segnalazioni.csv", table(&rows, &categories, &request)));
    }
    let next = rows.last().filter(|_| more).map(|last| query.next(last, &request));
    if request.format == Format::Html {
        return Ok(page::render(&desk, &layer, &request, &page::List { rows, categories, offices, query, next }));
    }
    let all: Vec<Value> = rows.iter().map(|report| summary(report, &request)).collect();
    Ok(reply::json(
        &json!({ "reports": all, "next": next.map(|next| format!("{}{next}", request.path)) }),
        links::media::JSON,
        request.language,
    ))
}

/// What everybody may know of each; texts of citizens with the rest.
fn table(rows: &[Report], categories: &[Category], request: &Request) -> String {
    let l = request.language;
    let mut out = String::from('\u{feff}');
    out.push_str(&csv::row([
        "id",
        "category",
        "state",
        "address",
        "office",
        "received_at",
        "due",
        "answered_at",
        "closed_at",
        "closing_reason",
        "supporters",
        "photos",
        "duplicate_of",
        "lon",
        "lat",
        "text",
    ]));
    for r in rows {
        let instant = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        out.push_str(&csv::row([
            r.id.as_str(),
            category::name(categories, &r.category, l),
            state_name(&r.state, l),
            r.address.as_deref().unwrap_or_default(),
            &office_name(&r.office, l),
            &instant(Some(r.received_at)),
            &r.due.to_string(),
            &instant(r.answered_at),
            &instant(r.closed_at),
            r.closing_reason.as_deref().map_or("", |reason| reason_name(reason, l)),
            &r.supporters.to_string(),
            &r.photos.to_string(),
            r.duplicate_of.as_deref().unwrap_or_default(),
            &format!("{:.7}", r.lon),
            &format!("{:.7}", r.lat),
            r.text.as_deref().unwrap_or_default(),
        ]));
    }
    out
}
