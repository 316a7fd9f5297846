use kernel::Language;
use maud::{Markup, html};
use operations::{Request, field, hidden, links, say};

use super::Whole;
use crate::category::office_name;
use crate::states::REASONS;

/// What the office can do with a report in its state, a form each.
pub(super) fn forms(request: &Request, whole: &Whole, tag: &str) -> Markup {
    let l = request.language;
    let state = whole.report.state.as_str();
    let is_open = ["open", "assigned", "answered"].contains(&state);
    html! {
        h2 id="office" { (say(l, "Per l'ufficio", "For the office")) }
        div.columns {
            @if ["received", "rejected"].contains(&state) { (form(request, whole, tag, "approve", say(l, "Approva e pubblica", "Approve and publish"), true, &html! {
                p { (say(l, "Da qui in poi la vedono tutti, con il testo e le foto.", "From then on everybody sees it, with text and photos.")) }
            })) }
            @if state == "received" { (form(request, whole, tag, "reject", say(l, "Non accogliere", "Reject"), false, &area("reason", say(l, "Perché (lo legge chi ha segnalato)", "Why (who reported reads it)"), true))) }
            @if is_open || state == "closed" { (form(request, whole, tag, "answer", say(l, "Rispondi", "Answer"), is_open, &answer(l))) }
            @if is_open { (form(request, whole, tag, "assign", say(l, "Assegna", "Assign"), false, &assign(l, whole))) }
            @if is_open { (form(request, whole, tag, "close", say(l, "Chiudi", "Close"), false, &close(l))) }
            @if is_open || state == "received" { (form(request, whole, tag, "merge", say(l, "Unisci", "Merge"), false, &html! {
                (field("into", say(l, "È la stessa cosa di", "It is the same thing as"), None,
                    Some(say(l, "Il numero della segnalazione che resta, come R-2026-00123", "The number of the report that stays, as R-2026-00123")),
                    &[("required", ""), ("maxlength", "40")]))
            })) }
        }
    }
}

fn form(request: &Request, whole: &Whole, tag: &str, act: &str, name: &str, first: bool, fields: &Markup) -> Markup {
    let to = request.relative(&format!("/reports/{}/{act}", links::encode(&whole.report.id)));
    html! {
        form.card method="post" action=(to) data-act=(act) {
            (hidden(Some(tag)))
            (fields)
            p.actions { button class=[first.then_some("primary")] { (name) } }
        }
    }
}

fn area(name: &str, label: &str, required: bool) -> Markup {
    html! { p.field { label for=(format!("{name}-area")) { (label) } textarea id=(format!("{name}-area")) name=(name) maxlength="2000" rows="3" required[required] {} } }
}

fn answer(l: Language) -> Markup {
    html! {
        (area("text", say(l, "Risposta", "Answer"), true))
        fieldset {
            legend { (say(l, "Per chi", "For whom")) }
            div.choices {
                @for (code, name, checked) in [("public", say(l, "tutti", "everybody"), true), ("reporter", say(l, "chi ha segnalato", "who reported"), false),
                    ("office", say(l, "nota interna", "internal note"), false)] {
                    label { input type="radio" name="audience" value=(code) checked[checked]; " " (name) }
                }
            }
        }
    }
}

fn assign(l: Language, whole: &Whole) -> Markup {
    html! {
        p.field { label for="office-of" { (say(l, "Ufficio", "Office")) }
            select id="office-of" name="office" { @for office in &whole.offices {
                option value=(office) selected[*office == whole.report.office] { (office_name(office, l)) }
            } }
        }
    }
}

fn close(l: Language) -> Markup {
    html! {
        p.field { label for="reason" { (say(l, "Motivo", "Reason")) }
            select id="reason" name="reason" { @for (code, it, en) in REASONS { option value=(code) { (say(l, it, en)) } } }
        }
        (area("note", say(l, "Nota (pubblica)", "Note (public)"), false))
    }
}
