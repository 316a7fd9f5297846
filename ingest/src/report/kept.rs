//! Reports that stay with what they tell of.

use chrono::{DateTime, Utc};
use kernel::{Language, LayerId};
use maud::{Markup, html};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};

use super::Report;
use crate::IngestError;

/// A delivery of a layer, with the plan and the report that were kept.
#[derive(Clone, Debug)]
pub struct KeptReport {
    /// The delivery's number.
    pub number: i64,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// By whom, a role of the database.
    pub by: String,
    /// Whether it was taken back since.
    pub undone: bool,
    /// What it was loaded by, in TOML.
    pub plan: Option<String>,
    /// What became of it.
    pub report: Report,
    /// The other deliveries of the layer that have a report, the last first.
    pub others: Vec<(i64, DateTime<Utc>)>,
}

#[derive(FromRow)]
struct Found {
    number: i64,
    at: DateTime<Utc>,
    by: String,
    undone: bool,
    plan: Option<String>,
    report: Json<serde_json::Value>,
}

impl KeptReport {
    /// The report of a delivery of a layer, or of the last one.
    pub async fn find(database: &mut PgConnection, layer: &LayerId, number: Option<i64>) -> Result<Option<Self>, IngestError> {
        let failed = "did not give the report";
        let found: Option<Found> = sqlx::query_as(
            "select number, at, by, undone_at is not null as undone, plan, report from opensit.deliveries
              where layer = $1 and report is not null and ($2::bigint is null or number = $2) order by number desc limit 1",
        )
        .bind(layer.as_str())
        .bind(number)
        .fetch_optional(&mut *database)
        .await
        .map_err(IngestError::database(failed))?;
        let Some(Found { number, at, by, undone, plan, report: Json(report) }) = found else { return Ok(None) };
        let others = sqlx::query_as(
            "select number, at from opensit.deliveries where layer = $1 and report is not null and number <> $2 order by number desc limit 50",
        )
        .bind(layer.as_str())
        .bind(number)
        .fetch_all(database)
        .await
        .map_err(IngestError::database(failed))?;
        let report = serde_json::from_value(report).map_err(|e| {
            IngestError::Reader(format!("the report of delivery {number} was kept in a form that this program can't read: {e}"))
        })?;
        Ok(Some(Self { number, at, by, undone, plan, report, others }))
    }

    /// What stands on its page below the title. `map` is the portal's address.
    pub fn html(&self, language: Language, map: &str) -> Markup {
        html! { (self.report.html(language, Some(map))) (self.below(language, true)) }
    }

    /// What stands below the report: when it was, what it was loaded by, and, as links, the other deliveries.
    pub fn below(&self, language: Language, links: bool) -> Markup {
        let say = |it: &'static str, en: &'static str| if language == Language::It { it } else { en };
        let when = |at: &DateTime<Utc>| at.with_timezone(&chrono_tz::Europe::Rome).format("%d/%m/%Y %H:%M").to_string();
        html! {
            h2 { (say("Consegna", "Delivery")) }
            p { (say("Numero ", "Number ")) (self.number) ", " (when(&self.at)) ", " (self.by)
                @if self.undone { ". " strong { (say("È stata annullata", "It was taken back")) } } }
            @if let Some(plan) = &self.plan {
                details { summary { (say("Il piano con cui è stata caricata (TOML)", "The plan that it was loaded by (TOML)")) } pre { (plan) } }
            }
            @if links && !self.others.is_empty() {
                h3 { (say("Altre consegne", "Other deliveries")) }
                ul { @for (number, at) in &self.others { li { a href=(format!("?number={number}&lang={}", language.tag())) { (number) ", " (when(at)) } } } }
            }
        }
    }
}
