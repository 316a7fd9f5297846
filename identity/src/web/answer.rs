use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maud::Markup;
use serde_json::{Value, json};

use super::ask::{Ask, local};
use super::layout;
use crate::{Failure, Token, cookie};

/// A document.
pub(super) fn document(ask: &Ask, value: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LANGUAGE, ask.language.tag())];
    (headers, value.to_string()).into_response()
}

/// A page.
pub(super) fn page(ask: &Ask, title: &str, content: &Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_LANGUAGE, ask.language.tag())];
    (headers, layout::page(ask, title, content).into_string()).into_response()
}

/// What went wrong, as a page or as a problem document; the status and what else it says are the same.
pub(super) fn failed(ask: &Ask, failure: &Failure) -> Response {
    let problem = failure.problem();
    if !ask.page {
        // English, as everywhere, unless the address asks for a language
        let tag = ask.language.tag();
        return if ask.chosen {
            ([(header::CONTENT_LANGUAGE, tag)], problem.saying(failure.text(ask.language))).into_response()
        } else {
            problem.into_response()
        };
    }
    let retry_after = problem.clone().into_response().headers().get(header::RETRY_AFTER).cloned();
    let mut response = page(ask, ask.say("Accesso", "Sign in"), &layout::failed(ask, failure));
    *response.status_mut() = problem.status();
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after);
    }
    response
}

/// On to another page of ours (after a form), or the same in JSON.
pub(super) fn onward(ask: &Ask, path: &str, value: &Value) -> Response {
    let address = ask.url(path);
    if !ask.page {
        let mut value = value.clone();
        value["href"] = address.into();
        return document(ask, &value);
    }
    match HeaderValue::try_from(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(error) => Failure::internal("sending a browser on", &error).problem().into_response(),
    }
}

/// Signed in: the session's cookie, none of the flow's, and on to where the browser wanted to go.
pub(super) fn entered(ask: &Ask, token: &Token, next: &str) -> Result<Response, Failure> {
    let mut response = onward(ask, &local(Some(next)), &json!({"signed_in": true}));
    let seconds = ask.identity.parts.settings.absolute.num_seconds();
    response.headers_mut().append(header::SET_COOKIE, cookie::set(cookie::SESSION, token, seconds)?);
    response.headers_mut().append(header::SET_COOKIE, cookie::forget(cookie::FLOW));
    Ok(response)
}

/// With the cookie of a sign-in that has just begun.
pub(super) fn begun(mut response: Response, token: &Token) -> Result<Response, Failure> {
    response.headers_mut().append(header::SET_COOKIE, cookie::set(cookie::FLOW, token, crate::flow::LIFE.num_seconds())?);
    Ok(response)
}

/// A handler's result as an answer.
pub(super) fn or_failed(ask: &Ask, result: Result<Response, Failure>) -> Response {
    result.unwrap_or_else(|failure| failed(ask, &failure))
}
