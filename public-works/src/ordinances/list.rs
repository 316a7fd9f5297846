//! `GET /public-works/ordinances/`: the list of ordinances, of a day or of all days.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Bbox, Filter, Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::links::{self, encode, media};
use operations::{Format, Page, Request, csv, field, map, reply, say};
use serde_json::{Value, json};
use sqlx::QueryBuilder;

use super::page::{interval, time};
use super::record::{COLUMNS, Ordinance, editable};
use crate::codes::CLOSURES;
use crate::layers::ORDINANCES;
use crate::shown::{choice, codes, label, today, value};
use crate::works::bbox;

/// Rows on a page, and at most.
const PAGE: u32 = 50;
const MOST: u32 = 1_000;

/// Filters `datetime` (what is in force then: a day, an instant, an interval) and `closure`; the latest beginning first. As JSON, CSV, or a page.
#[utoipa::path(
    get,
    path = "/public-works/ordinances/",
    tag = "public works",
    params(("datetime" = Option<String>, Query, description = "An instant, a day in Italy, or an interval"), ("closure" = Option<String>, Query, description = "What it does"), ("after" = Option<String>, Query, description = "What `next` of the page before says"), ("limit" = Option<String>, Query, description = "1,000 at most"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "`ordinances` and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&["datetime", "closure", "after", "limit"])?;
    let layer = operations::layer(&services, &request.who, ORDINANCES)?;
    let given = |name: &str| request.params.get(name).map(str::trim).filter(|value| !value.is_empty());
    if given("closure").is_some_and(|closure| !CLOSURES.contains(&closure)) {
        return Err(Problem::invalid_parameter("closure", "`closure` is none of the list", CLOSURES.to_vec()));
    }
    let limit = if request.csv { 10_000 } else { i64::from(request.params.integer("limit", 1..=MOST, PAGE)?) };
    let mut sql = QueryBuilder::new("select ");
    sql.push(COLUMNS).push(editable(&layer, &request.who));
    sql.push(" as editable from (select *, st_transform(st_envelope(geom), 4326) as box from ").push(layer.seen_by(&request.who, "seen"));
    sql.push(" where true");
    if let Some(text) = given("datetime") {
        sql.push(" and ");
        Filter::datetime(text)?.write(layer.srid, &mut sql);
    }
    if let Some(closure) = given("closure") {
        sql.push(" and closure = ").push_bind(closure.to_owned());
    }
    if let Some((from, fid)) = given("after").map(cursor).transpose()? {
        sql.push(" and valid_from <= ")
            .push_bind(from)
            .push(" and (valid_from < ")
            .push_bind(from)
            .push(" or fid > ")
            .push_bind(fid)
            .push(")");
    }
    sql.push(" order by valid_from desc, fid limit ").push_bind(limit + 1).push(") page order by valid_from desc, fid");
    let failed = |e| Problem::database("reading the list of ordinances", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let mut rows: Vec<Ordinance> = sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)?;
    drop(session);
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next = rows.last().filter(|_| more).map(|last| with(&request, &format!("{}.{}", last.fid, last.valid_from.timestamp_micros())));
    if request.csv {
        return Ok(csv::file("road-ordinances.csv", table(&rows)));
    }
    if request.format == Format::Json {
        let rows: Vec<Value> = rows.iter().map(|row| row.document(&services)).collect();
        let next = next.map(|next| services.context.public_url.link(&format!("/public-works/ordinances/{next}")));
        return Ok(reply::json(&json!({ "ordinances": rows, "next": next }), media::JSON, request.language));
    }
    Ok(page(&services, &request, &layer, &rows, next.as_deref()))
}

fn with(request: &Request, after: &str) -> String {
    links::query(request.params.iter().filter(|(name, value)| !value.is_empty() && *name != "after").chain([("after", after)]))
}

fn cursor(text: &str) -> Result<(DateTime<Utc>, i64), Problem> {
    let read = || {
        let (fid, micros) = text.split_once('.')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, fid.parse().ok()?))
    };
    read().ok_or_else(|| Problem::invalid_parameter("after", "`after` belongs to another list", "what the link `next` of this list has"))
}

fn table(rows: &[Ordinance]) -> String {
    let mut table = csv::row([
        "id",
        "comune",
        "number",
        "issued_on",
        "closure",
        "limit_kmh",
        "road",
        "diversion",
        "act",
        "valid_from",
        "valid_to",
        "ended_by",
    ]);
    for row in rows {
        let limit = row.limit_kmh.map(|limit| limit.to_string()).unwrap_or_default();
        let (issued, from) = (row.issued_on.to_string(), row.valid_from.to_rfc3339());
        let to = row.valid_to.map(|end| end.to_rfc3339()).unwrap_or_default();
        let (diversion, ended_by) = (row.diversion.as_deref().unwrap_or_default(), row.ended_by.as_deref().unwrap_or_default());
        table += &csv::row([
            &*row.id,
            &row.comune,
            &row.number,
            &issued,
            &row.closure,
            &limit,
            &row.road,
            diversion,
            &row.act,
            &from,
            &to,
            ended_by,
        ]);
    }
    table
}

fn page(services: &Services, request: &Request, layer: &Layer, rows: &[Ordinance], next: Option<&str>) -> Response {
    let (l, now) = (request.language, services.context.clock.now());
    let around = rows.iter().filter_map(|row| bbox(&row.bbox)).reduce(Bbox::union).unwrap_or(services.context.installation.bbox);
    let day = today(now).to_string();
    let content = html! {
        (map(layer, Some(around), None, l))
        (filters(layer, request, &day, l))
        p.actions {
            @if request.who.may_edit(layer) { a.button href="new?f=html" { (say(l, "Nuova ordinanza", "New ordinance")) } }
            a href={ "?f=html&datetime=" (day) } { (say(l, "Chiuso oggi", "Closed today")) }
            a href="../ordinances.geojson" { (say(l, "In vigore adesso, in GeoJSON", "In force now, as GeoJSON")) }
            a href="?f=csv" { (say(l, "Tutte in CSV", "All as CSV")) }
        }
        @if rows.is_empty() {
            p.note role="status" { (say(l, "Nessuna ordinanza corrisponde.", "No ordinance matches.")) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(say(l, "Ordinanze", "Ordinances")) {
                table {
                    thead { tr {
                        th scope="col" { (label(layer, "road", l)) } th scope="col" { (label(layer, "closure", l)) } th scope="col" { (say(l, "Validità", "In force")) }
                        th scope="col" { (say(l, "Ora", "Now")) } th scope="col" { (label(layer, "number", l)) }
                    } }
                    tbody { @for row in rows { tr {
                        th.prose scope="row" { a href={ (encode(&row.id)) "?f=html" } { (row.road) } }
                        td { (value(layer, "closure", row.closure.as_str(), l)) @if let Some(limit) = row.limit_kmh { " " (limit) " km/h" } }
                        td { (interval(row, l)) }
                        td { (time(row, now, l)) }
                        td { (row.number) }
                    } } }
                }
            }
            nav.pages aria-label=(say(l, "Pagine", "Pages")) { @if let Some(next) = next { a.button rel="next" href=(next) { (say(l, "Successive", "Next")) " ›" } } }
        }
    };
    let trail = vec![("../?f=html".to_owned(), say(l, "Opere pubbliche", "Public works").to_owned())];
    Page { title: say(l, "Ordinanze stradali", "Road ordinances"), trail, map: true }.render(&services.context, request, &content)
}

fn filters(layer: &Layer, request: &Request, today: &str, l: Language) -> Markup {
    let day = request.params.get("datetime").filter(|text| text.len() == 10);
    html! {
        form.card.filters method="get" action="./" role="search" {
            input type="hidden" name="f" value="html";
            (field("datetime", say(l, "In vigore il giorno", "In force on"), day, Some(&format!("{} {today}", say(l, "oggi è", "today is"))), &[("type", "date")]))
            (choice("closure", label(layer, "closure", l), &codes(layer, "closure", l), request.params.get("closure"), Some(say(l, "tutti", "all"))))
            p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
        }
    }
}
