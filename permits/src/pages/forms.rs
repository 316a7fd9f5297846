use chrono::NaiveDate;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::links::encode;
use operations::{field, hidden, say};

use super::{codes, select};
use crate::record::Record;
use crate::words;

/// The form that moves an application on; nothing where nothing can follow.
pub(super) fn advance(record: &Record, today: NaiveDate, l: Language) -> Markup {
    let permit = &record.permit;
    let next = words::next(&permit.kind, &permit.state);
    let day = today.to_string();
    html! {
        @if !next.is_empty() {
            form.card id="advance" method="post" action=(format!("{}/steps", encode(&permit.id))) aria-labelledby="advance-title" {
                h2 id="advance-title" { (say(l, "Far avanzare la pratica", "Move it on")) }
                (hidden(Some(&permit.tag())))
                fieldset {
                    legend { (say(l, "Che cosa è avvenuto", "What happened")) }
                    @for state in &next {
                        p.choice { label { input type="radio" name="state" value=(state) required; " " (words::verb(state, l)) } }
                    }
                }
                div.filters {
                    (field("day", say(l, "Giorno", "Day"), Some(&day), None, &[("type", "date"), ("max", &day), ("required", "")]))
                    (field("protocol", say(l, "Numero di protocollo", "Protocol number"), None, None, &[("maxlength", "40")]))
                    (field("protocol_on", say(l, "Protocollo del", "Protocol of"), None, None, &[("type", "date")]))
                }
                p.field {
                    label for="note" { (say(l, "Nota per l'ufficio", "Note for the office")) }
                    textarea id="note" name="note" maxlength="2000" {}
                }
                p.actions { button.primary type="submit" { (say(l, "Registra", "Record")) } }
            }
        }
    }
}

/// The form that corrects one. A field that is left empty stays as it is.
pub(super) fn correct(layer: &Layer, record: &Record, l: Language) -> Markup {
    let permit = &record.permit;
    let cited: Vec<&str> = record.cited.iter().map(|cited| &*cited.parcel).collect();
    let mut kinds = vec![("none", say(l, "Nessun vincolo", "No constraint").to_owned())];
    kinds.extend(codes(layer, "constraint_kind", l));
    let yes_no = [("false", "no".to_owned()), ("true", say(l, "sì", "yes").to_owned())];
    html! {
        details {
            summary { (say(l, "Correggere o completare", "Correct or complete")) }
            form.card method="post" action=(encode(&permit.id)) aria-label=(say(l, "Correggere o completare", "Correct or complete")) {
                (hidden(Some(&permit.tag())))
                p { (say(l, "Ciò che resta vuoto non cambia.", "What is left empty stays as it is.")) }
                p.field {
                    label for="subject" { (say(l, "Oggetto", "Subject")) }
                    textarea id="subject" name="subject" maxlength="1000" { (permit.subject.as_deref().unwrap_or_default()) }
                }
                (parcels(&cited.join("\n"), l))
                (field("address", say(l, "Indirizzo", "Address"), permit.address.as_deref(), None, &[("maxlength", "200")]))
                (select("complex", say(l, "Progetto complesso", "Complex project"), &yes_no, Some(if permit.complex { "true" } else { "false" }), None))
                (select("constraint_kind", say(l, "Vincolo", "Constraint"), &kinds, Some(permit.constraint_kind.as_deref().unwrap_or("none")), None))
                (constraint(permit.constraint_source.as_deref(), permit.constraint_cleared_on, l))
                (people(false, l))
                (field("_reason", say(l, "Motivo della correzione", "Reason of the correction"), None, None, &[("maxlength", "500")]))
                p.actions { button type="submit" { (say(l, "Salva", "Save")) } }
            }
        }
    }
}

/// Where a constraint is stated, and when it was cleared.
pub(super) fn constraint(source: Option<&str>, cleared: Option<NaiveDate>, l: Language) -> Markup {
    let cleared = cleared.map(|day| day.to_string());
    html! {
        (field("constraint_source", say(l, "Fonte del vincolo", "Source of the constraint"), source, Some(say(l, "Atto, piano, tavola", "Act, plan, sheet")), &[("maxlength", "300")]))
        (field("constraint_cleared_on", say(l, "Nulla osta del", "Cleared on"), cleared.as_deref(), None, &[("type", "date")]))
    }
}

/// Parcels, one a line.
pub(super) fn parcels(value: &str, l: Language) -> Markup {
    html! {
        p.field {
            label for="parcels" { (say(l, "Particelle", "Parcels")) }
            textarea id="parcels" name="parcels" aria-describedby="parcels-hint" { (value) }
            small id="parcels-hint" { (say(l, "Una per riga, come X101_000500.12. Va bene anche una particella che oggi non esiste più.", "One a line, as X101_000500.12. One that no longer exists will do.")) }
        }
    }
}

/// Applicant and technician.
pub(super) fn people(first: bool, l: Language) -> Markup {
    let name: &[(&str, &str)] = if first { &[("required", ""), ("maxlength", "200")] } else { &[("maxlength", "200")] };
    let groups = [
        ("applicant", say(l, "Richiedente", "Applicant"), say(l, "Codice fiscale o partita IVA", "Tax code"), name),
        ("technician", say(l, "Tecnico", "Technician"), say(l, "Iscrizione all'albo", "Register number"), &[("maxlength", "200")][..]),
    ];
    html! {
        @for (role, title, code, attributes) in groups {
            fieldset {
                legend { (title) }
                (field(role, say(l, "Nome e cognome, o ragione sociale", "Name"), None, None, attributes))
                (field(&format!("{role}_code"), code, None, None, &[("maxlength", "40")]))
                (field(&format!("{role}_email"), say(l, "PEC o posta elettronica", "E-mail"), None, None, &[("type", "email"), ("maxlength", "200")]))
            }
        }
    }
}
