use std::sync::Arc;

use attachments::Files;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Bbox, Layer, Problem, Services};
use maud::{Markup, html};
use operations::{Format, Page, Request, absent, field, hidden, map, say};
use serde_json::Value;

use super::{Inspection, RISKS, Tree, find, inspections, risk};
use crate::shown;

/// `GET /environment/trees/{id}`: a tree for everybody; for its comune's people its inspections, with a form for the next one.
#[utoipa::path(
    get,
    path = "/environment/trees/{id}",
    tag = "environment",
    params(("id" = String, Path, description = "The tree"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let failed = |e| Problem::database("tree", &e);
    let layer = operations::layer(&services, &request.who, "trees")?;
    let papers = services.layers.layer(&request.who, "tree_inspections");
    let mut session = services.context.database.snapshot(&request.who).await.map_err(failed)?;
    let tree = find(&mut session, &layer, &request.who, &id).await.map_err(failed)?.ok_or_else(|| absent(&layer, &id))?;
    let papers = papers.filter(|_| request.who.comuni().contains(&tree.comune));
    let done = match &papers {
        Some(papers) => inspections(&mut session, papers, &request.who, &tree.id).await.map_err(failed)?,
        None => Vec::new(),
    };
    let files = Files::of(&mut session, &layer, &request.who, &tree.id).await.map_err(failed)?;
    drop(session);
    // the record is the tree with its inspections
    let known: i64 = done.iter().map(|i| i.version).sum::<i64>() + done.len() as i64;
    let tag = format!("\"{}.{}.{known}\"", tree.fid, tree.version);
    let response = match request.format {
        Format::Json => {
            let mut document = tree.document();
            if papers.is_some() {
                document["inspections"] = done.iter().map(Inspection::document).collect::<Vec<Value>>().into();
            }
            document["attachments"] = files.path().map(|path| services.context.public_url.link(path)).into();
            shown::json(&request, &document)
        }
        Format::Html => page(&services, &request, &layer, (&tree, papers, &done), &files),
    };
    Ok(shown::tagged(&tag, response))
}

type Shown<'a> = (&'a Tree, Option<Arc<Layer>>, &'a [Inspection]);

fn page(services: &Services, request: &Request, layer: &Layer, (tree, papers, done): Shown<'_>, files: &Files) -> Response {
    let l = request.language;
    let today = shown::day_of(services.context.clock.now());
    let (dx, dy) = (0.001, 0.0008);
    let bbox = Bbox::new(tree.lon - dx, tree.lat - dy, tree.lon + dx, tree.lat + dy).ok();
    let document = tree.document();
    let content = html! {
        (map(layer, bbox, Some(&tree.id), l))
        div.columns {
            dl {
                dt { "id" } dd { code { (tree.id) } }
                @for field in &layer.fields {
                    dt { (field.label.get(l)) } dd { (shown::value(layer, field.name.as_str(), &document[field.name.as_str()], l)) }
                }
                dt { "Comune" } dd { (tree.comune) }
            }
            @if let Some(papers) = &papers && request.who.may_edit(papers) { (form(request, papers, tree, today)) }
        }
        @if let Some(papers) = &papers {
            h2 { (say(l, "Verifiche di stabilità", "Stability inspections")) }
            (list(request, papers, done, today))
        }
        (files.section(request))
    };
    let title = format!("{} {}", tree.species, tree.id);
    let trail = vec![(request.relative("/environment/trees/"), say(l, "Alberi", "Trees").to_owned())];
    Page { title: &title, trail, map: true }.render(&services.context, request, &content)
}

fn list(request: &Request, papers: &Layer, done: &[Inspection], today: NaiveDate) -> Markup {
    let l = request.language;
    if done.is_empty() {
        return html! { p.note { (say(l, "Nessuna verifica registrata.", "No inspection is recorded.")) } };
    }
    html! {
        ol.timeline {
            @for (at, i) in done.iter().enumerate() {
                li {
                    time datetime=(i.inspected) { (shown::day(i.inspected, l)) }
                    strong { (risk(papers, &i.risk, l)) }
                    @if at == 0 { @if let Some(due) = i.next_due { " · " (due_by(due, today, l)) } }
                    @if let Some(notes) = &i.notes { p { (notes) } }
                }
            }
        }
    }
}

/// When the next one is due, and whether that is past.
pub(super) fn due_by(due: NaiveDate, today: NaiveDate, l: kernel::Language) -> Markup {
    html! {
        (say(l, "prossima entro il", "next by")) " " (shown::day(due, l))
        @if due < today { " " (shown::state("late", say(l, "scaduta", "overdue"))) }
    }
}

fn form(request: &Request, papers: &Layer, tree: &Tree, today: NaiveDate) -> Markup {
    let l = request.language;
    let today = today.to_string();
    let risks: Vec<(String, String)> = RISKS.map(|value| (value.to_owned(), risk(papers, value, l))).to_vec();
    html! {
        section.card {
            h2 { (say(l, "Registra una verifica", "Record an inspection")) }
            form method="post" action=(request.relative(&format!("{}/inspections", Tree::path(&tree.id)))) {
                (hidden(None))
                (field("inspected", say(l, "Data della verifica", "Day of inspection"), Some(&today), None, &[("type", "date"), ("required", ""), ("max", &today)]))
                (shown::select("risk", say(l, "Classe di propensione al cedimento", "Class of failure risk"), &risks, None))
                (field("next_due", say(l, "Prossima verifica entro il", "Next inspection by"), None, Some(say(l, "senza, la scadenza è quella della classe", "without it, by the class")), &[("type", "date")]))
                p.field { label for="notes" { (say(l, "Annotazioni", "Notes")) } textarea id="notes" name="notes" maxlength="2000" {} }
                p.actions { button.primary type="submit" { (say(l, "Registra", "Record")) } }
            }
        }
    }
}
