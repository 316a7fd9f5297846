//! What an import did, in words.

use std::fmt::Write;

use kernel::Language;

use super::Imported;

/// Differences that the text names; JSON has more.
const SHOWN: usize = 20;

impl Imported {
    /// The report of the files, then what differs, without colours.
    pub fn text(&self, language: Language) -> String {
        let mut out = self.report.text(language);
        let mut line = |it: String, en: String| {
            // writing into a String does not fail
            let _ = write!(out, "\n{}", if language == Language::It { it } else { en });
        };
        line(format!("\nFogli confrontati: {}", self.sheets), format!("\nSheets compared: {}", self.sheets));
        for c in self.counts.iter().filter(|c| c.new + c.changed + c.gone + c.same > 0) {
            line(
                format!("  {}: nuovi {}, cambiati {}, soppressi {}, uguali {}", c.layer, c.new, c.changed, c.gone, c.same),
                format!("  {}: {} new, {} changed, {} suppressed, {} the same", c.layer, c.new, c.changed, c.gone, c.same),
            );
        }
        for c in self.census.iter().filter(|c| c.new + c.changed + c.same > 0) {
            line(
                format!("  {}: nuovi {}, cambiati {}, uguali {}", c.layer, c.new, c.changed, c.same),
                format!("  {}: {} new, {} changed, {} the same", c.layer, c.new, c.changed, c.same),
            );
        }
        for difference in self.differences.iter().filter(|d| d.layer == "parcels").take(SHOWN) {
            let moved = difference.moved_m.map(|m| format!(", {m:.3} m")).unwrap_or_default();
            let it = match difference.what.as_str() {
                "new" => "nuova",
                "gone" => "soppressa",
                _ => "cambiata",
            };
            let en = if difference.what == "gone" { "suppressed" } else { difference.what.as_str() };
            line(format!("  {} {it}{moved}", difference.id), format!("  {} {en}{moved}", difference.id));
        }
        if self.lineage > 0 {
            let pairs = self.lineage;
            line(format!("Discendenza: {pairs} coppie di particelle"), format!("Lineage: {pairs} pairs of parcels"));
        }
        if self.between_sheets > 0 {
            let places = self.between_sheets;
            line(
                format!("Fogli sovrapposti o staccati in {places} luoghi"),
                format!("Sheets lie on each other or apart in {places} places"),
            );
        }
        match self.number {
            Some(number) if self.counts.iter().any(|c| c.new + c.changed + c.gone > 0) => line(
                format!("Importazione {number}; si annulla con: opensit cadastre undo {number} (il censuario resta)"),
                format!("Import {number}; it is taken back by: opensit cadastre undo {number} (the census stays)"),
            ),
            Some(number) => line(
                format!("Importazione {number}; il censuario si corregge importandone un'altra estrazione"),
                format!("Import {number}; the census is put right by importing another extraction"),
            ),
            None if self.differs() => line("Non è stato scritto nulla.".to_owned(), "Nothing was written.".to_owned()),
            None => line("Niente di nuovo.".to_owned(), "Nothing is new.".to_owned()),
        }
        out
    }
}
