//! A filter as a request brings it.

use serde_json::Value as Json;

use super::{Filter, FilterError, text};
use crate::layer::FieldType;
use crate::{Layer, Principal, Problem, Srid};

/// What a filter is written in (OGC API Features 3, `filter-lang`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterLanguage {
    /// CQL2 text.
    Text,
    /// CQL2-JSON.
    Json,
    /// CQL2 text with `ILIKE`, which GDAL sends under this name since before the standard was final.
    OldText,
}

impl FilterLanguage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Json, Self::OldText];

    /// The value of `filter-lang`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "cql2-text",
            Self::Json => "cql2-json",
            Self::OldText => "cql-text",
        }
    }

    /// Reads the parameter; CQL2 text without one.
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::Text) };
        Self::ALL.into_iter().find(|language| language.name() == text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Problem::invalid_parameter("filter-lang", format!("`{shown}` is not a language of filters"), Self::ALL.map(Self::name).to_vec())
        })
    }
}

/// A filter that was read, and is not yet known to fit any layer.
#[derive(Clone, Debug)]
pub struct FilterDocument {
    filter: Filter,
    document: Json,
    /// The parts of a text; none where it came as JSON.
    tokens: Vec<text::Token>,
}

impl FilterDocument {
    /// Reads a filter. Geometries that do not say their system are in `srid` (`filter-crs`), north first if `north_first` says so.
    pub fn read(text: &str, language: FilterLanguage, srid: Srid, north_first: bool) -> Result<Self, FilterError> {
        if language == FilterLanguage::Json {
            let document = super::json::document(text)?;
            let filter = Filter::from_json_in(&document, srid, north_first)?;
            return Ok(Self { filter, document, tokens: Vec::new() });
        }
        let (document, tokens) = text::document(text, language == FilterLanguage::OldText).map_err(FilterError::in_text)?;
        let read = Filter::from_json_in(&document, srid, north_first);
        let filter = read.map_err(|e| placed(e, &document, &tokens))?;
        Ok(Self { filter, document, tokens })
    }

    /// The filter as it was written.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The filter over the rows of a layer, if this principal may ask so ([`Filter::check`]). Texts that are compared with days and
    /// instants are read as such. `bring` takes its geometries to systems that PostGIS may transform from (crate `crs`).
    pub fn over(
        &self,
        layer: &Layer,
        who: &Principal,
        bring: impl FnOnce(&Filter) -> Result<Filter, FilterError>,
    ) -> Result<Filter, FilterError> {
        let fitted = self.filter.fitted(layer);
        bring(&fitted).and_then(|filter| filter.check(layer, who).map(|()| filter)).map_err(|e| placed(e, &self.document, &self.tokens))
    }
}

/// An error of the document, said by where it is in the text.
fn placed(error: FilterError, document: &Json, tokens: &[text::Token]) -> FilterError {
    if tokens.is_empty() || error.position.is_some() {
        return error;
    }
    let mut fragment = document;
    for step in error.at.split('/').skip(1) {
        let inner = match fragment {
            Json::Array(values) => step.parse::<usize>().ok().and_then(|i| values.get(i)),
            other => other.get(step),
        };
        let Some(inner) = inner else { break };
        fragment = inner;
    }
    let operator = fragment.get("op").and_then(Json::as_str).unwrap_or_default();
    // of a function that itself is wrong, its name; of an operator between two parts, the first of them
    let called = tokens.windows(2).find(|two| two[0].says(operator) && two[1].says("(")).map(|two| two[0].at);
    let says = |text: &str| tokens.iter().find(|token| token.says(text)).map(|token| token.at);
    let position = called.or_else(|| said(fragment).and_then(says)).or_else(|| says(operator));
    FilterError { position, at: String::new(), ..error }.in_text()
}

/// The first name or text in a part of a document.
fn said(fragment: &Json) -> Option<&str> {
    match fragment {
        Json::String(text) => Some(text),
        Json::Array(values) => values.iter().find_map(said),
        Json::Object(members) => match members.get("property") {
            Some(name) => said(name),
            None => members.get("args").and_then(said).or_else(|| members.values().find_map(said)),
        },
        _ => None,
    }
}

/// The kind of a column of the layer, whoever asks.
pub(super) fn kind(layer: &Layer, name: &str) -> Option<FieldType> {
    match name {
        "valid_from" | "valid_to" => Some(FieldType::DateTime),
        name => layer.field(name).map(|field| field.kind),
    }
}
