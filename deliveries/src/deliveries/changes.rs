use axum::body::Body;
use axum::extract::{Path, State as Given};
use axum::response::Response;
use futures::TryStreamExt;
use kernel::{Principal, Problem};
use tokio::io::AsyncReadExt;

use super::geojson;
use super::record::{Record, State};
use crate::Deliveries;
use crate::words::conflict;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// `GET /admin/deliveries/{id}/changes`: the rows that differ, before and after.
#[utoipa::path(get, path = "/admin/deliveries/{id}/changes", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "A feature for each row that is new or vanished, two for one that changed; in CRS84", content_type = "application/geo+json"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "It was not compared, or the plan changed since")))]
pub(crate) async fn handler(Given(deliveries): Given<Deliveries>, who: Principal, Path(id): Path<String>) -> Result<Response, Problem> {
    let parts = &deliveries.0;
    let mut session = parts.context.database.session(&who).await.map_err(|e| Problem::database("a delivery", &e))?;
    let record = Record::find(&mut session, &who, &id).await?;
    drop(session);
    let nothing = || {
        conflict(
            "i file non sono stati confrontati con il livello, o il piano è cambiato dopo; confrontarli",
            "the files were not compared with the layer, or the plan changed since then; compare them",
        )
    };
    if record.state() != State::Compared {
        return Err(nothing());
    }
    let file = tokio::fs::File::open(parts.folder.changes(record.id)).await.map_err(|_| nothing())?;
    let pieces = futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        file.read_buf(&mut piece).await?;
        Ok::<_, std::io::Error>((!piece.is_empty()).then_some((piece, file)))
    });
    Ok(geojson(Body::from_stream(pieces.map_ok(bytes::Bytes::from))))
}
