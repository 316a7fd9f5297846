//! `/admin/sources`: the folders and addresses that are looked at every so often, and what came of it, for administrators.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use deliveries::sources::store::{self, Run};
use deliveries::sources::{Source, document};
use kernel::{Context, Language, Problem};
use maud::{Markup, html};
use operations::links::media;
use operations::{Format, Page, Request, reply, say};
use serde_json::{Value, json};

/// Runs of each source that are told.
const RUNS: i64 = 20;

/// What the route is made from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) context: Context,
    pub(super) all: Vec<Source>,
}

/// A source, how it stands, and its last runs.
type Standing<'a> = (&'a Source, Option<store::State>, Vec<Run>);

pub(super) fn routes(sources: Sources) -> Router {
    Router::new().route("/admin/sources", get(show)).with_state(sources)
}

/// `GET /admin/sources`: what is looked at every so often, how it stands, and what the last looks came to; for administrators, as a page or
/// as JSON.
#[utoipa::path(get, path = "/admin/sources", tag = "administration",
    responses((status = 200, description = "`sources`: name, place, every_s, plan, mode, state (looked_at, succeeded_at, failing_since, failures), runs (the newest first: outcome, file, words, layer, number of the delivery, difference)"), (status = 404, description = "Not for you")))]
async fn show(State(sources): State<Sources>, request: Request) -> Result<Response, Problem> {
    if !request.who.may_administer() {
        return Err(Problem::not_found("there is nothing here, or nothing for you"));
    }
    request.only(&[])?;
    let failed = |e: sqlx::Error| Problem::database("sources", &e);
    let mut session = sources.context.database.session(&request.who).await.map_err(failed)?;
    let mut all: Vec<Standing> = Vec::with_capacity(sources.all.len());
    for source in &sources.all {
        let state = store::state(&mut session, source).await.map_err(failed)?;
        all.push((source, state, store::runs(&mut session, source, RUNS).await.map_err(failed)?));
    }
    drop(session);
    let language = request.language;
    if request.format == Format::Json {
        let all: Vec<Value> = all.iter().map(|(source, state, runs)| document(source, state.as_ref(), runs)).collect();
        return Ok(reply::json(&json!({ "sources": all }), media::JSON, language));
    }
    let title = say(language, "Sorgenti di dati", "Sources of data");
    let trail = vec![(request.relative("/collections"), say(language, "Dati", "Data").to_owned())];
    let content = page(&all, &request.relative("/admin/layers"), language);
    Ok(Page { title, trail, map: false }.render(&sources.context, &request, &content))
}

fn page(all: &[Standing<'_>], layers: &str, language: Language) -> Markup {
    html! {
        p.lead { (say(language, "Cartelle e indirizzi guardati ogni tanto: ciò che c'è di nuovo viene caricato secondo il suo piano.",
                      "Folders and addresses that are looked at every so often: what is new there is loaded by its plan.")) }
        @if all.is_empty() {
            p { (say(language, "Non ce ne sono: si elencano nel file di configurazione, sotto ", "There are none: they are listed in the configuration file, under ")) code { "[[sources]]" } "." }
        }
        @for (source, state, runs) in all {
            section {
                h2 { (source.name) " " (mark(state.as_ref(), language)) }
                (standing(source, state.as_ref(), language))
                @if !runs.is_empty() { (looks(runs, source, layers, language)) }
            }
        }
    }
}

/// How it stands, in a word.
fn mark(state: Option<&store::State>, language: Language) -> Markup {
    let (class, word) = match state {
        Some(state) if state.failures > 0 => ("bad", say(language, "non riesce", "fails")),
        Some(state) if state.succeeded_at.is_some() => ("good", say(language, "a posto", "well")),
        _ => ("waiting", say(language, "mai guardata", "never looked at")),
    };
    html! { span.state.(class) { (word) } }
}

fn standing(source: &Source, state: Option<&store::State>, language: Language) -> Markup {
    html! {
        dl {
            dt { (say(language, "Dove", "Where")) } dd { code { (source.place.shown()) } }
            dt { (say(language, "Ogni", "Every")) } dd { (every(source.every.as_secs())) }
            dt { (say(language, "Piano", "Plan")) } dd { code { (source.plan.display()) } }
            @if let Some(at) = state.and_then(|state| state.looked_at) { dt { (say(language, "Guardata", "Looked at")) } dd { (when(at)) } }
            @if let Some(at) = state.and_then(|state| state.succeeded_at) { dt { (say(language, "A posto l'ultima volta", "Well the last time")) } dd { (when(at)) } }
            @if let Some((at, failures)) = state.and_then(|state| Some((state.failing_since?, state.failures))) {
                dt { (say(language, "Non riesce dal", "Fails since")) } dd { (when(at)) ", " (failures) " " (say(language, "volte", "times")) }
            }
        }
    }
}

fn looks(runs: &[Run], source: &Source, layers: &str, language: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (say(language, "Ultime volte: ", "Last looks: ")) (source.name) } {
            table {
                thead { tr {
                    th { (say(language, "Quando", "When")) } th { (say(language, "Esito", "Outcome")) } th { (say(language, "File", "File")) }
                    th { (say(language, "Che cosa è successo", "What happened")) } th { (say(language, "Rapporto", "Report")) }
                } }
                tbody {
                    @for run in runs {
                        tr {
                            td { (when(run.ended_at.unwrap_or(run.began_at))) @if run.looks > 1 { " (" (run.looks) "×)" } }
                            td { (outcome(&run.outcome, language)) }
                            td { (run.file.as_deref().unwrap_or("–")) }
                            td.prose { (run.words.as_deref().unwrap_or_default()) }
                            td {
                                @if let (Some(layer), Some(number)) = (&run.layer, run.number) {
                                    a href=(format!("{layers}/{layer}/report?number={number}&lang={}", language.tag())) { (layer) ", " (number) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(outcome: &str, language: Language) -> Markup {
    let (class, word) = match outcome {
        "loaded" => ("good", say(language, "caricato", "loaded")),
        "failed" => ("bad", say(language, "non riuscito", "failed")),
        "loading" => ("open", say(language, "in corso", "loading")),
        _ => ("ended", say(language, "nulla di nuovo", "nothing new")),
    };
    html! { span.state.(class) { (word) } }
}

/// A day and a time in Rome.
fn when(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Europe::Rome).format("%d/%m/%Y %H:%M").to_string()
}

/// `90 s`, `10 min`, `1 h`, `7 d`, as the configuration file has it.
fn every(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} s"),
    }
}

/// What `/openapi.json` says of this address.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show))]
pub(super) struct Api;

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn times_are_told_as_they_were_written() {
        assert_eq!([90, 600, 3_600, 604_800, 1].map(every), ["90 s", "10 min", "1 h", "7 d", "1 s"]);
    }
}
