//! The words of the theme: states, and why a report is closed.

use kernel::Language;
use maud::{Markup, html};

use operations::say;

/// A state: its code, its name in both languages, and how the pages mark it.
type State = (&'static str, &'static str, &'static str, &'static str);

/// In the order in which a report goes through them.
pub(crate) const STATES: [State; 7] = [
    ("received", "Ricevuta", "Received", "waiting"),
    ("open", "Aperta", "Open", "open"),
    ("assigned", "Assegnata", "Assigned", "open"),
    ("answered", "Con risposta", "Answered", "good"),
    ("closed", "Chiusa", "Closed", "ended"),
    ("rejected", "Non accolta", "Rejected", "bad"),
    ("merged", "Unita a un'altra", "Merged", "ended"),
];

/// States that everybody sees.
pub(crate) const PUBLIC: [&str; 4] = ["open", "assigned", "answered", "closed"];
/// States in which something is still to be done.
pub(crate) const PENDING: [&str; 4] = ["received", "open", "assigned", "answered"];

/// Why a report is closed.
pub(crate) const REASONS: [(&str, &str, &str); 5] = [
    ("done", "Risolta", "Solved"),
    ("not_ours", "Non di competenza del comune", "Not the comune's to solve"),
    ("not_found", "Non riscontrata", "Not found"),
    ("not_possible", "Non realizzabile", "Can't be done"),
    ("planned", "In programma", "Planned"),
];

/// A state's name.
pub(crate) fn state_name(state: &str, language: Language) -> &'static str {
    STATES.iter().find(|(code, ..)| *code == state).map_or("", |(_, it, en, _)| say(language, it, en))
}

/// A reason's name.
pub(crate) fn reason_name(reason: &str, language: Language) -> &'static str {
    REASONS.iter().find(|(code, ..)| *code == reason).map_or("", |(_, it, en)| say(language, it, en))
}

/// A state as the pages show it.
pub(crate) fn badge(state: &str, language: Language) -> Markup {
    let mark = STATES.iter().find(|(code, ..)| *code == state).map_or("", |(.., mark)| mark);
    html! { span class=(format!("state {mark}")) { (state_name(state, language)) } }
}
