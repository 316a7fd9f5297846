use axum::extract::State;
use axum::response::Response;
use kernel::{Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::links::media;
use operations::{Format, Page, Request, reply, say};
use serde_json::{Value, json};

use super::{day, word};
use crate::layers::PERMITS;
use crate::rules::Rule;

/// `GET /permits/rules`: the rules of the term, each with its source and what is still to be verified.
#[utoipa::path(
    get,
    path = "/permits/rules",
    tag = "permits",
    params(("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The rules, each with its source"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let layer = operations::layer(&services, &request.who, PERMITS)?;
    let failed = |e| Problem::database("reading the rules of the term", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let rules = Rule::all(&mut session).await.map_err(failed)?;
    drop(session);
    let l = request.language;
    if request.format == Format::Json {
        let all: Vec<Value> = rules.iter().map(Rule::document).collect();
        return Ok(reply::json(&json!({ "rules": all }), media::JSON, l));
    }
    let content = html! {
        p.note { (say(l, "Le regole sono dati: vanno confrontate con il testo vigente prima che una scadenza dipenda da loro.", "Rules are data: compare them with the text in force before a deadline depends on them.")) }
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Regole", "Rules")) { table {
            thead { tr {
                th scope="col" { (say(l, "Regola", "Rule")) } th scope="col" { (say(l, "Tipo", "Kind")) } th scope="col" { (say(l, "Dove e quando", "Where and when")) }
                th scope="col" { (say(l, "Giorni", "Days")) } th scope="col" { (say(l, "Silenzio", "Silence")) } th scope="col" { (say(l, "Fonte e avvertenze", "Source and notes")) }
            } }
            tbody { @for rule in &rules { (row(&layer, rule, l)) } }
        } }
    };
    let trail = vec![("./".to_owned(), say(l, "Pratiche edilizie", "Building applications").to_owned())];
    Ok(Page { title: say(l, "Regole dei termini", "Rules of the term"), trail, map: false }.render(&services.context, &request, &content))
}

fn row(layer: &Layer, rule: &Rule, l: Language) -> Markup {
    html! {
        tr {
            th scope="row" { code { (rule.rule) } br; (rule.article) }
            td { (word(layer, "kind", &rule.kind, l)) }
            td {
                @match &rule.region { Some(region) => { (say(l, "regione ", "region ")) (region) } None => { (say(l, "nazionale", "national")) } }
                @if let Some(over) = rule.inhabitants_over { br; (say(l, "oltre ", "over ")) (operations::value::grouped(over.into(), l)) (say(l, " abitanti", " inhabitants")) }
                br; (say(l, "dal ", "from ")) (day(rule.valid_from, l)) @if let Some(to) = rule.valid_to { (say(l, " al ", " to ")) (day(to, l)) }
            }
            td {
                @if rule.phases.is_empty() { (say(l, "nessun termine", "no term")) }
                @for phase in &rule.phases {
                    (phase.days) @if let Some(complex) = phase.days_complex { " (" (say(l, "complesso ", "complex ")) (complex) ")" }
                    " · " @if l == Language::It { (phase.it) } @else { (phase.en) } br;
                }
            }
            td { (word(layer, "silence", &rule.silence, l))
                @if rule.silence_constrained != rule.silence { br; (say(l, "con un vincolo: ", "with a constraint: ")) (word(layer, "silence", &rule.silence_constrained, l)) } }
            td.prose { (rule.source) @if let Some(note) = &rule.note { br; (note) } }
        }
    }
}
