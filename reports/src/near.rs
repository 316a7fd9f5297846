use axum::extract::State;
use axum::response::Response;
use kernel::{Layer, Principal, Problem};
use operations::{Request, links, reply};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::category::{self, Category};
use crate::desk::Desk;
use crate::states;

/// As near as that two reports of one category may be of the same thing, metres.
const NEAR_M: f64 = 75.0;
const MOST: i64 = 5;

/// A report that may be of the same thing.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Near {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) state: String,
    pub(crate) text: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) supporters: i32,
    pub(crate) photos: i32,
    pub(crate) metres: f64,
}

/// `GET /reports/near?lon&lat&category`: where that is, and the open reports of this category about it, the nearest first.
#[utoipa::path(
    get,
    path = "/reports/near",
    tag = "reports",
    params(("lon" = Option<String>, Query, description = "Longitude"), ("lat" = Option<String>, Query, description = "Latitude"), ("category" = Option<String>, Query, description = "A category")),
    responses((status = 200, description = "The address, and the open reports about it"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, request: Request) -> Result<Response, Problem> {
    request.only(&["lon", "lat", "category"])?;
    let number = |name: &str, most: f64| {
        let value = request.params.get(name).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.abs() <= most);
        value.ok_or_else(|| {
            Problem::invalid_parameter(name, format!("`{name}` is no number of degrees"), "longitude and latitude in degrees")
        })
    };
    let point = [number("lon", 180.0)?, number("lat", 90.0)?];
    let layer = desk.layer(&request.who)?;
    let failed = |e| Problem::database("reports near a place", &e);
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let categories = category::all(&mut session).await?;
    let address = address_at(&mut session, point).await.map_err(failed)?;
    let found = match request.params.get("category") {
        Some(category) => find(&mut session, &layer, &request.who, point, category).await.map_err(failed)?,
        None => Vec::new(),
    };
    let near: Vec<Value> = found.iter().map(|one| describe(one, &categories, &request)).collect();
    Ok(reply::json(&json!({ "address": address, "near": near }), links::media::JSON, request.language))
}

fn describe(one: &Near, categories: &[Category], request: &Request) -> Value {
    let l = request.language;
    json!({
        "id": one.id, "category": one.category, "title": category::name(categories, &one.category, l), "state": one.state,
        "state_name": states::state_name(&one.state, l), "text": one.text, "address": one.address, "supporters": one.supporters,
        "photos": one.photos, "distance_m": one.metres.round(), "href": request.relative(&format!("/reports/{}", one.id)),
    })
}

/// The nearest house number, if it is within 80 m.
pub(crate) async fn address_at(conn: &mut PgConnection, [lon, lat]: [f64; 2]) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select h.address
           from (select st_transform(st_setsrid(st_makepoint($1, $2), 4326), storage_srid) as place from opensit.installation) p
          cross join lateral (select address, geom from territory.v_house_numbers order by geom operator(public.<->) p.place limit 1) h
          where st_dwithin(h.geom, p.place, 80)",
    )
    .bind(lon)
    .bind(lat)
    .fetch_optional(conn)
    .await
}

/// Open reports of a category near a place, as this reader sees them.
pub(crate) async fn find(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    [lon, lat]: [f64; 2],
    category: &str,
) -> Result<Vec<Near>, sqlx::Error> {
    let sql = format!(
        "with p as (select st_transform(st_setsrid(st_makepoint($1, $2), 4326), {srid}) as place)
         select id, category, state, text, address, supporters, photos, st_distance(geom, (select place from p)) as metres
           from {seen}
          where geom && st_expand((select place from p), $3) and st_dwithin(geom, (select place from p), $3)
            and category = $4 and state in ('open', 'assigned', 'answered')
          order by metres, id limit $5",
        srid = layer.srid.postgis(),
        seen = layer.seen_by(who, "seen"),
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(lon).bind(lat).bind(NEAR_M).bind(category).bind(MOST).fetch_all(conn).await
}
