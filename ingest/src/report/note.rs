use kernel::{Srid, Text};
use serde::{Deserialize, Serialize};

use crate::Told;

/// Something that was found out on the way, or decided, and should be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Note(Text);

impl Note {
    /// The note in words.
    pub fn text(&self) -> &Text {
        &self.0
    }

    pub(crate) fn suffix(file: &str, format: &str) -> Self {
        Self(Text::new(
            format!("il nome di {file} promette altro, ma il contenuto è {format}"),
            format!("the name of {file} promises something else, but its content is {format}"),
        ))
    }

    pub(crate) fn csv(encoding: &str, delimiter: char) -> Self {
        let name = match delimiter {
            '\t' => "TAB".to_owned(),
            other => format!("`{other}`"),
        };
        Self(Text::new(format!("testo in {encoding}, campi separati da {name}"), format!("text in {encoding}, fields separated by {name}")))
    }

    pub(crate) fn decimal_comma(columns: &[&str]) -> Self {
        let columns = columns.join(", ");
        Self(Text::new(format!("virgola decimale in: {columns}"), format!("decimal comma in: {columns}")))
    }

    pub(crate) fn unclear_numbers(columns: &[String]) -> Self {
        let columns = columns.join(", ");
        Self(Text::new(
            format!(
                "numeri che possono essere due (1.100 è 1100 o 1,1), quindi lasciati come testo: {columns}; nel piano `decimal` dice quale"
            ),
            format!("numbers that may be two (1.100 is 1100 or 1.1), so left as text: {columns}; in the plan `decimal` says which"),
        ))
    }

    pub(crate) fn became_geometry(columns: &[&str]) -> Self {
        let columns = columns.join(", ");
        Self(Text::new(
            format!("le colonne {columns} sono diventate la geometria e non sono più campi"),
            format!("the columns {columns} became the geometry and are no fields any more"),
        ))
    }

    pub(crate) fn left_out_field(column: &str) -> Self {
        Self(Text::new(
            format!("la colonna {column} contiene dati binari ed è stata tralasciata"),
            format!("the column {column} holds binary data and was left out"),
        ))
    }

    pub(crate) fn other_layers(used: &str, others: &[String]) -> Self {
        let others = others.join(", ");
        Self(Text::new(
            format!("dal file è stato letto {used}; senza geometria, quindi tralasciati: {others}"),
            format!("of the file {used} was read; without geometry and so left out: {others}"),
        ))
    }

    pub(crate) fn more_layers(used: &str, others: &[String]) -> Self {
        let others = others.join(", ");
        Self(Text::new(
            format!("dal file è stato letto {used}; il piano può leggerne un altro (`source-layer`): {others}"),
            format!("of the file {used} was read; the plan can read another (`source-layer`): {others}"),
        ))
    }

    pub(crate) fn other_sheets(used: &str, others: &[String]) -> Self {
        let others = others.join(", ");
        Self(Text::new(
            format!("è stato letto il foglio {used}; senza colonne di coordinate, quindi tralasciati: {others}"),
            format!("the sheet {used} was read; without columns of coordinates and so left out: {others}"),
        ))
    }

    pub(crate) fn header_below(row: u64) -> Self {
        Self(Text::new(
            format!("i nomi delle colonne stanno alla riga {row}: ciò che le sta sopra non è stato letto"),
            format!("the columns' names stand in row {row}: what stands above it was not read"),
        ))
    }

    pub(crate) fn drawing_layers(count: usize, layers: &[String]) -> Self {
        let more = if count > layers.len() { ", …" } else { "" };
        let layers = layers.join(", ");
        Self(Text::new(
            format!("il disegno ha {count} livelli, qui nel campo Layer; il piano può leggerne uno solo (`source-layer`): {layers}{more}"),
            format!(
                "the drawing has {count} layers, here in the field Layer; the plan can read one alone (`source-layer`): {layers}{more}"
            ),
        ))
    }

    pub(crate) fn inserted_blocks(count: u64) -> Self {
        Self(Text::new(
            format!("blocchi inseriti nel disegno: {count}; ognuno è un punto, con nome e attributi del blocco"),
            format!("blocks inserted in the drawing: {count}; each is a point, with the block's name and attributes"),
        ))
    }

    pub(crate) fn network_links(count: u64) -> Self {
        Self(Text::new(
            format!("collegamenti ad altri file (NetworkLink): {count}; non sono stati seguiti"),
            format!("links to other files (NetworkLink): {count}; they were not followed"),
        ))
    }

    pub(crate) fn not_in_plan(columns: &[&str]) -> Self {
        let columns = columns.join(", ");
        Self(Text::new(
            format!("il piano non ne parla, quindi tralasciate: {columns}"),
            format!("the plan does not speak of them, so they were left out: {columns}"),
        ))
    }

    pub(crate) fn crs_overruled(stated: Srid, given: Srid) -> Self {
        Self(Text::new(
            format!("il file dichiara {stated}, ma chi carica ha detto {given}"),
            format!("the file states {stated}, but whoever loads it said {given}"),
        ))
    }

    pub(crate) fn axes_swapped() -> Self {
        Self(Text::new("gli assi sono stati scambiati, come chiesto", "the axes were swapped, as asked for"))
    }

    pub(crate) fn no_boundary() -> Self {
        Self(Text::new(
            "l'installazione non conosce i suoi confini: nessuno ha controllato dove cadono le righe",
            "the installation knows no boundary: nobody checked where the rows lie",
        ))
    }

    pub(crate) fn no_keys(columns: &[String]) -> Self {
        let columns = columns.join(", ");
        Self(Text::new(
            format!("{columns}: dal nome distinguerebbe le righe, ma qualche valore si ripete, manca o ha caratteri inadatti"),
            format!("{columns}: by its name it would tell the rows apart, but some values repeat, are missing or have unfit characters"),
        ))
    }

    pub(crate) fn lost_values(rows: u64) -> Self {
        let (it, en) = in_rows(rows);
        Self(Text::new(
            format!("{it} un valore non esiste (una data fuori dal calendario, un numero che non lo è) ed è rimasto vuoto"),
            format!("{en} a value is none of its kind (a date that is not in the calendar, a number that is none) and was left empty"),
        ))
    }

    pub(crate) fn heights(rows: u64) -> Self {
        let (it, en) = in_rows(rows);
        Self(Text::new(
            format!("{it} le posizioni hanno quote o misure (Z, M), che un livello non conserva: ne restano le coordinate piane"),
            format!("{en} positions have heights or measures (Z, M), which a layer does not keep: their plane coordinates remain"),
        ))
    }

    pub(crate) fn clamped(rows: u64) -> Self {
        let (it, en) = in_rows(rows);
        Self(Text::new(
            format!(
                "{it} un intero è al limite di 64 bit (±9223372036854775807): se nel file era oltre, è stato troncato; scriverlo come testo"
            ),
            format!("{en} an integer is at the limit of 64 bits (±9223372036854775807): one beyond it was cut to it; write it as text"),
        ))
    }

    pub(crate) fn null_characters(count: u64) -> Self {
        let (it, en) = match count {
            1 => ("1 carattere nullo".to_owned(), "1 null character".to_owned()),
            _ => (format!("{count} caratteri nulli"), format!("{count} null characters")),
        };
        Self(Text::new(
            format!("nei testi del file: {it} (`\\u0000`); di un testo è stato letto ciò che precede il primo"),
            format!("in the file's texts: {en} (`\\u0000`); of a text what stands before the first was read"),
        ))
    }

    pub(crate) fn placed_by(register: &Text, placed: u64, rows: u64) -> Self {
        let rows = super::rows(rows);
        Self(Text::new(
            format!("senza coordinate: la posizione che ne ha il registro «{}» è data a {placed} su {}", register.it, rows.it),
            format!("without coordinates: the place that the register “{}” has for them is given to {placed} of {}", register.en, rows.en),
        ))
    }

    pub(crate) fn streets_alike(streets: &std::collections::BTreeMap<String, String>) -> Self {
        let list: Vec<String> = streets.iter().take(20).map(|(said, meant)| format!("{said} → {meant}")).collect();
        let more = if streets.len() > list.len() { ", …" } else { "" };
        let list = list.join(", ");
        Self(Text::new(
            format!("strade scritte quasi come nel registro, prese per quelle (`similar = false` nel piano lo vieta): {list}{more}"),
            format!(
                "streets that are spelled nearly as in the register were taken for those (`similar = false` in the plan forbids it): {list}{more}"
            ),
        ))
    }

    /// A note in these words.
    pub(crate) fn of(text: Text) -> Self {
        Self(text)
    }

    pub(crate) fn identities_are_new(told: Told) -> Self {
        let (it, en) = match told {
            Told::CommandLine => ("`--update` li conserva", "`--update` keeps them"),
            Told::Plan => ("aggiornare per chiave li conserva", "an update by key keeps them"),
        };
        Self(Text::new(
            format!("tutte le righe sono nuove, anche quelle uguali a prima: la loro storia e i numeri interni (`fid`) ricominciano; {it}"),
            format!("all rows are new ones, those too that are as before: their history and inner numbers (`fid`) begin anew; {en}"),
        ))
    }

    pub(crate) fn grown(before: u64, added: u64, told: Told) -> Self {
        let now = before + added;
        let (it, en) = if before == 1 {
            ("c'era 1 riga".to_owned(), "1 row was".to_owned())
        } else {
            (format!("c'erano {before} righe"), format!("{before} rows were"))
        };
        let (or_it, or) = match told {
            Told::CommandLine => ("`--replace` sostituisce", "`--replace` replaces"),
            Told::Plan => ("per metterle al loro posto serve sostituire", "to put them in their place takes a replacement"),
        };
        Self(Text::new(
            format!("{it} prima, {now} ora; nessuno ha confrontato le une con le altre: {or_it}"),
            format!("{en} there before, {now} now; nobody compared the ones with the others: {or}"),
        ))
    }
}

/// Italian, English.
fn in_rows(rows: u64) -> (String, String) {
    if rows == 1 { ("in 1 riga".to_owned(), "in 1 row".to_owned()) } else { (format!("in {rows} righe"), format!("in {rows} rows")) }
}

#[cfg(test)]
mod tests {
    use super::Note;
    use crate::Told;

    #[test]
    fn one_is_no_plural() {
        for note in [Note::lost_values, Note::heights, Note::clamped] {
            assert!(note(1).text().en.starts_with("in 1 row ") && note(1).text().it.starts_with("in 1 riga "));
            assert!(note(2).text().en.starts_with("in 2 rows ") && note(2).text().it.starts_with("in 2 righe "));
        }
        assert!(Note::grown(1, 2, Told::Plan).text().en.starts_with("1 row was there before, 3 now"));
    }
}
