//! `GET /public-works/ordinances.geojson`: what is in force, for navigators.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Filter, Problem, Services};
use operations::links::media;
use operations::{Request, matches};
use sqlx::QueryBuilder;

use crate::layers::ORDINANCES;

/// A GeoJSON FeatureCollection in CRS84 of the ordinances in force at `datetime` (an instant, a day in Italy, an interval; now without
/// it). Properties: `number`, `issued_on`, `closure` (`total`, `partial`, `parking_ban`, `one_way`, `speed_limit`), `limit_kmh`, `road`,
/// `diversion`, `act`, `valid_from`, `valid_to` (UTC; none: until revoked), `comune`. It may be kept for a minute, and asked for with its tag.
#[utoipa::path(
    get,
    path = "/public-works/ordinances.geojson",
    tag = "public works",
    params(("datetime" = Option<String>, Query, description = "An instant, a day in Italy, or an interval")),
    responses((status = 200, description = "A GeoJSON FeatureCollection, CRS84"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.params.clone().only(&["datetime", "lang"])?;
    let layer = operations::layer(&services, &request.who, ORDINANCES)?;
    let filter = match request.params.get("datetime") {
        Some(text) => Filter::datetime(text)?,
        None => Filter::ValidAt(services.context.clock.now()),
    };
    let mut sql = QueryBuilder::new(
        "select coalesce(string_agg(feature, E',\\n' order by fid), ''), md5(coalesce(string_agg(fid || '.' || version, ' ' order by fid), ''))
           from (select fid, version, json_build_object(
                        'type', 'Feature', 'id', id,
                        'geometry', st_asgeojson(st_forcepolygonccw(st_transform(geom, 4326)), 7)::json,
                        'properties', json_build_object(
                            'number', number, 'issued_on', issued_on, 'closure', closure, 'limit_kmh', limit_kmh, 'road', road,
                            'diversion', diversion, 'act', act,
                            'valid_from', to_char(valid_from at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                            'valid_to', to_char(valid_to at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                            'comune', comune))::text as feature
                   from ",
    );
    sql.push(layer.seen_by(&request.who, "seen")).push(" where ");
    filter.write(layer.srid, &mut sql);
    sql.push(") found");
    let failed = |e| Problem::database("reading the ordinances in force", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let (features, sum): (String, String) = sql.build_query_as().fetch_one(&mut *session).await.map_err(failed)?;
    let tag = format!("\"{sum}\"");
    let mut response = if request.known_tags.as_deref().is_some_and(|known| matches(known, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{features}\n]}}\n").into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media::GEOJSON));
    let keep = if layer.is_open() { "public, max-age=60" } else { "private, no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}
