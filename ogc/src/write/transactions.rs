//! `POST /transactions`: several changes, in one or more layers, all or none.

use axum::body::Body;
use axum::response::Response;
use kernel::Problem;
use operations::{State, checked_reason};
use serde::Deserialize;

use super::ask::Ask;
use super::body::{self, Given, MAX_BODY_BYTES};
use super::change::{Change, changeable};
use super::run::{Task, run};
use crate::App;
use crate::links::media;
use kernel::Action;

/// The most changes at a time.
pub(crate) const MAX_CHANGES: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    reason: Option<String>,
    changes: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    op: Operation,
    collection: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    if_match: Option<String>,
    #[serde(default)]
    feature: Option<Given>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Create,
    Replace,
    Update,
    Delete,
}

pub(crate) async fn handler(app: App, ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    if !ask.request.who.is_staff() {
        return Err(Problem::not_editable(
            "features are changed by those who work for their comune and have signed in, or with a key whose scope is `edit`",
        ));
    }
    let body = ask.body(body, &[media::JSON], MAX_BODY_BYTES).await?;
    let document: Document = body::read(&body)?;
    if document.changes.is_empty() || document.changes.len() > MAX_CHANGES {
        return Err(Problem::bad_request(format!("`changes` has {} elements; it takes 1 to {MAX_CHANGES}", document.changes.len())));
    }
    let said = document.reason.as_deref().map(checked_reason).transpose().map_err(Problem::bad_request)?.flatten();
    let reason = said.or_else(|| ask.reason.clone());
    let changes = document.changes.into_iter().enumerate();
    let changes: Vec<Change> =
        changes.map(|(index, asked)| change(&app, &ask, asked).map_err(|p| p.with("change", index))).collect::<Result<_, _>>()?;
    let mut named = std::collections::HashMap::new();
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| !change.id.is_empty()) {
        if let Some(first) = named.insert((&change.entry.layer.id, &change.id), index) {
            let detail = format!("`{}` is changed by change {first} already: a feature is changed once in a transaction", change.id);
            return Err(Problem::bad_request(detail).with("change", index));
        }
    }
    run(&app, &ask, reason.as_deref(), &body, Task::All(changes)).await
}

fn change(app: &App, ask: &Ask, asked: Asked) -> Result<Change, Problem> {
    let entry = changeable(app, &ask.request.who, &asked.collection)?;
    entry.sound()?;
    let wrong = |detail: &str| Problem::bad_request(detail.to_owned());
    let id = asked.id.filter(|id| !id.is_empty());
    let action = match asked.op {
        Operation::Create => Action::Create,
        Operation::Replace => Action::Replace,
        Operation::Update => Action::Update,
        Operation::Delete => Action::Delete,
    };
    let id = match (action, id) {
        (Action::Create, None) => String::new(),
        (Action::Create, Some(_)) => return Err(wrong("a feature that is made gets its `id` here")),
        (_, Some(id)) => id,
        (_, None) => return Err(wrong("`id` says which feature is changed")),
    };
    let given = match (action, asked.feature) {
        (Action::Delete, None) => Given::default(),
        (Action::Delete, Some(_)) => return Err(wrong("a feature that is deleted needs no `feature`")),
        (_, Some(given)) => given,
        (_, None) => return Err(wrong("`feature` is missing")),
    };
    super::check_kind(&given, action)?;
    let state = asked.if_match.map_or(State::Unsaid, State::Tagged);
    Ok(Change { action, entry, id, state, given, crs: ask.crs, restored: None })
}
