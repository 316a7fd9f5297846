use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use axum::response::Response;
use identity::audit::{self, Action, Event};
use ingest::{IngestError, Told};
use kernel::{Language, LayerId, Principal, Problem, Text};
use serde::Deserialize;
use serde_json::json;

use super::{document, json as answer, read};
use crate::words::said;
use crate::{Deliveries, person, writing};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    over_edits: bool,
}

/// `POST /admin/layers/{id}/undo`: the last delivery of a layer is taken back; its rows are again what they were.
#[utoipa::path(post, path = "/admin/layers/{id}/undo", tag = "administration",
    params(("id" = String, Path, description = "The layer")),
    responses((status = 200, description = "What was taken back, and `words`"), (status = 400, description = "The body is not `{over_edits?}`"),
        (status = 404, description = "No such layer, or not for you"), (status = 409, description = "It can't be taken back; `detail` says why")))]
pub(crate) async fn handler(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    person(&who)?;
    let absent = || {
        let words =
            Text::new("non c'è un livello così fatto di file, o non è vostro", "there is no such layer made of files, or it is not yours");
        said(Problem::not_found, &words)
    };
    let id = LayerId::new(id).map_err(|_| absent())?;
    let context = &deliveries.0.context;
    let failed = |e| Problem::database("taking a delivery back", &e);
    let mut session = context.database.session(&who).await.map_err(failed)?;
    let layer = document::layer(&mut session, &id).await?.filter(|layer| writing::may_write(&who, layer)).ok_or_else(absent)?;
    drop(session);
    let wanted: Wanted = read(&body, "{\"over_edits\"?}")?;
    let owner = (deliveries.0.owner)();
    // goes on if who asked is no longer there: half of it would be nothing
    let (id, over_edits, whose) = (layer.id.clone(), wanted.over_edits, who.comuni());
    let undoing = tokio::spawn(async move {
        let undone = ingest::undo(&owner, &id, over_edits, &whose).await;
        owner.close().await;
        undone
    });
    let undone = undoing.await.map_err(|e| Problem::internal("taking a delivery back", &e))?;
    let undone = undone.map_err(|error| match &error {
        IngestError::Database { cause, .. } => Problem::database("taking a delivery back", cause),
        _ => said(Problem::conflict, &error.words(Told::Plan)),
    })?;
    let details = json!({ "what": "a delivery taken back", "number": undone.delivery, "over_edits": wanted.over_edits });
    audit::record_apart(&context.database, &who, Event::new(Action::Administer).on(&layer.id).details(details)).await.map_err(failed)?;
    let words = Text::new(undone.text(Language::It), undone.text(Language::En));
    let mut document = serde_json::to_value(&undone).map_err(|e| Problem::internal("taking a delivery back", &e))?;
    document["words"] = json!(words);
    Ok(answer(&document))
}
