//! The forms under a work's page, for its editors. Each works without a script.

use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::links::encode;
use operations::{Request, field, hidden, say};

use super::record::{Record, Work};
use crate::codes::{PHASES, next_states, phase};
use crate::shown::{choice, days, label, value};

/// All of them, each folded away.
pub(crate) fn all(layer: &Layer, record: &Record, request: &Request) -> Markup {
    let (work, l) = (&record.work, request.language);
    let tag = work.tag();
    let form = |path: &str, title: &str, button: &str, fields: Markup| {
        let action = request.relative(&format!("/public-works/{}{path}", encode(&work.id)));
        html! {
            details {
                summary { (title) }
                form.card id={ "form" (path.replace('/', "-")) } method="post" action=(action) {
                    (hidden(Some(&tag)))
                    (fields)
                    p.actions { button.primary type="submit" { (button) } }
                }
            }
        }
    };
    html! {
        h2 { (say(l, "Per l'ufficio", "For the office")) }
        (form("/progress", say(l, "Registra un avanzamento (SAL)", "Record progress (SAL)"), say(l, "Registra avanzamento", "Record progress"), sal(l)))
        @if !next_states(&work.state).is_empty() {
            (form("/state", say(l, "Cambia stato", "Change the state"), say(l, "Cambia stato", "Change the state"), states(layer, work, l)))
        }
        (form("/phases", say(l, "Registra le date di una fase", "Record the days of a phase"), say(l, "Registra fase", "Record phase"), phase_fields(l)))
        (form("/funding", say(l, "Aggiungi un finanziamento", "Add funding"), say(l, "Aggiungi finanziamento", "Add funding"), funding(l)))
        (form("/cigs", say(l, "Aggiungi una gara (CIG)", "Add a tender (CIG)"), say(l, "Aggiungi CIG", "Add CIG"), cig(l)))
        (form("", say(l, "Correggi i dati", "Correct the data"), say(l, "Salva i dati", "Save the data"), facts(layer, Some(work), None, l)))
    }
}

/// The fields that are told together; of a new work with the CUP that it is of.
pub(crate) fn facts(layer: &Layer, work: Option<&Work>, cup: Option<&str>, l: Language) -> Markup {
    let text = |name: &str, value: Option<&str>, most: &str, hint: Option<&str>| {
        field(name, label(layer, name, l), value, hint, &[("maxlength", most)])
    };
    let amount = work.and_then(|w| w.amount_eur).map(|euros| format!("{euros:.2}"));
    html! {
        (field("title", label(layer, "title", l), work.map(|w| &*w.title), None, &[("required", ""), ("maxlength", "300")]))
        (text("cup", work.and_then(|w| w.cup.as_deref()).or(cup), "15", Some(say(l, "15 caratteri", "15 characters"))))
        (text("cui", work.and_then(|w| w.cui.as_deref()), "21", Some(say(l, "Del programma triennale, 21 caratteri", "Of the three-year programme, 21 characters"))))
        (text("responsible", work.and_then(|w| w.responsible.as_deref()), "200", None))
        (field("amount_eur", label(layer, "amount_eur", l), amount.as_deref(), Some("€"), &[("inputmode", "decimal")]))
        (days([("begins_planned", label(layer, "begins_planned", l), work.and_then(|w| w.begins_planned)),
               ("ends_planned", label(layer, "ends_planned", l), work.and_then(|w| w.ends_planned))]))
        (days([("begins_actual", label(layer, "begins_actual", l), work.and_then(|w| w.begins_actual)),
               ("ends_actual", label(layer, "ends_actual", l), work.and_then(|w| w.ends_actual))]))
    }
}

fn sal(l: Language) -> Markup {
    html! {
        (field("percent", say(l, "Avanzamento (%)", "Progress (%)"), None, None, &[("required", ""), ("inputmode", "decimal")]))
        (field("measured_on", say(l, "Misurato il", "Measured on"), None, Some(say(l, "Oggi, se non indicato", "Today, if not said")), &[("type", "date")]))
        (field("amount_eur", say(l, "Importo del SAL", "Amount of this SAL"), None, Some("€"), &[("inputmode", "decimal")]))
        (field("note", say(l, "Nota", "Note"), None, None, &[("maxlength", "2000")]))
        (field("reason", say(l, "Motivo", "Reason"), None, Some(say(l, "Solo se l'avanzamento diminuisce", "Only if progress goes down")), &[("maxlength", "500")]))
    }
}

fn states(layer: &Layer, work: &Work, l: Language) -> Markup {
    let named: Vec<(&str, String)> = next_states(&work.state).iter().map(|code| (*code, value(layer, "state", *code, l))).collect();
    let options: Vec<(&str, &str)> = named.iter().map(|(code, text)| (*code, text.as_str())).collect();
    choice("state", say(l, "Nuovo stato", "New state"), &options, None, None)
}

fn phase_fields(l: Language) -> Markup {
    let options = PHASES.map(|code| (code, phase(code, l)));
    html! {
        (choice("phase", say(l, "Fase", "Phase"), &options, None, None))
        (days([("planned_from", say(l, "Prevista dal", "Planned from"), None), ("planned_to", say(l, "Prevista al", "Planned to"), None)]))
        (days([("actual_from", say(l, "Iniziata il", "Begun on"), None), ("actual_to", say(l, "Finita il", "Ended on"), None)]))
    }
}

fn funding(l: Language) -> Markup {
    html! {
        (field("source", say(l, "Fonte", "Source"), None, Some(say(l, "PNRR, Regione, mutuo, bilancio…", "PNRR, region, loan, budget…")), &[("required", ""), ("maxlength", "300")]))
        (field("amount_eur", say(l, "Importo", "Amount"), None, Some("€"), &[("required", ""), ("inputmode", "decimal")]))
    }
}

fn cig(l: Language) -> Markup {
    html! {
        (field("cig", "CIG", None, Some(say(l, "10 caratteri", "10 characters")), &[("required", ""), ("maxlength", "10")]))
        (field("subject", say(l, "Oggetto", "Subject"), None, None, &[("maxlength", "300")]))
    }
}
