//! What an import did, in words.

use std::fmt::Write;

use kernel::Language;

use super::Imported;

/// Differences that the text names; JSON has more.
const SHOWN: usize = 20;

/// How people call what is imported, in Italian and English, by the name of its table.
pub fn called(table: &str) -> Option<[&'static str; 2]> {
    Some(match table {
        "sheets" => ["Fogli", "Sheets"],
        "parcels" => ["Particelle", "Parcels"],
        "buildings" => ["Fabbricati", "Buildings"],
        "fiducials" => ["Punti fiduciali", "Fiducial points"],
        "cadastral_texts" => ["Testi", "Texts"],
        "cadastral_symbols" => ["Simboli", "Symbols"],
        "cadastral_lines" => ["Linee", "Lines"],
        "cadastral_findings" => ["Difetti della mappa", "Defects of the map"],
        "properties" => ["Immobili del censuario", "Properties of the census"],
        "property_portions" => ["Porzioni", "Parts of land"],
        "property_places" => ["Identificativi", "Identifiers"],
        "property_addresses" => ["Indirizzi", "Addresses"],
        "subjects" => ["Intestati", "Those entitled"],
        "titles" => ["Titolarità", "Titles"],
        _ => return None,
    })
}

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
            let [it, en] = called(c.layer).unwrap_or([c.layer; 2]);
            line(
                format!("  {it}: nuovi {}, cambiati {}, soppressi {}, uguali {}", c.new, c.changed, c.gone, c.same),
                format!("  {en}: {} new, {} changed, {} suppressed, {} the same", c.new, c.changed, c.gone, c.same),
            );
        }
        for c in self.census.iter().filter(|c| c.new + c.changed + c.same > 0) {
            let [it, en] = called(c.layer).unwrap_or([c.layer; 2]);
            line(
                format!("  {it}: nuovi {}, cambiati {}, uguali {}", c.new, c.changed, c.same),
                format!("  {en}: {} new, {} changed, {} the same", c.new, c.changed, c.same),
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
                format!("Luoghi in cui i fogli si sovrappongono o sono staccati: {places}"),
                format!("Places where sheets lie on each other or apart: {places}"),
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
