//! Parts of what is told of an error that are chosen rather than written where it arises.

use kernel::Text;

use super::Told;
use crate::report::{KeptOut, rows, rows_are};
use crate::rules::Rule;

/// Rows for which a rule says stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopping {
    /// The rule.
    pub rule: Rule,
    /// How many rows.
    pub rows: u64,
    /// The first of them: `12`, or `b.csv 12` when there are several files.
    pub examples: Vec<String>,
}

impl Stopping {
    pub(super) fn words(&self) -> Text {
        rows_are(self.rows, &self.rule.words(), &self.examples, &self.rule.cure())
    }
}

/// What kept rows out, one reason after the other.
pub(super) fn reasons(kept_out: &[KeptOut], told: Told) -> Text {
    let parts: Vec<Text> = kept_out.iter().map(|k| rows_are(k.rows, &k.reason.words(), &k.examples, &k.reason.cure(told))).collect();
    joined(&parts)
}

pub(super) fn joined(parts: &[Text]) -> Text {
    let list = |of: fn(&Text) -> &str| parts.iter().map(of).collect::<Vec<_>>().join("; ");
    Text::new(list(|t| &t.it), list(|t| &t.en))
}

/// `its only row can't be loaded`, `of its 12 rows none can be loaded`.
pub(super) fn none_of(count: u64) -> Text {
    if count == 1 {
        return Text::new("la sua unica riga non si può caricare", "its only row can't be loaded");
    }
    let rows = rows(count);
    Text::new(format!("delle sue {} nessuna si può caricare", rows.it), format!("of its {} none can be loaded", rows.en))
}

/// Why the last delivery of a layer can't be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUndo {
    /// There is no such layer.
    NoLayer,
    /// A module fills it.
    OfModule,
    /// There is no delivery.
    NoDelivery,
    /// It was made or replaced as a whole.
    Whole,
    /// It was appended by a program that did not take down which rows it wrote.
    Unrecorded,
    /// The history lacks some of its rows.
    Incomplete,
}

impl NoUndo {
    pub(super) fn words(self, told: Told) -> Text {
        let (it, en) = match (self, told) {
            (Self::NoLayer, Told::CommandLine) => {
                ("non c'è un livello con questo nome; `opensit layers` li elenca", "there is no such layer; `opensit layers` lists them")
            }
            (Self::NoLayer, Told::Plan) => ("non c'è più un livello con questo nome", "there is no such layer any more"),
            (Self::OfModule, _) => {
                ("appartiene a un modulo, e nessun file gli è stato consegnato", "it belongs to a module, and no file was delivered to it")
            }
            (Self::NoDelivery, _) => {
                ("non ha avuto consegne che si possano annullare", "nothing was delivered to it that could be taken back")
            }
            (Self::Whole, _) => (
                "la sua ultima consegna ha fatto tutto il livello, e di ciò che c'era prima non resta nulla",
                "its last delivery made the whole layer, and nothing is kept of what was there before",
            ),
            (Self::Unrecorded, Told::CommandLine) => (
                "la sua ultima consegna è stata aggiunta da un programma che non ne annotava le righe; si possono annullare quelle con `--update`",
                "its last delivery was appended by a program that kept no record of its rows; `--update` deliveries can be taken back",
            ),
            (Self::Unrecorded, Told::Plan) => (
                "la sua ultima consegna è stata aggiunta da un programma che non ne annotava le righe; si possono annullare gli aggiornamenti",
                "its last delivery was appended by a program that kept no record of its rows; updates can be taken back",
            ),
            (Self::Incomplete, _) => (
                "nella storia non è più intero ciò che le sue righe erano prima dell'ultima consegna",
                "what its rows were before the last delivery is no longer whole in the history",
            ),
        };
        Text::new(it, en)
    }
}
