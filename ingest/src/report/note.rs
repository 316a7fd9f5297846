use kernel::{Srid, Text};
use serde::{Deserialize, Serialize};

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

    pub(crate) fn crs_overruled(stated: Srid, given: Srid) -> Self {
        Self(Text::new(
            format!("il file dichiara {stated}, ma `--crs` dice {given}"),
            format!("the file states {stated}, but `--crs` says {given}"),
        ))
    }

    pub(crate) fn axes_swapped() -> Self {
        Self(Text::new(
            "gli assi sono stati scambiati, come chiesto (`--swap-axes`)",
            "the axes were swapped, as asked for (`--swap-axes`)",
        ))
    }

    pub(crate) fn no_boundary() -> Self {
        Self(Text::new(
            "l'installazione non conosce i suoi confini: nessuno ha controllato dove cadono le righe",
            "the installation knows no boundary: nobody checked where the rows lie",
        ))
    }

    pub(crate) fn damaged_text(rows: u64) -> Self {
        Self(Text::new(
            format!("in {rows} righe un testo aveva caratteri illeggibili, sostituiti da `\u{FFFD}`"),
            format!("in {rows} rows a text had characters that can't be read, replaced by `\u{FFFD}`"),
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
        Self(Text::new(
            format!("in {rows} righe un valore non esiste (una data fuori dal calendario, un numero che non lo è) ed è rimasto vuoto"),
            format!(
                "in {rows} rows a value is none of its kind (a date that is not in the calendar, a number that is none) and was left empty"
            ),
        ))
    }
}
