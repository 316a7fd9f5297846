use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use catalogue::{Catalogue, Entry};
use crs::Settings;
use http::request::Parts;
use kernel::{Context, Journal, Language, Principal, Problem, Text};

use crate::items::counts::Counts;
use crate::links::{self, Link};
use crate::reply::TWINS;
use crate::write::columns::Known;
use operations::{Format, Request};

/// What every operation is given.
#[derive(Clone)]
pub(crate) struct App {
    /// The database, the time, the public address.
    pub(crate) context: Context,
    /// The layers.
    pub(crate) catalogue: Catalogue,
    /// Datum parameters.
    pub(crate) settings: Settings,
    /// Numbers of matching rows.
    pub(crate) counts: Arc<Counts>,
    /// Columns of the tables that are written to.
    pub(crate) columns: Arc<Known>,
    /// Told of each change.
    pub(crate) journal: Arc<dyn Journal>,
    /// What the first page leads to.
    pub(crate) doors: Arc<[Door]>,
}

/// A way into what people come for, on the first page.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where it leads: an address of ours, which begins with `/`.
    pub path: &'static str,
    /// What one does there: `Report a problem`.
    pub title: Text,
    /// A sentence about it.
    pub text: Text,
}

impl FromRequestParts<App> for App {
    type Rejection = Infallible;

    /// The operation's own, with links as this request wants them.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self { context: app.context.clone().as_asked(parts), ..app.clone() })
    }
}

impl App {
    pub(crate) fn new(context: Context, catalogue: Catalogue, settings: Settings, journal: Arc<dyn Journal>) -> Self {
        Self { context, catalogue, settings, counts: Arc::default(), columns: Arc::default(), journal, doors: Arc::default() }
    }

    /// The layer behind a collection. "Absent" and "not for you" read the same.
    pub(crate) fn entry(&self, who: &Principal, id: &str) -> Result<Arc<Entry>, Problem> {
        self.catalogue.layer(who, id).ok_or_else(|| {
            let shown: String = id.chars().take(60).collect();
            Problem::not_found(format!("there is no collection `{shown}`; {} lists them", self.context.public_url.link("/collections")))
        })
    }

    /// Links to a document itself and to its other form.
    pub(crate) fn twins(&self, path: &str, request: &Request) -> Vec<Link> {
        let en = request.language == Language::En;
        let own = if request.format == Format::Json { "json" } else { "html" };
        let link = |(f, kind): (&str, &'static str)| {
            let mut pairs = vec![("f", f)];
            pairs.extend(request.params.get("lang").map(|lang| ("lang", lang)));
            let href = self.context.public_url.link(&format!("{path}{}", links::query(pairs)));
            let (rel, title) = match (f == own, en) {
                (true, true) => ("self", "This document"),
                (true, false) => ("self", "Questo documento"),
                (false, true) => ("alternate", "This document in another form"),
                (false, false) => ("alternate", "Questo documento in altra forma"),
            };
            Link::new(href, rel, kind, title)
        };
        TWINS.map(link).to_vec()
    }
}
