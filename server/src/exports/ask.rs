use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jobs::NewJob;
use kernel::{Params, Principal, Problem, Role};
use serde_json::json;

use super::order::{Order, Wish};
use super::{Exports, KIND, ROOM};

/// `POST /collections/{id}/export`: the layer as a file, `{"format": "gpkg|fgb|geojson|csv|shp|dxf|kml", "filter", "bbox", "crs"}`, for whoever signed
/// in: with the rows and fields that they see when it is written. Follow the job, and fetch its result; it is kept for a week.
#[utoipa::path(post, path = "/collections/{collection}/export", tag = "jobs",
    params(("collection" = String, Path, description = "The layer")),
    request_body(content_type = "application/json", description = "`format`; `filter` (CQL2 text), `bbox` (west, south, east, north in degrees) and `crs` where wanted"),
    responses((status = 202, description = "`job`: its id; `Location` is its address"), (status = 400, description = "What is wrong, in which `field`"), (status = 401, description = "Nobody signed in"), (status = 403, description = "A key: it reads items"), (status = 404, description = "No such layer, or not for you"), (status = 429, description = "Three exports have not ended yet")))]
pub(super) async fn handler(
    State(exports): State<Exports>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
    body: Bytes,
) -> Result<Response, Problem> {
    let database = &exports.context.database;
    let absent = || Problem::not_found(format!("there is no collection `{}`", id.chars().take(60).collect::<String>()));
    let entry = exports.catalogue.layer_now(database, &who, &id).await.ok_or_else(absent)?;
    if who.role() == Role::Anonymous {
        return Err(Problem::unauthorized("files are written for who signed in; everybody reads /collections/{id}/items, also as CSV"));
    }
    if who.key().is_some() {
        return Err(Problem::forbidden("a key has no files written; it reads /collections/{id}/items, also as CSV"));
    }
    params.only(&[])?;
    entry.sound()?;
    let wish = Wish::read(&body)?;
    wish.check(&entry.layer, &who, &exports.crs)?;
    let failed = |e: sqlx::Error| Problem::database("asking for an export", &e);
    let mut transaction = database.write(&who).await.map_err(failed)?;
    if !jobs::make_room(&mut transaction, &who, KIND, ROOM).await.map_err(failed)? {
        return Err(Problem::too_many_requests(
            format!("{} of your exports have not ended yet: wait for them, or cancel one at /jobs", ROOM.at_once),
            30,
        ));
    }
    let order = Order { layer: entry.layer.id.clone(), wish };
    let job = jobs::put(&mut transaction, &who, &NewJob::new(KIND, &order)).await;
    let job = job.map_err(|e| Problem::internal("asking for an export", &e))?;
    transaction.commit().await.map_err(failed)?;
    let address = exports.context.public_url.link(&format!("/jobs/{job}"));
    let mut response = (StatusCode::ACCEPTED, axum::Json(json!({ "job": job.to_string() }))).into_response();
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
