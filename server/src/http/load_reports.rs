//! `/admin/layers/{id}/report`: what became of the files that a layer was made of, for administrators and
//! for whoever made it of them. Its examples are values of rows.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use catalogue::store;
use ingest::KeptReport;
use kernel::{Context, LayerId, Problem};
use operations::links::media;
use operations::{Format, Page, Request, reply, say};
use serde_json::json;
use sqlx::PgPool;

/// What the route is made from: the pages' surroundings, and connections as the owner of the layers.
#[derive(Clone)]
pub(super) struct Reports {
    pub(super) context: Context,
    pub(super) owner: PgPool,
}

pub(super) fn routes(reports: Reports) -> Router {
    Router::new().route("/admin/layers/{id}/report", get(show)).with_state(reports)
}

/// `GET /admin/layers/{id}/report`: the report of the last delivery of a published layer, or of the one that `number` names; as a page that prints, or
/// as JSON.
#[utoipa::path(get, path = "/admin/layers/{id}/report", tag = "administration",
    params(("id" = String, Path, description = "The layer"), ("number" = Option<i64>, Query, description = "The delivery; the last one without")),
    responses((status = 200, description = "`number`, `at`, `by`, `undone`, `plan` (TOML) and `report` of a delivery, `others` that have one"), (status = 404, description = "No such layer, no report of it, or not for you")))]
async fn show(State(reports): State<Reports>, request: Request, Path(id): Path<String>) -> Result<Response, Problem> {
    if !request.who.is_staff() {
        return Err(Problem::not_found("there is nothing here, or nothing for you"));
    }
    let number = request.params.get("number").map(str::parse::<i64>).transpose();
    let number = number.map_err(|_| Problem::bad_request("`number` is the number of a delivery"))?;
    let absent = || Problem::not_found("there is no report of that; only layers that were loaded from files have them");
    let layer = LayerId::new(id).map_err(|_| absent())?;
    let mut connection = reports.owner.acquire().await.map_err(|e| Problem::database("report of a load", &e))?;
    if !request.who.may_administer() {
        let known = store::get(&mut connection, &layer).await.map_err(|e| Problem::internal("report of a load", &e))?;
        known.filter(|layer| layer.is_by(&request.who)).ok_or_else(absent)?;
    }
    request.only(&["number"])?;
    let kept = KeptReport::find(&mut connection, &layer, number).await.map_err(|e| Problem::internal("report of a load", &e))?;
    let kept = kept.ok_or_else(absent)?;
    let language = request.language;
    if request.format == Format::Json {
        let others: Vec<_> = kept.others.iter().map(|(number, at)| json!({ "number": number, "at": at })).collect();
        let document = json!({ "number": kept.number, "at": kept.at, "by": kept.by, "undone": kept.undone, "plan": kept.plan,
                               "report": kept.report, "others": others });
        return Ok(reply::json(&document, media::JSON, language));
    }
    let title = format!("{} ({layer})", kept.report.title.get(language));
    let trail = vec![(request.relative("/collections"), say(language, "Dati", "Data").to_owned())];
    let content = kept.html(language, &request.relative("/portal/"));
    Ok(Page { title: &title, trail, map: false }.render(&reports.context, &request, &content))
}

/// What `/openapi.json` says of this address.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show))]
pub(super) struct Api;
