use axum::extract::{Path, State as Given};
use axum::response::Response;
use ingest::{Sample, Told};
use kernel::{Principal, Problem};

use super::geojson;
use super::record::{Record, State};
use crate::Deliveries;
use crate::words::{conflict, said};

/// `GET /admin/deliveries/{id}/preview`: some of the rows as the plan makes them, to be looked at on a map.
#[utoipa::path(get, path = "/admin/deliveries/{id}/preview", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "At most 2,000 features, spread over the files, in CRS84; `numberMatched` is how many rows there are", content_type = "application/geo+json"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "The files were not looked at yet, or nobody says in which system they are")))]
pub(crate) async fn handler(Given(deliveries): Given<Deliveries>, who: Principal, Path(id): Path<String>) -> Result<Response, Problem> {
    let parts = &deliveries.0;
    let mut session = parts.context.database.session(&who).await.map_err(|e| Problem::database("a delivery", &e))?;
    let record = Record::find(&mut session, &who, &id).await?;
    drop(session);
    if record.state() == State::Looking {
        return Err(conflict(
            "i file si stanno leggendo; chiedere di nuovo quando è finito",
            "the files are being looked at; ask again when that is done",
        ));
    }
    let plan = record.plan()?;
    let (file, settings) = (parts.folder.sample(record.id), parts.settings.ingest.clone());
    let drawing = tokio::task::spawn_blocking(move || {
        let gone = |_| {
            conflict(
                "i file non ci sono più, e con loro l'anteprima; inviarli di nuovo",
                "the files are gone, and with them what they looked like",
            )
        };
        let bytes = std::fs::read(file).map_err(gone)?;
        let sample = Sample::from_bytes(&bytes).map_err(|e| Problem::internal("a preview", &e))?;
        sample.preview(&plan, &settings).map_err(|e| said(Problem::conflict, &e.words(Told::Plan)))
    });
    let drawn = drawing.await.map_err(|e| Problem::internal("a preview", &e))??;
    drawn.map(geojson).ok_or_else(|| {
        conflict(
            "i file non dicono in che sistema sono le coordinate; sceglierlo nel piano (`crs`)",
            "the files do not say in which system their coordinates are; say it in the plan (`crs`)",
        )
    })
}
