//! CQL2 text (OGC 21-065r2, annex B), by the crate `cql2`: it parses, and nothing else of it is used. What it reads becomes the
//! document that CQL2-JSON would have been, which [`super::json`] reads on.
//!
//! The parser recurses, and tries some rules twice at each level. So a text is looked through first, and what is nested deeper than
//! [`Filter::MAX_DEPTH`] never reaches it; how often it may try is bounded; and it runs on a stack of its own.

mod convert;
mod tokens;

use std::num::NonZeroUsize;
use std::sync::Once;

use pest::error::{ErrorVariant, InputLocation};
use serde_json::Value as Json;

use super::{Filter, FilterError};
pub(super) use tokens::{Token, tokens};

/// How often the parser may try a rule: a few times what the longest honest text needs.
const MAX_TRIES: usize = 3_000_000;
/// The stack of the parser, bytes: a thousand conditions joined by `AND` are as many calls deep.
const STACK_BYTES: usize = 32 << 20;

static LIMITED: Once = Once::new();

/// The text as a document, and its parts with where they stand.
pub(super) fn document(text: &str, ilike: bool) -> Result<(Json, Vec<Token>), FilterError> {
    if text.len() > Filter::MAX_BYTES {
        let last = tokens::character(text, Filter::MAX_BYTES);
        return Err(FilterError::at_character(last, format!("it has {} bytes; at most {} are read", text.len(), Filter::MAX_BYTES)));
    }
    let parts = tokens(text)?;
    let readable = if ilike { tokens::without_ilike(text, &parts) } else { text.to_owned() };
    LIMITED.call_once(|| pest::set_call_limit(NonZeroUsize::new(MAX_TRIES)));
    let words = parts.clone();
    let parser = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let tree = cql2::parse_text(&readable).map_err(|e| refused(&e, &readable))?;
        convert::json(&tree).map_err(|wrong| {
            let at = words.iter().find(|part| wrong.is_at(part)).map_or(1, |part| part.at);
            FilterError::at_character(at, wrong.what)
        })
    });
    let parser = parser.map_err(|_| FilterError::new("", "it can't be read now; try again"))?;
    let document = parser.join().unwrap_or_else(|_| Err(FilterError::new("", "it can't be read")))?;
    Ok((document, parts))
}

fn refused(error: &cql2::Error, text: &str) -> FilterError {
    let cql2::Error::Pest(error) = error else {
        return FilterError::new("", format!("it can't be read: {}", convert::short(&error.to_string())));
    };
    if matches!(error.variant, ErrorVariant::CustomError { .. }) {
        return FilterError::new("", "it is nested in more ways than can be tried; write it with fewer parentheses");
    }
    let byte = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = text.get(byte..).unwrap_or_default();
    let found = if rest.is_empty() { "it ends too early".to_owned() } else { format!("`{}` can't stand here", convert::short(rest)) };
    FilterError::at_character(
        tokens::character(text, byte),
        format!(
            "{found}. Conditions are written as name = 'text', number >= 5, name LIKE 'a%', kind IN ('a', 'b'), day < DATE('2026-01-31'), joined by AND, OR and NOT"
        ),
    )
}

#[cfg(test)]
mod tests;
