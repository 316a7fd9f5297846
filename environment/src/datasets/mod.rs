//! Surveys in versions: a draft, in force from a day, in the place of the one before.

pub(crate) mod features;
pub(crate) mod form;
pub(crate) mod in_force;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod upload;
pub(crate) mod withdraw;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Language, Layer, Principal, Problem, Services};
use maud::Markup;
use operations::say;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::kind::Kind;
use crate::shown;

/// A version as somebody sees it.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Dataset {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) kind: String,
    pub(crate) series: String,
    pub(crate) number: i32,
    pub(crate) title: String,
    pub(crate) source: String,
    pub(crate) source_date: Option<NaiveDate>,
    pub(crate) licence: String,
    pub(crate) author: Option<String>,
    pub(crate) state: String,
    pub(crate) begins: Option<DateTime<Utc>>,
    pub(crate) ends: Option<DateTime<Utc>>,
    pub(crate) features: i32,
    pub(crate) withdrawn_because: Option<String>,
}

/// What a version is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Draft,
    Scheduled,
    InForce,
    Superseded,
    Withdrawn,
}

impl Standing {
    pub(crate) const ALL: [Self; 5] = [Self::Draft, Self::Scheduled, Self::InForce, Self::Superseded, Self::Withdrawn];
    pub(crate) const NAMES: [&str; 5] = ["draft", "scheduled", "in_force", "superseded", "withdrawn"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::InForce => "in_force",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        let (it, en) = match self {
            Self::Draft => ("bozza", "draft"),
            Self::Scheduled => ("entrerà in vigore", "will be in force"),
            Self::InForce => ("in vigore", "in force"),
            Self::Superseded => ("sostituita", "superseded"),
            Self::Withdrawn => ("ritirata", "withdrawn"),
        };
        say(language, it, en)
    }

    /// With its mark.
    pub(crate) fn shown(self, language: Language) -> Markup {
        let class = match self {
            Self::Draft => "open",
            Self::Scheduled => "waiting",
            Self::InForce => "good",
            Self::Superseded => "ended",
            Self::Withdrawn => "bad",
        };
        shown::state(class, self.word(language))
    }

    /// As a condition over the rows of `environment.datasets`; `$now` stands for the instant.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Draft => "state = 'draft'",
            Self::Scheduled => "state = 'published' and begins > $now",
            Self::InForce => "state = 'published' and begins <= $now and (ends is null or ends > $now)",
            Self::Superseded => "state = 'published' and ends <= $now",
            Self::Withdrawn => "state = 'withdrawn'",
        }
    }
}

impl Dataset {
    const COLUMNS: &str = "fid, version, id, comune, kind, series, number, title, source, source_date, licence, author, state, begins, ends, \
                           features, withdrawn_because";

    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Standing {
        match &*self.state {
            "draft" => Standing::Draft,
            "withdrawn" => Standing::Withdrawn,
            _ if self.begins.is_some_and(|begins| begins > now) => Standing::Scheduled,
            _ if self.ends.is_some_and(|ends| ends <= now) => Standing::Superseded,
            _ => Standing::InForce,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::parse(&self.kind).unwrap_or(Kind::Flood)
    }

    pub(crate) fn tag(&self) -> String {
        format!("\"{}.{}\"", self.fid, self.version)
    }

    pub(crate) fn path(&self) -> String {
        format!("/environment/datasets/{}", self.id)
    }

    /// For programs.
    pub(crate) fn document(&self, now: DateTime<Utc>) -> Value {
        json!({
            "id": self.id, "kind": self.kind, "series": self.series, "number": self.number, "title": self.title, "comune": self.comune,
            "source": self.source, "source_date": self.source_date, "licence": self.licence, "author": self.author,
            "state": self.standing(now).name(), "begins": self.begins, "ends": self.ends, "features": self.features,
            "withdrawn_because": self.withdrawn_because,
        })
    }
}

/// The version of this id, if there is one for them.
pub(crate) async fn find(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Dataset>, sqlx::Error> {
    let sql = format!("select {} from {} where id = $1", Dataset::COLUMNS, layer.seen_by(who, "seen"));
    sqlx::query_as(AssertSqlSafe(sql)).bind(id.replace('\0', "")).fetch_optional(conn).await
}

/// All of a series that they see, the newest first.
pub(crate) async fn versions(conn: &mut PgConnection, layer: &Layer, who: &Principal, series: &str) -> Result<Vec<Dataset>, sqlx::Error> {
    let sql = format!("select {} from {} where series = $1 order by number desc limit 200", Dataset::COLUMNS, layer.seen_by(who, "seen"));
    sqlx::query_as(AssertSqlSafe(sql)).bind(series).fetch_all(conn).await
}

/// Whether they put versions in force somewhere.
pub(crate) fn may_edit(services: &Services, who: &Principal) -> bool {
    services.layers.layer(who, "datasets").is_some_and(|layer| who.may_edit(&layer))
}

/// A rule that the record's state does not admit: 409, in the reader's language.
pub(crate) fn not_now(language: Language, it: &'static str, en: &'static str) -> Problem {
    Problem::conflict(say(language, it, en))
}
