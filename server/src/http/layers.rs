//! `/admin/layers`: who sees each layer and who edits it, for administrators.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use catalogue::{Catalogue, store};
use identity::audit::{self, Action, Event};
use kernel::layer::Audience;
use kernel::{Layer, LayerId, Params, Principal, Problem, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::PgPool;

/// What the routes are made from: the layers, and connections as their owner.
#[derive(Clone)]
pub(super) struct Layers {
    pub(super) catalogue: Catalogue,
    pub(super) owner: PgPool,
}

pub(super) fn routes(layers: Layers) -> Router {
    Router::new().route("/admin/layers", get(list)).route("/admin/layers/{id}", put(change)).with_state(layers)
}

/// `GET /admin/layers`: every layer with its audience and editors.
#[utoipa::path(get, path = "/admin/layers", tag = "administration",
    responses((status = 200, description = "`layers`: id, title, audience, draft, editors, rows (the rule as CQL2-JSON), private fields"), (status = 404, description = "Not for you")))]
async fn list(State(layers): State<Layers>, who: Principal, params: Params) -> Result<Json<Value>, Problem> {
    administrator(&who)?;
    params.only(&[])?;
    let all: Vec<Value> = layers.catalogue.layers(&who).iter().map(|entry| describe(&entry.layer)).collect();
    Ok(Json(json!({ "layers": all })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    audience: Audience,
    editors: Vec<Role>,
}

/// `PUT /admin/layers/{id}`: `{"audience": "public|citizens|officers", "editors": ["officer", …]}`. It holds at once, in every output
/// and for every server; the policies of row-level security change in the same transaction.
#[utoipa::path(put, path = "/admin/layers/{id}", tag = "administration",
    params(("id" = String, Path, description = "The layer")),
    responses((status = 200, description = "The layer as it is now"), (status = 400, description = "The body is not of this form"), (status = 404, description = "No such layer, or not for you")))]
async fn change(State(layers): State<Layers>, who: Principal, Path(id): Path<String>, body: Bytes) -> Result<Json<Value>, Problem> {
    administrator(&who)?;
    let absent = || Problem::not_found(format!("there is no layer `{}`", id.chars().take(60).collect::<String>()));
    let id = LayerId::new(id.as_str()).map_err(|_| absent())?;
    let wanted: Wanted = serde_json::from_slice(&body).map_err(|e| {
        Problem::bad_request(format!(
            "the body must be {{\"audience\": \"public\", \"citizens\" or \"officers\", \"editors\": [roles]}}: {e}"
        ))
    })?;
    if let Some(role) = wanted.editors.iter().find(|role| !role.is_staff() || **role == Role::Machine) {
        return Err(Problem::bad_request(format!("`{}` can't edit: officer, planner and administrator can", role.name())));
    }
    let failed = |e| Problem::database("access of a layer", &e);
    let mut connection = layers.owner.acquire().await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    let by = who.name().unwrap_or_default();
    let changed = store::set_access(&mut transaction, &id, wanted.audience, &wanted.editors, by).await;
    let layer = changed.map_err(|e| Problem::internal("access of a layer", &e))?.ok_or_else(absent)?;
    let details = json!({ "what": "access of a layer", "audience": layer.audience, "editors": layer.editors });
    audit::record(&mut transaction, &who, Event::new(Action::Administer).on(&id).details(details)).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(Json(describe(&layer)))
}

fn administrator(who: &Principal) -> Result<(), Problem> {
    if who.may_administer() { Ok(()) } else { Err(Problem::not_found("there is nothing here, or nothing for you")) }
}

fn describe(layer: &Layer) -> Value {
    let private: Vec<&str> = layer.fields.iter().filter(|field| field.private || field.personal).map(|field| field.name.as_str()).collect();
    json!({ "id": layer.id, "title": layer.title, "module": layer.module, "audience": layer.audience, "draft": layer.draft, "editors": layer.editors,
            "rows": layer.rows, "private_fields": private })
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, change))]
pub(super) struct Api;
