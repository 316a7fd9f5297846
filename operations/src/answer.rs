use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Context, Position, Principal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::links::media;
use crate::reply::write_common;
use crate::request::{Format, Request};

/// Where the feed stands when it knows of a change: the header of its answer.
pub const CHANGE_POSITION: HeaderName = HeaderName::from_static("change-position");

/// The answer to a change, as it is kept for who asks again with the same key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The status, for programs.
    pub status: u16,
    /// Headers of its own.
    pub headers: Vec<(String, String)>,
    /// The body, JSON.
    pub body: Option<Value>,
    /// Whether the body says the position too.
    #[serde(default)]
    pub positioned: bool,
    /// The path that a browser is sent to instead (303): where what was changed is seen.
    #[serde(default)]
    pub page: Option<String>,
}

impl Answer {
    /// 201: a record was made; `page` is its address, of JSON and of the page alike.
    pub fn made(page: impl Into<String>, tag: String, body: Value) -> Self {
        Self { status: 201, ..Self::changed(page, tag, body) }
    }

    /// 200: a record was changed.
    pub fn changed(page: impl Into<String>, tag: String, body: Value) -> Self {
        let headers = vec![("content-type".to_owned(), media::JSON.to_owned()), ("etag".to_owned(), tag)];
        Self { status: 200, headers, body: Some(body), positioned: false, page: Some(page.into()) }
    }

    /// Sends it, with the position from which readers know of it. Who asked with a form is sent to the page.
    pub async fn send(mut self, context: &Context, request: &Request) -> Response {
        let position = flushed(context).await;
        if let (Some(page), Format::Html) = (&self.page, request.format) {
            let location = HeaderValue::try_from(request.relative(page)).unwrap_or(HeaderValue::from_static("./"));
            return (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
                .into_response();
        }
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
        if let Some(page) = self.page.filter(|_| status == StatusCode::CREATED)
            && let Ok(location) = HeaderValue::try_from(context.public_url.link(&page))
        {
            headers.insert(header::LOCATION, location);
        }
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
pub async fn flushed(context: &Context) -> Option<Position> {
    let mut session = context.database.session(&Principal::anonymous()).await.ok()?;
    let text: String = sqlx::query_scalar("select pg_current_wal_flush_lsn()::text").fetch_one(&mut *session).await.ok()?;
    text.parse().ok()
}
