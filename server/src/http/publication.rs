//! `/admin/layers/{id}/publication`: what a layer that was made of a file is called, who sees it, how it looks; for its author and for
//! administrators.

mod change;
mod show;
mod styles;
mod wanted;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use catalogue::{Catalogue, Entry};
use kernel::{Context, Layer, Principal, Problem};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

/// The module of layers that are made of files.
const PUBLISHED: &str = "published";

/// What the routes are made from: the layers, and connections as their owner.
#[derive(Clone)]
pub(super) struct Publications {
    pub(super) context: Context,
    pub(super) catalogue: Catalogue,
    pub(super) owner: PgPool,
}

pub(super) fn routes(publications: Publications) -> Router {
    Router::new()
        .route("/admin/layers/{id}/publication", get(show::handler).put(change::handler))
        .route("/admin/layers/{id}/styles", get(styles::handler))
        .with_state(publications)
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show::handler, change::handler, styles::handler))]
pub(super) struct Api;

impl Publications {
    /// The layer, if this person may publish it. Others are told the same as of a layer that nobody has.
    fn entry(&self, who: &Principal, id: &str) -> Result<Arc<Entry>, Problem> {
        let entry = self.catalogue.layer(who, id).filter(|entry| may_publish(who, &entry.layer));
        let entry = entry.ok_or_else(|| absent(id))?;
        if entry.layer.module == PUBLISHED {
            return Ok(entry);
        }
        let module = &entry.layer.module;
        Err(Problem::conflict(format!(
            "`{id}` belongs to the theme {module}, which says what it is called and how it looks; who sees and edits it is set with PUT /admin/layers/{id}"
        )))
    }
}

fn absent(id: &str) -> Problem {
    Problem::not_found(format!("there is no layer `{}` that you could publish", id.chars().take(60).collect::<String>()))
}

/// Its author, as long as they are staff, and administrators. A key never does.
fn may_publish(who: &Principal, layer: &Layer) -> bool {
    who.may_administer() || (who.is_staff() && who.key().is_none() && layer.is_by(who))
}

/// The layer as these addresses show it.
async fn describe(conn: &mut PgConnection, layer: &Layer, rows: i64) -> Result<Value, sqlx::Error> {
    let author: Option<String> = match layer.author {
        Some(author) => sqlx::query_scalar("select name from identity.accounts where id = $1").bind(author).fetch_optional(conn).await?,
        None => None,
    };
    let fields: Vec<Value> =
        layer.fields.iter().map(|field| json!({ "name": field.name, "label": field.label, "kind": field.kind })).collect();
    Ok(json!({
        "id": layer.id, "title": layer.title, "description": layer.description, "draft": layer.draft, "author": author,
        "audience": layer.audience, "licence": layer.licence, "attribution": layer.attribution, "source_date": layer.source_date,
        "zoom": [layer.zoom.0, layer.zoom.1], "style": layer.style, "geometry": layer.geometry, "fields": fields, "rows": rows,
    }))
}
