use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use http::StatusCode;
use identity::audit::{self, Action, Event};
use ingest::Mode;
use kernel::{Principal, Problem};
use serde::Deserialize;
use serde_json::json;

use super::record::State;
use super::{document, failed, order, read, to_order};
use crate::words::conflict;
use crate::work::{LOAD, Order};
use crate::{Deliveries, writing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    mode: Mode,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    keep_vanished: bool,
    vanish_at_most: Option<f64>,
}

/// `POST /admin/deliveries/{id}/load`: the files become the layer that the plan names, at once or not at all.
#[utoipa::path(post, path = "/admin/deliveries/{id}/load", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "A job does it; `report` says then what became of them"), (status = 400, description = "The body is not `{mode, draft?, keep_vanished?, vanish_at_most?}`"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "The layer is there already or not there, is not yours, or a job is at it")))]
pub(crate) async fn handler(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let (mut transaction, record) = to_order(&deliveries, &who, &id, ["caricare di nuovo", "loaded again"]).await?;
    let wanted: Wanted =
        read(&body, "{\"mode\": \"create\", \"replace\", \"append\" or \"update\", \"draft\"?, \"keep_vanished\"?, \"vanish_at_most\"?}")?;
    let plan = record.plan()?;
    let id = &plan.layer;
    let layer = document::layer(&mut transaction, id).await?;
    if let Some(layer) = &layer {
        writing::check(&who, layer)?;
    }
    match (wanted.mode, layer.is_some()) {
        (Mode::Create, true) => {
            return Err(conflict(
                format!("il livello `{id}` c'è già: aggiornarlo, sostituirlo o ampliarlo, o dare al livello un altro nome nel piano"),
                format!("the layer `{id}` is there already: update, replace or append to it, or give the layer another name in the plan"),
            ));
        }
        (Mode::Replace | Mode::Append | Mode::Update, false) => {
            return Err(conflict(
                format!("il livello `{id}` non c'è ancora: caricarlo come livello nuovo (`create`)"),
                format!("there is no layer `{id}` yet: load it as a new one (`create`)"),
            ));
        }
        _ => {}
    }
    if let Some(percent) = wanted.vanish_at_most.filter(|percent| !(0.0..=100.0).contains(percent)) {
        return Err(Problem::invalid_parameter("vanish_at_most", format!("{percent} is no part of a hundred"), "a number from 0 to 100"));
    }
    if let Some(comune) = plan.comune.as_ref().filter(|comune| !who.comuni().contains(comune)) {
        return Err(conflict(
            format!("per il piano tutte le righe sono del comune {comune}, per il quale non lavorate: dirne uno vostro, o nessuno"),
            format!("the plan says that all rows are of the comune {comune}, for which you do not work: say one of yours, or none"),
        ));
    }
    if wanted.draft && wanted.mode != Mode::Create {
        return Err(Problem::invalid_parameter("draft", "only a new layer can be a draft", "`draft` with the mode `create`"));
    }
    let order = Order {
        mode: Some(wanted.mode),
        draft: wanted.draft,
        keep_vanished: wanted.keep_vanished,
        vanish_at_most: wanted.vanish_at_most,
        ..Order::on(record.id)
    };
    order::put(&mut transaction, &who, LOAD, &order, State::Loading).await?;
    let details = json!({ "what": "load of a delivery ordered", "delivery": record.id, "mode": wanted.mode, "draft": wanted.draft });
    audit::record(&mut transaction, &who, Event::new(Action::Administer).on(id).details(details)).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::ACCEPTED)
}
