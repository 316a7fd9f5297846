use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// What a client is told when something can't be done: `application/problem+json` (RFC 9457).
///
/// The `type` is stable, of the form `https://opensit.it/problems/<slug>`; `detail` says what, where and what to do.
/// The cause of a server's own failure goes to the log, never here.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    members: Map<String, Value>,
    retry_after_s: Option<u32>,
    challenging: bool,
}

/// Where problem types live. Nothing is fetched from there; it is a name.
const TYPES: &str = "https://opensit.it/problems/";

/// How keys are asked for.
const CHALLENGE: &str = "Basic realm=\"Open SIT\", charset=\"UTF-8\"";

impl Problem {
    fn new(status: StatusCode, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, slug, title, detail: detail.into(), members: Map::new(), retry_after_s: None, challenging: false }
    }

    /// 400: a parameter has a value that it can't have. `allowed` says what it can have.
    pub fn invalid_parameter(name: &str, detail: impl Into<String>, allowed: impl Into<Value>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", "A parameter has an invalid value", detail)
            .with("parameter", name)
            .with("allowed", allowed)
    }

    /// 400: a parameter that this address does not have. `allowed` lists those it has.
    pub fn unknown_parameter(name: &str, allowed: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let allowed = Value::Array(allowed.into_iter().map(Into::into).collect());
        let name: String = name.chars().take(80).collect();
        let detail = format!("`{name}` is not a parameter of this address; `allowed` lists those it has");
        Self::new(StatusCode::BAD_REQUEST, "unknown-parameter", "An unknown parameter was given", detail)
            .with("parameter", name)
            .with("allowed", allowed)
    }

    /// 400: the request can't be read, in a way that is no single parameter's fault.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request can't be read", detail)
    }

    /// 401: who asks did not prove who they are. Says nothing about what exists.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign-in is needed or did not succeed", detail)
    }

    /// 403: the request itself is not taken, whoever sends it (from another site, over an address where nobody signs in).
    /// What somebody may not see is [`not_found`](Self::not_found).
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The request is not taken", detail)
    }

    /// 404. "Absent" and "not for you" read the same.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here", detail)
    }

    /// 405, with the methods that work.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This address does not take that method", detail)
    }

    /// 406: none of the representations asked for exists.
    pub fn not_acceptable(allowed: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let allowed = Value::Array(allowed.into_iter().map(Into::into).collect());
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "None of the media types asked for is available", "see `allowed`")
            .with("allowed", allowed)
    }

    /// 403: they may read it, and the detail says who may change it.
    pub fn not_editable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-editable", "This is not yours to change", detail)
    }

    /// 409: it can't be done to what is there now.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "It does not fit what is there now", detail)
    }

    /// 412: somebody else changed it since it was read.
    pub fn changed_meanwhile(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "changed-meanwhile", "Somebody else changed it meanwhile", detail)
    }

    /// 428: the request must say which state of it is meant.
    pub fn precondition_required(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", "Say which state is meant", detail)
    }

    /// 415: the body is of a media type that is not taken here. `allowed` lists those that are.
    pub fn unsupported_media_type(allowed: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let allowed = Value::Array(allowed.into_iter().map(Into::into).collect());
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of a type that is not taken", "see `allowed`")
            .with("allowed", allowed)
    }

    /// 422: a feature that the layer can't hold. `errors` say what is wrong with which property, or where in the geometry.
    pub fn invalid_feature(detail: impl Into<String>, errors: impl Into<Value>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-feature", "The feature is not valid", detail).with("errors", errors)
    }

    /// 422: a key that stands for another request already.
    pub fn key_reused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "The idempotency key was used for another request", detail)
    }

    /// 415: the body is compressed, or coded in another way (`Content-Encoding`).
    pub fn coded_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "coded-body", "The body is sent in a coding that is not taken", detail)
            .with("allowed", vec![Value::from("identity")])
    }

    /// 408: the request came too slowly.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly", detail)
    }

    /// 413: more than the limits allow.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
    }

    /// 412: a version of a protocol that is not spoken here. `allowed` lists those that are.
    pub fn unsupported_version(detail: impl Into<String>, allowed: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let allowed = Value::Array(allowed.into_iter().map(Into::into).collect());
        Self::new(StatusCode::PRECONDITION_FAILED, "unsupported-version", "That version of the protocol is not spoken here", detail)
            .with("allowed", allowed)
    }

    /// 422: a file that can't be taken for what it is to become. The detail says where, why and what to do.
    pub fn unfit_file(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit-file", "The file can't be taken", detail)
    }

    /// 423: somebody else is at it this moment.
    pub fn locked(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::LOCKED, "locked", "Somebody else is at it", detail)
    }

    /// 460 (tus, checksum): the bytes are not those that the checksum was made of.
    pub fn checksum_mismatch(detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, "checksum-mismatch", "The checksum does not match", detail)
    }

    /// 507: there is no room for it.
    pub fn insufficient_storage(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "insufficient-storage", "There is no room for it", detail)
    }

    /// 429: too often. It is worth trying again after that many seconds.
    pub fn too_many_requests(detail: impl Into<String>, retry_after_s: u32) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail);
        problem.retry_after_s = Some(retry_after_s);
        problem
    }

    /// 500: our fault. The cause is logged, the client is told only that it happened.
    pub fn internal(operation: &'static str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(operation, %cause, "operation failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on the server",
            format!("`{operation}` failed; the cause is in the server's log. Trying again may help"),
        )
    }

    /// 503: something the answer depends on is away for the moment.
    pub fn unavailable(detail: impl Into<String>, retry_after_s: u32) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is not available now", detail);
        problem.retry_after_s = Some(retry_after_s);
        problem
    }

    /// 503: a file that the answer lies in can't be read. Asking again does not help; putting the file right does.
    pub fn damaged_file(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "damaged-file", "A file on the server can't be read", detail)
    }

    /// What a failure of the database means to the client: away, overloaded or busy with others (locks) is a 503, a time-out too; the rest a 500.
    pub fn database(operation: &'static str, error: &sqlx::Error) -> Self {
        let away = match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(e) => e.code().is_some_and(|code| {
                // 08 connection exception, 53 insufficient resources, 57 operator intervention (57014: statement time-out);
                // 55P03 lock time-out, 40001 and 40P01 given up in favour of another transaction
                matches!(code.get(..2), Some("08" | "53" | "57")) || matches!(&*code, "55P03" | "40001" | "40P01")
            }),
            _ => false,
        };
        if away {
            tracing::warn!(operation, cause = %error, "database not available");
            Self::unavailable("the database does not answer, or did not answer in time; nothing was changed. Try again shortly", 2)
        } else {
            Self::internal(operation, error)
        }
    }

    /// Says how a program comes with a key (`WWW-Authenticate`; RFC 9110, 11.6.1). A browser that meets it asks its user for a name and a password, so that
    /// only what is told to a program that tried has it.
    #[must_use]
    pub fn challenging(mut self) -> Self {
        self.challenging = true;
        self
    }

    /// Adds an extension member (RFC 9457, 3.2).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same, said in other words: the reader's language.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The document.
    pub fn to_json(&self) -> Value {
        let mut document = Map::new();
        document.insert("type".into(), format!("{TYPES}{}", self.slug).into());
        document.insert("title".into(), self.title.into());
        document.insert("status".into(), self.status.as_u16().into());
        document.insert("detail".into(), self.detail.clone().into());
        document.extend(self.members.clone());
        Value::Object(document)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.challenging {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn says_what_where_and_what_is_allowed() {
        let problem = Problem::invalid_parameter("limit", "`limit` is 0", "an integer from 1 to 10000");
        assert_eq!(
            problem.to_json().to_string(),
            r#"{"type":"https://opensit.it/problems/invalid-parameter","title":"A parameter has an invalid value","status":400,"detail":"`limit` is 0","parameter":"limit","allowed":"an integer from 1 to 10000"}"#
        );
    }

    #[test]
    fn a_database_that_is_away_is_not_our_mistake() {
        assert_eq!(Problem::database("test", &sqlx::Error::PoolTimedOut).status(), 503);
        assert_eq!(Problem::database("test", &sqlx::Error::RowNotFound).status(), 500);
    }
}
