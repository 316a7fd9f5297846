use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Position, Principal, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::{Done, Work};
use crate::App;
use crate::items::{item, query};
use crate::links::{encode, media};
use crate::reply::write_common;
use crate::request::Request;

/// Where the feed stands when it knows of a change: the header of its answer.
pub(crate) const CHANGE_POSITION: HeaderName = HeaderName::from_static("change-position");

/// The answer to a change, as it is kept for who asks again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    /// Whether the body says the position too.
    #[serde(default)]
    pub(crate) positioned: bool,
}

impl Answer {
    /// To one change: the feature as `GET` gives it, or nothing for one that was deleted.
    pub(crate) fn of(work: &Work<'_>, done: &Done) -> Result<Self, Problem> {
        let Some(row) = &done.row else {
            return Ok(Self { status: 204, ..Self::default() });
        };
        let (entry, request) = (&done.entry, work.request);
        let transformer = query::transformer(&request.params, &entry.layer, &work.app.settings)?;
        let mut headers = vec![
            ("content-type".to_owned(), media::GEOJSON.to_owned()),
            ("content-crs".to_owned(), format!("<{}>", transformer.to().srid().uri())),
            ("etag".to_owned(), work.etag(entry, row)),
        ];
        let href = work.app.context.public_url.link(&format!("/collections/{}/items/{}", entry.layer.id, encode(&row.id)));
        let created = done.action == super::journal::Action::Create;
        if created {
            headers.push(("location".to_owned(), href));
        }
        let feature = item::write(&row.cells, &entry.layer, request, transformer)?;
        let links = item::item_links(work.app, &entry.layer, &row.id, request);
        let status = if created { 201 } else { 200 };
        Ok(Self { status, headers, body: Some(item::with_links(feature, &links)), positioned: false })
    }

    /// Sends it, with the position from which readers know of it.
    pub(crate) async fn send(mut self, app: &App, request: &Request) -> Response {
        let position = position(app).await;
        if let (true, Some(Value::Object(members)), Some(position)) = (self.positioned, &mut self.body, position) {
            let mut all = Map::new();
            all.insert("position".to_owned(), position.to_string().into());
            all.append(members);
            *members = all;
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = match self.body {
            Some(body) => (status, body.to_string()).into_response(),
            None => status.into_response(),
        };
        let headers = response.headers_mut();
        write_common(request.language, headers);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        if let Some(value) = position.and_then(|p| HeaderValue::try_from(p.to_string()).ok()) {
            headers.insert(CHANGE_POSITION, value);
        }
        response
    }
}

/// How far the database's log is safe: past the end of what was just committed. `None` if it can't be asked: the change is done all the same.
async fn position(app: &App) -> Option<Position> {
    let mut session = app.context.database.session(&Principal::anonymous()).await.ok()?;
    let text: String = sqlx::query_scalar("select pg_current_wal_flush_lsn()::text").fetch_one(&mut *session).await.ok()?;
    text.parse().ok()
}
