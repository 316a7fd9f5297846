use kernel::Text;
use serde::{Deserialize, Serialize};

use super::Severity::{self, Keep, KeepOut, Mend, Off, Stop};

/// Something that can be wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// It has no geometry, or an empty one.
    NoGeometry,
    /// It says where it is by a parcel or an address, and the register does not know where that is.
    Unplaced,
    /// Its area crosses itself, or is otherwise none by OGC's rules.
    InvalidGeometry,
    /// It lies more than 10 km outside the boundary.
    FarOutside,
    /// The column for it names a comune that the installation has not.
    UnknownComune,
    /// It lies in a comune for which whoever loads it does not work.
    ForeignComune,
    /// Its area is thinner than anything that is drawn.
    Sliver,
    /// Its area lies over another row's.
    Overlap,
    /// Another row has the same geometry and the same values.
    Duplicate,
    /// Its key is missing, unfit for an address, or another row's.
    RepeatedKey,
    /// A text lost its accents on the way: `\u{FFFD}`, or `cittÃ ` for `città`.
    LostAccents,
    /// A column of texts has nothing but numbers.
    NumberAsText,
    /// A value is not of the type that the plan gives its field.
    WrongType,
    /// A date lies in the future.
    FutureDate,
    /// A value is not in the field's code list.
    UndeclaredCode,
}

/// A rule, what may be done about it, the first being what is done without a word; and its names.
pub(super) struct Entry {
    pub(super) rule: Rule,
    pub(super) allowed: &'static [Severity],
    it: &'static str,
    en: &'static str,
    cure_it: &'static str,
    cure_en: &'static str,
}

const fn entry(rule: Rule, allowed: &'static [Severity], words: [&'static str; 4]) -> Entry {
    let [it, en, cure_it, cure_en] = words;
    Entry { rule, allowed, it, en, cure_it, cure_en }
}

/// Every rule.
pub(super) const ALL: [Entry; 15] = [
    entry(
        Rule::NoGeometry,
        &[KeepOut, Stop],
        ["senza geometria", "without a geometry", "dare la posizione dove manca", "give a position where there should be one"],
    ),
    entry(
        Rule::Unplaced,
        &[KeepOut, Stop],
        [
            "che il registro non sa dove mettere",
            "that the register does not know where to put",
            "correggere particella o indirizzo",
            "correct the parcel or the address",
        ],
    ),
    entry(
        Rule::InvalidGeometry,
        &[Mend, KeepOut, Stop],
        [
            "con area non valida",
            "with an invalid area",
            "disegnare di nuovo, o controllare la riparazione",
            "draw again, or look at what was mended",
        ],
    ),
    entry(
        Rule::FarOutside,
        &[KeepOut, Stop],
        ["a più di 10 km dal confine", "more than 10 km outside the boundary", "correggere la posizione", "correct the position"],
    ),
    entry(
        Rule::UnknownComune,
        &[Keep, KeepOut, Stop],
        [
            "con un comune che l'installazione non ha: vale quello del luogo",
            "with a comune that the installation has not: the one of the place holds",
            "correggere il codice ISTAT",
            "correct the ISTAT code",
        ],
    ),
    entry(
        Rule::ForeignComune,
        &[KeepOut, Stop],
        [
            "in un comune per il quale chi carica non lavora",
            "in a comune that whoever loads them does not work for",
            "farle caricare a chi lavora per quel comune",
            "have them loaded by somebody who works for that comune",
        ],
    ),
    entry(
        Rule::Sliver,
        &[Keep, Off, KeepOut, Stop],
        [
            "con area più sottile di quanto si disegni",
            "with an area thinner than anything that is drawn",
            "unire alla vicina",
            "merge into the neighbour",
        ],
    ),
    entry(
        Rule::Overlap,
        &[Off, Keep, Stop],
        [
            "con area sopra quella di un'altra",
            "with an area over another row's",
            "correggere il confine comune",
            "correct the border between them",
        ],
    ),
    entry(
        Rule::Duplicate,
        &[Keep, Off, KeepOut, Stop],
        ["con tutti i valori di una riga precedente", "the same as a row before", "togliere la copia", "take the copy out"],
    ),
    entry(
        Rule::RepeatedKey,
        &[Stop, KeepOut],
        [
            "con chiave che manca, si ripete o non è adatta a un indirizzo",
            "with a key that is missing, repeats or is unfit for an address",
            "dare a ogni riga la sua",
            "give each row its own",
        ],
    ),
    entry(
        Rule::LostAccents,
        &[Keep, Off, Mend, KeepOut, Stop],
        [
            "con testi che hanno perso gli accenti",
            "with texts that lost their accents",
            "esportare di nuovo in UTF-8, o nel piano `mend`",
            "export again in UTF-8, or `mend` in the plan",
        ],
    ),
    entry(
        Rule::NumberAsText,
        &[Keep, Off, Stop],
        [
            "con numeri scritti come testo",
            "with numbers written as text",
            "nel piano `type = \"number\"`",
            "in the plan `type = \"number\"`",
        ],
    ),
    entry(
        Rule::WrongType,
        &[KeepOut, Mend, Stop],
        [
            "con un valore che non va nel tipo del campo",
            "with a value that does not fit the field's type",
            "correggere il valore",
            "correct the value",
        ],
    ),
    entry(
        Rule::FutureDate,
        &[Keep, Off, KeepOut, Stop],
        ["con una data nel futuro", "with a date in the future", "controllare la data", "check the date"],
    ),
    entry(
        Rule::UndeclaredCode,
        &[Keep, Off, Mend, KeepOut, Stop],
        [
            "con un codice che non è nell'elenco",
            "with a code that is not in the list",
            "aggiungere il codice al piano, o correggerlo",
            "add the code to the plan, or correct it",
        ],
    ),
];

impl Rule {
    pub(super) fn entry(self) -> &'static Entry {
        ALL.iter().find(|e| e.rule == self).unwrap_or(&ALL[0])
    }

    /// Every rule.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|entry| entry.rule)
    }

    /// As a plan writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoGeometry => "no-geometry",
            Self::Unplaced => "unplaced",
            Self::InvalidGeometry => "invalid-geometry",
            Self::FarOutside => "far-outside",
            Self::UnknownComune => "unknown-comune",
            Self::ForeignComune => "foreign-comune",
            Self::Sliver => "sliver",
            Self::Overlap => "overlap",
            Self::Duplicate => "duplicate",
            Self::RepeatedKey => "repeated-key",
            Self::LostAccents => "lost-accents",
            Self::NumberAsText => "number-as-text",
            Self::WrongType => "wrong-type",
            Self::FutureDate => "future-date",
            Self::UndeclaredCode => "undeclared-code",
        }
    }

    /// What may be done about it; the first is done without a word.
    pub fn allowed(self) -> &'static [Severity] {
        self.entry().allowed
    }

    /// What it says of rows: "… rows *without a geometry*".
    pub fn words(self) -> Text {
        Text::new(self.entry().it, self.entry().en)
    }

    /// What to do about it.
    pub fn cure(self) -> Text {
        Text::new(self.entry().cure_it, self.entry().cure_en)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Rule};

    #[test]
    fn every_rule_has_its_row() {
        for entry in &ALL {
            assert_eq!(entry.rule.entry().rule, entry.rule);
            assert_eq!(serde_json::to_value(entry.rule).unwrap(), entry.rule.name());
            assert!(!entry.allowed.is_empty() && !entry.it.is_empty() && !entry.en.is_empty());
        }
        assert_eq!(Rule::UndeclaredCode as usize + 1, ALL.len());
    }
}
