use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Comuni, Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::{Format, Page, Request, csv, field, hidden, links, map, say};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::{Dataset, Standing, may_edit};
use crate::kind::Kind;
use crate::shown;

/// A page has so many.
const ON_A_PAGE: usize = 50;
/// A table for a spreadsheet has at most so many.
const IN_A_FILE: usize = 10_000;

/// What is asked for.
struct Asked {
    kind: Option<Kind>,
    standing: Option<Standing>,
    comune: Option<String>,
    before: Option<i64>,
}

/// `GET /environment/datasets/`: versions of datasets, the newest first, by `kind`, `state`, `comune`; `f=csv`.
#[utoipa::path(
    get,
    path = "/environment/datasets/",
    tag = "environment",
    params(("kind" = Option<String>, Query, description = "The theme of the survey"), ("state" = Option<String>, Query, description = "What it stands at"), ("comune" = Option<String>, Query, description = "ISTAT code, six digits"), ("cursor" = Option<String>, Query, description = "What `next` of the page before says"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "`datasets` and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    let asked = read(&request)?;
    let layer = operations::layer(&services, &request.who, "datasets")?;
    let now = services.context.clock.now();
    let most = if request.csv { IN_A_FILE } else { ON_A_PAGE };
    let mut found = select(&services, &request, &layer, &asked, now, most + 1).await?;
    let more = found.len() > most;
    found.truncate(most);
    if request.csv {
        return Ok(csv::file("datasets.csv", file(&found, &layer, now, request.language)));
    }
    let last = found.last().filter(|_| more).map(|dataset| dataset.fid.to_string());
    let next = last.map(|cursor| {
        let kept = request.params.iter().filter(|(name, _)| *name != "cursor");
        links::query(kept.chain([("cursor", cursor.as_str())]))
    });
    if request.format == Format::Json {
        let link = next.map(|query| services.context.public_url.link(&format!("/environment/datasets/{query}")));
        let all: Vec<Value> = found.iter().map(|dataset| dataset.document(now)).collect();
        return Ok(shown::json(&request, &json!({ "datasets": all, "next": link })));
    }
    let comuni = comuni(&services, &request).await?;
    Ok(page(&services, &request, &layer, &asked, (&found, next.as_deref(), &comuni)))
}

fn read(request: &Request) -> Result<Asked, Problem> {
    request.only_of_list(&["kind", "state", "comune", "cursor"])?;
    let given = |name: &str| request.params.get(name).filter(|value| !value.is_empty());
    let wrong = |name: &str, allowed: &[&str]| Problem::invalid_parameter(name, format!("`{name}` has no such value"), allowed.to_vec());
    let kind = given("kind").map(|name| Kind::parse(name).ok_or_else(|| wrong("kind", &Kind::NAMES))).transpose()?;
    let standing = given("state")
        .map(|name| Standing::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| wrong("state", &Standing::NAMES)))
        .transpose()?;
    let before = given("cursor").map(|text| text.parse().map_err(|_| wrong("cursor", &["that of the link `next`"]))).transpose()?;
    Ok(Asked { kind, standing, comune: given("comune").map(str::to_owned), before })
}

async fn select(
    services: &Services,
    request: &Request,
    layer: &Layer,
    asked: &Asked,
    now: DateTime<Utc>,
    most: usize,
) -> Result<Vec<Dataset>, Problem> {
    let failed = |e| Problem::database("list of datasets", &e);
    let mut sql = QueryBuilder::new(format!("select {} from {} where true", Dataset::COLUMNS, layer.seen_by(&request.who, "seen")));
    if let Some(kind) = asked.kind {
        sql.push(" and kind = ").push_bind(kind.name());
    }
    if let Some(comune) = &asked.comune {
        sql.push(" and comune = ").push_bind(comune.replace('\0', ""));
    }
    if let Some(standing) = asked.standing {
        sql.push(" and ").push(standing.sql().replace("$now", &format!("'{}'::timestamptz", now.to_rfc3339())));
    }
    if let Some(before) = asked.before {
        sql.push(" and fid < ").push_bind(before);
    }
    sql.push(" order by fid desc limit ").push_bind(most as i64);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)
}

/// The comuni whose datasets they upload: code and name.
async fn comuni(services: &Services, request: &Request) -> Result<Vec<(String, String)>, Problem> {
    if !may_edit(services, &request.who) {
        return Ok(Vec::new());
    }
    let failed = |e| Problem::database("list of datasets", &e);
    let theirs = match request.who.comuni() {
        Comuni::All => "true".to_owned(),
        Comuni::Only(some) => {
            let codes: Vec<String> = some.iter().filter(|c| c.bytes().all(|b| b.is_ascii_digit())).map(|c| format!("'{c}'")).collect();
            if codes.is_empty() { "false".to_owned() } else { format!("istat in ({})", codes.join(", ")) }
        }
    };
    let sql = format!("select istat, name from territory.v_comuni where {theirs} order by name");
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *session).await.map_err(failed)
}

fn file(found: &[Dataset], layer: &Layer, now: DateTime<Utc>, language: Language) -> String {
    let names = ["id", "kind", "title", "number", "state", "begins", "ends", "source", "source_date", "licence", "comune", "features"];
    let heads: Vec<&str> = names.iter().map(|name| if *name == "id" { "id" } else { shown::label(layer, name, language) }).collect();
    let mut text = csv::row(heads);
    for d in found {
        let day = |at: Option<DateTime<Utc>>| at.map(|at| shown::day_of(at).to_string()).unwrap_or_default();
        let date = d.source_date.map(|date| date.to_string()).unwrap_or_default();
        let (number, features, state) = (d.number.to_string(), d.features.to_string(), d.standing(now).name());
        let (begins, ends) = (day(d.begins), day(d.ends));
        let cells = [&*d.id, &*d.kind, &*d.title, &number, state, &begins, &ends, &*d.source, &date, &*d.licence, &*d.comune, &features];
        text.push_str(&csv::row(cells));
    }
    text
}

type Listed<'a> = (&'a [Dataset], Option<&'a str>, &'a [(String, String)]);

fn page(services: &Services, request: &Request, layer: &Layer, asked: &Asked, (found, next, comuni): Listed<'_>) -> Response {
    let (l, now) = (request.language, services.context.clock.now());
    let query: Vec<(&str, &str)> = request.params.iter().filter(|(name, _)| !matches!(*name, "cursor" | "f")).collect();
    let as_csv = links::query(query.into_iter().chain([("f", "csv")]));
    let content = html! {
        p.lead { (say(l, "Che cosa è stato rilevato, da chi, su quale area e da quando vale. Dove nessun rilievo arriva, non si sa: non vuol dire che non ci sia nulla.",
            "What was surveyed, by whom, over which area and since when it holds. Where no survey reaches, nothing is known: that does not mean that there is nothing.")) }
        (links_of(request))
        (map(layer, Some(services.context.installation.bbox), None, l))
        (filters(l, asked))
        @if found.is_empty() {
            p.note { (say(l, "Nessuna versione corrisponde. Si può togliere un filtro.", "No version matches. Remove a filter.")) }
        } @else {
            (table(request, found, now))
            (shown::next(l, next))
            p { a href=(as_csv) { "CSV" } }
        }
        @if !comuni.is_empty() { (form(request, comuni, found)) }
    };
    let page = Page { title: say(l, "Rilievi ambientali", "Environmental surveys"), trail: Vec::new(), map: true };
    page.render(&services.context, request, &content)
}

/// The theme's other pages.
fn links_of(request: &Request) -> Markup {
    let l = request.language;
    html! {
        p.actions {
            a href=(request.relative("/environment/at")) { (say(l, "Che cosa vale qui?", "What applies here?")) }
            a href=(request.relative("/environment/alerts")) { (say(l, "Allerta", "Alerts")) }
            a href=(request.relative("/environment/burnt-areas/")) { (say(l, "Aree percorse dal fuoco", "Burnt areas")) }
            a href=(request.relative("/environment/trees/")) { (say(l, "Alberi", "Trees")) }
        }
    }
}

fn filters(l: Language, asked: &Asked) -> Markup {
    let all = || (String::new(), say(l, "tutti", "all").to_owned());
    let kinds: Vec<(String, String)> =
        std::iter::once(all()).chain(Kind::ALL.map(|k| (k.name().to_owned(), k.title(l).to_owned()))).collect();
    let states: Vec<(String, String)> =
        std::iter::once(all()).chain(Standing::ALL.map(|s| (s.name().to_owned(), s.word(l).to_owned()))).collect();
    html! {
        form.card.filters method="get" {
            (shown::select("kind", say(l, "Tema", "Theme"), &kinds, asked.kind.map(Kind::name)))
            (shown::select("state", say(l, "Stato", "State"), &states, asked.standing.map(Standing::name)))
            p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
        }
    }
}

fn table(request: &Request, found: &[Dataset], now: DateTime<Utc>) -> Markup {
    let l = request.language;
    let body = html! {
        @for d in found {
            tr {
                th scope="row" { a href=(request.relative(&d.path())) { (d.title) } " " (say(l, "v.", "v.")) (d.number) }
                td { (d.kind().title(l)) }
                td { (d.standing(now).shown(l)) }
                td { @match d.begins { Some(at) => { (shown::instant(at, l)) } None => { "–" } } }
                td { @match d.ends { Some(at) => { (shown::last_day(at, l)) } None => { "–" } } }
                td { (d.source) }
                td { (d.comune) }
            }
        }
    };
    let head = [
        say(l, "Versione", "Version"),
        say(l, "Tema", "Theme"),
        say(l, "Stato", "State"),
        say(l, "Dal", "From"),
        say(l, "Al", "To"),
        say(l, "Fonte", "Source"),
        "Comune",
    ];
    shown::table(say(l, "Versioni", "Versions"), &head, &body)
}

/// Uploads a draft.
fn form(request: &Request, comuni: &[(String, String)], found: &[Dataset]) -> Markup {
    let l = request.language;
    let kinds: Vec<(String, String)> = Kind::ALL.map(|k| (k.name().to_owned(), k.title(l).to_owned())).to_vec();
    let series = found.iter().filter(|d| d.state == "published").map(|d| (d.id.clone(), format!("{} v.{} ({})", d.title, d.number, d.id)));
    let series: Vec<(String, String)> =
        std::iter::once((String::new(), say(l, "nessuna: è una serie nuova", "none: a new series").to_owned())).chain(series).collect();
    let required = &[("required", ""), ("maxlength", "200")][..];
    html! {
        section.card {
            h2 id="upload" { (say(l, "Carica una versione", "Upload a version")) }
            p { (say(l, "Diventa una bozza: la vede solo il comune, finché non viene messa in vigore.", "It becomes a draft: only the comune sees it until it is put in force.")) }
            form method="post" enctype="multipart/form-data" {
                (hidden(None))
                div.columns {
                    div {
                        (shown::select("kind", say(l, "Tema", "Theme"), &kinds, None))
                        (shown::select("comune", "Comune", comuni, None))
                        (field("title", say(l, "Titolo", "Title"), None, None, required))
                        (shown::select("replaces", say(l, "Prende il posto di", "Takes the place of"), &series, None))
                    }
                    div {
                        (field("source", say(l, "Fonte", "Source"), None, Some(say(l, "ente e atto, come «Autorità di bacino, delibera 3/2026»", "authority and act")), required))
                        (field("source_date", say(l, "Data della fonte", "Date of the source"), None, None, &[("type", "date")]))
                        (field("licence", say(l, "Licenza", "Licence"), Some("CC-BY-4.0"), None, &[("required", ""), ("maxlength", "100")]))
                    }
                }
                (field("features", say(l, "Elementi: file GeoJSON", "Features: GeoJSON file"), None, Some(say(l, "longitudine e latitudine; con la classe nelle proprietà (class, burnt_on, quality, fraction, zone)", "longitude and latitude; the class in the properties (class, burnt_on, quality, fraction, zone)")), &[("type", "file"), ("required", "")]))
                (field("coverage", say(l, "Area rilevata: file GeoJSON", "Area surveyed: GeoJSON file"), None, Some(say(l, "un poligono; senza, è tutto il comune", "a polygon; without it, the whole comune")), &[("type", "file")]))
                p.actions { button.primary type="submit" { (say(l, "Carica la bozza", "Upload the draft")) } }
            }
        }
    }
}
