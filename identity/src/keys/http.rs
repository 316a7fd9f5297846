//! `/admin/keys`: an administrator has all keys; officers and planners make and end their own, with no more rights than they have.
//! `/auth/tile-token`: a token for tiles, for whoever is known.

mod create;
mod list;
mod revoke;
mod token;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{delete, get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use http::HeaderValue;
use kernel::{Clock, Database, LayerId, Principal, Problem, Role};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::token::Signer;
use super::{Key, Keys};

/// What somebody may do with a layer: `None`: it does not exist for them; otherwise whether they may edit it.
pub type LayerRule = Arc<dyn Fn(&Principal, &LayerId) -> Option<bool> + Send + Sync>;

/// What the pages are made from.
#[derive(Clone)]
pub struct Pages {
    /// The database.
    pub database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told when a key ends.
    pub keys: Keys,
    /// Signs tokens for tiles.
    pub signer: Signer,
    /// What somebody may do with a layer, as the catalogue has it.
    pub layers: LayerRule,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list::handler, create::handler, revoke::handler, token::handler))]
pub struct Api;

/// The routes. The edge puts the principal into each request and refuses forged ones.
pub fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/admin/keys", get(list::handler).post(create::handler))
        .route("/admin/keys/{id}", delete(revoke::handler))
        .route("/auth/tile-token", post(token::handler))
        .with_state(pages)
}

/// People of the comune, with a session of their own: a key makes no keys. To all others there is nothing here.
fn staff(who: &Principal) -> Result<(), Problem> {
    let is_person = matches!(who.role(), Role::Officer | Role::Planner | Role::Administrator) && who.key().is_none();
    if is_person { Ok(()) } else { Err(absent()) }
}

fn absent() -> Problem {
    Problem::not_found("there is nothing here, or nothing for you")
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| Problem::bad_request(format!("the body is not the JSON expected here: {e}")))
}

/// Nobody keeps a page that tells of keys.
const PRIVATE: (http::HeaderName, HeaderValue) = (http::header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));

fn instant(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn document(key: &Key) -> Value {
    json!({
        "id": key.id, "name": key.name, "scope": if key.edit { "edit" } else { "read" }, "layers": key.layers, "comuni": key.comuni,
        "requests_per_minute": key.requests_per_minute, "created": instant(&key.created_at), "creator": key.creator,
        "expires": key.expires_at.as_ref().map(instant), "revoked": key.revoked_at.as_ref().map(instant),
        "last_used": key.last_used_at.as_ref().map(instant),
    })
}
