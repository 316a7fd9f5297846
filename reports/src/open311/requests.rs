use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::StatusCode;
use kernel::Problem;
use serde_json::{Value, json};
use sqlx::QueryBuilder;

use super::{Asked, write};
use crate::category::{self, Category, office_name};
use crate::desk::Desk;
use crate::record::{self, COLUMNS, Report};
use crate::states::{reason_name, state_name};

/// The most that one answer has (as the standard suggests), and the longest span.
const MOST: i64 = 1_000;
const SPAN: TimeDelta = TimeDelta::days(90);

/// `GET requests.json`: of the last 90 days, or those asked for.
pub(super) async fn all(State(desk): State<Desk>, asked: Asked) -> Response {
    match select(&desk, &asked).await {
        Ok((reports, categories)) => answer(&desk, &asked, &reports, &categories),
        Err(problem) => asked.refuse(&problem),
    }
}

/// `GET requests/{id}.json`
#[utoipa::path(
    get,
    path = "/open311/v2/requests/{id}",
    tag = "open311",
    params(("id" = String, Path, description = "A number with its ending")),
    responses((status = 200, description = "GeoReport v2"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn one(State(desk): State<Desk>, asked: Asked) -> Response {
    match find(&desk, &asked).await {
        Ok((report, categories)) => answer(&desk, &asked, &[report], &categories),
        Err(problem) => asked.refuse(&problem),
    }
}

async fn find(desk: &Desk, asked: &Asked) -> Result<(Report, Vec<Category>), Problem> {
    let failed = |e| Problem::database("an Open311 request", &e);
    let layer = desk.layer(&asked.who)?;
    let mut session = desk.services.context.database.session(&asked.who).await.map_err(failed)?;
    let report = record::find(&mut session, &layer, &asked.who, &asked.name).await?;
    let report = report.ok_or_else(|| Problem::not_found("there is no request of this number, or none for you"))?;
    Ok((report, category::all(&mut session).await?))
}

async fn select(desk: &Desk, asked: &Asked) -> Result<(Vec<Report>, Vec<Category>), Problem> {
    let failed = |e| Problem::database("Open311 requests", &e);
    let layer = desk.layer(&asked.who)?;
    let mut sql = QueryBuilder::new(format!("select {COLUMNS} from "));
    sql.push(layer.seen_by(&asked.who, "seen")).push(" where state not in ('merged', 'rejected')");
    if let Some(ids) = asked.params.get("service_request_id") {
        let ids: Vec<String> = ids.split(',').take(MOST as usize).map(|id| id.trim().to_owned()).collect();
        sql.push(" and id = any(").push_bind(ids).push(")");
    } else {
        let now = desk.services.context.clock.now();
        let (start, end) = (instant(asked, "start_date")?, instant(asked, "end_date")?);
        let end = end.or_else(|| start.map(|start| start + SPAN)).unwrap_or(now);
        let start = start.unwrap_or(end - SPAN);
        if end - start > SPAN || end < start {
            return Err(Problem::invalid_parameter(
                "start_date",
                "the span is longer than 90 days, or ends before it begins",
                "at most 90 days",
            ));
        }
        sql.push(" and received_at between ").push_bind(start).push(" and ").push_bind(end);
        if let Some(codes) = asked.params.get("service_code") {
            let codes: Vec<String> = codes.split(',').map(|code| code.trim().to_owned()).collect();
            sql.push(" and category = any(").push_bind(codes).push(")");
        }
        match asked.params.get("status") {
            None | Some("open,closed" | "closed,open") => {}
            Some("open") => drop(sql.push(" and state <> 'closed'")),
            Some("closed") => drop(sql.push(" and state = 'closed'")),
            Some(_) => return Err(Problem::invalid_parameter("status", "`status` is none", vec!["open", "closed"])),
        }
    }
    sql.push(" order by received_at desc, fid desc limit ").push_bind(MOST);
    let mut session = desk.services.context.database.session(&asked.who).await.map_err(failed)?;
    let reports = sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)?;
    Ok((reports, category::all(&mut session).await?))
}

fn instant(asked: &Asked, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let wrong = |_| Problem::invalid_parameter(name, format!("`{name}` is no instant"), "as 2026-11-28T10:30:00Z");
    // a plus sign of an offset may come as the space that it means in a query
    let read = |text: &str| DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|at| at.with_timezone(&Utc)).map_err(wrong);
    asked.params.get(name).map(read).transpose()
}

fn answer(desk: &Desk, asked: &Asked, reports: &[Report], categories: &[Category]) -> Response {
    let records: Vec<Value> = reports.iter().map(|report| describe(desk, asked, report, categories)).collect();
    write::list(asked.form, StatusCode::OK, ("service_requests", "request"), &records)
}

fn describe(desk: &Desk, asked: &Asked, r: &Report, categories: &[Category]) -> Value {
    let l = asked.language;
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let updated = [Some(r.received_at), r.approved_at, r.answered_at, r.closed_at].into_iter().flatten().max().unwrap_or(r.received_at);
    let is_closed = matches!(r.state.as_str(), "closed" | "merged" | "rejected");
    let notes = match (&r.closing_reason, &r.closing_note) {
        (Some(reason), Some(note)) => format!("{}: {note}", reason_name(reason, l)),
        (Some(reason), None) => reason_name(reason, l).to_owned(),
        _ => state_name(&r.state, l).to_owned(),
    };
    json!({
        "service_request_id": r.id, "status": if is_closed { "closed" } else { "open" }, "status_notes": notes,
        "service_name": category::name(categories, &r.category, l), "service_code": r.category, "description": r.text,
        "agency_responsible": office_name(&r.office, l), "service_notice": null, "requested_datetime": text(r.received_at),
        "updated_datetime": text(updated), "expected_datetime": format!("{}T00:00:00Z", r.due), "address": r.address, "address_id": null,
        "zipcode": null, "lat": r.lat, "long": r.lon,
        "media_url": (r.photos > 0).then(|| desk.services.context.public_url.link(&format!("/reports/{}", r.id))),
    })
}
