use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request as Incoming, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use kernel::{Context, Principal, Problem, PublicUrl};
use maud::html;
use serde_json::{Map, Value};
use tower::ServiceExt;

use crate::page::{Page, say};
use crate::refill::Refused;
use crate::request::{Format, Request};
use crate::sent::{FORM, MAX_BODY_BYTES, form};

/// Shows problems as pages to browsers: what is wrong, with each field, and the way back. A form without files that was refused is shown
/// again on its own page, which these routes answer as the same reader, with what was sent in it.
pub fn for_people(routes: Router, context: &Context) -> Router {
    let pages = Pages { context: context.clone(), routes: routes.clone() };
    routes.layer(from_fn_with_state(pages, people))
}

#[derive(Clone)]
struct Pages {
    context: Context,
    routes: Router,
}

async fn people(State(pages): State<Pages>, incoming: Incoming, next: Next) -> Response {
    let (mut parts, body) = incoming.into_parts();
    let request = match <Request as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await {
        Ok(request) if request.format == Format::Html => request,
        _ => return next.run(Incoming::from_parts(parts, body)).await,
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_form = parts.method == Method::POST && kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM));
    let (response, sent) = if is_form {
        match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
            Ok(bytes) => (next.run(Incoming::from_parts(parts.clone(), Body::from(bytes.clone()))).await, Some((parts, bytes))),
            Err(_) => (Problem::too_large("the form is too long, or did not arrive whole").into_response(), None),
        }
    } else {
        (next.run(Incoming::from_parts(parts, body)).await, None)
    };
    if response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/problem+json") {
        return response;
    }
    let (answered, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return (answered.status, "").into_response() };
    let problem: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    if let (Some((parts, bytes)), 400 | 409 | 422) = (sent, answered.status.as_u16())
        && let Ok(fields) = form(&bytes)
        && let Some(again) = pages.again(&parts, &request, &fields, &problem, answered.status).await
    {
        return again;
    }
    page(&pages.context, &request, &answered, &problem)
}

impl Pages {
    /// The page of the form that was sent, filled: the one that the browser comes from, or that stands where such forms do.
    async fn again(
        &self,
        parts: &Parts,
        request: &Request,
        fields: &Map<String, Value>,
        problem: &Value,
        status: StatusCode,
    ) -> Option<Response> {
        let refused = Refused { to: &request.path, fields, problem, language: request.language };
        let folder = request.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let prefix = self.context.clone().as_asked(parts).public_url.to_string();
        let prefix = prefix.parse::<Uri>().ok().map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        let from = parts.headers.get(header::REFERER).and_then(|from| from.to_str().ok()?.parse::<Uri>().ok());
        let from = from.as_ref().and_then(|from| from.path_and_query()?.as_str().strip_prefix(&*prefix).map(str::to_owned));
        for address in from.into_iter().chain([request.path.clone(), folder.to_owned(), format!("{folder}/new")]) {
            let mut get = Incoming::builder().uri(&address).header(header::ACCEPT, "text/html");
            if let Some(languages) = parts.headers.get(header::ACCEPT_LANGUAGE) {
                get = get.header(header::ACCEPT_LANGUAGE, languages);
            }
            let Ok(mut get) = get.body(Body::empty()) else { continue };
            if let Some(who) = parts.extensions.get::<Principal>() {
                get.extensions_mut().insert(who.clone());
            }
            if let Some(url) = parts.extensions.get::<PublicUrl>() {
                get.extensions_mut().insert(url.clone());
            }
            let Ok(answer) = self.routes.clone().oneshot(get).await;
            let (mut head, body) = answer.into_parts();
            let is_page = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            if head.status != StatusCode::OK || !is_page {
                continue;
            }
            let Ok(body) = body.collect().await else { continue };
            let at = address.split('?').next().unwrap_or_default();
            if let Some(filled) = refused.on(&String::from_utf8_lossy(&body.to_bytes()), at) {
                head.status = status;
                head.headers.remove(header::ETAG);
                head.headers.remove(header::CONTENT_LENGTH);
                head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                return Some(Response::from_parts(head, Body::from(filled)));
            }
        }
        None
    }
}

fn page(context: &Context, request: &Request, parts: &http::response::Parts, problem: &Value) -> Response {
    let l = request.language;
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let content = html! {
        @if errors.is_empty() {
            p.note role="alert" { (problem["detail"].as_str().unwrap_or_default()) }
        } @else {
            p.note role="alert" { (say(l, "Non è stato registrato nulla. Da correggere:", "Nothing was recorded. To be mended:")) }
            ul { @for error in &errors {
                li { @if let Some(field) = error["field"].as_str() { strong { (field) } ": " } (error["detail"].as_str().unwrap_or_default()) }
            } }
        }
        p { (say(l, "Con il tasto «indietro» del browser si ritrova quello che era stato scritto.", "The browser's back button brings back what was typed.")) }
    };
    let mut shown = Page { title: title(parts.status, request), trail: Vec::new(), map: false }.alone(context, request, &content);
    *shown.status_mut() = parts.status;
    let kept: [HeaderName; 2] = [header::RETRY_AFTER, header::CACHE_CONTROL];
    for name in kept {
        if let Some(value) = parts.headers.get(&name) {
            shown.headers_mut().insert(name, value.clone());
        }
    }
    shown
}

fn title(status: StatusCode, request: &Request) -> &'static str {
    let l = request.language;
    match status.as_u16() {
        401 => say(l, "Bisogna entrare", "Sign-in is needed"),
        403 => say(l, "Non è consentito", "Not allowed"),
        404 => say(l, "Qui non c'è nulla", "There is nothing here"),
        409 => say(l, "Non si può fare ora", "It can't be done now"),
        412 | 428 => say(l, "Qualcun altro l'ha cambiato", "Somebody else changed it"),
        413 => say(l, "Troppo grande", "Too large"),
        429 => say(l, "Troppe richieste", "Too many requests"),
        400 | 422 => say(l, "C'è qualcosa da correggere", "Something is to be mended"),
        _ => say(l, "Il servizio non risponde", "The service does not answer"),
    }
}
