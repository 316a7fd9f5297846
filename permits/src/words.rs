//! Kinds, states and what else is listed: the codes, which the table's constraints hold too, and what people call them.

use kernel::Language;
use operations::say;

/// What is asked for, or declared: the codes of the layer's declaration.
pub(crate) const KINDS: [&str; 8] = ["pdc", "pdc_sanatoria", "sanatoria_parziale", "scia", "scia_alternativa", "cila", "cilas", "sca"];
/// The states, in the order in which they come.
pub(crate) const STATES: [&str; 11] = [
    "submitted",
    "integration_requested",
    "resumed",
    "conference",
    "issued",
    "tacit",
    "refused",
    "started",
    "ended",
    "withdrawn",
    "archived",
];
/// What lies on a place and changes what silence means.
pub(crate) const CONSTRAINTS: [&str; 4] = ["landscape", "cultural", "environmental", "hydrogeological"];

/// Whether a kind is asked for, and works need a title, rather than declared.
pub(crate) fn needs_title(kind: &str) -> bool {
    matches!(kind, "pdc" | "pdc_sanatoria" | "sanatoria_parziale")
}

/// Whether the office is to decide yet: only then its term runs.
pub(crate) fn is_open(state: &str) -> bool {
    matches!(state, "submitted" | "integration_requested" | "resumed" | "conference")
}

/// The states that may follow, of a kind of works: what the database enforces (migration `permits_applications`), said ahead.
pub(crate) fn next(kind: &str, state: &str) -> Vec<&'static str> {
    let all: &[&'static str] = match state {
        "submitted" | "resumed" => &["integration_requested", "conference", "issued", "tacit", "refused", "started", "withdrawn"],
        "integration_requested" => &["resumed", "refused", "withdrawn", "archived"],
        "conference" => &["integration_requested", "resumed", "issued", "tacit", "refused", "withdrawn"],
        "issued" | "tacit" => &["started", "archived"],
        "started" => &["ended", "archived"],
        "refused" | "ended" | "withdrawn" => &["archived"],
        _ => &[],
    };
    let is_title = |next: &&str| matches!(*next, "issued" | "tacit");
    let barred = |next: &&str| match needs_title(kind) {
        true => *next == "started" && is_open(state),
        false => is_title(next),
    };
    all.iter().filter(|next| !barred(next)).copied().collect()
}

/// The mark of a state (class of `.state`): beside its word, so that nothing is told by colour alone.
pub(crate) fn mark(state: &str) -> &'static str {
    match state {
        "submitted" | "resumed" | "conference" => "state open",
        "integration_requested" => "state waiting",
        "issued" | "tacit" | "started" => "state good",
        "refused" => "state bad",
        _ => "state ended",
    }
}

/// What one does to come to a state: the label of a button.
pub(crate) fn verb(state: &str, l: Language) -> &'static str {
    match state {
        "integration_requested" => say(l, "Richiedere integrazioni (il termine si sospende)", "Request additions (the term is paused)"),
        "resumed" => say(l, "Riprendere: documenti ricevuti", "Resume: the documents have come"),
        "conference" => say(l, "Indire la conferenza di servizi", "Convene the conference of services"),
        "issued" => say(l, "Rilasciare il titolo", "Issue the title"),
        "tacit" => say(l, "Attestare il silenzio-assenso", "Attest consent by silence"),
        "refused" => say(l, "Respingere", "Refuse"),
        "started" => say(l, "Registrare l'inizio dei lavori", "Record that works started"),
        "ended" => say(l, "Registrare la fine dei lavori", "Record that works ended"),
        "withdrawn" => say(l, "Registrare il ritiro", "Record the withdrawal"),
        _ => say(l, "Archiviare", "Archive"),
    }
}

/// What it means when the office says nothing until the term ends.
pub(crate) fn silence(code: &str, l: Language) -> &'static str {
    match code {
        "consent" => say(
            l,
            "Se l'ufficio tace fino alla scadenza, la domanda è accolta (silenzio-assenso).",
            "If the office says nothing until then, the application is granted (silence is consent).",
        ),
        "refusal" => say(
            l,
            "Se l'ufficio tace fino alla scadenza, la domanda è respinta (silenzio-diniego).",
            "If the office says nothing until then, the application is refused (silence is refusal).",
        ),
        "effective" => say(
            l,
            "Gli effetti non dipendono dal silenzio: il termine è quello del controllo.",
            "The effects don't depend on silence: the term is that of the control.",
        ),
        _ => say(
            l,
            "Il silenzio non ha effetto: serve un provvedimento espresso.",
            "Silence has no effect: the office must decide in so many words.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, STATES, next};

    #[test]
    fn what_may_follow_is_what_the_database_enforces() {
        let sql = include_str!("../../migrations/20261128110000_permits_applications.sql");
        let json = sql.split("'state', '").nth(1).unwrap().split("');").next().unwrap();
        let table: serde_json::Value = serde_json::from_str(json).unwrap();
        for state in STATES {
            let all: Vec<&str> = table[state].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
            let said: std::collections::BTreeSet<&str> = KINDS.iter().flat_map(|kind| next(kind, state)).collect();
            assert_eq!(said, all.into_iter().collect(), "{state}");
        }
        assert_eq!(table[""], serde_json::json!(["submitted"]));
    }

    #[test]
    fn works_that_need_a_title_wait_for_it_and_declared_ones_have_none() {
        assert!(!next("pdc", "submitted").contains(&"started") && next("pdc", "tacit").contains(&"started"));
        assert!(next("scia", "submitted").contains(&"started") && !next("cila", "resumed").contains(&"issued"));
        assert!(next("pdc", "archived").is_empty());
    }
}
