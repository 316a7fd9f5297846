//! A difference in plain words.

use std::fmt::Write;

use kernel::Language;
use serde_json::Value;

use super::{Difference, Undone};
use crate::Told;
use crate::place::distance_words;

/// Longest value that is shown of a field, characters.
const LONGEST_VALUE: usize = 40;

/// Writes the lines of the report that tell what differs.
pub(crate) fn difference(d: &Difference, language: Language, told: Told, out: &mut String) -> std::fmt::Result {
    let it = language == Language::It;
    let say = |it_text: &'static str, en_text: &'static str| if it { it_text } else { en_text };
    let r = &d.rows;
    writeln!(
        out,
        "  {} {}: {} {}, {} {}, {} {}, {} {}",
        say("Confronto per", "Compared by"),
        d.key,
        r.new,
        say("nuove", "new"),
        r.changed,
        say("cambiate", "changed"),
        r.vanished,
        say("scomparse", "vanished"),
        r.same,
        say("uguali", "the same")
    )?;
    if !d.fields.is_empty() {
        let list: Vec<String> = d.fields.iter().take(12).map(|f| format!("{} {}", f.field, f.rows)).collect();
        let more = if d.fields.len() > 12 { ", …" } else { "" };
        writeln!(out, "    {}: {}{more}", say("campi cambiati", "fields that changed"), list.join(", "))?;
    }
    if d.moved.rows > 0 {
        let (median, farthest) = (metres(d.moved.median_m, it), metres(d.moved.farthest_m, it));
        match it {
            true => writeln!(out, "    geometrie cambiate: {}, mediana {median}, al massimo {farthest}", d.moved.rows)?,
            false => writeln!(out, "    geometries that changed: {}, by {median} in the middle, {farthest} at most", d.moved.rows)?,
        }
    }
    for (what, ids) in [(say("nuove", "new"), &d.examples.new), (say("scomparse", "vanished"), &d.examples.vanished)] {
        if !ids.is_empty() {
            writeln!(out, "    {what}, {}: {}", say("per esempio", "for example"), ids.join(", "))?;
        }
    }
    for row in &d.examples.changed {
        writeln!(out, "    {}: {}", row.id, changed(&row.fields, row.moved_m, it))?;
    }
    if d.kept > 0 {
        match it {
            true => writeln!(out, "    {} restano com'erano: la consegna le ha, ma in una forma che è stata esclusa", d.kept)?,
            false => writeln!(out, "    {} stay as they were: the delivery has them in a form that was kept out", d.kept)?,
        }
    }
    if d.vanished_stay && r.vanished > 0 {
        let option = if told == Told::CommandLine { " (`--keep-vanished`)" } else { "" };
        writeln!(out, "    {}{option}", say("quelle scomparse restano", "those that vanished stay"))?;
    }
    if d.too_many_vanish {
        let careful = match told {
            Told::CommandLine => say(
                "Attenzione: ne scompaiono più di quante possano; per scriverlo serve `--vanish-at-most`, se la consegna non è tronca",
                "Careful: more vanish than may; to write it takes `--vanish-at-most`, if the delivery is not cut short",
            ),
            Told::Plan => say(
                "Attenzione: ne scompaiono più di quante possano; applicarlo solo se la consegna non è tronca",
                "Careful: more vanish than may; apply it only if the delivery is not cut short",
            ),
        };
        writeln!(out, "    {careful}")?;
    }
    if d.edited.rows > 0 {
        let (rows, ids) = (d.edited.rows, d.edited.examples.join(", "));
        let (were_it, were) = if rows == 1 { ("era stata modificata", "was") } else { ("erano state modificate", "were") };
        match it {
            true => writeln!(out, "    Attenzione: {rows} {were_it} qui dopo l'ultima consegna ({ids}): la storia conserva le modifiche")?,
            false => {
                writeln!(out, "    Careful: {rows} {were} edited here since the last delivery ({ids}): the edits are in the history alone")?
            }
        }
    }
    let end = match (d.written, d.delivery) {
        (true, None) => say("Non c'era nulla da scrivere", "There was nothing to write").to_owned(),
        (true, Some(number)) if told == Told::Plan && it => format!("Scritto come consegna {number}; si può ritirare"),
        (true, Some(number)) if told == Told::Plan => format!("Written as delivery {number}; it can be taken back"),
        (true, Some(number)) if it => format!("Scritto come consegna {number}; `opensit ingest undo` la annulla"),
        (true, Some(number)) => format!("Written as delivery {number}; `opensit ingest undo` takes it back"),
        (false, _) => say("Solo un'anteprima: nulla è stato scritto", "Only looked at: nothing was written").to_owned(),
    };
    writeln!(out, "  {end}")
}

fn changed(fields: &Value, moved_m: Option<f64>, it: bool) -> String {
    let mut parts: Vec<String> = fields
        .as_object()
        .into_iter()
        .flatten()
        .take(4)
        .map(|(field, values)| format!("{field} {} → {}", value(&values[0]), value(&values[1])))
        .collect();
    if let Some(moved) = moved_m {
        parts.push(if it {
            format!("geometria spostata di {}", metres(moved, it))
        } else {
            format!("geometry moved by {}", metres(moved, it))
        });
    }
    if parts.is_empty() {
        parts.push(if it { "un altro comune" } else { "another comune" }.to_owned());
    }
    parts.join("; ")
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => return "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short: String = text.chars().take(LONGEST_VALUE).filter(|c| !c.is_control()).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn metres(metres: f64, it: bool) -> String {
    let words = if metres < 10.0 { format!("{metres:.2} m") } else { distance_words(metres) };
    if it { words.replace('.', ",") } else { words }
}

pub(super) fn undone(u: &Undone, language: Language) -> String {
    let (files, r) = (u.files.join(", "), &u.rows);
    let mut text = match language {
        Language::It => format!(
            "Livello `{}`: consegna {} ({files}) annullata: {} righe nuove tolte, {} cambiate tornate com'erano, {} scomparse rimesse",
            u.layer, u.delivery, r.new, r.changed, r.vanished
        ),
        Language::En => format!(
            "Layer `{}`: delivery {} ({files}) taken back: {} new rows taken out, {} changed ones as they were, {} vanished ones back",
            u.layer, u.delivery, r.new, r.changed, r.vanished
        ),
    };
    if u.edited > 0 {
        let _ = match language {
            Language::It => write!(text, "\n  {} erano state modificate dopo: ora solo la storia lo sa", u.edited),
            Language::En => write!(text, "\n  {} of them were edited since: that is in the history alone", u.edited),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{changed, value};
    use serde_json::json;

    #[test]
    fn a_change_says_what_was_and_what_is() {
        let fields = json!({"nome": ["Via Roma", null], "altezza": [12, 12.5]});
        assert_eq!(changed(&fields, Some(1.204), false), "nome Via Roma → –; altezza 12 → 12.5; geometry moved by 1.20 m");
        assert_eq!(changed(&json!({}), None, true), "un altro comune");
    }

    #[test]
    fn long_values_are_cut_and_can_t_break_the_line() {
        assert_eq!(value(&json!("a\nb")), "ab…");
        assert_eq!(value(&json!("è".repeat(80))).chars().count(), 41);
    }
}
