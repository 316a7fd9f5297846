use attachments::Files;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::{Format, Page, Request, absent, field, hidden, map, say};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{Dataset, Standing, find, versions};
use crate::shown;

/// As many rows are shown; the rest is in the collection.
const SHOWN: i64 = 50;

/// A row of the version: its id and what it says.
type Zone = (String, serde_json::Value);

/// What the page shows.
struct View {
    layer: std::sync::Arc<Layer>,
    zones: std::sync::Arc<Layer>,
    dataset: Dataset,
    history: Vec<Dataset>,
    rows: Vec<Zone>,
    extent: Option<[f64; 4]>,
    now: DateTime<Utc>,
    files: Files,
}

/// `GET /environment/datasets/{id}`: one version, the history of its series, what it holds.
#[utoipa::path(
    get,
    path = "/environment/datasets/{id}",
    tag = "environment",
    params(("id" = String, Path, description = "The version"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let failed = |e| Problem::database("dataset", &e);
    let layer = operations::layer(&services, &request.who, "datasets")?;
    let mut session = services.context.database.snapshot(&request.who).await.map_err(failed)?;
    let dataset = find(&mut session, &layer, &request.who, &id).await.map_err(failed)?.ok_or_else(|| absent(&layer, &id))?;
    let history = versions(&mut session, &layer, &request.who, &dataset.series).await.map_err(failed)?;
    let zones = operations::layer(&services, &request.who, dataset.kind().layer())?;
    let sql = format!(
        "select id, {} from {} where dataset = $1 order by fid limit {SHOWN}",
        dataset.kind().told(),
        zones.seen_by(&request.who, "seen")
    );
    let rows: Vec<Zone> = sqlx::query_as(AssertSqlSafe(sql)).bind(&dataset.id).fetch_all(&mut *session).await.map_err(failed)?;
    let extent: Option<(f64, f64, f64, f64)> = sqlx::query_as(
        "select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b)
           from (select st_transform(st_envelope(geom), 4326) as b from environment.datasets where fid = $1) t",
    )
    .bind(dataset.fid)
    .fetch_optional(&mut *session)
    .await
    .map_err(failed)?;
    let files = Files::of(&mut session, &layer, &request.who, &dataset.id).await.map_err(failed)?;
    drop(session);
    let now = services.context.clock.now();
    let tag = dataset.tag();
    let view = View { layer, zones, dataset, history, rows, extent: extent.map(|(w, s, e, n)| [w, s, e, n]), now, files };
    let response = match request.format {
        Format::Json => document(&services, &request, &view),
        Format::Html => page(&services, &request, &view),
    };
    Ok(shown::tagged(&tag, response))
}

fn document(services: &Services, request: &Request, view: &View) -> Response {
    let mut document = view.dataset.document(view.now);
    document["history"] = view.history.iter().map(|d| d.document(view.now)).collect();
    let items = format!("/collections/{}/items?dataset={}", view.zones.id, view.dataset.id);
    document["items"] = services.context.public_url.link(&items).into();
    document["zones"] = view.rows.iter().map(|(id, said)| json!({ "id": id, "says": said })).collect();
    document["attachments"] = view.files.path().map(|path| services.context.public_url.link(path)).into();
    shown::json(request, &document)
}

fn page(services: &Services, request: &Request, view: &View) -> Response {
    let (l, d) = (request.language, &view.dataset);
    let bbox = view.extent.and_then(|[w, s, e, n]| kernel::Bbox::new(w, s, e, n).ok());
    let standing = d.standing(view.now);
    let content = html! {
        p role="status" { (standing.shown(l)) " " (when(d, standing, l)) }
        (map(&view.layer, bbox, Some(&d.id), l))
        div.columns {
            dl {
                dt { (say(l, "Tema", "Theme")) } dd { (d.kind().title(l)) " · " (d.kind().law().get(l)) }
                dt { (say(l, "Fonte", "Source")) } dd { (d.source) @if let Some(date) = d.source_date { ", " (shown::day(date, l)) } }
                dt { (say(l, "Licenza", "Licence")) } dd { (d.licence) }
                dt { "Comune" } dd { (d.comune) }
                dt { (say(l, "Elementi", "Features")) } dd { (d.features) }
                @if let Some(author) = &d.author { dt { (say(l, "Caricato da", "Uploaded by")) } dd { (author) } }
                @if let Some(reason) = &d.withdrawn_because { dt { (say(l, "Ritirata perché", "Withdrawn because")) } dd { (reason) } }
            }
            @if request.who.may_edit(&view.layer) && operations_of(request, d) { (forms(request, d, standing, view.now)) }
        }
        h2 { (say(l, "Storia delle versioni", "History of versions")) }
        (history(request, view))
        h2 { (say(l, "Che cosa contiene", "What it holds")) }
        (rows(request, view))
        (view.files.section(request))
    };
    let title = format!("{}, {} {}", d.title, say(l, "versione", "version"), d.number);
    let trail = vec![(request.relative("/environment/datasets/"), say(l, "Rilievi ambientali", "Environmental surveys").to_owned())];
    Page { title: &title, trail, map: true }.render(&services.context, request, &content)
}

fn when(d: &Dataset, standing: Standing, l: Language) -> String {
    let day = |at: Option<DateTime<Utc>>| at.map(|at| shown::instant(at, l)).unwrap_or_default();
    let end = d.ends.map(|at| shown::last_day(at, l)).unwrap_or_default();
    match (standing, l) {
        (Standing::Draft, Language::It) => "la vede solo il comune".to_owned(),
        (Standing::Draft, Language::En) => "seen by its comune alone".to_owned(),
        (Standing::Scheduled, Language::It) => format!("dal {}", day(d.begins)),
        (Standing::Scheduled, Language::En) => format!("from {}", day(d.begins)),
        (_, Language::It) if d.ends.is_some() => format!("dal {} al {end}", day(d.begins)),
        (_, Language::En) if d.ends.is_some() => format!("from {} to {end}", day(d.begins)),
        (_, Language::It) if d.begins.is_some() => format!("dal {}", day(d.begins)),
        (_, Language::En) if d.begins.is_some() => format!("since {}", day(d.begins)),
        _ => String::new(),
    }
}

/// Whether it is of a comune that they work for.
fn operations_of(request: &Request, d: &Dataset) -> bool {
    request.who.comuni().contains(&d.comune)
}

fn forms(request: &Request, d: &Dataset, standing: Standing, now: DateTime<Utc>) -> Markup {
    let l = request.language;
    let url = |what: &str| request.relative(&format!("{}/{what}", d.path()));
    html! {
        section.card {
            @if standing == Standing::Draft {
                h2 { (say(l, "Mettila in vigore", "Put it in force")) }
                form method="post" action=(url("in-force")) {
                    (hidden(Some(&d.tag())))
                    (field("from", say(l, "Dal giorno", "From the day"), Some(&shown::day_of(now).to_string()), Some(say(l, "dalla mezzanotte; la versione precedente finisce allora", "from midnight; the version before it ends then")), &[("type", "date"), ("required", "")]))
                    p.actions { button.primary type="submit" { (say(l, "Metti in vigore", "Put in force")) } }
                }
            }
            @if matches!(standing, Standing::Draft | Standing::Scheduled | Standing::InForce) {
                h2 { (say(l, "Ritirala", "Withdraw it")) }
                @if standing == Standing::InForce {
                    p.note { (say(l,
                        "Da quel momento il posto risulta non rilevato, finché un'altra versione non entra in vigore: quella di prima non torna da sola. Anche da oggi si può mettere in vigore una bozza corretta.",
                        "From then on the place counts as not surveyed, until another version is put in force: the one before does not come back by itself. A corrected draft can be put in force from today.")) }
                }
                form method="post" action=(url("withdraw")) {
                    (hidden(Some(&d.tag())))
                    (field("reason", say(l, "Motivo", "Reason"), None, None, &[("required", ""), ("maxlength", "500")]))
                    p.actions { button type="submit" { (say(l, "Ritira", "Withdraw")) } }
                }
            } @else {
                p { (say(l, "Non c'è più nulla da fare: resta nella storia.", "There is nothing left to do: it stays in the history.")) }
            }
        }
    }
}

fn history(request: &Request, view: &View) -> Markup {
    let l = request.language;
    html! {
        ol.timeline {
            @for d in &view.history {
                @let standing = d.standing(view.now);
                li.future[standing != Standing::InForce] {
                    time { (when(d, standing, l)) }
                    @if d.id == view.dataset.id { strong { (d.title) ", " (say(l, "versione", "version")) " " (d.number) } }
                    @else { a href=(request.relative(&d.path())) { (d.title) ", " (say(l, "versione", "version")) " " (d.number) } }
                    " " (standing.shown(l)) " " (d.source)
                }
            }
        }
    }
}

fn rows(request: &Request, view: &View) -> Markup {
    let l = request.language;
    let Some((_, first)) = view.rows.first() else {
        return html! { p.note { (say(l, "Non ha elementi.", "It has no features.")) } };
    };
    // in the layer's own order, which people know from its cards
    let names: Vec<&str> = view.zones.fields.iter().map(|f| f.name.as_str()).filter(|name| first.get(name).is_some()).collect();
    let head: Vec<&str> = std::iter::once("id").chain(names.iter().map(|name| shown::label(&view.zones, name, l))).collect();
    let body = html! {
        @for (id, said) in &view.rows {
            tr { th scope="row" { (id) } @for name in &names { td { (shown::value(&view.zones, name, &said[name], l)) } } }
        }
    };
    let all =
        request.relative(&format!("/collections/{}/items?dataset={}&f=html", view.zones.id, operations::links::encode(&view.dataset.id)));
    html! {
        (shown::table(say(l, "Elementi", "Features"), &head, &body))
        p { a href=(all) { (say(l, "Tutti gli elementi validi ora", "All features valid now")) } }
    }
}
