//! `GET /collections/{id}/items/{featureId}`: one feature by its public id, as it is valid now or when `datetime` says.

use axum::response::{IntoResponse, Response};
use catalogue::Entry;
use http::{HeaderValue, StatusCode, header};
use kernel::{Filter, Language, Layer, Problem};
use serde_json::{Value, json};
use sqlx::{QueryBuilder, Row};
use xxhash_rust::xxh3::xxh3_64;

use super::query;
use super::select;
use crate::fields::properties;
use crate::html;
use crate::links::{self, Link, encode, media};
use crate::reply::{json as json_reply, write_common};
use crate::{App, ItemPath};
use operations::{Format, Request};

/// The longest id looked for.
const MAX_ID_BYTES: usize = 1_000;

/// Answers with `ETag` from the row's version, and 304 to who already has it.
pub(crate) async fn handler(app: App, path: ItemPath, request: Request) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, &path.collection)?;
    let layer = &entry.layer;
    request.only(&["crs", "datetime"])?;
    let time = request.params.get("datetime").map_or_else(|| Ok(Filter::ValidAt(app.context.clock.now())), Filter::datetime)?;
    let transformer = query::transformer(&request.params, layer, &app.settings)?;
    let content_crs = format!("<{}>", transformer.to().srid().uri());
    let found = find(&app, &request, layer, (&path.feature, &time)).await?.ok_or_else(|| absent(layer, &path.feature))?;
    let etag = tag(&found, &entry, &request);
    let links = item_links(&app, layer, &path.feature, &request);
    let mut response = if request.known_tags.as_deref().is_some_and(|known| operations::matches(known, &etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let feature = write(&found, layer, &request, transformer)?;
        match request.format {
            Format::Html => html::item::page(&app, &request, layer, &feature, &links),
            Format::Json => json_reply(&with_links(feature, &links), media::GEOJSON, request.language),
        }
    };
    write_common(request.language, response.headers_mut());
    super::write_content_crs(&content_crs, &mut response);
    if let Ok(value) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    links::write_headers(&links, response.headers_mut());
    Ok(response)
}

async fn find(app: &App, request: &Request, layer: &Layer, (id, time): (&str, &Filter)) -> Result<Option<sqlx::postgres::PgRow>, Problem> {
    let Some(by_id) = super::by_id(id).filter(|_| id.len() <= MAX_ID_BYTES && !id.contains('\0')) else {
        return Ok(None);
    };
    let mut sql = QueryBuilder::new("select ");
    sql.push(select::columns(&properties(layer, &request.who)))
        .push(", fid, version")
        .push(select::from(layer, &request.who))
        .push(" and ");
    by_id.write(layer.srid, &mut sql);
    if layer.validity {
        sql.push(" and ");
        time.write(layer.srid, &mut sql);
        // during an interval it may have had several states: the last of them
        sql.push(" order by valid_from desc limit 1");
    }
    let failed = |e| Problem::database("item", &e);
    sql.build().fetch_optional(&mut *app.context.database.session(&request.who).await.map_err(failed)?).await.map_err(failed)
}

pub(crate) fn absent(layer: &Layer, id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    Problem::not_found(format!("`{}` has no feature `{shown}` now", layer.id))
}

/// `fid` and `version` name the row's state, `generation` the declaration that it is shown by; then, where not everybody sees the
/// same, what is seen: who signs out must not be told that what they have is still good. A page is no data.
pub(crate) fn tag(row: &sqlx::postgres::PgRow, entry: &Entry, request: &Request) -> String {
    let (fid, version): (i64, i64) = (row.try_get("fid").unwrap_or_default(), row.try_get("version").unwrap_or_default());
    let seen = match entry.layer.is_open() {
        true => String::new(),
        false => format!(".{:08x}", xxh3_64(entry.layer.seen_by(&request.who, "seen").as_bytes()) as u32),
    };
    let generation = format!("{}{seen}", entry.generation);
    match request.format {
        Format::Json => format!("\"{fid}.{version}.{generation}\""),
        Format::Html => format!("W/\"{fid}.{version}.{generation}.html.{}\"", request.language.tag()),
    }
}

pub(crate) fn write(
    row: &sqlx::postgres::PgRow,
    layer: &Layer,
    request: &Request,
    transformer: crs::Transformer,
) -> Result<Value, Problem> {
    let mut out = Vec::new();
    let mut writer = super::writer(&properties(layer, &request.who), transformer);
    writer.write(std::slice::from_ref(row), true, &mut out).map_err(|e| Problem::internal("item", &e))?;
    serde_json::from_slice(&out).map_err(|e| Problem::internal("item", &e))
}

pub(crate) fn with_links(mut feature: Value, links: &[Link]) -> Value {
    feature["links"] = json!(links);
    feature
}

pub(crate) fn item_links(app: &App, layer: &Layer, id: &str, request: &Request) -> Vec<Link> {
    let en = request.language == Language::En;
    let collection = app.context.public_url.link(&format!("/collections/{}", layer.id));
    let base = format!("{collection}/items/{}", encode(id));
    let with = |f: Option<&str>| {
        let kept = request.params.iter().filter(|(name, _)| f.is_none() || *name != "f");
        format!("{base}{}", links::query(kept.chain(f.map(|f| ("f", f)))))
    };
    let (own, other) = match request.format {
        Format::Json => (media::GEOJSON, ("html", media::HTML)),
        Format::Html => (media::HTML, ("json", media::GEOJSON)),
    };
    vec![
        Link::new(with(None), "self", own, if en { "This feature" } else { "Questo elemento" }),
        Link::new(
            with(Some(other.0)),
            "alternate",
            other.1,
            if en { "This feature in another form" } else { "Questo elemento in altra forma" },
        ),
        Link::new(collection, "collection", media::JSON, layer.title.get(request.language)),
    ]
}
