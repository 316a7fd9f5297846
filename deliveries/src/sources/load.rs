//! One file of a source, loaded by its plan as if it had been by command.

use std::path::{Path, PathBuf};

use identity::audit::{self, Action, Event};
use ingest::{IngestError, Mode, PlanFile, Report, Request, Silent, Stop, Update};
use kernel::Principal;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Source;
use super::store::{self, Ended};
use crate::Deliveries;
use crate::work::{passes, problem};

/// Seconds after which it is tried again when the database or another load was to blame.
const SOON: f64 = 30.0;

/// A file that is new.
pub(super) struct New<'a> {
    pub(super) path: PathBuf,
    pub(super) name: &'a str,
    pub(super) content: &'a str,
    /// What to say beside what was loaded.
    pub(super) remark: String,
}

/// Asks for the work to stop when nobody waits for it any more.
struct Ends(Stop);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Loads it, or says why not.
pub(super) async fn load(
    deliveries: &Deliveries,
    source: &Source,
    owner: &PgPool,
    held: &mut PgConnection,
    folder: &Path,
    new: New<'_>,
) -> Result<Ended, sqlx::Error> {
    let refused = |words: String, again| Ended {
        outcome: "failed",
        run: None,
        file: Some(new.name.to_owned()),
        words,
        number: None,
        difference: None,
        again,
    };
    let plan = match PlanFile::read(&source.plan) {
        Ok(plan) => plan,
        Err(error) => {
            return Ok(refused(format!("{error}; `opensit ingest plan FILE --out {}` proposes one", source.plan.display()), None));
        }
    };
    let layer = plan.layer.clone();
    let there = catalogue::store::get(held, &layer).await.map(|layer| layer.is_some());
    let mode = match there {
        Ok(false) => Mode::Create,
        Ok(true) => source.mode,
        Err(error) => return Ok(refused(error.to_string(), Some(SOON))),
    };
    let run = store::begin_load(held, &source.name, new.name, new.content, layer.as_str()).await?;
    let stop = Stop::default();
    let _ends = Ends(stop.clone());
    let request = Request { mode, order: Some(run), update: Update::default(), stop, ..Request::new(&new.path, layer.clone()) };
    let settings = settings(deliveries, folder);
    let (pool, runtime) = (owner.clone(), tokio::runtime::Handle::current());
    let loading = tokio::task::spawn_blocking(move || {
        runtime.block_on(async move { ingest::run(&pool, &settings, request.by(plan), &Silent).await })
    });
    match loading.await.unwrap_or_else(|e| Err(IngestError::Reader(e.to_string()))) {
        Ok(report) => loaded(deliveries, source, held, run, new, &report).await,
        Err(error) => {
            let again = passes(&error, 2).then_some(SOON);
            let words = problem(&error, folder).detail().to_owned();
            Ok(Ended { run: Some(run), ..refused(words, again) })
        }
    }
}

async fn loaded(
    deliveries: &Deliveries,
    source: &Source,
    held: &mut PgConnection,
    run: Uuid,
    new: New<'_>,
    report: &Report,
) -> Result<Ended, sqlx::Error> {
    let number: Option<i64> =
        sqlx::query_scalar("select number from opensit.deliveries where ordered = $1").bind(run).fetch_optional(held).await?;
    let details =
        json!({ "what": "a source loaded", "source": source.name, "file": new.name, "number": number, "rows": report.rows_loaded });
    let event = Event::new(Action::Administer).on(&report.layer).details(details);
    if let Err(error) = audit::record_apart(&deliveries.0.context.database, &Principal::operator(), event).await {
        tracing::error!(source = source.name, cause = %error, "the log does not have that a source was loaded");
    }
    let rows = report.rows_loaded;
    tracing::info!(source = source.name, file = new.name, layer = %report.layer, rows, "a source was loaded");
    Ok(Ended {
        outcome: "loaded",
        run: Some(run),
        file: Some(new.name.to_owned()),
        words: format!("{rows} rows{}", new.remark),
        number,
        difference: report.difference.as_ref().map(ingest::Difference::with_words),
        again: None,
    })
}

/// As for what is sent: archives are unpacked beside the file, into no more than the disk can spare.
fn settings(deliveries: &Deliveries, folder: &Path) -> ingest::Settings {
    let parts = &deliveries.0;
    let mut settings = parts.settings.ingest.clone();
    settings.temporary = folder.to_owned();
    if let Ok(free) = parts.folder.free_bytes() {
        settings.limits.archive_bytes = settings.limits.archive_bytes.min(free.saturating_sub(parts.settings.free_bytes));
    }
    settings
}
