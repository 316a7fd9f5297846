//! The work list: what is due, by state, kind, comune and text; pages by the row they end with, never by counting.

use chrono::{Days, NaiveDate};
use kernel::{Layer, Params, Principal, Problem};
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Postgres, QueryBuilder};

use crate::words::{KINDS, STATES};

/// Parameters of the list.
pub(crate) const PARAMETERS: [&str; 8] = ["state", "kind", "comune", "due", "q", "sort", "after", "limit"];
/// Rows on a page.
const PAGE: i64 = 50;
/// The most rows of one answer.
pub(crate) const MOST: i64 = 10_000;
/// A text that more rows have is frequent.
const RARE: usize = 500;
/// The text that a permit is searched in, as the indexes of the list have it.
const TEXT: &str = "opensit.fold(protocol) || ' ' || coalesce(opensit.fold(address), '')";
/// What may be due.
const DUE: [&str; 4] = ["late", "7", "30", "paused"];
/// The orders.
const SORTS: [&str; 3] = ["due", "-filed", "filed"];
/// What stands for a term that has no end.
const NEVER: &str = "infinity";

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) state: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) comune: Option<String>,
    pub(crate) due: Option<&'static str>,
    pub(crate) q: Option<String>,
    pub(crate) sort: &'static str,
    /// The row that the page before ended with: its day, as the order has it, and its number.
    after: Option<(String, i64)>,
    limit: i64,
}

/// A row of the list.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Line {
    pub(crate) fid: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) protocol: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) filed_on: NaiveDate,
    pub(crate) address: Option<String>,
    pub(crate) due_on: Option<NaiveDate>,
    pub(crate) paused_since: Option<NaiveDate>,
    pub(crate) silence: String,
    pub(crate) decided_on: Option<NaiveDate>,
    pub(crate) started_on: Option<NaiveDate>,
    pub(crate) ended_on: Option<NaiveDate>,
    pub(crate) west: f64,
    pub(crate) south: f64,
    pub(crate) east: f64,
    pub(crate) north: f64,
}

/// A page, and where the next one begins.
pub(crate) struct Lines {
    pub(crate) rows: Vec<Line>,
    pub(crate) next: Option<String>,
}

/// How many are late, due in 7 and in 30 days, and how many are paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Tally {
    pub(crate) late: i64,
    pub(crate) week: i64,
    pub(crate) month: i64,
    pub(crate) paused: i64,
}

impl Asked {
    /// Reads the parameters; a form sends those left empty too.
    pub(crate) fn read(params: &Params, who: &Principal) -> Result<Self, Problem> {
        let given = |name: &str| params.get(name).map(str::trim).filter(|value| !value.is_empty());
        let one_of = |name: &str, all: &[&'static str]| match given(name) {
            None => Ok(None),
            Some(value) => match all.iter().find(|one| **one == value) {
                Some(one) => Ok(Some(*one)),
                None => Err(Problem::invalid_parameter(name, format!("`{name}` is none of the list"), all.to_vec())),
            },
        };
        let comune = given("comune").map(str::to_owned);
        if comune.as_deref().is_some_and(|c| c.len() != 6 || !c.bytes().all(|b| b.is_ascii_digit())) {
            return Err(Problem::invalid_parameter("comune", "`comune` is no ISTAT code", "six digits"));
        }
        let q = given("q").map(str::to_owned);
        if q.as_deref().is_some_and(|q| q.chars().count() > 100 || q.contains('\0')) {
            return Err(Problem::invalid_parameter("q", "`q` can't be read", "at most 100 characters"));
        }
        let sort = one_of("sort", &SORTS)?.unwrap_or(if who.is_staff() { "due" } else { "-filed" });
        let after = given("after").map(|text| cursor(text, sort)).transpose()?;
        let limit = match given("limit").map(str::parse::<i64>) {
            None => PAGE,
            Some(Ok(limit)) if limit > 0 => limit.min(MOST),
            Some(_) => return Err(Problem::invalid_parameter("limit", "`limit` is none", "a whole number from 1")),
        };
        Ok(Self {
            state: one_of("state", &STATES)?,
            kind: one_of("kind", &KINDS)?,
            comune,
            due: one_of("due", &DUE)?,
            q,
            sort,
            after,
            limit,
        })
    }

    /// As a table for spreadsheets, which has as many rows as there can be.
    #[must_use]
    pub(crate) fn table(mut self, params: &Params) -> Self {
        if params.get("limit").is_none() {
            self.limit = MOST;
        }
        self
    }

    /// The page.
    pub(crate) async fn read_lines(
        &self,
        conn: &mut PgConnection,
        layer: &Layer,
        who: &Principal,
        today: NaiveDate,
    ) -> Result<Lines, sqlx::Error> {
        // a page is read sooner than others are called to help
        sqlx::query("set local max_parallel_workers_per_gather = 0").execute(&mut *conn).await?;
        let found = self.found(&mut *conn, layer, who).await?;
        let mut sql = self.statement(layer, who, today, found);
        let mut rows: Vec<Line> = sql.build_query_as().fetch_all(conn).await?;
        let more = rows.len() as i64 > self.limit;
        rows.truncate(usize::try_from(self.limit).unwrap_or_default());
        let next = rows.last().filter(|_| more).map(|line| self.write_cursor(line));
        Ok(Lines { rows, next })
    }

    /// The rows with the text, by the indexes of search: in the list's order a rare text would be looked for in every row. `None` without a
    /// text, for one that is frequent, and for one that those indexes can't look up.
    async fn found(&self, conn: &mut PgConnection, layer: &Layer, who: &Principal) -> Result<Option<Vec<i64>>, sqlx::Error> {
        let Some(q) = self.q.as_ref().filter(|q| has_trigram(q)) else { return Ok(None) };
        let mut sql = QueryBuilder::new(format!("select fid from {} where ", layer.seen_by(who, "seen")));
        for (column, or) in [("protocol", ""), ("address", " or ")] {
            sql.push(format!("{or}opensit.fold({column}::text) like '%' || opensit.fold(")).push_bind(escaped(q)).push(") || '%'");
        }
        sql.push(format!(" limit {}", RARE + 1));
        let found: Vec<i64> = sql.build_query_scalar().fetch_all(conn).await?;
        Ok((found.len() <= RARE).then_some(found))
    }

    /// The statement. The page is chosen by what the order's index has, and only then its rows are read.
    fn statement(&self, layer: &Layer, who: &Principal, today: NaiveDate, found: Option<Vec<i64>>) -> QueryBuilder<Postgres> {
        let (key, down) = self.order();
        let way = if down { "desc" } else { "asc" };
        let rows = layer.seen_by(who, "seen");
        let mut sql = QueryBuilder::new(format!(
            "select fid, id, comune, protocol, kind, state, filed_on, address, due_on, paused_since, silence, decided_on, started_on, ended_on,
                    st_xmin(box) as west, st_ymin(box) as south, st_xmax(box) as east, st_ymax(box) as north
               from (select seen.*, st_transform(st_envelope(geom), 4326) as box
                       from {rows} where fid in (select fid from {rows} where true"
        ));
        for (column, value) in [("state", self.state), ("kind", self.kind), ("comune", self.comune.as_deref())] {
            if let Some(value) = value {
                sql.push(format!(" and {column} = ")).push_bind(value.to_owned());
            }
        }
        self.push_due(&mut sql, today);
        match (found, &self.q) {
            (Some(found), _) => drop(sql.push(" and fid = any(").push_bind(found).push(")")),
            // not `like`, which the planner takes for rare without looking
            (None, Some(q)) => drop(sql.push(format!(" and strpos({TEXT}, opensit.fold(")).push_bind(q.clone()).push(")) > 0")),
            (None, None) => {}
        }
        if let Some((day, fid)) = &self.after {
            sql.push(format!(" and ({key}, fid) {} (", if down { "<" } else { ">" }));
            sql.push_bind(day.clone()).push("::date, ").push_bind(*fid).push(")");
        }
        sql.push(format!(" order by {key} {way}, fid {way} limit ")).push_bind(self.limit + 1);
        sql.push(format!(")) page order by {key} {way}, fid {way}"));
        sql
    }

    fn push_due(&self, sql: &mut QueryBuilder<Postgres>, today: NaiveDate) {
        let end = |days: u64| today.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
        match self.due {
            Some("late") => drop(sql.push(" and coalesce(due_on, 'infinity'::date) < ").push_bind(today)),
            Some("paused") => drop(sql.push(" and paused_since is not null")),
            Some(days) => {
                let days = if days == "7" { 7 } else { 30 };
                sql.push(" and coalesce(due_on, 'infinity'::date) between ").push_bind(today).push(" and ").push_bind(end(days));
            }
            None => {}
        }
    }

    fn order(&self) -> (&'static str, bool) {
        match self.sort {
            "due" => ("coalesce(due_on, 'infinity'::date)", false),
            "filed" => ("filed_on", false),
            _ => ("filed_on", true),
        }
    }

    fn write_cursor(&self, line: &Line) -> String {
        let day = if self.sort == "due" { line.due_on } else { Some(line.filed_on) };
        format!("{}.{}", day.map_or_else(|| NEVER.to_owned(), |day| day.to_string()), line.fid)
    }
}

/// Reads what a page ended with.
fn cursor(text: &str, sort: &str) -> Result<(String, i64), Problem> {
    let wrong = || Problem::invalid_parameter("after", "`after` is of no page of this list", "what the link to the next page says");
    let (day, fid) = text.split_once('.').ok_or_else(wrong)?;
    let day_is_one = day.parse::<NaiveDate>().is_ok_and(|d| d.to_string() == day) || day == NEVER && sort == "due";
    let fid = fid.parse().ok().filter(|_| day_is_one).ok_or_else(wrong)?;
    Ok((day.to_owned(), fid))
}

/// Whether the indexes of search, which know words by three letters, can look a text up.
fn has_trigram(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= 3)
}

/// A text as a part of a pattern of `like`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

impl Tally {
    /// Counts, in the comuni that a reader works for, or in all for who works for none. Each count is one index's.
    pub(crate) async fn of(conn: &mut PgConnection, layer: &Layer, who: &Principal, today: NaiveDate) -> Result<Self, sqlx::Error> {
        let ours = if who.is_staff() { format!(" and {}", layer.private_rows(who).policy_sql(layer.srid)) } else { String::new() };
        let rows = layer.seen_by(who, "seen");
        let end = |days: u64| today.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
        let count = |condition: String, name: &str| format!("(select count(*) from {rows} where {condition}{ours}) as {name}");
        let between = |days| format!("due_on between date '{today}' and date '{}'", end(days));
        let counts = [
            count(format!("due_on < date '{today}'"), "late"),
            count(between(7), "week"),
            count(between(30), "month"),
            count("paused_since is not null".to_owned(), "paused"),
        ];
        sqlx::query_as(AssertSqlSafe(format!("select {}", counts.join(", ")))).fetch_one(conn).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, cursor, escaped, has_trigram};
    use kernel::{Params, Principal};

    #[test]
    fn parameters_are_read_and_what_is_none_is_refused() {
        let read = |query: &str| Asked::read(&Params::parse(query).unwrap(), &Principal::anonymous());
        let asked = read("state=submitted&kind=&due=late&q=via+roma&sort=due&after=infinity.12").unwrap();
        assert_eq!((asked.state, asked.kind, asked.due, asked.sort), (Some("submitted"), None, Some("late"), "due"));
        assert_eq!(read("").unwrap().sort, "-filed");
        for wrong in ["state=x", "due=8", "comune=x", "sort=id", "limit=0", "after=x", "after=2026-02-30.1", "after=infinity.1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_a_day_and_a_number() {
        assert_eq!(cursor("2026-01-02.7", "filed"), Ok(("2026-01-02".to_owned(), 7)));
        assert!(cursor("2026-1-2.7", "filed").is_err() && cursor("2026-01-02.x", "filed").is_err());
        assert_eq!(escaped("50%_a\\"), "50\\%\\_a\\\\");
        assert!(has_trigram("via") && has_trigram("2026-1") && !has_trigram("ab") && !has_trigram("a-b / c"));
    }
}
