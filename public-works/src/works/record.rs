//! A work with all that belongs to it.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Language, Layer, Principal, PublicUrl};
use operations::links::encode;
use operations::say;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, QueryBuilder};

/// The row of the layer.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Work {
    #[serde(skip)]
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) title: String,
    pub(crate) cup: Option<String>,
    pub(crate) cui: Option<String>,
    pub(crate) responsible: Option<String>,
    pub(crate) state: String,
    pub(crate) amount_eur: Option<f64>,
    pub(crate) progress: f64,
    pub(crate) begins_planned: Option<NaiveDate>,
    pub(crate) ends_planned: Option<NaiveDate>,
    pub(crate) begins_actual: Option<NaiveDate>,
    pub(crate) ends_actual: Option<NaiveDate>,
    /// GeoJSON, CRS84.
    #[sqlx(json)]
    pub(crate) geometry: Value,
    pub(crate) bbox: Vec<f64>,
    /// Whether who asks may change it.
    pub(crate) editable: bool,
}

/// A tender.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Cig {
    pub(crate) cig: String,
    pub(crate) subject: Option<String>,
}

/// A line of funding.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Funding {
    pub(crate) source: String,
    pub(crate) amount_eur: f64,
}

/// A phase, as planned and as it went.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Phase {
    pub(crate) phase: String,
    pub(crate) planned_from: Option<NaiveDate>,
    pub(crate) planned_to: Option<NaiveDate>,
    pub(crate) actual_from: Option<NaiveDate>,
    pub(crate) actual_to: Option<NaiveDate>,
}

/// A state of progress (SAL).
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Progress {
    pub(crate) measured_on: NaiveDate,
    pub(crate) percent: f64,
    pub(crate) amount_eur: Option<f64>,
    pub(crate) note: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// All of it, as its reader sees it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) work: Work,
    pub(crate) cigs: Vec<Cig>,
    pub(crate) funding: Vec<Funding>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) progress: Vec<Progress>,
}

/// What does not agree in a work, for its office to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doubt {
    FundingBelowAmount,
    FundingAboveAmount,
    SpentAboveAmount,
    SpentAboveFunding,
    DoneAndNotCompleted,
    CompletedAndNotDone,
    BegunBeforeUnderWay,
}

impl Doubt {
    /// In words.
    pub(crate) fn text(self, l: Language) -> &'static str {
        let (it, en) = match self {
            Self::FundingBelowAmount => {
                ("i finanziamenti non coprono l'importo dell'opera", "the funding does not cover the amount of the work")
            }
            Self::FundingAboveAmount => {
                ("i finanziamenti superano l'importo dell'opera", "the funding is more than the amount of the work")
            }
            Self::SpentAboveAmount => ("i SAL superano l'importo dell'opera", "what was spent is more than the amount of the work"),
            Self::SpentAboveFunding => ("i SAL superano i finanziamenti", "what was spent is more than the funding"),
            Self::DoneAndNotCompleted => {
                ("è eseguita al 100 %, e lo stato non lo dice", "it is done to 100 %, and its state does not say so")
            }
            Self::CompletedAndNotDone => ("è completata, e l'avanzamento non è al 100 %", "it is completed, and its progress is not 100 %"),
            Self::BegunBeforeUnderWay => {
                ("ha un avanzamento, e secondo lo stato non è iniziata", "it has progress, and by its state it has not begun")
            }
        };
        say(l, it, en)
    }
}

impl Work {
    /// The tag of its state.
    pub(crate) fn tag(&self) -> String {
        format!("\"{}.{}\"", self.fid, self.version)
    }
}

impl Record {
    /// The work of this id, if there is one for this principal.
    pub(crate) async fn read(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut sql = QueryBuilder::new(
            "select fid, version, id, comune, title, cup, cui, responsible, state, amount_eur, progress,
                    begins_planned, ends_planned, begins_actual, ends_actual,
                    st_asgeojson(st_transform(geom, 4326), 7)::jsonb as geometry,
                    array[st_xmin(box), st_ymin(box), st_xmax(box), st_ymax(box)] as bbox, ",
        );
        let editable = if who.may_edit(layer) { layer.editable_rows(who).policy_sql(layer.srid) } else { "false".to_owned() };
        sql.push(format!("coalesce({editable}, false) as editable from (select *, st_transform(st_envelope(geom), 4326) as box from "));
        sql.push(layer.seen_by(who, "seen")).push(" where id = ").push_bind(id.replace('\0', "")).push(") found");
        let Some(work) = sql.build_query_as::<Work>().fetch_optional(&mut *conn).await? else { return Ok(None) };
        let fid = work.fid;
        let cigs = sqlx::query_as("select cig, subject from public_works.work_cigs where work = $1 order by cig").bind(fid);
        let cigs = cigs.fetch_all(&mut *conn).await?;
        let funding =
            "select source, amount_eur::double precision as amount_eur from public_works.work_funding where work = $1 order by id";
        let funding = sqlx::query_as(funding).bind(fid).fetch_all(&mut *conn).await?;
        let phases = "select phase, planned_from, planned_to, actual_from, actual_to from public_works.work_phases where work = $1
                       order by array_position(array['pfte', 'executive', 'tender', 'execution', 'testing'], phase)";
        let phases = sqlx::query_as(phases).bind(fid).fetch_all(&mut *conn).await?;
        let progress = "select measured_on, percent, amount_eur::double precision as amount_eur, note, reason, recorded_at
                          from public_works.work_progress where work = $1 order by id";
        let progress = sqlx::query_as(progress).bind(fid).fetch_all(&mut *conn).await?;
        Ok(Some(Self { work, cigs, funding, phases, progress }))
    }

    /// What its lines of funding come to.
    pub(crate) fn funded(&self) -> f64 {
        self.funding.iter().map(|line| line.amount_eur).sum()
    }

    /// What its states of progress come to.
    pub(crate) fn spent(&self) -> f64 {
        self.progress.iter().filter_map(|entry| entry.amount_eur).sum()
    }

    /// What does not agree in it. Nothing of this is unlawful: a work is changed while it goes on, and money comes and goes before its figure
    /// is put right.
    pub(crate) fn doubts(&self) -> Vec<Doubt> {
        let (amount, funded, spent) = (self.work.amount_eur.map(cents), cents(self.funded()), cents(self.spent()));
        let is_funded = !self.funding.is_empty();
        let found = [
            (Doubt::FundingBelowAmount, is_funded && amount.is_some_and(|amount| funded < amount)),
            (Doubt::FundingAboveAmount, is_funded && amount.is_some_and(|amount| funded > amount)),
            (Doubt::SpentAboveAmount, amount.is_some_and(|amount| spent > amount)),
            (Doubt::SpentAboveFunding, is_funded && spent > funded),
            (Doubt::DoneAndNotCompleted, self.work.progress >= 100.0 && !["testing", "completed", "dropped"].contains(&&*self.work.state)),
            (Doubt::CompletedAndNotDone, self.work.progress < 100.0 && self.work.state == "completed"),
            (Doubt::BegunBeforeUnderWay, self.work.progress > 0.0 && ["planned", "design", "tender"].contains(&&*self.work.state)),
        ];
        found.into_iter().filter(|(_, is_so)| *is_so).map(|(doubt, _)| doubt).collect()
    }

    /// For programs.
    pub(crate) fn document(&self, url: &PublicUrl) -> Value {
        let mut document = json!(self.work);
        let id = encode(&self.work.id);
        if let Some(members) = document.as_object_mut() {
            members.insert("cigs".to_owned(), json!(self.cigs));
            members.insert("funding".to_owned(), json!(self.funding));
            members.insert("funded_eur".to_owned(), json!(cents(self.funded())));
            members.insert("spent_eur".to_owned(), json!(cents(self.spent())));
            members.insert("phases".to_owned(), json!(self.phases));
            members.insert("progress_entries".to_owned(), json!(self.progress));
            if self.work.editable {
                members.insert("doubts".to_owned(), json!(self.doubts()));
            }
            members.insert("attachments".to_owned(), url.link(&format!("/attachments/works/{id}")).into());
            members.insert("item".to_owned(), url.link(&format!("/collections/works/items/{id}")).into());
        }
        document
    }
}

/// Sums of cents, without what binary fractions add.
fn cents(euros: f64) -> f64 {
    (euros * 100.0).round() / 100.0
}
