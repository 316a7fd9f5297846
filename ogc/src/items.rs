//! `GET /collections/{id}/items` and `/items/{featureId}`: features of a layer (OGC API Features 1 and 2, clauses 7.15, 7.16).

pub(crate) mod counts;
mod csv;
pub(crate) mod cursor;
pub(crate) mod damage;
pub(crate) mod item;
mod page;
mod place;
pub(crate) mod query;
pub(crate) mod select;
pub(crate) mod sort;
mod stream;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderValue, header};
use kernel::{Column, Filter, Layer, Principal, Problem, Session, filter};
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder};

use crate::fields::Property;
use crate::geojson::FeatureWriter;
use crate::html;
use crate::links::{self, Link, media};
use crate::reply::write_common;
use crate::{App, CollectionPath};
use csv::CsvWriter;
use cursor::Cursor;
use operations::{Format, Request};
use page::{Page, Rows};
use query::ItemsQuery;
use stream::{Document, Writer};

/// Features on a page for people when nothing is said, and at most: a table, not a download.
const DEFAULT_ROWS: u32 = 50;
const MAX_ROWS: u32 = 500;

/// Reads a page, or refuses the question as a whole. After the first byte only a failure of ours can stop it, and then the
/// connection breaks.
pub(crate) async fn handler(app: App, path: CollectionPath, mut request: Request) -> Result<Response, Problem> {
    if request.format == Format::Html {
        request.params = request.params.filled();
    }
    let entry = app.entry(&request.who, &path.collection)?;
    let layer = &entry.layer;
    let now = app.context.clock.now();
    let mut query = ItemsQuery::parse(&request.params, layer, &request.who, &app.settings, now)?;
    if request.csv {
        query.limit = if request.params.get("limit").is_some() { query.limit } else { csv::MAX_ROWS };
    } else if request.format == Format::Html {
        query.limit = if request.params.get("limit").is_some() { query.limit.min(MAX_ROWS) } else { DEFAULT_ROWS };
    }
    let mut transaction = app.context.database.snapshot(&request.who).await.map_err(|e| Problem::database("items", &e))?;
    let page = page::find(&mut transaction, layer, &request.who, &query, &app.counts).await?;
    let links = page_links(&app, layer, &request, &query, &page);
    let content_crs = format!("<{}>", query.transformer.to().srid().uri());
    let mut response = match request.format {
        Format::Html => {
            let features = read(transaction, layer, &request.who, &query, &page).await?;
            let view = html::items::View {
                layer,
                page: (page.returned, page.matched),
                features: &features,
                columns: &query.properties(layer, &request.who),
                sort: &query.sort,
                links: &links,
                extent: entry.bbox_for(&request.who),
            };
            html::items::page(&app, &request, &view)
        }
        Format::Json if request.csv => {
            let document = table(layer, &request.who, &query, &page);
            let body = if request.head { axum::body::Body::empty() } else { document.stream(transaction).await? };
            let name = format!("attachment; filename=\"{}.csv\"", layer.id);
            ([(header::CONTENT_TYPE, operations::csv::MEDIA_TYPE), (header::CONTENT_DISPOSITION, &name)], body).into_response()
        }
        Format::Json => {
            let document = document(layer, &request.who, &query, &page, &links, now);
            let body = if request.head { axum::body::Body::empty() } else { document.stream(transaction).await? };
            ([(header::CONTENT_TYPE, media::GEOJSON)], body).into_response()
        }
    };
    write_common(request.language, response.headers_mut());
    write_content_crs(&content_crs, &mut response);
    links::write_headers(&links, response.headers_mut());
    Ok(response)
}

/// `Content-Crs` (part 2, 6.4), also for the default system.
fn write_content_crs(value: &str, response: &mut Response) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert("content-crs", value);
    }
}

/// The statement for a page's rows.
fn rows(layer: &Layer, who: &Principal, query: &ItemsQuery, page: &Page) -> Option<QueryBuilder<Postgres>> {
    let mut sql = QueryBuilder::new("select ");
    sql.push(select::columns(&query.properties(layer, who))).push(select::from(layer, who));
    match &page.rows {
        Rows::None => return None,
        Rows::Between(least, greatest) => {
            query.selection.write(layer.srid, &mut sql);
            sql.push(" and fid between ").push_bind(*least).push(" and ").push_bind(*greatest);
        }
        Rows::These(fids) => {
            sql.push(" and fid = any(").push_bind(fids.clone()).push(")");
        }
    }
    query.sort.write_order(false, &mut sql);
    Some(sql)
}

fn writer(properties: &[Property<'_>], transformer: crs::Transformer) -> FeatureWriter {
    FeatureWriter::new(properties.iter().map(|p| (p.name, p.kind)), transformer)
}

fn page_writer(layer: &Layer, who: &Principal, query: &ItemsQuery) -> FeatureWriter {
    writer(&query.properties(layer, who), query.transformer.clone())
}

fn document(layer: &Layer, who: &Principal, query: &ItemsQuery, page: &Page, links: &[Link], now: DateTime<Utc>) -> Document {
    let envelope = json!({
        "type": "FeatureCollection",
        "numberMatched": page.matched,
        "numberReturned": page.returned,
        "timeStamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
        "links": links,
    });
    let mut head = envelope.to_string().into_bytes();
    // The object stays open for its last member.
    head.pop();
    head.extend_from_slice(b",\"features\":[");
    Document { head, tail: b"]}", rows: rows(layer, who, query, page), writer: Writer::Features(page_writer(layer, who, query)) }
}

fn table(layer: &Layer, who: &Principal, query: &ItemsQuery, page: &Page) -> Document {
    let rows = rows(layer, who, query, page);
    let writer = CsvWriter::new(page_writer(layer, who, query), query.shown.clone(), layer.geometry);
    Document { head: writer.head(), tail: b"", rows, writer: Writer::Table(writer) }
}

/// A page's features in memory, for the table.
async fn read(mut transaction: Session, layer: &Layer, who: &Principal, query: &ItemsQuery, page: &Page) -> Result<Vec<Value>, Problem> {
    let Some(mut sql) = rows(layer, who, query, page) else {
        return Ok(Vec::new());
    };
    let found = sql.build().fetch_all(&mut *transaction).await.map_err(|e| Problem::database("items", &e))?;
    let mut out = b"[".to_vec();
    page_writer(layer, who, query).write(&found, true, &mut out).map_err(|e| Problem::internal("items", &e))?;
    out.push(b']');
    serde_json::from_slice(&out).map_err(|e| Problem::internal("items", &e))
}

fn page_links(app: &App, layer: &Layer, request: &Request, query: &ItemsQuery, page: &Page) -> Vec<Link> {
    let en = request.language == kernel::Language::En;
    let collection = app.context.public_url.link(&format!("/collections/{}", layer.id));
    let base = format!("{collection}/items");
    let with = |replaced: &[(&str, &str)]| {
        let kept = request.params.iter().filter(|(name, _)| !replaced.iter().any(|(n, _)| n == name));
        format!("{base}{}", links::query(kept.chain(replaced.iter().copied())))
    };
    let (own, other) = match request.format {
        Format::Json => (("json", media::GEOJSON), ("html", media::HTML)),
        Format::Html => (("html", media::HTML), ("json", media::GEOJSON)),
    };
    let whole = request.params.iter().filter(|(name, _)| !["f", "cursor", "limit"].contains(name));
    let csv = format!("{base}{}", links::query(whole.chain([("f", "csv")])));
    let mut links = vec![
        Link::new(with(&[]), "self", own.1, if en { "This page" } else { "Questa pagina" }),
        Link::new(
            with(&[("f", other.0)]),
            "alternate",
            other.1,
            if en { "This page in another form" } else { "Questa pagina in altra forma" },
        ),
        Link::new(csv, "alternate", "text/csv", if en { "All of it as a table (CSV)" } else { "Tutto in tabella (CSV)" }),
        Link::new(collection, "collection", media::JSON, layer.title.get(request.language)),
    ];
    let mut turn = |rel, cursor: &Option<Cursor>, title: &str| {
        if let Some(cursor) = cursor {
            links.push(Link::new(with(&[("cursor", &cursor.write(&query.sorted_question))]), rel, own.1, title));
        }
    };
    turn("next", &page.next, if en { "Next page" } else { "Pagina successiva" });
    turn("prev", &page.previous, if en { "Previous page" } else { "Pagina precedente" });
    links
}

/// Rows of this public id.
pub(crate) fn by_id(id: &str) -> Option<Filter> {
    Some(Filter::Equal(Column::new("id").ok()?, filter::Value::Text(id.to_owned())))
}
