//! The pages. They need no script: a running job's page asks for itself again every few seconds.

use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use kernel::Language;
use maud::{Markup, html};
use operations::{Page, Request, say};

use super::{Pages, private};
use crate::{State, Summary};

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
                                th scope="row" { a href=(request.relative(&format!("/jobs/{}?f=html&lang={}", job.id, l.tag()))) { (job.kind) } }
                                td { (state(l, job)) }
                                td.number { (job.percent) " %" }
                                td { (job.owner.as_deref().unwrap_or("–")) }
                                td { (instant(job.created_at)) }
                            }
                        }
                    }
                }
            }
            @if let Some(next) = next.and_then(|next| next.find('?').map(|at| &next[at..])) { p.pages { a href=(next) rel="next" { (say(l, "Precedenti", "Earlier ones")) } } }
        }
    };
    render(pages, request, say(l, "Lavori", "Jobs"), Vec::new(), None, &content)
}

pub(super) fn one(pages: &Pages, request: &Request, job: &Summary) -> Response {
    let l = request.language;
    let url = |path: &str| request.relative(path);
    let path = format!("/jobs/{}", job.id);
    let content = html! {
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
    let trail = vec![(url(&format!("/jobs?f=html&lang={}", l.tag())), say(l, "Lavori", "Jobs").to_owned())];
    render(pages, request, &job.kind, trail, (!job.state.is_final()).then_some(3), &content)
}

fn render(pages: &Pages, request: &Request, title: &str, trail: Vec<(String, String)>, again: Option<u32>, content: &Markup) -> Response {
    private(Page { title, trail, map: false }.of(&pages.title, request, again, content))
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
