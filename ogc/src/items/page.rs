use chrono::{DateTime, Utc};
use kernel::{Filter, Layer, Principal, Problem};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::counts::{Count, Counts};
use super::cursor::{Cursor, Direction};
use super::query::{ItemsQuery, foreign_cursor};
use super::select;

/// What is known of a page before its rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Which rows are on it.
    pub(crate) rows: Rows,
    /// Rows on it.
    pub(crate) returned: i64,
    /// Rows that match, on all pages.
    pub(crate) matched: i64,
    /// Where the next page lies, if there is one.
    pub(crate) next: Option<Cursor>,
    /// Where the page before lies, if there may be one.
    pub(crate) previous: Option<Cursor>,
}

/// The rows of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// None.
    None,
    /// Those that match with a `fid` in this range, both ends included: a page in the order of `fid`.
    Between(i64, i64),
    /// Those with these `fid`s: a page in another order.
    These(Vec<i64>),
}

#[derive(Default, FromRow)]
struct Row {
    /// Rows from the cursor on, up to one more than the page takes.
    found: i64,
    /// The least and greatest `fid` of these.
    least: Option<i64>,
    greatest: Option<i64>,
    /// Where there are sort keys: all these `fid`s, from the cursor on.
    fids: Option<Vec<i64>>,
    /// Where there are sort keys: those of the row that is one more than the page takes.
    keys: Option<Vec<Option<String>>>,
    snapshot: String,
    /// The rows that match, and when the next begins or ceases to be valid, in microseconds since 1970; null if the count
    /// recalled still holds.
    counted: Option<Vec<Option<i64>>>,
}

/// Finds a page's range of rows and the number of all, in one round trip; the caller's transaction sees one snapshot.
pub(crate) async fn find(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    query: &ItemsQuery,
    counts: &Counts,
) -> Result<Page, Problem> {
    let instant = query.selection.instant;
    let recalled = counts.recall(&query.question, instant);
    let mut sql = statement(layer, who, query, recalled.as_ref());
    // Planned for its values each time: a generic plan takes the rows that are valid for few, and reads the whole table for a page.
    let row: Row = sql.build_query_as().persistent(false).fetch_one(conn).await.map_err(|e| failed(&e, query))?;
    let count = match (recalled, &row.counted) {
        (Some(count), None) => count,
        (_, counted) => counted_now(&row.snapshot, counted.as_deref().unwrap_or_default(), instant),
    };
    counts.keep(&query.question, count.clone());
    Ok(page(&row, count.matched, query))
}

/// Keys that can't be read as values of their fields can only come from a cursor that somebody made up.
fn failed(error: &sqlx::Error, query: &ItemsQuery) -> Problem {
    let data_exception = error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code.starts_with("22"));
    let made_up = data_exception && query.cursor.as_ref().is_some_and(|c| !c.keys.is_empty());
    if made_up { foreign_cursor() } else { Problem::database("page of items", error) }
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
fn statement(layer: &Layer, who: &Principal, query: &ItemsQuery, recalled: Option<&Count>) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("select found, least, greatest, fids, keys, snapshot, case when ");
    match recalled {
        Some(count) => sql.push("snapshot = ").push_bind(count.snapshot.clone()),
        None => sql.push("false"),
    };
    sql.push(" then null else (");
    write_count(layer, who, query, &mut sql);
    sql.push(") end as counted from (");
    write_page(layer, who, query, &mut sql);
    sql.push(") page cross join (select case when pg_is_in_recovery() then '' else pg_current_snapshot()::text end as snapshot) seen");
    sql
}

fn write_page(layer: &Layer, who: &Principal, query: &ItemsQuery, sql: &mut QueryBuilder<Postgres>) {
    let backwards = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::UpTo);
    let one_more = i64::from(query.limit) + 1;
    sql.push("select count(*) as found, min(fid) as least, max(fid) as greatest, ");
    if query.sort.has_keys() {
        sql.push("array_agg(fid order by place) as fids, max(keys) filter (where place = ").push_bind(one_more);
        sql.push(") as keys from (select fid, ").push(query.sort.keys_column()).push(" as keys, row_number() over (");
        query.sort.write_order(backwards, sql);
        sql.push(") as place");
    } else {
        sql.push("null::bigint[] as fids, null::text[] as keys from (select fid");
    }
    sql.push(select::from(layer, who));
    query.selection.write(layer.srid, sql);
    if let Some(cursor) = &query.cursor {
        query.sort.write_from(cursor, sql);
    }
    query.sort.write_order(backwards, sql);
    sql.push(" limit ").push_bind(one_more).push(") fids");
}

fn write_count(layer: &Layer, who: &Principal, query: &ItemsQuery, sql: &mut QueryBuilder<Postgres>) {
    sql.push("select array[count(*)");
    if let Some(instant) = query.selection.instant {
        sql.push(" filter (where ");
        Filter::ValidAt(instant).write(layer.srid, sql);
        sql.push("), (extract(epoch from nullif(min(case when valid_from > ").push_bind(instant).push(" then valid_from when valid_to > ");
        sql.push_bind(instant).push(" then valid_to end), 'infinity')) * 1000000)::bigint]");
    } else {
        sql.push("]");
    }
    sql.push(select::from(layer, who));
    query.selection.write_timeless(layer.srid, sql);
}

fn page(row: &Row, matched: i64, query: &ItemsQuery) -> Page {
    let limit = i64::from(query.limit);
    let backwards = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::UpTo);
    let (rows, beyond) = split(row, limit, backwards);
    let to = |direction, fid, keys: &[_]| Some(Cursor { direction, fid, keys: keys.to_vec(), instant: query.selection.instant });
    // The one row more is the first of the next page, or backwards the last of the one before. The other side of the cursor
    // is the row next to it by `fid`, whether there is one or not.
    let beyond = |direction| beyond.and_then(|(fid, keys)| to(direction, fid, keys));
    let (next, previous) = match &query.cursor {
        None => (beyond(Direction::From), None),
        Some(c) if backwards => (to(Direction::From, c.fid.saturating_add(1), &c.keys), beyond(Direction::UpTo)),
        Some(c) => (beyond(Direction::From), to(Direction::UpTo, c.fid.saturating_sub(1), &c.keys)),
    };
    Page { rows, returned: row.found.min(limit), matched, next, previous }
}

/// The one row more than a page takes: its `fid` and its keys.
type Beyond<'a> = Option<(i64, &'a [Option<String>])>;

/// The page's rows, and the one row more.
fn split(row: &Row, limit: i64, backwards: bool) -> (Rows, Beyond<'_>) {
    let more = row.found > limit;
    if let Some(fids) = &row.fids {
        let fits = fids.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let beyond = fids.get(fits).map(|fid| (*fid, row.keys.as_deref().unwrap_or_default()));
        return (Rows::These(fids[..fits].to_vec()), beyond);
    }
    match row.least.zip(row.greatest) {
        None => (Rows::None, None),
        Some((least, greatest)) if more && backwards => (Rows::Between(least + 1, greatest), Some((least, &[]))),
        Some((least, greatest)) if more => (Rows::Between(least, greatest - 1), Some((greatest, &[]))),
        Some((least, greatest)) => (Rows::Between(least, greatest), None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Rows, page, statement};
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
        ItemsQuery { cursor: cursor.map(|(direction, fid)| Cursor { direction, fid, keys: vec![], instant: None }), ..query }
    }

    fn row(found: i64, fids: Option<(i64, i64)>) -> Row {
        Row { found, least: fids.map(|f| f.0), greatest: fids.map(|f| f.1), ..Row::default() }
    }

    /// The range, the page before and the page after.
    fn around(row: &Row, query: &ItemsQuery) -> (Option<(i64, i64)>, Option<i64>, Option<i64>) {
        let page = page(row, 99, query);
        assert!(page.previous.as_ref().is_none_or(|c| c.direction == UpTo) && page.next.as_ref().is_none_or(|c| c.direction == From));
        let fids = match page.rows {
            Rows::Between(least, greatest) => Some((least, greatest)),
            _ => None,
        };
        (fids, page.previous.map(|c| c.fid), page.next.map(|c| c.fid))
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
    fn a_sorted_page_is_a_list_and_its_cursors_have_keys() {
        let params = Params::parse("limit=2&sortby=-sheet").unwrap();
        let query = ItemsQuery::parse(&params, &parcels(), &Principal::anonymous(), &Settings::default(), SystemClock.now()).unwrap();
        let row = Row { found: 3, fids: Some(vec![30, 7, 12]), keys: Some(vec![Some("5".to_owned())]), ..Row::default() };
        let first = page(&row, 99, &query);
        assert_eq!((first.rows, first.returned, first.previous), (Rows::These(vec![30, 7]), 2, None));
        let next = first.next.unwrap();
        assert_eq!((next.direction, next.fid, &next.keys), (From, 12, &vec![Some("5".to_owned())]));
        let second = page(&row, 99, &ItemsQuery { cursor: Some(next), ..query });
        assert_eq!(second.previous.map(|c| (c.direction, c.fid, c.keys)), Some((UpTo, 11, vec![Some("5".to_owned())])));
    }

    #[test]
    fn values_are_bound_never_written() {
        let sql = statement(&parcels(), &Principal::anonymous(), &query(10, Some((UpTo, 4711))), None);
        assert!(sql.sql().as_str().contains(" and (fid <= $") && !sql.sql().as_str().contains("4711"));
    }
}
