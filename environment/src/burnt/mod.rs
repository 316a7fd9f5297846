//! The register of burnt areas (L. 353/2000, art. 10): perimeters, their constraints, the parcels that each touched.

pub(crate) mod list;
pub(crate) mod page;
mod parcels;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Layer, Principal};
use maud::{Markup, html};
use operations::say;
use serde_json::{Value, json};
use sqlx::{FromRow, Postgres, QueryBuilder};

use crate::shown;

/// A perimeter.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Fire {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) dataset: String,
    pub(crate) published: bool,
    pub(crate) burnt_on: NaiveDate,
    pub(crate) locality: Option<String>,
    pub(crate) reforestation_until: NaiveDate,
    pub(crate) building_until: NaiveDate,
    pub(crate) use_until: NaiveDate,
    pub(crate) valid_to: Option<DateTime<Utc>>,
    pub(crate) area_m2: f64,
}

impl Fire {
    pub(crate) fn path(&self) -> String {
        format!("/environment/burnt-areas/{}", operations::links::encode(&self.id))
    }

    /// Each constraint: its name in documents, what it forbids, and the day from which it does not hold any more.
    pub(crate) fn constraints(&self) -> [(&'static str, (&'static str, &'static str), NaiveDate); 3] {
        [
            (
                "reforestation",
                ("rimboschimento con denaro pubblico (5 anni)", "reforestation with public money (5 years)"),
                self.reforestation_until,
            ),
            ("building", ("edificazione, pascolo e caccia (10 anni)", "building, grazing and hunting (10 years)"), self.building_until),
            (
                "use",
                ("cambio di destinazione; clausola negli atti di vendita (15 anni)", "change of use; clause in deeds of sale (15 years)"),
                self.use_until,
            ),
        ]
    }

    pub(crate) fn document(&self, today: NaiveDate) -> Value {
        let constraints: Vec<Value> = self
            .constraints()
            .iter()
            .map(|(name, _, until)| json!({ "constraint": name, "until": until, "in_force": *until > today }))
            .collect();
        json!({
            "id": self.id, "comune": self.comune, "dataset": self.dataset, "burnt_on": self.burnt_on, "locality": self.locality,
            "area_m2": self.area_m2, "valid_to": self.valid_to, "constraints": constraints, "law": "L. 353/2000, art. 10",
        })
    }
}

/// Whether a day, as JSON has it, is past: the constraint that held until it does not hold any more.
pub(crate) fn is_over(until: &Value, today: NaiveDate) -> bool {
    until.as_str().and_then(|text| text.parse::<NaiveDate>().ok()).is_some_and(|until| until <= today)
}

/// "until 2 Aug 2031", or that it has ended.
fn term(until: NaiveDate, today: NaiveDate, language: kernel::Language) -> Markup {
    html! {
        @if until > today { (say(language, "fino al", "until")) " " (shown::day(until, language)) }
        @else { (shown::state("ended", say(language, "scaduto", "ended"))) " " (shown::day(until, language)) }
    }
}

/// The perimeters that somebody sees, of all times, as what comes before further conditions.
fn select(layer: &Layer, who: &Principal) -> QueryBuilder<Postgres> {
    QueryBuilder::new(format!(
        "select fid, version, id, comune, dataset, published, burnt_on, locality, reforestation_until, building_until, use_until, valid_to,
                round(st_area(geom)::numeric)::double precision as area_m2
           from {} where true",
        layer.seen_by(who, "seen")
    ))
}
