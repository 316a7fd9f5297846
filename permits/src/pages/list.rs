use axum::extract::State;
use axum::response::Response;
use chrono::{Days, NaiveDate};
use http::HeaderMap;
use kernel::{Bbox, Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::links::{self, Link, encode, media};
use operations::{Format, Page, Request, csv, map_where, reply, say};
use serde_json::{Value, json};

use super::{codes, day, days, select, state, whole, word};
use crate::layers::PERMITS;
use crate::list::{Asked, Line, Lines, PARAMETERS, Tally};
use crate::record;

/// `GET /permits/`: the work list, as a page, as JSON, as CSV.
#[utoipa::path(
    get,
    path = "/permits/",
    tag = "permits",
    params(("state" = Option<String>, Query, description = "One of the states"), ("kind" = Option<String>, Query, description = "One of the kinds"), ("comune" = Option<String>, Query, description = "ISTAT code, six digits"), ("due" = Option<String>, Query, description = "`late`, `7`, `30` (days) or `paused`"), ("q" = Option<String>, Query, description = "A text"), ("sort" = Option<String>, Query, description = "`due`, `-filed` or `filed`"), ("after" = Option<String>, Query, description = "What `next` of the page before says"), ("limit" = Option<String>, Query, description = "10,000 at most"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "`permits` and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&PARAMETERS)?;
    let layer = operations::layer(&services, &request.who, PERMITS)?;
    let mut asked = Asked::read(&request.params, &request.who)?;
    if request.csv {
        asked = asked.table(&request.params);
    }
    let context = &services.context;
    let failed = |e| Problem::database("reading the list of applications", &e);
    let today = record::today(context.clock.now());
    let mut session = context.database.snapshot(&request.who).await.map_err(failed)?;
    let lines = asked.read_lines(&mut session, &layer, &request.who, today).await.map_err(failed)?;
    let (mut tally, mut comuni) = (Tally::default(), Vec::new());
    if request.format == Format::Html {
        tally = Tally::of(&mut session, &layer, &request.who, today).await.map_err(failed)?;
        let names = sqlx::query_as("select istat, name from territory.v_comuni order by name, istat");
        comuni = names.fetch_all(&mut *session).await.map_err(failed)?;
    }
    drop(session);
    let next = lines.next.as_ref().map(|after| with(&request, &[("after", Some(after))]));
    let mut response = if request.csv {
        csv::file("permits.csv", table(&lines.rows))
    } else if request.format == Format::Json {
        document(&services, &request, &lines.rows, next.as_deref())
    } else {
        return Ok(page(&services, &request, &layer, &View { asked: &asked, lines: &lines, comuni, tally, today, next }));
    };
    let headers: &mut HeaderMap = response.headers_mut();
    if request.csv {
        reply::write_common(request.language, headers);
    }
    if let Some(next) = next {
        let href = context.public_url.link(&format!("/permits/{next}"));
        links::write_headers(&[Link::new(href, "next", if request.csv { "text/csv" } else { media::JSON }, "")], headers);
    }
    Ok(response)
}

/// This list's query with some parameters replaced, or left out; the page begins anew.
fn with(request: &Request, changed: &[(&str, Option<&str>)]) -> String {
    let kept = request
        .params
        .iter()
        .filter(|(name, value)| !value.is_empty() && *name != "after" && !changed.iter().any(|(changed, _)| changed == name));
    let query = links::query(kept.chain(changed.iter().filter_map(|(name, value)| Some((*name, (*value)?)))));
    if query.is_empty() { "./".to_owned() } else { query }
}

fn document(services: &Services, request: &Request, rows: &[Line], next: Option<&str>) -> Response {
    let url = &services.context.public_url;
    let rows: Vec<Value> = rows
        .iter()
        .map(|line| {
            json!({
                "id": line.id, "comune": line.comune, "protocol": line.protocol, "kind": line.kind, "state": line.state, "filed_on": line.filed_on,
                "address": line.address, "due_on": line.due_on, "paused_since": line.paused_since, "silence": line.silence,
                "decided_on": line.decided_on, "started_on": line.started_on, "ended_on": line.ended_on,
                "bbox": [line.west, line.south, line.east, line.north], "href": url.link(&format!("/permits/{}", encode(&line.id))),
            })
        })
        .collect();
    let next = next.map(|next| url.link(&format!("/permits/{next}")));
    reply::json(&json!({ "permits": rows, "next": next }), media::JSON, request.language)
}

fn table(rows: &[Line]) -> String {
    let columns = [
        "id",
        "comune",
        "protocol",
        "kind",
        "state",
        "filed_on",
        "address",
        "due_on",
        "paused_since",
        "silence",
        "decided_on",
        "started_on",
        "ended_on",
    ];
    let date = |date: Option<NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    let mut content = csv::row(columns);
    for line in rows {
        let dates = [line.due_on, line.paused_since, line.decided_on, line.started_on, line.ended_on].map(date);
        let [due, paused, decided, started, ended] = &dates;
        let filed = line.filed_on.to_string();
        let address = line.address.as_deref().unwrap_or_default();
        content += &csv::row([
            &*line.id,
            &line.comune,
            &line.protocol,
            &line.kind,
            &line.state,
            &filed,
            address,
            due,
            paused,
            &line.silence,
            decided,
            started,
            ended,
        ]);
    }
    content
}

struct View<'a> {
    asked: &'a Asked,
    lines: &'a Lines,
    /// ISTAT code and name.
    comuni: Vec<(String, String)>,
    tally: Tally,
    today: NaiveDate,
    next: Option<String>,
}

fn page(services: &Services, request: &Request, layer: &Layer, view: &View<'_>) -> Response {
    let l = request.language;
    let boxes = view.lines.rows.iter().filter_map(|line| Bbox::new(line.west, line.south, line.east, line.north).ok());
    let around = boxes.reduce(Bbox::union).unwrap_or(services.context.installation.bbox);
    let content = html! {
        (dues(request, view, l))
        (map_where(layer, around, &drawn(view), l))
        (filters(layer, view, l))
        p.actions {
            @if request.who.may_edit(layer) { a.button href="new" { (say(l, "Nuova pratica", "New application")) } }
            a href=(with(request, &[("f", Some("csv"))])) { (say(l, "Questo elenco in CSV", "This list as CSV")) }
            a href="rules" { (say(l, "Regole dei termini", "Rules of the term")) }
        }
        @if view.lines.rows.is_empty() {
            p.note role="status" { (say(l, "Nessuna pratica corrisponde. Si può togliere un filtro.", "No application matches. Remove a filter.")) }
        } @else {
            (rows(request, layer, view, l))
            nav.pages aria-label=(say(l, "Pagine", "Pages")) {
                @if let Some(next) = &view.next { a.button rel="next" href=(next) { (say(l, "Successive", "Next")) " ›" } }
            }
        }
    };
    let page = Page { title: say(l, "Pratiche edilizie", "Building applications"), trail: Vec::new(), map: true };
    page.render(&services.context, request, &content)
}

/// The rows of this list on the map, whatever the page; a text is not looked for there.
fn drawn(view: &View<'_>) -> Value {
    let asked = view.asked;
    let mut all = vec![json!("all")];
    for (column, value) in [("state", asked.state), ("kind", asked.kind), ("comune", asked.comune.as_deref())] {
        all.extend(value.map(|value| json!(["==", ["get", column], value])));
    }
    let due = |sign: &str, days: u64| json!([sign, ["coalesce", ["get", "due_on"], "9999"], day_after(view.today, days)]);
    match asked.due {
        Some("late") => all.push(due("<", 0)),
        Some("paused") => all.push(json!(["has", "paused_since"])),
        Some(days) => all.extend([due(">=", 0), due("<=", if days == "7" { 7 } else { 30 })]),
        None => {}
    }
    Value::Array(all)
}

fn day_after(day: NaiveDate, days: u64) -> String {
    day.checked_add_days(Days::new(days)).unwrap_or(day).to_string()
}

/// What is due, with how many, each a filter of this list.
fn dues(request: &Request, view: &View<'_>, l: Language) -> Markup {
    let tally = view.tally;
    let all = [
        (None, say(l, "Tutte", "All"), None),
        (Some("late"), say(l, "Scadute", "Late"), Some(tally.late)),
        (Some("7"), say(l, "Entro 7 giorni", "Within 7 days"), Some(tally.week)),
        (Some("30"), say(l, "Entro 30 giorni", "Within 30 days"), Some(tally.month)),
        (Some("paused"), say(l, "Sospese", "Paused"), Some(tally.paused)),
    ];
    html! {
        nav.pages.wrap aria-label=(say(l, "Scadenze", "What is due")) {
            @for (due, text, count) in all {
                @let current = (view.asked.due == due).then_some("page");
                a.tab aria-current=[current] href=(with(request, &[("due", due)])) { (text) @if let Some(count) = count { " (" (operations::value::grouped(count, l)) ")" } }
            }
        }
    }
}

fn filters(layer: &Layer, view: &View<'_>, l: Language) -> Markup {
    let (all, asked) = (say(l, "Tutti", "All"), view.asked);
    let comuni: Vec<(&str, String)> = view.comuni.iter().map(|(istat, name)| (&**istat, name.clone())).collect();
    let sorts = [
        ("due", say(l, "Scadenza", "Due day").to_owned()),
        ("-filed", say(l, "Più recenti", "Newest").to_owned()),
        ("filed", say(l, "Più vecchie", "Oldest").to_owned()),
    ];
    html! {
        form.card.filters method="get" role="search" {
            @if let Some(due) = asked.due { input type="hidden" name="due" value=(due); }
            (operations::field("q", say(l, "Protocollo o indirizzo", "Protocol or address"), asked.q.as_deref(), None, &[("type", "search"), ("maxlength", "100")]))
            (select("state", say(l, "Stato", "State"), &codes(layer, "state", l), asked.state, Some(all)))
            (select("kind", say(l, "Tipo", "Kind"), &codes(layer, "kind", l), asked.kind, Some(all)))
            @if comuni.len() > 1 { (select("comune", "Comune", &comuni, asked.comune.as_deref(), Some(all))) }
            (select("sort", say(l, "Ordine", "Order"), &sorts, Some(asked.sort), None))
            p.field { button type="submit" { (say(l, "Filtra", "Filter")) } }
        }
    }
}

fn rows(request: &Request, layer: &Layer, view: &View<'_>, l: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Elenco", "List")) { table {
            thead { tr {
                th scope="col" { (say(l, "Protocollo", "Protocol")) } th scope="col" { (say(l, "Stato", "State")) } th scope="col" { (say(l, "Scadenza", "Due")) }
                th scope="col" { (say(l, "Tipo", "Kind")) } th scope="col" { (say(l, "Indirizzo", "Address")) } th scope="col" { (say(l, "Presentata", "Filed")) }
                th scope="col" { "Comune" }
            } }
            tbody { @for line in &view.lines.rows { tr {
                th scope="row" { a href=(request.relative(&format!("/permits/{}", encode(&line.id)))) { (line.protocol) } }
                td { (state(layer, &line.state, l)) }
                td { (due(line, view.today, l)) }
                td { (word(layer, "kind", &line.kind, l)) }
                td { (line.address.as_deref().unwrap_or("–")) }
                td { (whole(line.filed_on, l)) }
                td { (view.comuni.iter().find(|(istat, _)| *istat == line.comune).map_or(&*line.comune, |(_, name)| name)) }
            } } }
        } }
    }
}

fn due(line: &Line, today: NaiveDate, l: Language) -> Markup {
    html! {
        @match (line.due_on, line.paused_since) {
            (Some(due), _) if due < today => { (whole(due, l)) " " span.state.late { (days((today - due).num_days(), l)) } },
            (Some(due), _) => { (whole(due, l)) " (" (days((due - today).num_days(), l)) ")" },
            (None, Some(since)) => { (say(l, "sospesa dal ", "paused since ")) (day(since, l)) },
            (None, None) => "–",
        }
    }
}
