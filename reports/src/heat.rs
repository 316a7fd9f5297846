use std::fmt::Write;

use axum::extract::State;
use axum::response::Response;
use kernel::{Language, Layer, Principal, Problem};
use maud::{Markup, PreEscaped, html};
use operations::{Format, Page, Request, links, reply, say};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::category::{self, Category};
use crate::desk::Desk;

/// Sides of a cell that may be asked for, metres.
const SIDES: [i32; 4] = [100, 250, 500, 1000];
/// Cells listed as a table.
const LISTED: usize = 15;

/// What was reported in a square.
#[derive(FromRow)]
struct Cell {
    x: i32,
    y: i32,
    reports: i64,
    pending: i64,
    about: Option<String>,
}

/// How long it takes, for a category: medians, in minutes.
#[derive(FromRow)]
struct Times {
    category: String,
    reports: i64,
    pending: i64,
    to_answer: Option<f64>,
    to_close: Option<f64>,
}

/// `GET /reports/times`: how long answers take, and where most is reported, in squares of `cell` metres. Of what the reader sees.
#[utoipa::path(
    get,
    path = "/reports/times",
    tag = "reports",
    params(("cell" = Option<String>, Query, description = "Metres"), ("category" = Option<String>, Query, description = "A category"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "`times` and `cells`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, request: Request) -> Result<Response, Problem> {
    request.only(&["cell", "category"])?;
    let side = match request.params.get("cell") {
        None => 250,
        Some(text) => text
            .parse()
            .ok()
            .filter(|side| SIDES.contains(side))
            .ok_or_else(|| Problem::invalid_parameter("cell", "`cell` is no side of a square", SIDES.to_vec()))?,
    };
    let category = request.params.get("category").filter(|code| !code.is_empty());
    let failed = |e| Problem::database("times of reports", &e);
    let layer = desk.layer(&request.who)?;
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let categories = category::all(&mut session).await?;
    let cells = cells(&mut session, &layer, &request.who, side, category).await.map_err(failed)?;
    let times = times(&mut session, &layer, &request.who).await.map_err(failed)?;
    drop(session);
    if request.format == Format::Html {
        return Ok(page(&desk, &request, side, &cells, &times, &categories));
    }
    let cells: Vec<_> = cells
        .iter()
        .map(|c| json!({ "east": c.x * side, "north": c.y * side, "reports": c.reports, "pending": c.pending, "about": c.about }))
        .collect();
    let times: Vec<_> = times
        .iter()
        .map(|t| {
            json!({ "category": t.category, "reports": t.reports, "pending": t.pending, "median_minutes_to_answer": t.to_answer,
                    "median_minutes_to_close": t.to_close })
        })
        .collect();
    let document = json!({ "cell_m": side, "crs": layer.srid.to_string(), "cells": cells, "times": times });
    Ok(reply::json(&document, links::media::JSON, request.language))
}

async fn cells(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    side: i32,
    category: Option<&str>,
) -> Result<Vec<Cell>, sqlx::Error> {
    let sql = format!(
        "select floor(st_x(geom) / $1)::integer as x, floor(st_y(geom) / $1)::integer as y, count(*) as reports,
                count(*) filter (where state in ('received', 'open', 'assigned', 'answered')) as pending,
                mode() within group (order by address) as about
           from {}
          where ($2::text is null or category = $2) and state not in ('rejected', 'merged')
          group by 1, 2 order by reports desc, x, y limit 2000",
        layer.seen_by(who, "seen")
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(side).bind(category).fetch_all(conn).await
}

async fn times(conn: &mut PgConnection, layer: &Layer, who: &Principal) -> Result<Vec<Times>, sqlx::Error> {
    let median = |until: &str| {
        format!(
            "(percentile_cont(0.5) within group (order by extract(epoch from {until} - received_at)::float8 / 60) filter (where {until} is not null))"
        )
    };
    let sql = format!(
        "select category, count(*) as reports, count(*) filter (where state in ('received', 'open', 'assigned', 'answered')) as pending,
                {} as to_answer, {} as to_close
           from {} where state not in ('rejected', 'merged') group by category order by reports desc, category",
        median("answered_at"),
        median("closed_at"),
        layer.seen_by(who, "seen")
    );
    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await
}

fn page(desk: &Desk, request: &Request, side: i32, cells: &[Cell], times: &[Times], categories: &[Category]) -> Response {
    let l = request.language;
    let chosen = request.params.get("category");
    let content = html! {
        h2 { (say(l, "Quanto ci vuole", "How long it takes")) }
        (medians(l, times, categories))
        h2 { (say(l, "Dove si segnala di più", "Where most is reported")) }
        form.card.filters method="get" action=(request.relative("/reports/times")) {
            p.field { label for="category" { (say(l, "Categoria", "Category")) } select id="category" name="category" {
                option value="" { (say(l, "tutte", "all")) }
                @for c in categories { option value=(c.code) selected[chosen == Some(c.code.as_str())] { (c.label(l)) } } } }
            p.field { label for="cell" { (say(l, "Lato del quadrato", "Side of the square")) } select id="cell" name="cell" {
                @for s in SIDES { option value=(s) selected[s == side] { (s) " m" } } } }
            p.field { button { (say(l, "Mostra", "Show")) } }
        }
        @if cells.is_empty() { p.note { (say(l, "Nessuna segnalazione.", "No report.")) } } @else {
            (PreEscaped(drawing(cells, l)))
            (squares(l, cells))
        }
    };
    let trail = vec![(request.relative("/reports/"), say(l, "Segnalazioni", "Reports").to_owned())];
    Page { title: say(l, "Tempi e mappa di calore", "Times and heat map"), trail, map: false }.render(
        &desk.services.context,
        request,
        &content,
    )
}

fn medians(l: Language, times: &[Times], categories: &[Category]) -> Markup {
    let time = |minutes: Option<f64>| minutes.map_or_else(|| "–".to_owned(), |m| crate::record::span(m.round() as i64, l));
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Tempi per categoria", "Times by category")) { table {
            thead { tr { th scope="col" { (say(l, "Categoria", "Category")) } th.number scope="col" { (say(l, "Segnalazioni", "Reports")) }
                th.number scope="col" { (say(l, "Da risolvere", "To be solved")) } th.number scope="col" { (say(l, "Prima risposta (mediana)", "First answer (median)")) }
                th.number scope="col" { (say(l, "Chiusura (mediana)", "Closing (median)")) } } }
            tbody { @for t in times { tr {
                th scope="row" { (category::name(categories, &t.category, l)) } td.number { (t.reports) } td.number { (t.pending) }
                td.number { (time(t.to_answer)) } td.number { (time(t.to_close)) }
            } } }
        } }
    }
}

/// The table twin of the drawing.
fn squares(l: Language, cells: &[Cell]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Luoghi con più segnalazioni", "Places with most reports")) { table {
            thead { tr { th scope="col" { (say(l, "Intorno a", "About")) } th.number scope="col" { (say(l, "Segnalazioni", "Reports")) } th.number scope="col" { (say(l, "Da risolvere", "To be solved")) } } }
            tbody { @for c in cells.iter().take(LISTED) { tr { th scope="row" { (c.about.as_deref().unwrap_or("–")) } td.number { (c.reports) } td.number { (c.pending) } } } }
        } }
    }
}

/// Squares, the darker the more; north is up.
fn drawing(cells: &[Cell], l: Language) -> String {
    let (mut west, mut east, mut south, mut north) = (i32::MAX, i32::MIN, i32::MAX, i32::MIN);
    for c in cells {
        (west, east, south, north) = (west.min(c.x), east.max(c.x), south.min(c.y), north.max(c.y));
    }
    let most = cells.iter().map(|c| c.reports).max().unwrap_or(1).max(1);
    let label = say(l, "Segnalazioni per quadrato, il nord in alto", "Reports by square, north is up");
    let mut svg = format!(
        "<svg class=\"chart heat\" viewBox=\"-0.5 -0.5 {} {}\" role=\"img\" aria-label=\"{label}\">",
        east - west + 2,
        north - south + 2
    );
    for c in cells {
        let shade = 1 + (4 * (c.reports - 1) / most).clamp(0, 4);
        let (x, y) = (c.x - west, north - c.y);
        // numbers alone: nothing of a citizen's stands in the drawing
        let _ = write!(
            svg,
            "<rect class=\"heat{shade}\" x=\"{x}\" y=\"{y}\" width=\"0.96\" height=\"0.96\"><title>{}</title></rect>",
            c.reports
        );
    }
    svg.push_str("</svg>");
    svg
}
