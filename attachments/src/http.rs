//! `/attachments/{layer}/{id}`: the files of a row; `/attachments/{file}`: one of them.

mod body;
mod delete;
mod get;
mod list;
mod range;
mod upload;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use chrono::SecondsFormat;
use http::HeaderValue;
use kernel::{Context, LayerId, Principal, Problem};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::records::{Access, Records};
use crate::store::File;

/// Uploads that are received at a time: each may hold 20 MiB.
const RECEIVED_AT_A_TIME: usize = 16;
/// Files that are decoded at a time: each may hold some 500 MiB.
const DECODED_AT_A_TIME: usize = 2;

/// What the routes are made from. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    context: Context,
    records: Arc<dyn Records>,
    receiving: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl Pages {
    /// Of these records.
    pub fn new(context: Context, records: Arc<dyn Records>) -> Self {
        let (receiving, decoding) = (Arc::new(Semaphore::new(RECEIVED_AT_A_TIME)), Arc::new(Semaphore::new(DECODED_AT_A_TIME)));
        Self { context, records, receiving, decoding }
    }

    /// The layer and what `who` may do with the row; the same answer for a row that is absent and one that is not for them.
    async fn access(&self, who: &Principal, layer: &str, record: &str) -> Result<(LayerId, Access), Problem> {
        let layer = LayerId::new(layer).map_err(|_| no_record())?;
        if record.is_empty() || record.len() > 500 || record.contains('\0') {
            return Err(no_record());
        }
        let access = self.records.access(who, &layer, record).await?.ok_or_else(no_record)?;
        Ok((layer, access))
    }

    /// A file that exists for `who`, with what they may do with its row.
    async fn file(&self, who: &Principal, id: &str) -> Result<(File, LayerId, Access), Problem> {
        let failed = |e: sqlx::Error| Problem::database("reading an attachment", &e);
        let id = Uuid::try_parse(id).map_err(|_| no_file())?;
        let mut session = self.context.database.session(who).await.map_err(failed)?;
        let file = crate::store::find(&mut session, id).await.map_err(failed)?.ok_or_else(no_file)?;
        drop(session);
        let layer = LayerId::new(&*file.layer).map_err(|_| no_file())?;
        let access = self.records.access(who, &layer, &file.record).await?.ok_or_else(no_file)?;
        Ok((file, layer, access))
    }

    fn document(&self, file: &File, who: &Principal) -> Value {
        json!({
            "id": file.id.to_string(), "name": file.name, "media_type": file.media_type, "bytes": file.bytes, "width": file.width,
            "height": file.height, "created": file.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            // who works for the comune is not everybody's business
            "creator": file.created_by_name.as_ref().filter(|_| who.is_staff()),
            "href": self.context.public_url.link(&format!("/attachments/{}", file.id)),
        })
    }
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list::handler, upload::handler, get::handler, delete::handler))]
pub struct Api;

/// The routes. The edge puts the principal into each request and refuses forged ones; its limit on bodies must let
/// [`MAX_BYTES`](crate::MAX_BYTES) and some pass here.
pub fn routes(pages: Pages) -> Router {
    let context = pages.context.clone();
    let routes = Router::new()
        .route("/attachments/{layer}/{record}", get(list::handler).post(upload::handler))
        .route("/attachments/{file}", get(get::handler).delete(delete::handler))
        .with_state(pages);
    operations::for_people(routes, &context)
}

/// Nothing is kept by caches that others share, nor used without asking again.
const PRIVATE: (http::HeaderName, HeaderValue) = (http::header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-transform"));

fn no_record() -> Problem {
    Problem::not_found("there is no such record, or none for you")
}

fn no_file() -> Problem {
    Problem::not_found("there is no such file, or none for you")
}
