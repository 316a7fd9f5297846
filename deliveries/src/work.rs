//! The jobs of deliveries: files are looked at, compared, loaded. What takes long is done by the database and on threads of its own.

mod compare;
mod files;
mod follow;
mod load;
mod look;

use std::path::Path;

use ingest::{IngestError, Mode, PlanFile, Request, Stop, Told};
use jobs::{Failure, Job, Output, Progress};
use kernel::{LayerId, Principal, Problem, Srid, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::Deliveries;
use crate::deliveries::record::SentFile;
use crate::words::{said, words_of};

pub(crate) const LOOK: &str = "deliveries.look";
pub(crate) const COMPARE: &str = "deliveries.compare";
pub(crate) const LOAD: &str = "deliveries.load";

/// The kinds of jobs that [`work`] does.
pub const KINDS: [&str; 3] = [LOOK, COMPARE, LOAD];

/// How often a job is tried, as long as the program or the database was to blame.
const ATTEMPTS: i32 = 3;

/// What was ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) delivery: Uuid,
    pub(crate) layer: Option<LayerId>,
    pub(crate) source_layer: Option<String>,
    pub(crate) crs: Option<Srid>,
    pub(crate) swap_axes: bool,
    pub(crate) mode: Option<Mode>,
    pub(crate) draft: bool,
    pub(crate) keep_vanished: bool,
    /// Percent; where somebody says that so many may vanish this once.
    #[serde(default)]
    pub(crate) vanish_at_most: Option<f64>,
}

impl Order {
    /// One that says nothing more yet.
    pub(crate) fn on(delivery: Uuid) -> Self {
        Self {
            delivery,
            layer: None,
            source_layer: None,
            crs: None,
            swap_axes: false,
            mode: None,
            draft: false,
            keep_vanished: false,
            vanish_at_most: None,
        }
    }
}

/// The system that a request names.
pub(crate) fn srid(name: Option<&str>) -> Result<Option<Srid>, Problem> {
    let refused = |name: &str, error: &crs::CrsError| {
        let known: Vec<String> = crs::all().iter().map(|crs| crs.srid().to_string()).collect();
        let short: String = name.chars().take(40).collect();
        let words = Text::new(
            format!("`{short}` non è un sistema di coordinate di questo programma; sceglierne uno dell'elenco"),
            format!("`{short}`: {}", error.to_string().chars().take(300).collect::<String>()),
        );
        said(|detail| Problem::invalid_parameter("crs", detail, known), &words)
    };
    name.map(|name| crs::Crs::named(name).map(|crs| crs.srid()).map_err(|error| refused(name, &error))).transpose()
}

#[derive(FromRow)]
struct Row {
    files: Json<Vec<SentFile>>,
    plan: Option<Json<Value>>,
}

/// A job at work on a delivery.
struct Task {
    deliveries: Deliveries,
    order: Order,
    job: Uuid,
    who: Principal,
    files: Vec<SentFile>,
    plan: Option<PlanFile>,
    owner: PgPool,
    stop: Stop,
}

/// How it ended, for the delivery's row.
enum Ended {
    /// What is written to the row: an update of it, beginning with `state = …`.
    Well(Vec<(&'static str, Value)>),
    Badly(IngestError),
}

/// Does a job of one of [`KINDS`].
pub async fn work(deliveries: Deliveries, job: Job, progress: Progress) -> Result<Output, Failure> {
    let order: Order = job.read()?;
    let again = |e: sqlx::Error| Failure::Again(format!("the database does not answer: {e}"));
    let row: Option<Row> = {
        let mut session = deliveries.0.context.database.session(&Principal::operator()).await.map_err(again)?;
        sqlx::query_as("select files, plan from deliveries.deliveries where id = $1 and job = $2 and not freed")
            .bind(order.delivery)
            .bind(job.id.0)
            .fetch_optional(&mut *session)
            .await
            .map_err(again)?
    };
    let Some(Row { files: Json(files), plan }) = row else { return Err(Failure::Final("the delivery was deleted".to_owned())) };
    let plan = plan.map(|Json(plan)| serde_json::from_value(plan)).transpose();
    let plan = plan.map_err(|e| Failure::Final(format!("the plan that was kept can't be read: {e}")))?;
    let owner = (deliveries.0.owner)();
    let task = Task { deliveries, order, job: job.id.0, who: job.who.clone(), files, plan, owner, stop: Stop::default() };
    let outcome = task.go(&job, &progress).await;
    task.owner.close().await;
    outcome
}

impl Task {
    async fn go(&self, job: &Job, progress: &Progress) -> Result<Output, Failure> {
        let done = match files::gather(&self.deliveries.0.folder, self.order.delivery, &self.files).await {
            Err(error) => Err(error),
            Ok(()) => match job.kind.as_str() {
                LOOK => look::look(self, progress).await,
                COMPARE => compare::compare(self, progress).await,
                _ => load::load(self, progress).await,
            },
        };
        // who hears that it has ended finds nothing of it left
        self.clear().await;
        let ended = match done {
            Ok(values) => Ended::Well(values),
            Err(error) => Ended::Badly(error),
        };
        self.end(ended, job).await
    }

    /// Writes down how it ended.
    async fn end(&self, ended: Ended, job: &Job) -> Result<Output, Failure> {
        let (values, failure) = match ended {
            Ended::Well(values) => (values, None),
            Ended::Badly(IngestError::Cancelled) => {
                if !self.is_cancelled().await? {
                    // the program ends: another one goes on
                    return Err(Failure::Cancelled);
                }
                (vec![("state", "cancelled".into()), ("stage", Value::Null)], Some(Failure::Cancelled))
            }
            Ended::Badly(error) if job.attempt < ATTEMPTS && passes(&error, job.attempt) => return Err(Failure::Again(error.to_string())),
            Ended::Badly(error) => {
                let problem = self.problem(&error);
                let values = vec![("state", "failed".into()), ("stage", Value::Null), ("error", problem.to_json())];
                (values, Some(Failure::Final(problem.detail().to_owned())))
            }
        };
        self.write(&values).await.map_err(|e| Failure::Again(format!("the database does not answer: {e}")))?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Output::json(&json!({ "delivery": self.order.delivery }))),
        }
    }

    /// Whether somebody cancelled the job; if not, and it stops nevertheless, the program ends.
    async fn is_cancelled(&self) -> Result<bool, Failure> {
        let again = |e: sqlx::Error| Failure::Again(format!("the database does not answer: {e}"));
        let mut session = self.deliveries.0.context.database.session(&Principal::operator()).await.map_err(again)?;
        let cancel: Option<bool> = sqlx::query_scalar("select cancel from jobs.jobs where id = $1")
            .bind(self.job)
            .fetch_optional(&mut *session)
            .await
            .map_err(again)?;
        Ok(cancel.unwrap_or(true))
    }

    /// Writes columns of the delivery's row, if it is still this job that is at it.
    async fn write(&self, values: &[(&'static str, Value)]) -> Result<(), sqlx::Error> {
        let document: serde_json::Map<String, Value> = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        // what is not said stays
        let names: Vec<String> = values.iter().map(|(name, _)| format!("{name} = r.{name}")).collect();
        let sql = format!(
            "update deliveries.deliveries d set {}, touched_at = clock_timestamp()
               from jsonb_populate_record(null::deliveries.deliveries, $3) r where d.id = $1 and d.job = $2",
            names.join(", ")
        );
        let mut transaction = self.deliveries.0.context.database.write(&Principal::operator()).await?;
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.order.delivery)
            .bind(self.job)
            .bind(Value::Object(document))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// What is asked of `ingest`.
    fn request(&self, layer: LayerId) -> Request {
        let folder = self.deliveries.0.folder.files(self.order.delivery);
        Request {
            files: self.files.iter().map(|file| folder.join(&file.name)).collect(),
            author: self.who.id(),
            by: self.who.name().map(str::to_owned),
            whose: self.who.comuni(),
            only_own: !self.who.may_administer(),
            stop: self.stop.clone(),
            ..Request::new(folder.clone(), layer)
        }
    }

    /// How `ingest` does it: archives are unpacked beside the files, into no more than the disk can spare.
    fn settings(&self) -> ingest::Settings {
        let parts = &self.deliveries.0;
        let mut settings = parts.settings.ingest.clone();
        settings.temporary = parts.folder.unpacked(self.order.delivery);
        if let Ok(free) = parts.folder.free_bytes() {
            settings.limits.archive_bytes = settings.limits.archive_bytes.min(free.saturating_sub(parts.settings.free_bytes));
        }
        settings
    }

    /// The plan and, if there is one, the layer that it names, which they may still write.
    async fn planned(&self) -> Result<PlanFile, IngestError> {
        let lost = |why: Text| IngestError::Plan { file: "the delivery".to_owned(), why, field: None, line: None };
        let plan = self.plan.clone().ok_or_else(|| lost(Text::new("non c'è", "there is none")))?;
        let mut connection =
            self.owner.acquire().await.map_err(|cause| IngestError::Database { what: "has no connection to spare", cause })?;
        if let Some(layer) = catalogue::store::get(&mut connection, &plan.layer).await? {
            crate::writing::check(&self.who, &layer).map_err(|problem| lost(words_of(&problem)))?;
        }
        Ok(plan)
    }

    fn problem(&self, error: &IngestError) -> Problem {
        let (folder, delivery) = (&self.deliveries.0.folder, self.order.delivery);
        let inner = if matches!(error, IngestError::Io { .. }) { folder.delivery(delivery) } else { folder.files(delivery) };
        problem(error, &inner)
    }

    /// Frees what only the job needed.
    async fn clear(&self) {
        let folder = self.deliveries.0.folder.unpacked(self.order.delivery);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || crate::folder::remove(&folder)).await {
            tracing::warn!(delivery = %self.order.delivery, cause = %error, "what was unpacked can't be removed yet");
        }
    }
}

/// Whether it is worth trying again: the database was away, or a load that a killed program left still holds the layer.
pub(crate) fn passes(error: &IngestError, attempt: i32) -> bool {
    match error {
        IngestError::Busy(_) => attempt > 1,
        IngestError::Database { cause, .. } => is_away(cause),
        IngestError::Catalogue(catalogue::CatalogueError::Database(cause)) => is_away(cause),
        _ => false,
    }
}

fn is_away(cause: &sqlx::Error) -> bool {
    // the time is up for a statement of ours alone, which the next attempt would meet too
    let timed_out = matches!(cause, sqlx::Error::Database(e) if e.code().is_some_and(|code| matches!(&*code, "57014" | "53100")));
    !timed_out && Problem::database("a delivery", cause).status() == http::StatusCode::SERVICE_UNAVAILABLE
}

/// What is told of an error.
pub(crate) fn problem(error: &IngestError, folder: &Path) -> Problem {
    // where the server has its files is nobody's business
    let Text { it, en } = error.words(Told::Plan);
    let [it, en] = [it, en].map(|text| text.replace(&format!("{}/", folder.display()), ""));
    let full = match error {
        IngestError::Io { cause, .. } => matches!(cause.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded),
        IngestError::Database { cause: sqlx::Error::Database(cause), .. } => cause.code().is_some_and(|code| code == "53100"),
        _ => false,
    };
    if full {
        let words = Text::new(
            format!("il disco del server è pieno ({it}); nulla è stato caricato. Chiedere spazio a chi amministra"),
            format!("the server's disk is full ({en}); nothing was loaded. Ask the administrator for room"),
        );
        return said(Problem::insufficient_storage, &words);
    }
    let problem = said(Problem::unfit_file, &Text::new(it, en));
    match error {
        // one of them can be chosen
        IngestError::SeveralLayers { layers, .. } | IngestError::NoSuchLayer { layers, .. } => problem.with("layers", layers.clone()),
        _ => problem,
    }
}
