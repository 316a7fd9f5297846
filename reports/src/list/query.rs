use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use kernel::{Layer, Principal, Problem};
use operations::{Request, links};
use sqlx::{Postgres, QueryBuilder};

use crate::record::{COLUMNS, Report, today};
use crate::states::{PENDING, STATES};

/// Parameters of the list.
pub(super) const PARAMETERS: [&str; 9] = ["state", "category", "office", "from", "to", "overdue", "sort", "after", "limit"];
/// Rows on a page.
const PAGE: usize = 50;
/// Rows of a table.
const TABLE: usize = 10_000;

/// Name, column, whether it descends.
const SORTS: [(&str, &str, bool); 4] =
    [("newest", "received_at", true), ("oldest", "received_at", false), ("supporters", "supporters", true), ("due", "due", false)];

/// What is asked for.
pub(super) struct Query {
    pub(super) state: Option<String>,
    pub(super) category: Option<String>,
    pub(super) office: Option<String>,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) overdue: bool,
    pub(super) sort: &'static str,
    pub(super) limit: usize,
    column: &'static str,
    descends: bool,
    after: Option<(Key, i64)>,
}

/// The value that a page ends with.
enum Key {
    Instant(DateTime<Utc>),
    Number(i32),
    Day(NaiveDate),
}

impl Query {
    pub(super) fn read(request: &Request) -> Result<Self, Problem> {
        let get = |name: &str| request.params.get(name).map(str::trim).filter(|value| !value.is_empty());
        let wrong = |name: &str, allowed: serde_json::Value| {
            Problem::invalid_parameter(name, format!("`{name}` is none that the list knows"), allowed)
        };
        let state = get("state").map(str::to_owned);
        if let Some(state) = &state
            && !STATES.iter().any(|(code, ..)| code == state)
            && state != "pending"
        {
            let codes: Vec<&str> = STATES.iter().map(|(code, ..)| *code).chain(["pending"]).collect();
            return Err(wrong("state", codes.into()));
        }
        let day =
            |name: &str| get(name).map(|text| text.parse::<NaiveDate>().map_err(|_| wrong(name, "a day, 2026-11-28".into()))).transpose();
        let said = get("sort").unwrap_or("newest");
        let (sort, column, descends) = SORTS
            .into_iter()
            .find(|(name, ..)| *name == said)
            .ok_or_else(|| wrong("sort", SORTS.map(|(name, ..)| name).to_vec().into()))?;
        let limit = match get("limit") {
            None => PAGE,
            Some(text) => text.parse().ok().filter(|n| (1..=500).contains(n)).ok_or_else(|| wrong("limit", "1 to 500".into()))?,
        };
        let after =
            get("after").map(|text| read_key(column, text).ok_or_else(|| wrong("after", "what the link to the next page says".into())));
        Ok(Self {
            state,
            category: get("category").map(str::to_owned),
            office: get("office").map(str::to_owned),
            from: day("from")?,
            to: day("to")?,
            overdue: get("overdue").is_some_and(|value| value != "false"),
            sort,
            limit: if request.csv { TABLE } else { limit },
            column,
            descends,
            after: after.transpose()?,
        })
    }

    /// The rows of the page, and one more if there is a next.
    pub(super) fn sql(&self, layer: &Layer, who: &Principal, now: DateTime<Utc>) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new(format!("select {COLUMNS} from "));
        sql.push(layer.seen_by(who, "seen")).push(" where true");
        for (column, value) in [("category", &self.category), ("office", &self.office)] {
            if let Some(value) = value {
                sql.push(format!(" and {column} = ")).push_bind(value.clone());
            }
        }
        match self.state.as_deref() {
            Some("pending") => drop(sql.push(" and state = any(").push_bind(PENDING.map(str::to_owned).to_vec()).push(")")),
            Some(state) => drop(sql.push(" and state = ").push_bind(state.to_owned())),
            None => {}
        }
        if self.overdue {
            // the literal list is the condition of the index
            sql.push(" and state in ('received', 'open', 'assigned', 'answered') and due < ").push_bind(today(now));
        }
        let midnight = |day: NaiveDate| {
            day.and_hms_opt(0, 0, 0).and_then(|at| Rome.from_local_datetime(&at).earliest()).map(|at| at.with_timezone(&Utc))
        };
        if let Some(from) = self.from.and_then(midnight) {
            sql.push(" and received_at >= ").push_bind(from);
        }
        if let Some(to) = self.to.and_then(|day| day.succ_opt()).and_then(midnight) {
            sql.push(" and received_at < ").push_bind(to);
        }
        let (column, way) = (self.column, if self.descends { ("<", "desc") } else { (">", "asc") });
        if let Some((key, fid)) = &self.after {
            sql.push(format!(" and ({column}, fid) {} (", way.0));
            match key {
                Key::Instant(at) => sql.push_bind(*at),
                Key::Number(n) => sql.push_bind(*n),
                Key::Day(day) => sql.push_bind(*day),
            };
            sql.push(", ").push_bind(*fid).push(")");
        }
        sql.push(format!(" order by {column} {way}, fid {way} limit ", way = way.1)).push_bind(self.limit as i64 + 1);
        sql
    }

    /// The query of the next page.
    pub(super) fn next(&self, last: &Report, request: &Request) -> String {
        let key = match self.column {
            "supporters" => last.supporters.to_string(),
            "due" => last.due.to_string(),
            _ => last.received_at.timestamp_micros().to_string(),
        };
        let after = format!("{key}~{}", last.fid);
        links::query(request.params.iter().filter(|(name, _)| *name != "after").chain([("after", after.as_str())]))
    }
}

fn read_key(column: &str, text: &str) -> Option<(Key, i64)> {
    let (key, fid) = text.split_once('~')?;
    let key = match column {
        "supporters" => Key::Number(key.parse().ok()?),
        "due" => Key::Day(key.parse().ok()?),
        _ => Key::Instant(DateTime::from_timestamp_micros(key.parse().ok()?)?),
    };
    Some((key, fid.parse().ok()?))
}
