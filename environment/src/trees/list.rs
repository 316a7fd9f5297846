use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{Days, NaiveDate};
use kernel::{Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::{Format, Page, Request, csv, field, links, map, say};
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};

use super::page::due_by;
use super::{Tree, risk};
use crate::shown;

const ON_A_PAGE: usize = 50;
const IN_A_FILE: usize = 50_000;
/// The values of `due`: how many days from now at most; overdue is none.
const DUE: [(&str, Option<u64>); 4] = [("overdue", Some(0)), ("30", Some(30)), ("90", Some(90)), ("all", None)];

/// A line of the list. Only the comune's own people have what comes after the species.
#[derive(Debug, FromRow)]
struct Line {
    id: String,
    comune: String,
    species: String,
    site: Option<String>,
    height_m: Option<f64>,
    #[sqlx(default)]
    fid: Option<i64>,
    #[sqlx(default)]
    risk: Option<String>,
    #[sqlx(default)]
    inspected: Option<NaiveDate>,
    #[sqlx(default)]
    next_due: Option<NaiveDate>,
}

/// What is asked for.
struct Asked {
    due: Option<(&'static str, Option<u64>)>,
    species: Option<String>,
    after: Option<String>,
}

/// `GET /environment/trees/`: the trees, by `species`; for the comune's own people `due=overdue|30|90|all`, those whose next inspection is due,
/// the most urgent first; `f=csv`.
#[utoipa::path(
    get,
    path = "/environment/trees/",
    tag = "environment",
    params(("species" = Option<String>, Query, description = "A species"), ("due" = Option<String>, Query, description = "`overdue`, `30`, `90` or `all`"), ("cursor" = Option<String>, Query, description = "What `next` of the page before says"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "The trees and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    let layer = operations::layer(&services, &request.who, "trees")?;
    let papers = services.layers.layer(&request.who, "tree_inspections");
    let asked = read(&request, papers.is_some())?;
    let today = shown::day_of(services.context.clock.now());
    let most = if request.csv { IN_A_FILE } else { ON_A_PAGE };
    let mut found = match (&asked.due, &papers) {
        (Some(due), Some(papers)) => due_trees(&services, &request, (&layer, papers), &asked, (due.1, today, most + 1)).await?,
        _ => trees(&services, &request, &layer, &asked, most + 1).await?,
    };
    let more = found.len() > most;
    found.truncate(most);
    if request.csv {
        return Ok(csv::file("trees.csv", file(&found, asked.due.is_some(), request.language)));
    }
    let next = found.last().filter(|_| more).map(|line| {
        let cursor = match (line.next_due, line.fid) {
            (Some(due), Some(fid)) => format!("{due},{fid}"),
            _ => line.id.clone(),
        };
        let kept = request.params.iter().filter(|(name, _)| *name != "cursor");
        links::query(kept.chain([("cursor", cursor.as_str())]))
    });
    if request.format == Format::Json {
        let link = next.map(|query| services.context.public_url.link(&format!("/environment/trees/{query}")));
        let all: Vec<Value> = found.iter().map(|line| line.document(asked.due.is_some())).collect();
        return Ok(shown::json(&request, &json!({ "trees": all, "next": link })));
    }
    Ok(page(&services, &request, (&layer, papers), &asked, (&found, next.as_deref(), today)))
}

impl Line {
    fn document(&self, with_inspections: bool) -> Value {
        let mut document =
            json!({ "id": self.id, "comune": self.comune, "species": self.species, "site": self.site, "height_m": self.height_m });
        if with_inspections {
            document["risk"] = json!(self.risk);
            document["inspected"] = json!(self.inspected);
            document["next_due"] = json!(self.next_due);
        }
        document
    }
}

fn read(request: &Request, staff: bool) -> Result<Asked, Problem> {
    request.only_of_list(if staff { &["due", "species", "cursor"] } else { &["species", "cursor"] })?;
    let given = |name: &str| request.params.get(name).filter(|value| !value.is_empty());
    let due = given("due")
        .map(|text| {
            let wrong = || Problem::invalid_parameter("due", "`due` has no such value", DUE.map(|(name, _)| name).to_vec());
            DUE.into_iter().find(|(name, _)| *name == text).ok_or_else(wrong)
        })
        .transpose()?;
    Ok(Asked { due, species: given("species").map(str::to_owned), after: given("cursor").map(|text| text.replace('\0', "")) })
}

async fn trees(services: &Services, request: &Request, layer: &Layer, asked: &Asked, most: usize) -> Result<Vec<Line>, Problem> {
    let failed = |e| Problem::database("list of trees", &e);
    let mut sql =
        QueryBuilder::new(format!("select id, comune, species, site, height_m from {} where true", layer.seen_by(&request.who, "seen")));
    if let Some(species) = &asked.species {
        sql.push(" and species = ").push_bind(species.replace('\0', ""));
    }
    if let Some(after) = &asked.after {
        sql.push(" and id > ").push_bind(after.clone());
    }
    sql.push(" order by id limit ").push_bind(most as i64);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)
}

/// By the latest inspection of each tree; those whose next is due until then.
async fn due_trees(
    services: &Services,
    request: &Request,
    (layer, papers): (&Layer, &Layer),
    asked: &Asked,
    (days, today, most): (Option<u64>, NaiveDate, usize),
) -> Result<Vec<Line>, Problem> {
    let failed = |e| Problem::database("list of inspections that are due", &e);
    let who = &request.who;
    let mut sql = QueryBuilder::new(format!(
        "select t.id, t.comune, t.species, t.site, t.height_m, i.fid, i.risk, i.inspected, i.next_due
           from {} join {} on t.id = i.tree
          where i.next_due is not null
            and not exists (select from {} where o.tree = i.tree and (o.inspected, o.fid) > (i.inspected, i.fid))",
        papers.seen_by(who, "i"),
        layer.seen_by(who, "t"),
        papers.seen_by(who, "o")
    ));
    if let Some(days) = days {
        let until = if days == 0 { today.pred_opt() } else { today.checked_add_days(Days::new(days)) };
        sql.push(" and i.next_due <= ").push_bind(until.unwrap_or(today));
    }
    if let Some(species) = &asked.species {
        sql.push(" and t.species = ").push_bind(species.replace('\0', ""));
    }
    if let Some(after) = &asked.after {
        let wrong = || Problem::invalid_parameter("cursor", "`cursor` is none of this list", "that of the link `next`");
        let (due, fid) = after.split_once(',').ok_or_else(wrong)?;
        let (due, fid): (NaiveDate, i64) = (due.parse().map_err(|_| wrong())?, fid.parse().map_err(|_| wrong())?);
        sql.push(" and (i.next_due, i.fid) > (").push_bind(due).push(", ").push_bind(fid).push(")");
    }
    sql.push(" order by i.next_due, i.fid limit ").push_bind(most as i64);
    let mut session = services.context.database.session(who).await.map_err(failed)?;
    sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)
}

fn file(found: &[Line], with_inspections: bool, l: Language) -> String {
    let heads = [
        "id",
        "comune",
        say(l, "specie", "species"),
        say(l, "sito", "site"),
        say(l, "altezza_m", "height_m"),
        say(l, "classe", "risk"),
        say(l, "verifica_del", "inspected"),
        say(l, "prossima_entro_il", "next_due"),
    ];
    let columns = if with_inspections { 8 } else { 5 };
    let mut text = csv::row(heads.into_iter().take(columns));
    for line in found {
        let day = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        let height = line.height_m.map(|metres| metres.to_string()).unwrap_or_default();
        let (inspected, due) = (day(line.inspected), day(line.next_due));
        let (site, class) = (line.site.as_deref().unwrap_or_default(), line.risk.as_deref().unwrap_or_default());
        let cells = [&*line.id, &*line.comune, &*line.species, site, &height, class, &inspected, &due];
        text.push_str(&csv::row(cells.into_iter().take(columns)));
    }
    text
}

type Listed<'a> = (&'a [Line], Option<&'a str>, NaiveDate);

fn page(
    services: &Services,
    request: &Request,
    (layer, papers): (&Layer, Option<Arc<Layer>>),
    asked: &Asked,
    (found, next, today): Listed<'_>,
) -> Response {
    let l = request.language;
    let query: Vec<(&str, &str)> = request.params.iter().filter(|(name, _)| !matches!(*name, "cursor" | "f")).collect();
    let as_csv = links::query(query.into_iter().chain([("f", "csv")]));
    let choices = [
        (String::new(), say(l, "tutti gli alberi", "all trees")),
        ("overdue".to_owned(), say(l, "verifica scaduta", "inspection overdue")),
        ("30".to_owned(), say(l, "verifica entro 30 giorni", "inspection within 30 days")),
        ("90".to_owned(), say(l, "verifica entro 90 giorni", "inspection within 90 days")),
        ("all".to_owned(), say(l, "tutti quelli verificati", "all that were inspected")),
    ]
    .map(|(value, text)| (value, text.to_owned()));
    let content = html! {
        (map(layer, Some(services.context.installation.bbox), None, l))
        form.card.filters method="get" {
            @if papers.is_some() { (shown::select("due", say(l, "Da verificare", "To be inspected"), &choices, asked.due.map(|(name, _)| name))) }
            (field("species", say(l, "Specie", "Species"), asked.species.as_deref(), Some("Quercus ilex"), &[("maxlength", "100")]))
            p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
        }
        @if found.is_empty() {
            p.note { (say(l, "Nessun albero corrisponde.", "No tree matches.")) }
        } @else {
            (rows(request, layer, papers.as_deref().filter(|_| asked.due.is_some()), found, today))
            (shown::next(l, next))
            p { a href=(as_csv) { "CSV" } }
        }
    };
    Page { title: say(l, "Alberi", "Trees"), trail: Vec::new(), map: true }.render(&services.context, request, &content)
}

fn rows(request: &Request, layer: &Layer, papers: Option<&Layer>, found: &[Line], today: NaiveDate) -> Markup {
    let l = request.language;
    let mut head = vec![say(l, "Albero", "Tree"), say(l, "Specie", "Species"), say(l, "Sito", "Site"), "Comune"];
    if papers.is_some() {
        head.extend([say(l, "Classe", "Class"), say(l, "Ultima verifica", "Last inspection"), say(l, "Prossima", "Next")]);
    }
    let body = html! {
        @for line in found {
            tr {
                th scope="row" { a href=(request.relative(&Tree::path(&line.id))) { (line.id) } }
                td { (line.species) } td { (shown::value(layer, "site", &json!(line.site), l)) } td { (line.comune) }
                @if let Some(papers) = papers {
                    td { (line.risk.as_deref().map(|value| risk(papers, value, l)).unwrap_or_default()) }
                    td { @if let Some(on) = line.inspected { (shown::day(on, l)) } }
                    td { @if let Some(due) = line.next_due { (due_by(due, today, l)) } }
                }
            }
        }
    };
    shown::table(say(l, "Alberi", "Trees"), &head, &body)
}
