use chrono::{DateTime, Utc};
use kernel::{Filter, Layer, Problem};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::counts::{Count, Counts};
use super::cursor::{Cursor, Direction};
use super::query::ItemsQuery;
use super::select;

/// What is known of a page before its rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The range of `fid` that has its rows, both ends included; `None`: the page is empty.
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
    /// Rows from the cursor on, up to one more than the page takes.
    found: i64,
    /// The least and greatest `fid` of these.
    least: Option<i64>,
    greatest: Option<i64>,
    snapshot: String,
    /// The rows that match, and when the next begins or ceases to be valid, in microseconds since 1970; null if the count
    /// recalled still holds.
    counted: Option<Vec<Option<i64>>>,
}

/// Finds a page's range of rows and the number of all, in one round trip; the caller's transaction sees one snapshot.
pub(crate) async fn find(conn: &mut PgConnection, layer: &Layer, query: &ItemsQuery, counts: &Counts) -> Result<Page, Problem> {
    let instant = query.selection.instant;
    let recalled = counts.recall(&query.question, instant);
    let mut sql = statement(layer, query, recalled.as_ref());
    let row: Row = sql.build_query_as().fetch_one(conn).await.map_err(|e| Problem::database("page of items", &e))?;
    let count = match (recalled, &row.counted) {
        (Some(count), None) => count,
        (_, counted) => counted_now(&row.snapshot, counted.as_deref().unwrap_or_default(), instant),
    };
    counts.keep(&query.question, count.clone());
    Ok(page(&row, count.matched, query))
}

fn counted_now(snapshot: &str, counted: &[Option<i64>], instant: Option<DateTime<Utc>>) -> Count {
    let number = |index: usize| counted.get(index).copied().flatten();
    Count {
        snapshot: snapshot.to_owned(),
        matched: number(0).unwrap_or_default(),
        from: instant,
        until: number(1).and_then(DateTime::from_timestamp_micros),
    }
}

/// The page, and the count as a value that the database computes only if the snapshot is not the one of the count recalled.
fn statement(layer: &Layer, query: &ItemsQuery, recalled: Option<&Count>) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("select found, least, greatest, snapshot, case when ");
    match recalled {
        Some(count) => sql.push("snapshot = ").push_bind(count.snapshot.clone()),
        None => sql.push("false"),
    };
    sql.push(" then null else (");
    write_count(layer, query, &mut sql);
    sql.push(") end as counted from (");
    write_page(layer, query, &mut sql);
    sql.push(") page cross join (select case when pg_is_in_recovery() then '' else pg_current_snapshot()::text end as snapshot) seen");
    sql
}

fn write_page(layer: &Layer, query: &ItemsQuery, sql: &mut QueryBuilder<Postgres>) {
    let backwards = query.cursor.is_some_and(|c| c.direction == Direction::UpTo);
    sql.push("select count(*) as found, min(fid) as least, max(fid) as greatest from (select fid").push(select::from(layer));
    query.selection.write(layer.srid, sql);
    if let Some(cursor) = query.cursor {
        sql.push(if backwards { " and fid <= " } else { " and fid >= " }).push_bind(cursor.fid);
    }
    sql.push(" order by fid").push(if backwards { " desc" } else { "" });
    sql.push(" limit ").push_bind(i64::from(query.limit) + 1).push(") fids");
}

fn write_count(layer: &Layer, query: &ItemsQuery, sql: &mut QueryBuilder<Postgres>) {
    sql.push("select array[count(*)");
    if let Some(instant) = query.selection.instant {
        sql.push(" filter (where ");
        Filter::ValidAt(instant).write(layer.srid, sql);
        sql.push("), (extract(epoch from nullif(min(case when valid_from > ").push_bind(instant).push(" then valid_from when valid_to > ");
        sql.push_bind(instant).push(" then valid_to end), 'infinity')) * 1000000)::bigint]");
    } else {
        sql.push("]");
    }
    sql.push(select::from(layer));
    query.selection.write_timeless(layer.srid, sql);
}

fn page(row: &Row, matched: i64, query: &ItemsQuery) -> Page {
    let limit = i64::from(query.limit);
    let more = row.found > limit;
    let to = |direction, fid| Cursor { direction, fid, instant: query.selection.instant };
    let (from, up_to) = (|fid| to(Direction::From, fid), |fid| to(Direction::UpTo, fid));
    let found = row.least.zip(row.greatest);
    // The one row more is the first of the next page, or backwards the last of the one before.
    let (fids, next, previous) = match (query.cursor, found) {
        (None, Some((least, greatest))) if more => (Some((least, greatest - 1)), Some(from(greatest)), None),
        (None, found) => (found, None, None),
        (Some(Cursor { direction: Direction::From, fid, .. }), found) => {
            let previous = Some(up_to(fid.saturating_sub(1)));
            match found {
                Some((least, greatest)) if more => (Some((least, greatest - 1)), Some(from(greatest)), previous),
                found => (found, None, previous),
            }
        }
        (Some(Cursor { direction: Direction::UpTo, fid, .. }), found) => {
            let next = Some(from(fid.saturating_add(1)));
            match found {
                Some((least, greatest)) if more => (Some((least + 1, greatest)), next, Some(up_to(least))),
                found => (found, next, None),
            }
        }
    };
    Page { fids, returned: row.found.min(limit), matched, next, previous }
}

#[cfg(test)]
mod tests {
    use super::{Row, page, statement};
    use crate::items::cursor::Cursor;
    use crate::items::cursor::Direction::{self, From, UpTo};
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
        Row { found, least: fids.map(|f| f.0), greatest: fids.map(|f| f.1), snapshot: String::new(), counted: None }
    }

    /// The range, the page before and the page after.
    fn around(row: &Row, query: &ItemsQuery) -> (Option<(i64, i64)>, Option<i64>, Option<i64>) {
        let page = page(row, 99, query);
        assert!(page.previous.is_none_or(|c| c.direction == UpTo) && page.next.is_none_or(|c| c.direction == From));
        (page.fids, page.previous.map(|c| c.fid), page.next.map(|c| c.fid))
    }

    #[test]
    fn forwards_the_row_too_many_begins_the_next_page() {
        assert_eq!(around(&row(11, Some((1, 11))), &query(10, None)), (Some((1, 10)), None, Some(11)));
        assert_eq!(around(&row(7, Some((1, 7))), &query(10, None)), (Some((1, 7)), None, None));
        assert_eq!(around(&row(0, None), &query(10, None)), (None, None, None));
        assert_eq!(around(&row(11, Some((11, 21))), &query(10, Some((From, 11)))), (Some((11, 20)), Some(10), Some(21)));
        assert_eq!(around(&row(0, None), &query(10, Some((From, 11)))), (None, Some(10), None));
    }

    #[test]
    fn backwards_it_ends_the_page_before() {
        assert_eq!(around(&row(10, Some((1, 10))), &query(10, Some((UpTo, 10)))), (Some((1, 10)), None, Some(11)));
        assert_eq!(around(&row(11, Some((10, 20))), &query(10, Some((UpTo, 20)))), (Some((11, 20)), Some(10), Some(21)));
        assert_eq!(around(&row(0, None), &query(10, Some((UpTo, 0)))), (None, None, Some(1)));
    }

    #[test]
    fn values_are_bound_never_written() {
        let sql = statement(&parcels(), &query(10, Some((UpTo, 4711))), None);
        assert!(sql.sql().as_str().contains(" and fid <= $") && !sql.sql().as_str().contains("4711"));
    }
}
