//! `GET /public-works/`: the list of works; pages go on from the row that the one before ended with, never by counting.

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Layer, Params, Problem, Services};
use operations::links::{self, Link, media};
use operations::{Format, Request, csv, reply};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, Postgres, QueryBuilder};

use super::list_page;
use crate::codes::STATES;
use crate::layers::WORKS;

/// Parameters of the list.
const PARAMETERS: [&str; 6] = ["state", "comune", "q", "sort", "after", "limit"];
/// Rows on a page, and at most.
const PAGE: u32 = 50;
const MOST: u32 = 1_000;
/// Rows of a table for spreadsheets.
const TABLE: i64 = 10_000;
/// The orders: name, key, its type, whether from the greatest down. The keys are those of the table's indexes.
const SORTS: [(&str, &str, &str, bool); 4] = [
    ("title", "title", "text", false),
    ("-amount", "coalesce(amount_eur, 0)", "double precision", true),
    ("-progress", "progress", "double precision", true),
    ("end", "coalesce(ends_planned, 'infinity')", "date", false),
];

/// A row of the list.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Line {
    #[serde(skip)]
    fid: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) title: String,
    pub(crate) cup: Option<String>,
    pub(crate) responsible: Option<String>,
    pub(crate) state: String,
    pub(crate) amount_eur: Option<f64>,
    pub(crate) progress: f64,
    pub(crate) begins_planned: Option<NaiveDate>,
    pub(crate) ends_planned: Option<NaiveDate>,
    #[serde(skip)]
    key: String,
    pub(crate) bbox: Vec<f64>,
}

/// What is asked for.
pub(crate) struct Asked {
    pub(crate) state: Option<&'static str>,
    pub(crate) comune: Option<String>,
    pub(crate) q: Option<String>,
    sort: &'static (&'static str, &'static str, &'static str, bool),
    after: Option<(i64, String)>,
    limit: i64,
}

/// Filters `state`, `comune`, `q` (in title, CUP and RUP), orders by `sort`; as JSON, CSV, or a page with a map.
#[utoipa::path(
    get,
    path = "/public-works/",
    tag = "public works",
    params(("state" = Option<String>, Query, description = "One of the states"), ("comune" = Option<String>, Query, description = "ISTAT code, six digits"), ("q" = Option<String>, Query, description = "A text in title, CUP and RUP"), ("sort" = Option<String>, Query, description = "A column, `-` before it for descending"), ("after" = Option<String>, Query, description = "What `next` of the page before says"), ("limit" = Option<String>, Query, description = "1,000 at most"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "`works` and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&PARAMETERS)?;
    let layer = operations::layer(&services, &request.who, WORKS)?;
    let asked = Asked::read(&request.params, request.csv)?;
    let failed = |e| Problem::database("reading the list of works", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let mut rows: Vec<Line> = asked.statement(&layer, &request).build_query_as().fetch_all(&mut *session).await.map_err(failed)?;
    drop(session);
    let more = rows.len() as i64 > asked.limit;
    rows.truncate(usize::try_from(asked.limit).unwrap_or_default());
    let next = rows.last().filter(|_| more).map(|last| with(&request, &[("after", &format!("{}.{}", last.fid, last.key))]));
    if request.format == Format::Html {
        return Ok(list_page::render(&services, &request, &layer, &list_page::View { asked: &asked, rows: &rows, next: next.as_deref() }));
    }
    let url = &services.context.public_url;
    let next = next.map(|next| url.link(&format!("/public-works/{next}")));
    let mut response = if request.csv {
        csv::file("public-works.csv", table(&rows))
    } else {
        let rows: Vec<Value> = rows
            .iter()
            .map(|line| {
                let mut row = json!(line);
                row["href"] = url.link(&format!("/public-works/{}", links::encode(&line.id))).into();
                row
            })
            .collect();
        reply::json(&json!({ "works": rows, "next": next }), media::JSON, request.language)
    };
    if let Some(next) = next {
        links::write_headers(&[Link::new(next, "next", if request.csv { "text/csv" } else { media::JSON }, "")], response.headers_mut());
    }
    Ok(response)
}

/// This list's query with some parameters replaced; the page begins anew.
pub(crate) fn with(request: &Request, changed: &[(&str, &str)]) -> String {
    let kept = |(name, value): &(&str, &str)| !value.is_empty() && *name != "after" && !changed.iter().any(|(changed, _)| changed == name);
    let query = links::query(request.params.iter().filter(kept).chain(changed.iter().copied()));
    if query.is_empty() { "./".to_owned() } else { query }
}

fn table(rows: &[Line]) -> String {
    let names = ["id", "comune", "title", "cup", "responsible", "state", "amount_eur", "progress", "begins_planned", "ends_planned"];
    let mut table = csv::row(names);
    let date = |day: Option<NaiveDate>| day.map(|d| d.to_string()).unwrap_or_default();
    for line in rows {
        let amount = line.amount_eur.map(|euros| format!("{euros:.2}")).unwrap_or_default();
        let (progress, begins, ends) = (line.progress.to_string(), date(line.begins_planned), date(line.ends_planned));
        let (cup, responsible) = (line.cup.as_deref().unwrap_or_default(), line.responsible.as_deref().unwrap_or_default());
        table += &csv::row([&*line.id, &line.comune, &line.title, cup, responsible, &line.state, &amount, &progress, &begins, &ends]);
    }
    table
}

impl Asked {
    fn read(params: &Params, csv: bool) -> Result<Self, Problem> {
        let given = |name: &str| params.get(name).map(str::trim).filter(|value| !value.is_empty());
        let none = |name: &str, allowed: Vec<&str>| Problem::invalid_parameter(name, format!("`{name}` is none of the list"), allowed);
        let state = match given("state") {
            None => None,
            Some(text) => Some(*STATES.iter().find(|state| **state == text).ok_or_else(|| none("state", STATES.to_vec()))?),
        };
        let sorts = || SORTS.iter().map(|(name, ..)| *name).collect();
        let sort = match given("sort") {
            None => &SORTS[0],
            Some(text) => SORTS.iter().find(|(name, ..)| *name == text).ok_or_else(|| none("sort", sorts()))?,
        };
        let comune = given("comune").map(str::to_owned);
        if comune.as_deref().is_some_and(|c| c.len() != 6 || !c.bytes().all(|b| b.is_ascii_digit())) {
            return Err(Problem::invalid_parameter("comune", "`comune` is no ISTAT code", "six digits"));
        }
        let q = given("q").map(str::to_owned);
        if q.as_deref().is_some_and(|q| q.chars().count() > 100 || q.contains('\0')) {
            return Err(Problem::invalid_parameter("q", "`q` can't be read", "at most 100 characters"));
        }
        let after = given("after").map(|text| cursor(text, sort.2)).transpose()?;
        let limit = i64::from(params.integer("limit", 1..=MOST, PAGE)?);
        let limit = if csv && params.get("limit").is_none() { TABLE } else { limit };
        Ok(Self { state, comune, q, sort, after, limit })
    }

    /// The order asked for.
    pub(crate) fn sort(&self) -> &'static str {
        self.sort.0
    }

    fn statement(&self, layer: &Layer, request: &Request) -> QueryBuilder<Postgres> {
        let (_, key, kind, down) = *self.sort;
        let (way, beyond) = if down { ("desc", "<") } else { ("asc", ">") };
        let mut sql = QueryBuilder::new(format!(
            "select fid, id, comune, title, cup, responsible, state, amount_eur, progress, begins_planned, ends_planned, key,
                    array[st_xmin(box), st_ymin(box), st_xmax(box), st_ymax(box)] as bbox
               from (select *, ({key})::text as key, st_transform(st_envelope(geom), 4326) as box from "
        ));
        sql.push(layer.seen_by(&request.who, "seen")).push(" where true");
        for (column, value) in [("state", self.state), ("comune", self.comune.as_deref())] {
            if let Some(value) = value {
                sql.push(format!(" and {column} = ")).push_bind(value.to_owned());
            }
        }
        if let Some(q) = &self.q {
            let pattern = format!("%{}%", q.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
            sql.push(" and (opensit.fold(title) like opensit.fold(").push_bind(pattern.clone()).push(") or cup ilike ");
            sql.push_bind(pattern.clone()).push(" or opensit.fold(responsible) like opensit.fold(").push_bind(pattern).push("))");
        }
        if let Some((fid, value)) = &self.after {
            // descending by the key, ascending by the number: two conditions, of which the first lets the index be entered at the right place
            sql.push(format!(" and {key} {beyond}= ")).push_bind(value.clone()).push(format!("::{kind}"));
            sql.push(format!(" and ({key} {beyond} "))
                .push_bind(value.clone())
                .push(format!("::{kind} or fid > "))
                .push_bind(*fid)
                .push(")");
        }
        sql.push(format!(" order by {key} {way}, fid limit ")).push_bind(self.limit + 1).push(format!(") page order by {key} {way}, fid"));
        sql
    }
}

/// `fid.key` of the row that the page before ended with.
fn cursor(text: &str, kind: &str) -> Result<(i64, String), Problem> {
    let read = || {
        let (fid, key) = text.split_once('.')?;
        let sound = match kind {
            "date" => key == "infinity" || key.parse::<NaiveDate>().is_ok(),
            "text" => key.len() <= 2_000 && !key.contains('\0'),
            _ => key.parse::<f64>().is_ok(),
        };
        Some((fid.parse().ok()?, key.to_owned())).filter(|_| sound)
    };
    read().ok_or_else(|| Problem::invalid_parameter("after", "`after` belongs to another list", "what the link `next` of this list has"))
}

#[cfg(test)]
mod tests {
    use super::cursor;

    #[test]
    fn a_cursor_is_of_its_order() {
        assert_eq!(cursor("12.Via S. Anna", "text").ok(), Some((12, "Via S. Anna".to_owned())));
        assert!(
            cursor("12.2026-01-31", "date").is_ok() && cursor("12.infinity", "date").is_ok() && cursor("7.1e6", "double precision").is_ok()
        );
        for (bad, kind) in [("12", "text"), ("x.a", "text"), ("12.tomorrow", "date"), ("12.much", "double precision")] {
            assert!(cursor(bad, kind).is_err(), "{bad}");
        }
    }
}
