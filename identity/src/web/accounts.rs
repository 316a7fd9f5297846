//! `/admin/accounts`: people, for administrators; to all others there is nothing here.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Comuni, Principal, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::document;
use super::ask::{Ask, Input};
use crate::account::{Change, MOST, NewAccount, read_comuni};
use crate::link::OneTimeLink;
use crate::{Failure, Identity};

/// What `/openapi.json` says of these addresses, and of `/auth/me`.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list,
    invite,
    change,
    recover,
    super::me::show,
    super::sign_in::show,
    super::sign_in::password,
    super::code::show,
    super::code::enter,
    super::password::show,
    super::password::change,
    super::new_password::show,
    super::new_password::add,
    super::passkey::begin,
    super::passkey::finish,
    super::passkey::remove,
    super::source::start,
    super::source::callback,
    super::link::show,
    super::link::choose,
    super::sessions::show,
    super::sessions::end,
    super::sessions::sign_out,
    super::demo::enter,
    super::files::serve
))]
pub struct Api;

/// As an answer of ours to a program: there are no pages here.
fn answered(ask: &Ask, result: Result<(StatusCode, Value), Failure>) -> Response {
    match result {
        Ok((status, value)) => {
            let mut response = document(ask, &value);
            *response.status_mut() = status;
            response
        }
        Err(failure) => failure.problem().into_response(),
    }
}

/// The id in an address; what is none is nobody's.
fn account(id: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(id).map_err(|_| Failure::not_found())
}

fn shown(link: &OneTimeLink) -> Value {
    json!({"href": link.reveal(), "expires_at": link.expires_at})
}

/// `GET /admin/accounts`: by name, 500 at a time.
#[utoipa::path(
    get,
    path = "/admin/accounts",
    tag = "accounts",
    params(("after" = Option<String>, Query, description = "The last account of the answer before: `next` has it")),
    responses((status = 200, description = "`accounts`, and `next` if there are more"), (status = 404, description = "Not for you"))
)]
pub(super) async fn list(State(identity): State<Identity>, who: Principal, ask: Ask) -> Response {
    let result = async {
        let after = ask.parameter("after").map(account).transpose()?;
        let accounts = identity.accounts(&who, after).await?;
        let next = (accounts.len() == MOST).then(|| accounts.last().map(|a| a.id)).flatten();
        Ok((StatusCode::OK, json!({"accounts": accounts, "next": next})))
    };
    answered(&ask, result.await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: String,
    email: Option<String>,
    role: Role,
    #[serde(default, deserialize_with = "read_comuni")]
    comuni: Option<Comuni>,
    #[serde(default)]
    offices: BTreeSet<String>,
}

/// `POST /admin/accounts`: makes an account and tells its one-time link, this once.
#[utoipa::path(
    post,
    path = "/admin/accounts",
    tag = "accounts",
    request_body(content_type = "application/json",
        description = "`name`, `role` (`citizen`, `officer`, `planner`, `administrator`), and if wanted `email`, `comuni` (ISTAT codes, or `*`), `offices`"),
    responses(
        (status = 201, description = "`id`, and `link` with `href` and `expires_at`; it is not told again"),
        (status = 400, description = "Not possible; `detail` says why", content_type = "application/problem+json"),
        (status = 404, description = "Not for you")
    )
)]
pub(super) async fn invite(State(identity): State<Identity>, who: Principal, ask: Ask, Input(wanted): Input<Wanted>) -> Response {
    let result = async {
        let Wanted { name, email, role, comuni, offices } = wanted;
        let new = NewAccount { name, email, role, comuni: comuni.unwrap_or_else(Comuni::none), offices };
        let (id, link) = identity.invite(&who, new).await?;
        Ok((StatusCode::CREATED, json!({"id": id, "link": shown(&link)})))
    };
    answered(&ask, result.await)
}

/// `PATCH /admin/accounts/{id}`: what is named becomes different. If rights do, all sessions of the account end.
#[utoipa::path(
    patch,
    path = "/admin/accounts/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "The account")),
    request_body(content_type = "application/json", description = "Some of `name`, `email`, `role`, `comuni`, `offices`, `active`"),
    responses(
        (status = 200, description = "The account as it is now"),
        (status = 400, description = "Not possible; `detail` says why", content_type = "application/problem+json"),
        (status = 404, description = "Absent, or not for you")
    )
)]
pub(super) async fn change(
    State(identity): State<Identity>,
    Path(id): Path<String>,
    who: Principal,
    ask: Ask,
    Input(wanted): Input<Change>,
) -> Response {
    let result = async {
        let changed = identity.change(&who, account(&id)?, wanted).await?;
        Ok((StatusCode::OK, serde_json::to_value(changed).map_err(|e| Failure::internal("writing an account", &e))?))
    };
    answered(&ask, result.await)
}

/// `POST /admin/accounts/{id}/recovery`: a one-time link for somebody who can't get in, told this once.
#[utoipa::path(
    post,
    path = "/admin/accounts/{id}/recovery",
    tag = "accounts",
    params(("id" = String, Path, description = "The account")),
    responses((status = 201, description = "`link` with `href` and `expires_at`"), (status = 404, description = "Absent, or not for you"))
)]
pub(super) async fn recover(State(identity): State<Identity>, Path(id): Path<String>, who: Principal, ask: Ask) -> Response {
    let result = async {
        let link = identity.recover(&who, account(&id)?).await?;
        Ok((StatusCode::CREATED, json!({"link": shown(&link)})))
    };
    answered(&ask, result.await)
}
