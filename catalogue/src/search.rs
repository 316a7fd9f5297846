//! `GET /search`: places by what people call them, over every layer that has searchable fields.

mod named;

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use kernel::layer::FieldType;
use kernel::{Bbox, Column, Context, Filter, Language, Layer, Params, Principal, Problem, PublicUrl};
use serde_json::{Value, json};
use sqlx::{FromRow, Postgres, QueryBuilder};

pub use named::named;

use crate::query::{attributes_sql, bbox_json, box_sql, title};
use crate::{App, Entry};

/// The longest text searched for.
const MAX_CHARACTERS: usize = 200;

#[derive(Debug, FromRow)]
struct Hit {
    layer: String,
    id: String,
    comune: Option<String>,
    attributes: Value,
    west: f64,
    south: f64,
    east: f64,
    north: f64,
    /// Since when it is no more, of what is named though it is not valid now.
    #[sqlx(default)]
    until: Option<DateTime<Utc>>,
    /// The id and the attributes of what it took the place of, if it was looked for by that.
    #[sqlx(skip)]
    instead_of: Option<(String, Value)>,
}

/// Answers `{"results": [{layer, id, title, subtitle, bbox, point}]}`, the best first; positions are CRS84. Where the layer's rows have
/// pages, `href` is the page. What is not valid any more, but was named exactly, has `former` and since when (`until`); what took its
/// place follows it.
///
/// A theme's own syntax (`fg 12 p 345`) is tried first; then all words of the text must occur, in any order, case and
/// accents apart; then, if nothing has them, what is written much alike.
#[utoipa::path(
    get,
    path = "/search",
    tag = "catalogue",
    params(
        ("q" = String, Query, description = "What to look for: an address, a place, `fg 12 p 345`", max_length = 200),
        ("limit" = Option<u32>, Query, description = "How many results at most", minimum = 1, maximum = 50),
        ("lang" = Option<String>, Query, description = "`it` or `en`"),
        ("bbox" = Option<String>, Query, description = "West, south, east, north in degrees: what is in it comes first"),
    ),
    responses(
        (status = 200, description = "`results`: layer, id, title, subtitle, bbox and point (CRS84), `href` of a page, `former` and `until` of what is no more; the best first", content_type = "application/json"),
        (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(mut app): State<App>,
    stated: Option<Extension<PublicUrl>>,
    who: Principal,
    params: Params,
) -> Result<Json<Value>, Problem> {
    if let Some(Extension(url)) = stated {
        app.context.public_url = url;
    }
    let params = params.only(&["q", "limit", "lang", "bbox"])?;
    let text = params.required("q", "what to look for")?.trim();
    if text.chars().count() > MAX_CHARACTERS {
        return Err(Problem::invalid_parameter("q", "the text is too long", format!("at most {MAX_CHARACTERS} characters")));
    }
    let limit = params.integer("limit", 1..=50, 10)?;
    let bbox = params.bbox("bbox")?;
    let language = Language::negotiate(params.get("lang"), None);
    let results = places(&app, &who, (text, bbox, limit), language).await?;
    Ok(Json(json!({ "results": results })))
}

/// The places that a text may mean, as `/search` answers them: none for one that is empty or too long.
pub(crate) async fn places(
    app: &App,
    who: &Principal,
    (text, bbox, limit): (&str, Option<Bbox>, u32),
    language: Language,
) -> Result<Vec<Value>, Problem> {
    if text.is_empty() || text.chars().count() > MAX_CHARACTERS {
        return Ok(Vec::new());
    }
    let hits = app.catalogue.reading(&app.context.database, || find(app, who, text, bbox, limit)).await?;
    let names = comuni(&app.context, who).await?;
    let results = hits.iter().filter_map(|hit| {
        let entry = app.catalogue.layer(who, &hit.layer)?;
        result(&app.context, &entry.layer, hit, &names, language)
    });
    Ok(results.collect())
}

/// What a theme's own syntax finds; else what has the words; else what is written much alike.
async fn find(app: &App, who: &Principal, text: &str, bbox: Option<Bbox>, limit: u32) -> Result<Vec<Hit>, Problem> {
    let mut hits: Vec<Hit> = Vec::new();
    for lookup in app.syntaxes.iter().flat_map(|read| read(text)) {
        if let Some(entry) = app.catalogue.layer(who, lookup.layer.as_str()).filter(|e| e.damage.is_none()) {
            named::add(&app.context, &entry.layer, who, &lookup, limit, &mut hits).await?;
        }
    }
    if hits.is_empty() && !text.is_empty() {
        hits = by_text(app, who, text, Match::Words, bbox, limit).await?;
        if hits.is_empty() && text.chars().count() >= 4 {
            hits = by_text(app, who, text, Match::Alike, bbox, limit).await?;
        }
    }
    Ok(hits)
}

#[derive(Clone, Copy, PartialEq)]
enum Match {
    Words,
    Alike,
}

/// Rows whose searchable fields have the words of the text. Rows of a line layer that are named alike are one place.
async fn by_text(app: &App, who: &Principal, text: &str, how: Match, bbox: Option<Bbox>, limit: u32) -> Result<Vec<Hit>, Problem> {
    let searchable = |e: &Arc<Entry>| e.damage.is_none() && e.layer.fields.iter().any(|f| f.searchable && who.may_read_field(f));
    let entries: Vec<Arc<Entry>> = app.catalogue.layers(who).into_iter().filter(searchable).collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::new("select * from (");
    for (i, entry) in entries.iter().enumerate() {
        if i > 0 {
            sql.push(" union all ");
        }
        push_layer(&mut sql, app, who, entry, text, how);
    }
    sql.push(") found order by ");
    if let Some(bbox) = bbox {
        // what is in view comes before what is as well written elsewhere
        sql.push("score + case when east >= ").push_bind(bbox.west()).push(" and west <= ").push_bind(bbox.east());
        sql.push(" and north >= ").push_bind(bbox.south()).push(" and south <= ").push_bind(bbox.north()).push(" then 0.05 else 0 end");
    } else {
        sql.push("score");
    }
    sql.push(" desc, layer, id limit ").push_bind(i64::from(limit));
    sql.build_query_as().fetch_all(&mut *app.context.database.session(who).await.map_err(failed)?).await.map_err(failed)
}

fn push_layer(sql: &mut QueryBuilder<Postgres>, app: &App, who: &Principal, entry: &Entry, text: &str, how: Match) {
    let layer = &entry.layer;
    let fields: Vec<String> = layer.fields.iter().filter(|f| f.searchable && who.may_read_field(f)).map(|f| folded(&f.name)).collect();
    let merged = layer.geometry.dimension() == Some(1) && layer.label.is_some();
    sql.push("(select layer, min(id) as id, comune, (array_agg(attributes order by id))[1] as attributes, max(score)::real as score, ");
    sql.push(box_sql("st_extent(geom)::geometry", layer.srid.postgis())).push(" from (");
    push_select(sql, &entry.layer, who);
    sql.push(", geom, ").push(if merged { layer.label_sql() } else { "id".to_owned() }).push(" as place, greatest(");
    for (i, field) in fields.iter().enumerate() {
        sql.push(if i > 0 { ", " } else { "" }).push(format!("similarity({field}, opensit.fold(")).push_bind(text.to_owned()).push("))");
    }
    sql.push(") as score from ").push(layer.seen_by(who, "seen")).push(" where (");
    for (i, field) in fields.iter().enumerate() {
        sql.push(if i > 0 { " or " } else { "" });
        push_condition(sql, field, text, how);
    }
    sql.push(")");
    if layer.validity {
        sql.push(" and ");
        Filter::ValidAt(app.context.clock.now()).write(layer.srid, sql);
    }
    sql.push(" order by score desc, id limit 200) rows group by layer, comune, place order by score desc limit 50)");
}

fn push_condition(sql: &mut QueryBuilder<Postgres>, field: &str, text: &str, how: Match) {
    if how == Match::Alike {
        sql.push("opensit.fold(").push_bind(text.to_owned()).push(format!(") <% {field}"));
        return;
    }
    // with fewer than three letters only the beginning of the text can use the index
    let short = text.chars().count() < 3;
    for (i, word) in text.split_whitespace().take(8).enumerate() {
        let literal = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = if short { format!("{literal}%") } else { format!("%{literal}%") };
        sql.push(if i > 0 { " and " } else { "" }).push(format!("{field} like opensit.fold(")).push_bind(pattern).push(")");
    }
}

fn folded(column: &Column) -> String {
    format!("opensit.fold({}::text)", column.sql())
}

fn push_select(sql: &mut QueryBuilder<Postgres>, layer: &Layer, who: &Principal) {
    sql.push("select ").push_bind(layer.id.as_str().to_owned());
    sql.push("::text as layer, id, comune, ").push(attributes_sql(layer, who)).push(" as attributes");
}

/// Names of the comuni by ISTAT code.
async fn comuni(context: &Context, who: &Principal) -> Result<Vec<(String, String)>, Problem> {
    let mut session = context.database.session(who).await.map_err(failed)?;
    sqlx::query_as("select istat, name from territory.v_comuni").fetch_all(&mut *session).await.map_err(failed)
}

fn failed(error: sqlx::Error) -> Problem {
    Problem::database("search", &error)
}

fn result(context: &Context, layer: &Layer, hit: &Hit, comuni: &[(String, String)], language: Language) -> Option<Value> {
    let bbox = Bbox::new(hit.west, hit.south, hit.east, hit.north).ok()?;
    let name = title(layer, &hit.id, &hit.attributes, language);
    let comune = comuni.iter().find(|(istat, _)| Some(istat) == hit.comune.as_ref()).map(|(_, name)| name.as_str());
    let kind = layer.title.get(language);
    let mut subtitle = comune.map_or_else(|| kind.to_owned(), |comune| format!("{kind}, {comune}"));
    if let Some((id, attributes)) = &hit.instead_of {
        let former = title(layer, id, attributes, language);
        subtitle.push_str(operations::say(language, ", al posto di: ", ", in place of: "));
        subtitle.push_str(&former);
    }
    let (lon, lat) = bbox.centre();
    let mut result = json!({ "layer": hit.layer, "id": hit.id, "title": name, "bbox": bbox_json(bbox), "point": [lon, lat] });
    if let Some(until) = hit.until {
        let day = json!(until.with_timezone(&Rome).date_naive());
        subtitle.push_str(operations::say(language, ", non c'è più dal ", ", no more since "));
        subtitle.push_str(&operations::value::readable(FieldType::Date, None, &day, language));
        result["former"] = true.into();
        result["until"] = day;
    }
    result["subtitle"] = subtitle.into();
    if let Some(page) = layer.page_of(&hit.id) {
        result["href"] = context.public_url.link(&page).into();
    }
    Some(result)
}
