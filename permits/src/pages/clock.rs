use chrono::NaiveDate;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::say;

use super::{day, days, whole, word};
use crate::clock::{Stretch, Why};
use crate::record::Record;
use crate::words;

/// Where the count stands, what silence means, and every day of the count by its article.
pub(super) fn section(layer: &Layer, record: &Record, today: NaiveDate, l: Language) -> Markup {
    html! {
        section aria-labelledby="term" {
            h2 id="term" { (say(l, "Termine", "Term")) }
            @if record.rule.phases.is_empty() {
                p { (say(l, "Per questo tipo di pratica non corre alcun termine: i lavori possono iniziare subito.", "No term runs for this kind: works may begin at once.")) }
            } @else {
                (standing(record, today, l))
                (table(record, l))
            }
            @if words::is_open(&record.permit.state) { (silence(layer, record, l)) }
            (rule(record, l))
        }
    }
}

fn standing(record: &Record, today: NaiveDate, l: Language) -> Markup {
    let (permit, count) = (&record.permit, &record.count);
    let counted = count.counted_on(today);
    let left = i64::from(count.total.saturating_sub(counted));
    html! {
        p.count {
            (say(l, "Giorno ", "Day ")) (counted) (say(l, " di ", " of ")) (count.total)
            @if !words::is_open(&permit.state) { " " span.state.ended { (say(l, "chiuso", "closed")) } }
        }
        @if let Some(since) = permit.paused_since {
            p { span.state.waiting { (say(l, "Sospeso", "Paused")) } " "
                (say(l, "dal ", "since ")) (day(since, l)) (say(l, ": alla ripresa ne restano ", ": when it goes on there are ")) (days(left, l)) (say(l, ".", " left.")) }
        } @else if let Some(due) = permit.due_on {
            @let until = (due - today).num_days();
            p { @if until < 0 { (say(l, "Scadeva il ", "Was due on ")) } @else { (say(l, "Scade il ", "Due on ")) } strong { (day(due, l)) } " "
                @if until < 0 { span.state.late { (say(l, "scaduto da ", "overdue by ")) (days(-until, l)) } }
                @else if until == 0 { span.state.late { (say(l, "scade oggi", "due today")) } }
                @else { "(" (say(l, "fra ", "in ")) (days(until, l)) ")" } }
        }
    }
}

fn silence(layer: &Layer, record: &Record, l: Language) -> Markup {
    let permit = &record.permit;
    let usual = &record.rule.silence;
    html! {
        div.note {
            p { (words::silence(&permit.silence, l)) " " cite { (record.rule.silence_article) } }
            @if permit.silence != *usual {
                p { (say(l, "Un vincolo sul luogo cambia il valore del silenzio: senza vincolo varrebbe «", "A constraint on the place changes what silence means: without it, it would be “"))
                    (word(layer, "silence", usual, l)) (say(l, "».", "”.")) }
            }
            @if let (Some(kind), Some(source)) = (&permit.constraint_kind, &permit.constraint_source) {
                p { (say(l, "Vincolo: ", "Constraint: ")) strong { (word(layer, "constraint_kind", kind, l)) } " · " (source)
                    @match permit.constraint_cleared_on {
                        Some(cleared) => { " · " (say(l, "nulla osta del ", "cleared on ")) (day(cleared, l)) }
                        None => { " · " (say(l, "nulla osta non ancora acquisito", "not cleared yet")) }
                    } }
            }
        }
    }
}

fn table(record: &Record, l: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "I giorni del termine", "The days of the term")) { table {
            thead { tr {
                th scope="col" { (say(l, "Dal", "From")) } th scope="col" { (say(l, "Al", "To")) }
                th.number scope="col" { (say(l, "Giorni contati", "Days counted")) } th.number scope="col" { (say(l, "Da–a", "First–last")) }
                th scope="col" { (say(l, "Perché", "Why")) } th scope="col" { (say(l, "Articolo", "Article")) }
            } }
            tbody { @for stretch in &record.count.stretches { (row(record, stretch, l)) } }
        } }
    }
}

fn row(record: &Record, stretch: &Stretch, l: Language) -> Markup {
    let phase = match stretch.why {
        Why::Counted(phase) => record.rule.phases.get(phase),
        _ => None,
    };
    html! {
        tr {
            th scope="row" { (whole(stretch.from, l)) }
            td { @if let Some(to) = stretch.to { (whole(to, l)) } @else { (say(l, "in corso", "goes on")) } }
            @match stretch.counted {
                Some((first, last)) => { td.number { (last + 1 - first) } td.number { (first) "–" (last) } }
                None => { td.number { "0" } td.number { "–" } }
            }
            td { @match (stretch.why, phase) {
                (Why::Counted(_), Some(phase)) => { @if l == Language::It { (phase.it) } @else { (phase.en) } }
                (Why::Paused, _) => {
                    @if record.rule.pause == "restarts" { (say(l, "Interrotto: alla ripresa si ricomincia", "Interrupted: it begins anew")) }
                    @else { (say(l, "Sospeso", "Paused")) }
                }
                _ => { (say(l, "L'ultimo giorno è festivo: si passa al primo lavorativo", "The last day is a holiday: the next working day")) " "
                    @if let Some(name) = stretch.from.pred_opt().and_then(|d| record.holidays.off(d)).filter(|n| !n.is_empty()) { "(" (name) ")" } }
            } }
            td { @if let Some(phase) = phase { (phase.article) } @else if stretch.why == Why::Paused { (record.rule.article) } @else { "–" } }
        }
    }
}

fn rule(record: &Record, l: Language) -> Markup {
    let rule = &record.rule;
    html! {
        details {
            summary { (say(l, "La regola: ", "The rule: ")) code { (rule.rule) } ", " (rule.article) }
            dl {
                dt { (say(l, "Vale", "Holds")) } dd {
                    @match &rule.region { Some(region) => { (say(l, "nella regione ", "in region ")) (region) } None => { (say(l, "dove la regione non ha regole sue", "where the region has no rule of its own")) } }
                    (say(l, ", per le pratiche presentate dal ", ", for what is filed from ")) (day(rule.valid_from, l))
                    @if let Some(to) = rule.valid_to { (say(l, " e prima del ", " and before ")) (day(to, l)) }
                }
                dt { (say(l, "Si conta", "Counted")) } dd {
                    @if rule.first_day_counts { (say(l, "dal giorno della presentazione", "from the day of filing")) }
                    @else { (say(l, "dal giorno dopo la presentazione", "from the day after filing")) }
                    ", " @if rule.holiday_moves { (say(l, "l'ultimo giorno festivo passa al primo lavorativo", "a last day that is a holiday moves to the next working day")) }
                    @else { (say(l, "anche se l'ultimo giorno è festivo", "also if the last day is a holiday")) }
                }
                dt { (say(l, "Fonte", "Source")) } dd { (rule.source) }
                @if let Some(note) = &rule.note { dt { (say(l, "Avvertenza", "Note")) } dd { (note) } }
            }
            p { a href="rules" { (say(l, "Tutte le regole", "All rules")) } }
        }
    }
}
