use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use http::StatusCode;
use kernel::{Comuni, LayerId, Principal, Problem};
use serde::Deserialize;
use serde_json::json;

use super::{PRIVATE, Pages, read, staff};
use crate::keys::{self, KeyError, NewKey};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    scope: Scope,
    layers: Option<BTreeSet<LayerId>>,
    comuni: Option<BTreeSet<String>>,
    expires_days: Option<u32>,
    requests_per_minute: Option<u32>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Read,
    Edit,
}

/// `POST /admin/keys`: makes a key and tells it, this once.
///
/// Who is no administrator gives it no more than they have: their comuni, layers they may read, and to edit only layers that
/// are named and that they may edit themselves.
#[utoipa::path(
    post,
    path = "/admin/keys",
    tag = "keys",
    request_body(content_type = "application/json",
        description = "`name`, `scope` (`read` or `edit`), and if wanted `layers`, `comuni` (ISTAT codes), `expires_days`, `requests_per_minute`"),
    responses(
        (status = 201, description = "`id` and `key`; the key is not told again"),
        (status = 400, description = "Not possible; `detail` says why", content_type = "application/problem+json"),
        (status = 404, description = "Not for you"),
    )
)]
pub(super) async fn handler(State(pages): State<Pages>, who: Principal, body: Bytes) -> Result<Response, Problem> {
    staff(&who)?;
    let asked: Asked = read(&body)?;
    let edit = asked.scope == Scope::Edit;
    check_layers(&pages, &who, edit, asked.layers.as_ref())?;
    let new = NewKey {
        name: asked.name,
        edit,
        layers: asked.layers,
        comuni: comuni(&who, asked.comuni)?,
        lifetime: asked.expires_days.map(|days| TimeDelta::days(days.into())),
        requests_per_minute: asked.requests_per_minute.map(|n| i32::try_from(n).unwrap_or(i32::MAX)),
    };
    let failed = |e: sqlx::Error| Problem::database("making a key", &e);
    let mut transaction = pages.database.write(&who).await.map_err(failed)?;
    let key = keys::create(&mut transaction, &who, &new, pages.clock.now()).await.map_err(|e| match e {
        KeyError::Invalid(text) => Problem::bad_request(text),
        KeyError::Database(e) => failed(e),
        KeyError::Failure(failure) => failure.problem(),
    })?;
    transaction.commit().await.map_err(failed)?;
    Ok((StatusCode::CREATED, [PRIVATE], Json(json!({ "id": key.id(), "key": *key.reveal() }))).into_response())
}

fn check_layers(pages: &Pages, who: &Principal, edit: bool, layers: Option<&BTreeSet<LayerId>>) -> Result<(), Problem> {
    if layers.is_none() && edit && !who.may_administer() {
        return Err(Problem::bad_request("say which layers the key may edit: those that you may edit yourself"));
    }
    for layer in layers.into_iter().flatten() {
        let rule = (pages.layers)(who, layer).ok_or_else(|| Problem::bad_request(format!("there is no layer `{layer}`")))?;
        if edit && !rule && !who.may_administer() {
            return Err(Problem::bad_request(format!("you may not edit `{layer}` yourself")));
        }
    }
    Ok(())
}

/// Those asked for, which must be theirs; without a word, all of theirs.
fn comuni(who: &Principal, asked: Option<BTreeSet<String>>) -> Result<Comuni, Problem> {
    let theirs = if who.may_administer() { Comuni::All } else { who.comuni() };
    match asked {
        None => Ok(theirs),
        Some(asked) => match asked.iter().find(|istat| !theirs.contains(istat)) {
            Some(other) => Err(Problem::bad_request(format!("you do not work for `{}`", other.chars().take(20).collect::<String>()))),
            None => Ok(Comuni::Only(asked)),
        },
    }
}
