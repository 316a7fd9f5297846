//! Refusals in both languages: `detail` in English, as every problem has it, and `words` for whoever reads the other.

use kernel::{Problem, Text};
use serde_json::json;

/// A problem, said in both languages.
pub(crate) fn said(make: impl FnOnce(String) -> Problem, words: &Text) -> Problem {
    make(words.en.clone()).with("words", json!(words))
}

/// What a problem says in both languages; one that has no words of its own says the same in each.
pub(crate) fn words_of(problem: &Problem) -> Text {
    let words = problem.to_json().get("words").cloned().unwrap_or_default();
    serde_json::from_value(words).unwrap_or_else(|_| Text::same(problem.detail()))
}

/// 409, said in both languages.
pub(crate) fn conflict(it: impl Into<String>, en: impl Into<String>) -> Problem {
    said(Problem::conflict, &Text::new(it, en))
}
