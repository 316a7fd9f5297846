//! The pages. They need no script: a running job's page asks for itself again every few seconds.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use http::header;
use kernel::Language;
use maud::{DOCTYPE, Markup, html};

use super::Pages;
use super::request::{Request, private};
use crate::{State, Summary};

/// The style of every page of this program.
const STYLE_SHEET: &str = "/static/pages.css";

pub(super) fn list(pages: &Pages, request: &Request, jobs: &[Summary], next: Option<&str>) -> Response {
    let l = request.language;
    let content = html! {
        @if jobs.is_empty() {
            p { (say(l, "Nessun lavoro in corso o concluso di recente.", "No job is running or has ended lately.")) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(say(l, "Lavori", "Jobs")) {
                table {
                    thead { tr {
                        th scope="col" { (say(l, "Lavoro", "Job")) } th scope="col" { (say(l, "Stato", "State")) }
                        th.number scope="col" { (say(l, "Avanzamento", "Progress")) } th scope="col" { (say(l, "Chiesto da", "Asked by")) }
                        th scope="col" { (say(l, "Chiesto il", "Asked on")) }
                    } }
                    tbody {
                        @for job in jobs {
                            tr {
                                th scope="row" { a href=(pages.public_url.link(&format!("/jobs/{}?f=html&lang={}", job.id, l.tag()))) { (job.kind) } }
                                td { (state(l, job)) }
                                td.number { (job.percent) " %" }
                                td { (job.owner.as_deref().unwrap_or("–")) }
                                td { (instant(job.created_at)) }
                            }
                        }
                    }
                }
            }
            @if let Some(next) = next { p.pages { a href=(next) rel="next" { (say(l, "Precedenti", "Earlier ones")) } } }
        }
    };
    render(pages, request, say(l, "Lavori", "Jobs"), "/jobs", None, &content)
}

pub(super) fn one(pages: &Pages, request: &Request, job: &Summary) -> Response {
    let l = request.language;
    let url = |path: &str| pages.public_url.link(path);
    let path = format!("/jobs/{}", job.id);
    let content = html! {
        nav.trail aria-label=(say(l, "Percorso", "Breadcrumb")) { a href=(url(&format!("/jobs?f=html&lang={}", l.tag()))) { (say(l, "Lavori", "Jobs")) } }
        p role="status" {
            strong { (state(l, job)) }
            @if let Some(message) = &job.message { " · " (message) }
        }
        @if !job.state.is_final() {
            p { progress max="100" value=(job.percent) aria-label=(say(l, "Avanzamento", "Progress")) { (job.percent) " %" } }
        }
        dl {
            @if let Some(error) = &job.error { dt { (say(l, "Ultimo errore", "Last failure")) } dd { (error) } }
            dt { (say(l, "Tentativo", "Attempt")) } dd { (job.attempts.0) " / " (job.attempts.1) }
            @if let Some(owner) = &job.owner { dt { (say(l, "Chiesto da", "Asked by")) } dd { (owner) } }
            dt { (say(l, "Chiesto il", "Asked on")) } dd { (instant(job.created_at)) }
            @if let Some(at) = job.started_at { dt { (say(l, "Iniziato", "Began")) } dd { (instant(at)) } }
            @if let Some(at) = job.finished_at { dt { (say(l, "Concluso", "Ended")) } dd { (instant(at)) } }
            @if let Some(at) = job.expires_at { dt { (say(l, "Conservato fino al", "Kept until")) } dd { (instant(at)) } }
        }
        @if job.has_result { p { a.button href=(url(&format!("{path}/result"))) { (say(l, "Scarica il risultato", "Download the result")) } } }
        @if !job.state.is_final() && !job.cancel {
            form method="post" action=(url(&format!("{path}/cancel"))) { button.button type="submit" { (say(l, "Annulla il lavoro", "Cancel the job")) } }
        }
    };
    let again = (!job.state.is_final()).then_some("3");
    render(pages, request, &job.kind, &path, again, &content)
}

fn render(pages: &Pages, request: &Request, title: &str, path: &str, again: Option<&str>, content: &Markup) -> Response {
    let l = request.language;
    let service = pages.title.get(l);
    let url = |path: &str| pages.public_url.link(path);
    let page = html! {
        (DOCTYPE)
        html lang=(l.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = again { meta http-equiv="refresh" content=(seconds); }
                title { (title) " · " (service) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(url(STYLE_SHEET));
                link rel="alternate" type="application/json" href=(url(&format!("{path}?f=json")));
            }
            body {
                a.skip href="#content" { (say(l, "Vai al contenuto", "Skip to content")) }
                header.bar {
                    a.service href=(url("/")) { (service) }
                    nav aria-label=(say(l, "Servizio", "Service")) {
                        a href=(url("/portal/")) { (say(l, "Mappa", "Map")) }
                        a href=(url("/collections")) { (say(l, "Dati", "Data")) }
                        @let other = if l == Language::It { ("en", "English") } else { ("it", "Italiano") };
                        a lang=(other.0) hreflang=(other.0) href=(url(&format!("{path}?f=html&lang={}", other.0))) { (other.1) }
                    }
                }
                main id="content" { h1 { (title) } (content) }
                footer { p { a href=(url(&format!("{path}?f=json"))) { (say(l, "Questa pagina in JSON", "This page as JSON")) } } }
            }
        }
    };
    private(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.into_string()).into_response())
}

fn say(language: Language, it: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::It => it,
        Language::En => en,
    }
}

fn state(language: Language, job: &Summary) -> &'static str {
    match job.state {
        State::Queued if job.attempts.0 > 0 => say(language, "in attesa di un nuovo tentativo", "waiting for another attempt"),
        State::Queued => say(language, "in attesa", "waiting"),
        State::Running if job.cancel => say(language, "in corso di annullamento", "being cancelled"),
        State::Running => say(language, "in corso", "running"),
        State::Done => say(language, "concluso", "done"),
        State::Failed => say(language, "non riuscito", "failed"),
        State::Cancelled => say(language, "annullato", "cancelled"),
    }
}

/// An instant on Italian clocks.
fn instant(at: DateTime<Utc>) -> String {
    at.with_timezone(&Rome).format("%d.%m.%Y %H:%M:%S").to_string()
}
