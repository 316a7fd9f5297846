//! Deliveries in the database.

use chrono::{DateTime, Utc};
use ingest::{Mode, PlanFile};
use kernel::{Principal, Problem, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};
use uuid::Uuid;

use super::absent;
use crate::person;
use crate::words::{conflict, said};

/// A file of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentFile {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The upload that it was.
    pub(crate) upload: Uuid,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Looking,
    Planned,
    Comparing,
    Compared,
    Loading,
    Loaded,
    Failed,
    Cancelled,
}

impl State {
    fn parse(text: &str) -> Self {
        match text {
            "looking" => Self::Looking,
            "planned" => Self::Planned,
            "comparing" => Self::Comparing,
            "compared" => Self::Compared,
            "loading" => Self::Loading,
            "loaded" => Self::Loaded,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }

    /// Its name in JSON and the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Looking => "looking",
            Self::Planned => "planned",
            Self::Comparing => "comparing",
            Self::Compared => "compared",
            Self::Loading => "loading",
            Self::Loaded => "loaded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a job is at it.
    pub(crate) fn works(self) -> bool {
        matches!(self, Self::Looking | Self::Comparing | Self::Loading)
    }
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) by: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) files: Json<Vec<SentFile>>,
    state: String,
    pub(crate) stage: Option<Value>,
    plan: Option<Value>,
    pub(crate) remarks: Option<Value>,
    pub(crate) mode: Option<String>,
    pub(crate) difference: Option<Value>,
    report: Option<Value>,
    number: Option<i64>,
    error: Option<Value>,
    pub(crate) job: Option<Uuid>,
    pub(crate) freed: bool,
    job_state: Option<String>,
    written: Option<i64>,
    written_report: Option<Value>,
    pub(crate) undone: Option<bool>,
    last: Option<bool>,
}

const SELECT: &str =
    "select d.id, d.by, d.created_at, d.files, d.state, d.stage, d.plan, d.remarks, d.mode, d.difference, d.report, d.number, d.error,
        d.job, d.freed, deliveries.state_of(d.job) as job_state, w.number as written, w.report as written_report, w.undone, w.last
   from deliveries.deliveries d
   left join lateral deliveries.written(d.id) w on d.mode is not null
  where (d.subject = $1 or $2)";

impl Record {
    /// One of theirs; an administrator has all.
    pub(crate) async fn find(conn: &mut PgConnection, who: &Principal, id: &str) -> Result<Self, Problem> {
        Self::one(conn, who, id, "").await
    }

    /// As [`Self::find`], to be changed: who else wants to waits until the transaction ends.
    pub(crate) async fn find_to_change(conn: &mut PgConnection, who: &Principal, id: &str) -> Result<Self, Problem> {
        Self::one(conn, who, id, "for update of d").await
    }

    async fn one(conn: &mut PgConnection, who: &Principal, id: &str, lock: &str) -> Result<Self, Problem> {
        let subject = person(who)?;
        let id = Uuid::try_parse(id).map_err(|_| absent())?;
        let found = sqlx::query_as(AssertSqlSafe(format!("{SELECT} and d.id = $3 {lock}")))
            .bind(subject)
            .bind(who.may_administer())
            .bind(id)
            .fetch_optional(conn)
            .await
            .map_err(|e| Problem::database("a delivery", &e))?;
        found.ok_or_else(absent)
    }

    /// Theirs, the newest first.
    pub(crate) async fn list(conn: &mut PgConnection, who: &Principal) -> Result<Vec<Self>, Problem> {
        let subject = person(who)?;
        sqlx::query_as(AssertSqlSafe(format!("{SELECT} order by d.ordinal desc limit 200")))
            .bind(subject)
            .bind(who.may_administer())
            .fetch_all(conn)
            .await
            .map_err(|e| Problem::database("deliveries", &e))
    }

    /// Where it stands, also when the job could not say how it ended: it was cancelled before it began, or the program was killed.
    pub(crate) fn state(&self) -> State {
        let said = State::parse(&self.state);
        if !said.works() {
            return said;
        }
        match self.job_state.as_deref() {
            Some("queued" | "running") => said,
            // what is published is so, whatever became of the job
            _ if said == State::Loading && self.written.is_some() => State::Loaded,
            Some("cancelled") => State::Cancelled,
            _ => State::Failed,
        }
    }

    /// Why it failed.
    pub(crate) fn error(&self) -> Option<Value> {
        if self.state() != State::Failed || State::parse(&self.state) == State::Failed {
            return self.error.clone();
        }
        let words = Text::new(
            "il programma è stato fermato mentre lavorava, a ogni tentativo; nulla di questo è stato caricato. Riprovare; se succede ancora, il \
             file può chiedere alla macchina più di quanto abbia",
            "the program was stopped while it worked, at each attempt; nothing of this was loaded. Try again; if it happens again, the file may \
             ask more of the machine than it has",
        );
        Some(said(Problem::unfit_file, &words).to_json())
    }

    pub(crate) fn report(&self) -> Option<&Value> {
        self.report.as_ref().or(self.written_report.as_ref())
    }

    /// The number of what was published.
    pub(crate) fn number(&self) -> Option<i64> {
        self.number.or(self.written)
    }

    /// Whether the layer's last delivery is this one, and can be taken back.
    pub(crate) fn undoable(&self) -> bool {
        self.state() == State::Loaded
            && self.last == Some(true)
            && self.undone == Some(false)
            && [Mode::Update, Mode::Append].map(Mode::name).iter().any(|mode| self.mode.as_deref() == Some(mode))
    }

    /// Whether something can be made of it now; `what` says what, in Italian and English, for the refusal.
    pub(crate) fn check_idle(&self, [what_it, what]: [&str; 2]) -> Result<(), Problem> {
        match self.state() {
            State::Loaded => Err(conflict(
                format!("la consegna è caricata, quindi non si può {what_it}; inviare di nuovo i file"),
                format!("the delivery is loaded, so it can't be {what}; send the files anew"),
            )),
            state if state.works() => Err(conflict(
                "il programma ci sta lavorando; aspettare che finisca, o annullare",
                format!("a job is at it ({}); wait for it or cancel it", state.name()),
            )),
            _ if self.freed => Err(conflict("i suoi file non ci sono più; inviarli di nuovo", "its files are gone; send them anew")),
            _ => Ok(()),
        }
    }

    /// Its plan.
    pub(crate) fn plan(&self) -> Result<PlanFile, Problem> {
        let value = self.plan.clone().ok_or_else(|| {
            conflict(
                "non c'è ancora un piano: i file non sono stati letti, o non si potevano leggere",
                "there is no plan yet: the files were not looked at, or could not be read",
            )
        })?;
        serde_json::from_value(value).map_err(|e| Problem::internal("the plan of a delivery", &e))
    }

    pub(crate) fn plan_json(&self) -> Option<&Value> {
        self.plan.as_ref()
    }
}
