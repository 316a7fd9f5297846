//! Civil protection: the department's bulletins, and the colours of each alert zone today and tomorrow.

pub(crate) mod bulletin;
pub(crate) mod import;
pub(crate) mod page;

use kernel::Language;
use operations::say;

/// A colour in words, with a sign that can be told without it.
pub(crate) fn words(colour: Option<&str>, l: Language) -> (&'static str, &'static str) {
    match colour {
        Some("green") => ("●", say(l, "verde: nessuna allerta", "green: no alert")),
        Some("yellow") => ("▲", say(l, "giallo: ordinaria", "yellow: ordinary")),
        Some("orange") => ("▲▲", say(l, "arancione: moderata", "orange: moderate")),
        Some("red") => ("▲▲▲", say(l, "rosso: elevata", "red: high")),
        _ => ("–", say(l, "nessun bollettino", "no bulletin")),
    }
}
