use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use kernel::{Language, Params, Principal, Problem};

use crate::links::media;

/// What every operation reads of a request: who asks, the parameters, and in which form and language the answer goes.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub who: Principal,
    /// The path asked for, as it came to us: `/collections/parcels`.
    pub path: String,
    /// The query, each name at most once.
    pub params: Params,
    /// The form of the answer.
    pub format: Format,
    /// Whether a list is wanted as a table for spreadsheets (`f=csv`), which its operation allows with [`Self::only_of_list`].
    pub csv: bool,
    /// The language of titles and pages.
    pub language: Language,
    /// Whether only the headers are wanted.
    pub head: bool,
    /// The entity tags that the client already has (`If-None-Match`).
    pub known_tags: Option<String>,
}

/// The forms of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For programs.
    Json,
    /// For people.
    Html,
}

/// Parameters that every resource has.
pub const COMMON: [&str; 2] = ["f", "lang"];

impl Request {
    /// A link from this page to another address of ours, which begins with `/`. It is relative, so that a page works whatever
    /// name and prefix it is reached by, and its files are of its own origin.
    pub fn relative(&self, to: &str) -> String {
        let up = "../".repeat(self.path.matches('/').count().saturating_sub(1));
        let down = to.trim_start_matches('/');
        if up.is_empty() && down.is_empty() { "./".to_owned() } else { format!("{up}{down}") }
    }

    /// Refuses parameters beside [`COMMON`] and `more`, and `f=csv`.
    pub fn only(&self, more: &[&str]) -> Result<(), Problem> {
        if self.csv { Err(no_form(&["json", "html"])) } else { self.only_of_list(more) }
    }

    /// As [`Self::only`], of what is a page alone: 406 for who wants JSON.
    pub fn only_page(&self, more: &[&str]) -> Result<(), Problem> {
        match self.params.get("f") {
            Some("json") => Err(Problem::not_acceptable(["text/html"])),
            _ => self.only(more),
        }
    }

    /// As [`Self::only`], of a list, which can be had as CSV too.
    pub fn only_of_list(&self, more: &[&str]) -> Result<(), Problem> {
        let allowed: Vec<&str> = more.iter().chain(&COMMON).copied().collect();
        self.params.clone().only(&allowed).map(|_| ())
    }
}

/// A request for what can be had as a document to print too: `f=pdf`, or first in `Accept`.
#[derive(Clone, Debug)]
pub struct Printable {
    /// The request itself.
    pub request: Request,
    /// Whether the document is wanted.
    pub pdf: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Printable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = Request::read(parts, state, &["json", "html", "pdf"]).await?;
        let first = || joined(&parts.headers, header::ACCEPT).is_some_and(|accept| wants_pdf(&accept));
        let pdf = request.params.get("f").map_or_else(first, |form| form == "pdf");
        Ok(Self { request, pdf })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Request {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Self::read(parts, state, &["json", "html"]).await
    }
}

impl Request {
    /// `csv` is a form that the operation may refuse later ([`Self::only`]).
    async fn read<S: Send + Sync>(parts: &mut Parts, state: &S, forms: &[&str]) -> Result<Self, Problem> {
        let Ok(who) = Principal::from_request_parts(parts, state).await;
        let params = Params::from_request_parts(parts, state).await?;
        let accept = joined(&parts.headers, header::ACCEPT);
        let format = match params.get("f") {
            None => negotiate(accept.as_deref().unwrap_or_default()),
            Some("json" | "csv") => Format::Json,
            Some("html") => Format::Html,
            Some("pdf") if forms.contains(&"pdf") => Format::Json,
            Some(_) => return Err(no_form(forms)),
        };
        let csv = params.get("f") == Some("csv");
        if params.get("lang").is_some_and(|l| !matches!(l, "it" | "en")) {
            return Err(Problem::invalid_parameter("lang", "`lang` is no language of this service", vec!["it", "en"]));
        }
        let language = Language::negotiate(params.get("lang"), joined(&parts.headers, header::ACCEPT_LANGUAGE).as_deref());
        let known_tags = joined(&parts.headers, header::IF_NONE_MATCH);
        let path = parts.uri.path().to_owned();
        Ok(Self { who, path, params, format, csv, language, head: parts.method == Method::HEAD, known_tags })
    }
}

fn no_form(forms: &[&str]) -> Problem {
    Problem::invalid_parameter("f", "`f` is no form of this resource", forms.to_vec())
}

/// A header's values as one list; those that are no text are passed over.
fn joined(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// HTML for browsers, JSON for everything else (RFC 9110, 12.5.1, with one exception).
///
/// HTML must be named and weigh more than any JSON named. The exception: Java's default `Accept` is
/// `text/html, image/gif, image/jpeg, */*; q=0.2` and its programs want data, so `text/html` beside other media types counts
/// only together with `application/xhtml+xml`, as every browser sends it.
fn negotiate(accept: &str) -> Format {
    let (mut html, mut xhtml, mut json, mut others) = (0.0_f32, 0.0_f32, 0.0_f32, false);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
        match kind.as_str() {
            "text/html" => html = weight,
            "application/xhtml+xml" => xhtml = weight,
            "" | "*/*" | "*" | "text/*" => {}
            kind if kind.ends_with("json") => json = json.max(weight),
            _ => others = true,
        }
    }
    let is_browser = xhtml > 0.0 || !others;
    if html > json && is_browser { Format::Html } else { Format::Json }
}

/// Whether a document to print is what is asked for first.
fn wants_pdf(accept: &str) -> bool {
    accept.split([',', ';']).next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(media::PDF))
}

/// Whether a tag is among those that a client has: weak comparison (RFC 9110, 13.1.2).
pub fn matches(known: &str, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|tag| strong(tag) == strong(etag))
}

#[cfg(test)]
mod tests {
    use super::{Format, matches, negotiate, wants_pdf};

    #[test]
    fn browsers_get_pages_and_programs_get_data() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
            "text/html",
            "text/html, */*;q=0.1",
            "application/json;q=0.5, text/html",
        ] {
            assert_eq!(negotiate(accept), Format::Html, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "text/html, image/gif, image/jpeg, */*; q=0.2",
            "application/geo+json, application/json",
            "application/json, text/html;q=0.5",
            "text/html, application/json",
            "application/vnd.oai.openapi+json;version=3.0, text/html;q=0.1",
            "application/xml",
        ] {
            assert_eq!(negotiate(accept), Format::Json, "{accept}");
        }
    }

    #[test]
    fn a_document_is_asked_for_by_its_name() {
        assert!(wants_pdf("application/pdf") && wants_pdf("Application/PDF;q=1, */*"));
        assert!(!wants_pdf("text/html, application/pdf") && !wants_pdf("*/*") && !wants_pdf(""));
    }

    #[test]
    fn tags_are_compared_weakly() {
        for known in ["*", "\"7.1.1\"", "W/\"7.1.1\"", "\"x\", \"7.1.1\"", " \"7.1.1\" "] {
            assert!(matches(known, "\"7.1.1\""), "{known}");
        }
        for other in ["", "7.1.1", "\"7.1.2\"", "\"7.1.1"] {
            assert!(!matches(other, "\"7.1.1\""), "{other}");
        }
    }
}
