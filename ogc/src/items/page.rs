use chrono::{DateTime, Utc};
use kernel::{Layer, Problem};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use super::counts::{Count, Counts};
use super::cursor::{Cursor, Direction};
use super::query::ItemsQuery;
use super::select;

/// What is known of a page before its rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// First and last `fid`; `None`: the page is empty.
    pub(crate) fids: Option<(i64, i64)>,
    /// Rows on it.
    pub(crate) returned: i64,
    /// Rows that match, on all pages.
    pub(crate) matched: i64,
    /// Where the next page lies, if there is one.
    pub(crate) next: Option<Cursor>,
    /// Where the page before lies, if there may be one.
    pub(crate) previous: Option<Cursor>,
}

#[derive(FromRow)]
struct Row {
    found: i64,
    first: Option<i64>,
    last: Option<i64>,
    snapshot: String,
    matched: i64,
    until: Option<DateTime<Utc>>,
}

/// Finds a page's first and last row and the number of all, in one round trip; the caller's transaction sees one snapshot.
pub(crate) async fn find(conn: &mut PgConnection, layer: &Layer, query: &ItemsQuery, counts: &Counts) -> Result<Page, Problem> {
    let instant = query.selection.instant;
    let recalled = counts.recall(&query.question, instant);
    let mut sql = statement(layer, query, recalled.as_ref());
    let row: Row = sql.build_query_as().fetch_one(conn).await.map_err(|e| Problem::database("page of items", &e))?;
    let count = match recalled {
        Some(count) if count.snapshot == row.snapshot => count,
        _ => Count { snapshot: row.snapshot.clone(), matched: row.matched, from: instant, until: row.until },
    };
    counts.keep(&query.question, count.clone());
    Ok(page(&row, count.matched, query))
}

/// The count is not made where the snapshot is the one that it was made in: the planner puts that condition, which no row
/// decides, before the scan.
fn statement(layer: &Layer, query: &ItemsQuery, recalled: Option<&Count>) -> QueryBuilder<sqlx::Postgres> {
    let (selection, from) = (&query.selection, select::from(layer));
    let mut sql = QueryBuilder::new(
        "select found, first, last, snapshot, matched, until from (select count(*) as found, min(fid) filter (where place <= ",
    );
    sql.push_bind(i64::from(query.limit)).push(") as first, max(fid) filter (where place <= ");
    sql.push_bind(i64::from(query.limit)).push(") as last from (select fid, row_number() over (order by fid");
    let backwards = query.cursor.is_some_and(|c| c.direction == Direction::Before);
    let order = if backwards { " desc" } else { "" };
    sql.push(order).push(") as place").push(&from);
    selection.write(layer.srid, &mut sql);
    if let Some(cursor) = query.cursor {
        sql.push(if backwards { " and fid < " } else { " and fid > " }).push_bind(cursor.fid);
    }
    sql.push(" order by fid").push(order).push(" limit ").push_bind(i64::from(query.limit) + 1);
    sql.push(
        ") numbered) page cross join (select case when pg_is_in_recovery() then '' else pg_current_snapshot()::text end as snapshot) seen",
    );
    sql.push(" cross join (select count(*)");
    if let Some(instant) = selection.instant {
        sql.push(" filter (where valid_from <= ").push_bind(instant).push(" and (valid_to is null or valid_to > ").push_bind(instant);
        sql.push(")) as matched, min(case when valid_from > ").push_bind(instant).push(" then valid_from when valid_to > ");
        sql.push_bind(instant).push(" then valid_to end) as until");
    } else {
        sql.push(" as matched, null::timestamptz as until");
    }
    sql.push(&from);
    if let Some(count) = recalled {
        sql.push(" and pg_current_snapshot()::text <> ").push_bind(count.snapshot.clone());
    }
    selection.write_timeless(layer.srid, &mut sql);
    sql.push(") counted");
    sql
}

fn page(row: &Row, matched: i64, query: &ItemsQuery) -> Page {
    let limit = i64::from(query.limit);
    let more = row.found > limit;
    let cursor = |direction, fid| Cursor { direction, fid, instant: query.selection.instant };
    // Backwards, the row found first is the page's last.
    let fids = row.first.zip(row.last);
    let (next, previous) = match query.cursor.map(|c| (c.direction, c.fid)) {
        None => (fids.filter(|_| more).map(|f| f.1), None),
        Some((Direction::After, fid)) => (fids.filter(|_| more).map(|f| f.1), Some(fids.map_or(fid.saturating_add(1), |f| f.0))),
        Some((Direction::Before, fid)) => (Some(fids.map_or(fid.saturating_sub(1), |f| f.1)), fids.filter(|_| more).map(|f| f.0)),
    };
    Page {
        fids,
        returned: row.found.min(limit),
        matched,
        next: next.map(|fid| cursor(Direction::After, fid)),
        previous: previous.map(|fid| cursor(Direction::Before, fid)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, page, statement};
    use crate::items::cursor::{Cursor, Direction};
    use crate::items::query::ItemsQuery;
    use crate::testing::parcels;
    use crs::Settings;
    use kernel::{Clock, Params, Principal, SystemClock};

    fn query(limit: u32, cursor: Option<(Direction, i64)>) -> ItemsQuery {
        let params = Params::parse(&format!("limit={limit}")).unwrap();
        let now = SystemClock.now();
        let query = ItemsQuery::parse(&params, &parcels(), &Principal::anonymous(), &Settings::default(), now).unwrap();
        ItemsQuery { cursor: cursor.map(|(direction, fid)| Cursor { direction, fid, instant: None }), ..query }
    }

    fn row(found: i64, fids: Option<(i64, i64)>) -> Row {
        Row { found, first: fids.map(|f| f.0), last: fids.map(|f| f.1), snapshot: String::new(), matched: 99, until: None }
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let neighbours = |row: &Row, query: &ItemsQuery| {
            let page = page(row, 99, query);
            (page.previous.map(|c| c.fid), page.next.map(|c| c.fid))
        };
        assert_eq!(neighbours(&row(11, Some((1, 10))), &query(10, None)), (None, Some(10)));
        assert_eq!(neighbours(&row(7, Some((1, 7))), &query(10, None)), (None, None));
        assert_eq!(neighbours(&row(0, None), &query(10, None)), (None, None));
        assert_eq!(neighbours(&row(11, Some((11, 20))), &query(10, Some((Direction::After, 10)))), (Some(11), Some(20)));
        assert_eq!(neighbours(&row(0, None), &query(10, Some((Direction::After, 10)))), (Some(11), None));
        assert_eq!(neighbours(&row(10, Some((1, 10))), &query(10, Some((Direction::Before, 11)))), (None, Some(10)));
        assert_eq!(neighbours(&row(11, Some((11, 20))), &query(10, Some((Direction::Before, 21)))), (Some(11), Some(20)));
    }

    #[test]
    fn values_are_bound_never_written() {
        let sql = statement(&parcels(), &query(10, Some((Direction::Before, 4711))), None);
        assert!(sql.sql().as_str().contains(" and fid < $") && !sql.sql().as_str().contains("4711"));
    }
}
