//! The report in words. Every sentence stands here, in [`Reason::words`](super::Reason) or in [`Note`](super::Note).

use std::fmt::Write;

use kernel::Language;
use kernel::layer::FieldType;

use super::{CrsSource, IdSource, Report};
use crate::rules::{Example, Rule, Severity};
use crate::update::Difference;
use crate::update::words::difference;
use crate::{Mode, Told};

/// Rows that the register does not place which the text names, beside the examples of each reason.
const UNPLACED: usize = 10;

pub(super) fn write(report: &Report, language: Language) -> String {
    let mut out = String::new();
    // writing into a String does not fail
    let _ = lines(report, language, &mut out);
    out
}

/// What was done with which layer.
pub(super) fn headline(r: &Report, language: Language) -> String {
    let it = language == Language::It;
    let say = |it_text: &'static str, en_text: &'static str| if it { it_text } else { en_text };
    let done = match r.mode {
        Mode::Create => say("pubblicato", "published"),
        Mode::Replace => say("sostituito", "replaced"),
        Mode::Append => say("ampliato", "added to"),
        Mode::Update if r.difference.as_ref().is_some_and(|d| !d.written) => say("confrontato", "compared"),
        Mode::Update => say("aggiornato", "updated"),
    };
    format!("{} `{}` ({}): {done}", say("Livello", "Layer"), r.layer, r.title.get(language))
}

fn lines(r: &Report, language: Language, out: &mut String) -> std::fmt::Result {
    let it = language == Language::It;
    let say = |it_text: &'static str, en_text: &'static str| if it { it_text } else { en_text };
    writeln!(out, "{}", headline(r, language))?;
    writeln!(out, "  {}: {}", say("Da", "From"), r.files.join(", "))?;
    let (read, loaded) = (number(r.rows_read, it), number(r.rows_loaded, it));
    match it {
        true => writeln!(out, "  Righe: {read} lette, {loaded} caricate, {}", r.geometry)?,
        false => writeln!(out, "  Rows: {read} read, {loaded} loaded, {}", r.geometry)?,
    }
    for kept_out in &r.kept_out {
        writeln!(
            out,
            "    {} {}: {} ({} {}); {}",
            say("escluse", "kept out"),
            number(kept_out.rows, it),
            kept_out.reason.words().get(language),
            say("per esempio riga", "for example row"),
            kept_out.examples().join(", "),
            kept_out.reason.cure(Told::CommandLine).get(language)
        )?;
    }
    for unplaced in r.unplaced.iter().filter(|row| !row.what.is_empty()).take(UNPLACED) {
        writeln!(out, "      {} {}: {}", say("riga", "row"), unplaced.row, unplaced.what)?;
    }
    // those of which a finding says more are counted there
    let told = r.findings.iter().any(|finding| finding.rule == Rule::InvalidGeometry && finding.done == Severity::Mend);
    if r.mended.rows > 0 && !told {
        let (rows, examples) = (number(r.mended.rows, it), r.mended.examples.join(", "));
        match it {
            true if r.mended.rows == 1 => writeln!(out, "    riparata 1 geometria non valida (riga {examples})")?,
            false if r.mended.rows == 1 => writeln!(out, "    mended 1 invalid geometry (row {examples})")?,
            true => writeln!(out, "    riparate {rows} geometrie non valide (per esempio riga {examples})")?,
            false => writeln!(out, "    mended {rows} invalid geometries (for example row {examples})")?,
        }
    }
    for finding in &r.findings {
        let rows = number(finding.rows, it);
        let examples: Vec<String> = finding.examples.iter().map(Example::to_string).collect();
        let (done, words) = (finding.done.words().get(language).to_owned(), finding.rule.words().get(language).to_owned());
        writeln!(
            out,
            "    {done} {rows}: {words} ({} {}); {}",
            say("per esempio riga", "for example row"),
            examples.join(", "),
            finding.rule.cure().get(language)
        )?;
    }
    crs(r, language, out)?;
    extent(r, it, out)?;
    match (&r.id, it) {
        (IdSource::Column(name), true) => writeln!(out, "  Identificativo pubblico: dalla colonna {name}")?,
        (IdSource::Column(name), false) => writeln!(out, "  Public id: from the column {name}")?,
        (IdSource::Sequence, true) => {
            writeln!(out, "  Identificativo pubblico: il numero d'ordine della riga, perché nessuna colonna distingue le righe")?;
        }
        (IdSource::Sequence, false) => writeln!(out, "  Public id: the row's number in order, since no column tells the rows apart")?,
    }
    if let Some(found) = &r.difference {
        difference(found, language, Told::CommandLine, out)?;
    }
    fields(r, language, out)?;
    for note in &r.notes {
        writeln!(out, "  {}: {}", say("Nota", "Note"), note.text().get(language))?;
    }
    let rate = number(r.rows_per_s as u64, it);
    writeln!(out, "  {}: {} s, {rate} {}", say("Tempo", "Time"), decimal(r.duration_s, it), say("righe/s", "rows/s"))
}

fn crs(r: &Report, language: Language, out: &mut String) -> std::fmt::Result {
    let it = language == Language::It;
    for crs in &r.crs {
        let how = decided(&crs.decided, language);
        let file = if r.crs.len() > 1 { format!(" ({})", crs.file) } else { String::new() };
        let label = if it { "Coordinate" } else { "Coordinates" };
        writeln!(out, "  {label}{file}: {} {}, {how}", crs.crs, crs.title)?;
        if matches!(crs.decided, CrsSource::Register(_)) {
            continue;
        }
        let (to, operation, metres) = (r.extent.crs, crs.operation.get(language), decimal(crs.accuracy_m, it));
        match it {
            true => writeln!(out, "    portate in {to}: {operation}; precisione {metres} m")?,
            false => writeln!(out, "    brought to {to}: {operation}; accuracy {metres} m")?,
        }
    }
    Ok(())
}

/// How a coordinate system was decided.
pub(super) fn decided(how: &CrsSource, language: Language) -> String {
    match (how, language) {
        (CrsSource::Given, Language::It) => "come detto da chi carica".to_owned(),
        (CrsSource::Given, Language::En) => "as whoever loads it said".to_owned(),
        (CrsSource::Stated, Language::It) => "come dichiara il file".to_owned(),
        (CrsSource::Stated, Language::En) => "as the file states".to_owned(),
        (CrsSource::Register(register), Language::It) => format!("dal registro «{}»", register.it),
        (CrsSource::Register(register), Language::En) => format!("of the register “{}”", register.en),
        (CrsSource::Recognised(name), Language::It) => format!("riconosciuto dalla definizione `{name}` nel file"),
        (CrsSource::Recognised(name), Language::En) => format!("recognised from the file's definition `{name}`"),
    }
}

/// An update's difference, as it stands on a page.
pub(super) fn of_difference(d: &Difference, language: Language) -> String {
    let mut out = String::new();
    // writing into a String does not fail
    let _ = difference(d, language, Told::Plan, &mut out);
    out
}

fn extent(r: &Report, it: bool, out: &mut String) -> std::fmt::Result {
    if let Some(b) = r.extent.bbox {
        let label = if it { "Estensione" } else { "Extent" };
        writeln!(out, "  {label}: {:.0}, {:.0} – {:.0}, {:.0} ({})", b.west(), b.south(), b.east(), b.north(), r.extent.crs)?;
    }
    if let Some(inside) = r.extent.inside {
        let comuni = if r.comuni.len() == 1 { "1 comune".to_owned() } else { format!("{} comuni", r.comuni.len()) };
        let rows = match (it, inside) {
            (true, 1) => "riga",
            (true, _) => "righe",
            (false, 1) => "row",
            (false, _) => "rows",
        };
        match it {
            true => writeln!(out, "  Confine: {} {rows} dentro, in {comuni}", number(inside, it))?,
            false => writeln!(out, "  Boundary: {} {rows} inside, in {comuni}", number(inside, it))?,
        }
    }
    if r.extent.outside > 0 {
        let (rows, metres) = (number(r.extent.outside, it), number(r.extent.farthest_m.ceil() as u64, it));
        match it {
            true => writeln!(out, "    {rows} fuori, fino a {metres} m: date al comune più vicino")?,
            false => writeln!(out, "    {rows} outside, up to {metres} m: given to the nearest comune")?,
        }
    }
    Ok(())
}

fn fields(r: &Report, language: Language, out: &mut String) -> std::fmt::Result {
    let it = language == Language::It;
    let list: Vec<String> = r
        .fields
        .iter()
        .map(|f| {
            let source = if f.source == f.name { String::new() } else { format!(" («{}»)", f.source) };
            format!("{}{source} {}", f.name, kind(f.kind, it))
        })
        .collect();
    writeln!(out, "  {}: {}", if it { "Campi" } else { "Fields" }, list.join("; "))
}

pub(crate) fn kind(kind: FieldType, it: bool) -> &'static str {
    match (kind, it) {
        (FieldType::Text, true) => "testo",
        (FieldType::Text, false) => "text",
        (FieldType::Integer, true) => "intero",
        (FieldType::Integer, false) => "integer",
        (FieldType::Number, true) => "numero",
        (FieldType::Number, false) => "number",
        (FieldType::Boolean, true) => "sì/no",
        (FieldType::Boolean, false) => "yes/no",
        (FieldType::Date, true) => "data",
        (FieldType::Date, false) => "date",
        (FieldType::DateTime, true) => "data e ora",
        (FieldType::DateTime, false) => "date and time",
    }
}

pub(super) fn number(value: u64, it: bool) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(if it { '.' } else { ',' });
        }
        out.push(digit);
    }
    out
}

pub(super) fn decimal(value: f64, it: bool) -> String {
    let text = if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") };
    let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if it { text.replace('.', ",") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{decimal, number};

    #[test]
    fn numbers_are_written_as_each_language_does() {
        assert_eq!(number(1_234_567, true), "1.234.567");
        assert_eq!(number(999, false), "999");
        assert_eq!((decimal(4.0, true), decimal(0.25, true), decimal(12.34, false)), ("4".into(), "0,25".into(), "12.3".into()));
    }
}
