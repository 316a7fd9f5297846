use axum::extract::{Request as Incoming, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use http_body_util::BodyExt;
use kernel::Context;
use maud::html;
use serde_json::Value;

use crate::page::{Page, say};
use crate::request::{Format, Request};

/// Shows problems as pages to browsers (middleware of a theme's routes): what is wrong, with each field, and the way back.
pub async fn people(State(context): State<Context>, incoming: Incoming, next: Next) -> Response {
    let (mut parts, body) = incoming.into_parts();
    let request = <Request as axum::extract::FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
    let response = next.run(Incoming::from_parts(parts, body)).await;
    let is_problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    match request {
        Ok(request) if is_problem && request.format == Format::Html => page(&context, &request, response).await,
        _ => response,
    }
}

async fn page(context: &Context, request: &Request, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return (parts.status, "").into_response() };
    let problem: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
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
    let mut shown = Page { title: title(parts.status, request), trail: Vec::new(), map: false }.render(context, request, &content);
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
