use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::Problem;
use serde_json::{Value, json};

use super::{Asked, write};
use crate::category::{self, Category};
use crate::desk::Desk;

/// `GET services.json`: what can be reported.
pub(super) async fn all(State(desk): State<Desk>, asked: Asked) -> Response {
    match categories(&desk, &asked).await {
        Ok(all) => {
            let records: Vec<Value> = all.iter().map(|category| describe(category, &asked)).collect();
            write::list(asked.form, StatusCode::OK, ("services", "service"), &records)
        }
        Err(problem) => asked.refuse(&problem),
    }
}

fn describe(category: &Category, asked: &Asked) -> Value {
    let hint = category.hint(asked.language);
    json!({
        "service_code": category.code, "service_name": category.label(asked.language), "description": hint, "metadata": false,
        "type": "realtime", "keywords": hint.to_lowercase(), "group": "",
    })
}

/// `GET services/{code}.json`: what is asked beside the place and a text, which is nothing.
#[utoipa::path(
    get,
    path = "/open311/v2/services/{code}",
    tag = "open311",
    params(("code" = String, Path, description = "A category with its ending")),
    responses((status = 200, description = "GeoReport v2"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn one(State(desk): State<Desk>, asked: Asked) -> Response {
    match categories(&desk, &asked).await {
        Ok(all) if all.iter().any(|category| category.code == asked.name) => {
            let record = json!({ "service_code": asked.name, "attributes": [] });
            match asked.form {
                // one definition, not a list of them
                write::Form::Json => write::single(&record),
                write::Form::Xml => write::list(asked.form, StatusCode::OK, ("service_definitions", "service_definition"), &[record]),
            }
        }
        Ok(_) => asked.refuse(&Problem::not_found("there is no service of this code")),
        Err(problem) => asked.refuse(&problem),
    }
}

async fn categories(desk: &Desk, asked: &Asked) -> Result<Vec<Category>, Problem> {
    let failed = |e| Problem::database("Open311 services", &e);
    let mut session = desk.services.context.database.session(&asked.who).await.map_err(failed)?;
    let mut all = category::all(&mut session).await?;
    all.retain(|category| category.active);
    Ok(all)
}
