//! What is told of a work in one go, when it is registered and when it is put right.

use chrono::NaiveDate;
use operations::Reader;

use crate::codes;

/// The most euros a work costs.
pub(crate) const MOST_EUROS: f64 = 999_999_999_999.0;

/// The fields that are told together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) title: String,
    pub(crate) cup: Option<String>,
    pub(crate) cui: Option<String>,
    pub(crate) responsible: Option<String>,
    pub(crate) amount_eur: Option<f64>,
    pub(crate) begins_planned: Option<NaiveDate>,
    pub(crate) ends_planned: Option<NaiveDate>,
    pub(crate) begins_actual: Option<NaiveDate>,
    pub(crate) ends_actual: Option<NaiveDate>,
}

/// Their names, for the journal.
pub(crate) const NAMES: [&str; 9] =
    ["title", "cup", "cui", "responsible", "amount_eur", "begins_planned", "ends_planned", "begins_actual", "ends_actual"];

impl Facts {
    /// Reads them; what is wrong goes to the reader.
    pub(crate) fn read(given: &mut Reader, today: NaiveDate) -> Self {
        let facts = Self {
            title: given.required_text("title", 300),
            cup: codes::cup(given),
            cui: codes::cui(given),
            responsible: given.text("responsible", 200),
            amount_eur: given.number("amount_eur", 0.0..=MOST_EUROS).map(|euros| (euros * 100.0).round() / 100.0),
            begins_planned: given.date("begins_planned"),
            ends_planned: given.date("ends_planned"),
            begins_actual: given.date("begins_actual"),
            ends_actual: given.date("ends_actual"),
        };
        not_before(given, "ends_planned", facts.begins_planned, facts.ends_planned);
        not_before(given, "ends_actual", facts.begins_actual, facts.ends_actual);
        for (name, day) in [("begins_actual", facts.begins_actual), ("ends_actual", facts.ends_actual)] {
            if day.is_some_and(|day| day > today) {
                given.fault(
                    name,
                    "è nel futuro: quello che è accaduto ha una data passata",
                    "is in the future: what happened has a day that is past",
                );
            }
        }
        facts
    }

    /// The names of those that differ.
    pub(crate) fn changed_from(&self, before: &Self) -> Vec<&'static str> {
        let same = [
            self.title == before.title,
            self.cup == before.cup,
            self.cui == before.cui,
            self.responsible == before.responsible,
            self.amount_eur == before.amount_eur,
            self.begins_planned == before.begins_planned,
            self.ends_planned == before.ends_planned,
            self.begins_actual == before.begins_actual,
            self.ends_actual == before.ends_actual,
        ];
        NAMES.into_iter().zip(same).filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

/// No end before a beginning.
pub(crate) fn not_before(given: &mut Reader, name: &str, from: Option<NaiveDate>, to: Option<NaiveDate>) {
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        given.fault(name, "è prima dell'inizio", "is before the beginning");
    }
}
