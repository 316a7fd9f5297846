//! Photos, written anew by a job before anybody sees anything of them: nothing is left of the file but its pixels.

use attachments::Picture;
use kernel::{Action, Edit, LayerId, Principal, Services};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::desk::LAYER;

/// The kind of the job.
pub const PHOTO_JOB: &str = "reports.photo";

/// What the job is for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) photo: Uuid,
}

#[derive(FromRow)]
struct Raw {
    report_id: String,
    called: String,
    content: Vec<u8>,
}

/// The handler of [`PHOTO_JOB`]: writes a photo anew, adds it to its report's files and drops what came. A file that is no picture, or
/// broken, is dropped; the report stays.
pub async fn write_anew(services: Services, job: jobs::Job) -> Result<jobs::Output, jobs::Failure> {
    let Waiting { photo } = job.read()?;
    let nobody = Principal::anonymous();
    let mut session = services.context.database.session(&nobody).await?;
    let raw: Option<Raw> =
        sqlx::query_as("select report_id, called, content from reports.raw_photo($1)").bind(photo).fetch_optional(&mut *session).await?;
    drop(session);
    let Some(Raw { report_id, called, content }) = raw else { return Ok(told("there is no such photo any more")) };
    let picture = tokio::task::spawn_blocking(move || Picture::anew(content))
        .await
        .map_err(|e| jobs::Failure::Again(format!("the picture's decoder broke off: {e}")))?;
    let layer = LayerId::new(LAYER).map_err(|e| jobs::Failure::Final(e.to_string()))?;
    let mut transaction = services.context.database.write(&nobody).await?;
    if let Ok(picture) = &picture {
        picture.add(&mut transaction, &nobody, &layer, &report_id, &called).await?;
    }
    let ended: Option<(i64, String, i64)> = sqlx::query_as("select fid, id, version from reports.end_photo($1, $2)")
        .bind(photo)
        .bind(picture.is_ok())
        .fetch_optional(&mut *transaction)
        .await?;
    // another worker ended it meanwhile: what was added here is dropped with the transaction
    let Some((fid, id, version)) = ended else { return Ok(told("the photo had been written already")) };
    let changed = ["photos".to_owned()];
    let edit = Edit { action: Action::Update, layer: &layer, fid, id: &id, version, changed: &changed, restored: None };
    services.journal.wrote(&mut transaction, &nobody, edit).await?;
    transaction.commit().await?;
    match picture {
        Ok(_) => Ok(told("written")),
        Err(refused) => Err(jobs::Failure::Final(refused.to_string())),
    }
}

fn told(what: &str) -> jobs::Output {
    jobs::Output::json(&serde_json::json!({ "photo": what }))
}
