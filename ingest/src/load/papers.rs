//! What belongs to a delivery beside its rows: the plan that it was loaded by, and its report.

use kernel::{Layer, LayerId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Placed, Tally};
use crate::plan::PlanFile;
use crate::update::Difference;
use crate::{IngestError, Report};

/// Plan and report of a delivery. They are made when its rows are written and before that is committed, so that no delivery is without
/// them: what the report calls its duration ends there.
pub(crate) struct Papers {
    pub(crate) plan: PlanFile,
    pub(crate) report: Report,
}

/// What a load has written, from which its papers are made.
pub(crate) struct Written<'a> {
    /// The layer as it is declared now.
    pub(crate) layer: &'a Layer,
    pub(crate) rows: u64,
    /// For one that grew: rows before.
    pub(crate) before: Option<u64>,
    pub(crate) tally: &'a Tally,
    pub(crate) placed: Placed,
    /// Rows of each comune, by ISTAT code.
    pub(crate) comuni: Vec<(String, u64)>,
    pub(crate) difference: Option<Difference>,
}

/// What makes the papers of what was written.
pub(crate) type Secretary<'a> = dyn Fn(Written<'_>) -> Papers + Sync + 'a;

impl Papers {
    /// Puts them to a delivery, in the transaction that publishes it.
    pub(crate) async fn keep(&self, transaction: &mut PgConnection, number: i64) -> Result<(), IngestError> {
        let plan_text = self.plan.to_toml()?;
        let report_json = serde_json::to_value(&self.report).map_err(|e| IngestError::Reader(e.to_string()))?;
        sqlx::query("update opensit.deliveries set plan = $2, report = $3 where number = $1")
            .bind(number)
            .bind(plan_text)
            .bind(Json(report_json))
            .execute(transaction)
            .await
            .map_err(IngestError::database("did not keep the plan and the report"))?;
        Ok(())
    }

    /// The plan of the last delivery of a layer that is there; or, if none is named, of the one whose columns are most like these; of
    /// layers of this author alone, if one is given.
    pub(crate) async fn kept(
        database: &mut PgConnection,
        layer: Option<&LayerId>,
        author: Option<Uuid>,
        columns: &[&str],
    ) -> Result<Option<PlanFile>, IngestError> {
        let texts: Vec<String> = sqlx::query_scalar(
            "select distinct on (d.layer) d.plan from opensit.deliveries d join opensit.layers l on l.id = d.layer
              where d.plan is not null and d.undone_at is null and ($1::text is null or d.layer = $1) and ($2::uuid is null or l.declaration ->> 'author' = $2::text)
              order by d.layer, d.number desc",
        )
        .bind(layer.map(LayerId::as_str))
        .bind(author)
        .fetch_all(database)
        .await
        .map_err(IngestError::database("did not say what was planned before"))?;
        // one that an older program wrote and this one can't read is none
        let plans = texts.iter().filter_map(|text| PlanFile::parse(text, "the plan that was kept").ok());
        let mut best: Option<(f64, PlanFile)> = None;
        for plan in plans {
            let alike = if layer.is_some() { 1.0 } else { likeness(&plan, columns) };
            if alike >= ALIKE && best.as_ref().is_none_or(|(before, _)| alike > *before) {
                best = Some((alike, plan));
            }
        }
        Ok(best.map(|(_, plan)| plan))
    }
}

/// From this share of common columns on, two files are deliveries of the same source.
const ALIKE: f64 = 0.75;

/// Fewer columns than this say nothing: many files have `id` and `name`.
const ENOUGH_COLUMNS: usize = 4;

/// The columns that both have, of those that either has.
fn likeness(plan: &PlanFile, columns: &[&str]) -> f64 {
    let common = plan.fields.iter().filter(|line| columns.contains(&line.source.as_str())).count();
    let all = plan.fields.len() + columns.len() - common;
    if common < ENOUGH_COLUMNS { 0.0 } else { common as f64 / all as f64 }
}
