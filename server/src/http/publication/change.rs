use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use catalogue::store;
use identity::audit::{self, Action, Event};
use kernel::{Params, Principal, Problem};
use serde_json::{Value, json};
use sqlx::Connection;

use super::wanted::Wanted;
use super::{Publications, absent, describe, may_publish};

/// `PUT /admin/layers/{id}/publication`: any of `title`, `description`, `draft` (false publishes it), `audience`, `licence`,
/// `attribution`, `source_date`, `zoom`, `style`. It holds in every output when it is answered; the policies of row-level security change in
/// the same transaction.
#[utoipa::path(put, path = "/admin/layers/{id}/publication", tag = "administration",
    params(("id" = String, Path, description = "The layer")),
    request_body(content_type = "application/json", description = "What is to be said; what is left out stays, null takes it away"),
    responses((status = 200, description = "As `GET` shows it, now"), (status = 400, description = "What is wrong, in which `field`; of a style with the `pointer` to the place"), (status = 404, description = "No such layer, or not for you"), (status = 409, description = "It belongs to a theme")))]
pub(super) async fn handler(
    State(publications): State<Publications>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let entry = publications.entry(&who, &id)?;
    params.only(&[])?;
    let wanted = Wanted::read(&body)?;
    let failed = |e: sqlx::Error| Problem::database("publication of a layer", &e);
    let broken = |e: catalogue::CatalogueError| Problem::internal("publication of a layer", &e);
    let mut connection = publications.owner.acquire().await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    // as it is now: it may have been changed, or have become somebody else's, since the catalogue was read
    let now = store::get_to_change(&mut transaction, &entry.layer.id).await.map_err(broken)?;
    let now = now.filter(|layer| who.may_read(layer) && may_publish(&who, layer)).ok_or_else(|| absent(&id))?;
    let (layer, differs) = wanted.onto(&now)?;
    if !differs.is_empty() {
        store::change(&mut transaction, &layer).await.map_err(broken)?;
        let mut details = json!({ "what": "publication of a layer", "changed": differs, "draft": layer.draft, "audience": layer.audience });
        if now.draft && !layer.draft {
            details["published"] = true.into();
        }
        audit::record(&mut transaction, &who, Event::new(Action::Administer).on(&layer.id).details(details)).await.map_err(failed)?;
    }
    let answer = describe(&mut transaction, &layer, entry.rows).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    // the change feed says so too, a moment later; who reads after this answer finds it already
    if let Err(error) = publications.catalogue.reload(&publications.context.database).await {
        tracing::warn!(cause = %error, "the catalogue can't be read anew; the change feed will say when");
    }
    Ok(Json(answer))
}
