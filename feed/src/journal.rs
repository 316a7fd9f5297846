//! Following changes without logical replication: triggers write down which rows a statement touched (`opensit.journal`, in the transaction
//! itself), NOTIFY says that something was, and here is read what one snapshot sees and the one before did not.
//!
//! That is exact whatever the order in which transactions began and ended, for any number of readers, and after a lost connection: a
//! number that grows would miss what commits late. Rows are read again as the same snapshot has them, so that what is told is one step
//! from a state of the database to a later one, of one commit or of several.
//!
//! A position is where the log was flushed to before the snapshot was taken: whoever was told an earlier one by the database had committed
//! and was seen. So as to pass the position that somebody waits for, something has to be written after it: an empty message.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::{Bbox, Position, TableName};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::copies::{Copied, MAX_ROWS};
use crate::run::{FeedError, Follower, deciding};
use crate::transaction::{MAX_ROWS as MAX_PLACES, Place, Touched, Transaction};
use crate::{FeedState, RowChange, StreamedColumn, StreamedRow};

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long reading what changed may take.
const LOOKING: Duration = Duration::from_secs(60);
/// How often it is looked without having been called, and whether the tables still are what the catalogue says.
const EVERY: Duration = Duration::from_secs(2);
/// How often something is written for those who wait for a position.
const BEAT: Duration = Duration::from_millis(10);
/// How long the journal is kept at least. Who was away for longer can't read on.
const KEPT: Duration = Duration::from_secs(600);
/// How often it is looked what is older.
const PRUNE: Duration = Duration::from_secs(60);

/// How far the journal was read.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The snapshot up to which all is told (`pg_snapshot`), and when it was taken.
    seen: Option<(String, Instant)>,
    /// When it was which transaction that all before had ended.
    ended: VecDeque<(Instant, String)>,
}

/// A row that was touched.
struct Line {
    relation: String,
    emptied: bool,
    fid: Option<i64>,
    place: Place,
}

impl Follower {
    /// Connects, reads on or begins, and tells what comes, until something fails.
    pub(crate) async fn follow_journal(&mut self) -> Result<Infallible, FeedError> {
        let options = self.config.sql();
        let mut sql = timeout(PATIENCE, options.connect()).await.map_err(|_| FeedError::Silent)??;
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let mut listener = timeout(PATIENCE, PgListener::connect_with(&pool)).await.map_err(|_| FeedError::Silent)??;
        // from here on nothing is missed that commits after the first look
        listener.listen("opensit_journal").await?;
        let kept: bool = sqlx::query_scalar("select journalled from opensit.installation").fetch_one(&mut sql).await?;
        if !kept {
            return Err(FeedError::NoJournal);
        }
        match &self.journal.seen {
            Some((_, at)) if at.elapsed() < KEPT => {}
            _ => self.begin_journal(&mut sql).await?,
        }
        self.look(&mut sql).await?;
        tracing::info!("the change feed is live, by triggers and NOTIFY");
        let shared = Arc::clone(&self.shared);
        shared.update(|status| status.state = FeedState::Live);
        let mut clock = interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // `None`: the connection was lost, and with it what it would have told
                told = listener.try_recv() => { told?.ok_or(FeedError::Ended)?; }
                () = shared.wanted.notified() => beat(&mut sql).await?,
                () = tokio::time::sleep(BEAT), if shared.is_waited_for() => beat(&mut sql).await?,
                _ = clock.tick() => {
                    self.prune(&mut sql).await?;
                    // all there was at the last look has been told
                    shared.update(|status| status.lag_bytes = Some(0));
                    if let Ok(Err(error)) = timeout(EVERY, self.catalogue.compare(&self.database)).await {
                        tracing::debug!(cause = %error, "the tables of the layers can't be compared with the catalogue");
                    }
                }
            }
            // many statements call at once
            while listener.next_buffered().is_some() {}
            timeout(LOOKING, self.look(&mut sql)).await.map_err(|_| FeedError::Silent)??;
        }
    }

    /// Begins now: of what was before nothing is known.
    async fn begin_journal(&mut self, sql: &mut PgConnection) -> Result<(), FeedError> {
        let from = flushed(sql).await?;
        let snapshot: String = sqlx::query_scalar("select pg_current_snapshot()::text").fetch_one(&mut *sql).await?;
        self.journal = Journal { seen: Some((snapshot, Instant::now())), ended: VecDeque::new() };
        self.catalogue.reload(&self.database).await?;
        self.shared.begin_at(from);
        if let Some(copies) = &self.copies {
            copies.begin();
        }
        self.shared.hub.begin(from);
        Ok(())
    }

    /// Tells what a snapshot of now sees and the last one did not.
    async fn look(&mut self, sql: &mut PgConnection) -> Result<(), FeedError> {
        let Some((before, _)) = self.journal.seen.clone() else { return Ok(()) };
        let position = flushed(sql).await?;
        let mut reading = sql.begin_with("begin isolation level repeatable read read only").await?;
        let now: String = sqlx::query_scalar("select pg_current_snapshot()::text").fetch_one(&mut *reading).await?;
        let taken = Instant::now();
        let lines = lines(&mut reading, &before, &now).await?;
        let transaction = self.gather(&mut reading, lines).await?;
        reading.commit().await?;
        if !transaction.is_empty() {
            // a byte further than the last is no position that anybody could wait for
            let next = self.shared.hub.position().map_or(position, |last| position.max(Position::new(last.byte() + 1)));
            self.tell(transaction, next, None).await?;
        }
        self.journal.seen = Some((now, taken));
        self.shared.receive(position);
        Ok(())
    }

    /// What the lines of the journal say of tables that are somebody's.
    async fn gather(&self, reading: &mut PgConnection, lines: Vec<Line>) -> Result<Transaction, FeedError> {
        let mut transaction = Transaction::default();
        let mut tables: Vec<(TableName, Vec<Line>)> = Vec::new();
        for line in lines {
            if line.relation == "opensit.layers" {
                transaction.catalogue = true;
                continue;
            }
            let Some(table) = line.relation.split_once('.').and_then(|(schema, name)| TableName::new(schema, name).ok()) else { continue };
            match tables.iter_mut().find(|(known, _)| *known == table) {
                Some((_, all)) => all.push(line),
                None => tables.push((table, vec![line])),
            }
        }
        for (table, lines) in tables {
            let many = lines.len() > MAX_PLACES as usize || lines.iter().any(|line| line.emptied);
            let mut place = if many { Place::Anywhere } else { Place::Within(None) };
            lines.iter().for_each(|line| place.add(line.place));
            if self.copies.as_ref().is_some_and(|copies| copies.keeps(&table)) {
                transaction.copied.push((table.clone(), Copied(changes(reading, &table, &lines).await?)));
            }
            let deciding = deciding(&self.catalogue, &table);
            transaction.tables.push(Touched::somewhere(table, deciding, place));
        }
        Ok(transaction)
    }

    /// Drops what everybody has read who is not to begin anew.
    async fn prune(&mut self, sql: &mut PgConnection) -> Result<(), FeedError> {
        if self.journal.ended.back().is_some_and(|(at, _)| at.elapsed() < PRUNE) {
            return Ok(());
        }
        let ended: String = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text").fetch_one(&mut *sql).await?;
        self.journal.ended.push_back((Instant::now(), ended));
        let mut old = None;
        // twice as long as anybody reads on after
        while let Some((_, ended)) = self.journal.ended.pop_front_if(|(at, _)| at.elapsed() > 2 * KEPT) {
            old = Some(ended);
        }
        if let Some(old) = old {
            sqlx::query("delete from opensit.journal where transaction < $1::xid8").bind(old).execute(sql).await?;
        }
        Ok(())
    }
}

/// Writes something, so that the log is flushed to beyond what it was.
async fn beat(sql: &mut PgConnection) -> Result<(), FeedError> {
    sqlx::query("select pg_logical_emit_message(true, 'opensit', '')").execute(sql).await?;
    Ok(())
}

/// The last byte that was flushed before now. Who committed and then heard a position up to this is seen by every later snapshot; who heard
/// of the next byte may have committed since.
async fn flushed(sql: &mut PgConnection) -> Result<Position, FeedError> {
    let text: String = sqlx::query_scalar("select pg_current_wal_flush_lsn()::text").fetch_one(sql).await?;
    let position: Position = text.parse().map_err(|_| FeedError::Position(text))?;
    Ok(Position::new(position.byte().saturating_sub(1)))
}

/// Of a backup that was restored into another cluster there may be lines of transactions that are yet to come: these are not seen now.
async fn lines(reading: &mut PgConnection, before: &str, now: &str) -> Result<Vec<Line>, FeedError> {
    let rows = sqlx::query(
        "select relation, emptied, fid, west, south, east, north
           from opensit.journal
          where transaction >= pg_snapshot_xmin($1::text::pg_snapshot)
            and not pg_visible_in_snapshot(transaction, $1::text::pg_snapshot)
            and pg_visible_in_snapshot(transaction, $2::text::pg_snapshot)
          order by number",
    )
    .bind(before)
    .bind(now)
    .fetch_all(reading)
    .await?;
    let line = |row: &sqlx::postgres::PgRow| -> Result<Line, sqlx::Error> {
        let side = |at: usize| row.try_get::<Option<f64>, _>(at);
        let place = match (side(3)?, side(4)?, side(5)?, side(6)?) {
            (Some(west), Some(south), Some(east), Some(north)) => {
                Bbox::new(west, south, east, north).map_or(Place::Anywhere, |bbox| Place::Within(Some(bbox)))
            }
            _ => Place::Within(None),
        };
        Ok(Line { relation: row.try_get(0)?, emptied: row.try_get(1)?, fid: row.try_get(2)?, place })
    };
    Ok(rows.iter().map(line).collect::<Result<_, _>>()?)
}

/// The rows that the lines name, as this snapshot has them.
async fn changes(reading: &mut PgConnection, table: &TableName, lines: &[Line]) -> Result<Vec<RowChange>, FeedError> {
    let emptied = lines.iter().rposition(|line| line.emptied);
    let mut fids: Vec<i64> = lines[emptied.map_or(0, |at| at + 1)..].iter().filter_map(|line| line.fid).collect();
    fids.sort_unstable();
    fids.dedup();
    if fids.len() > MAX_ROWS {
        return Ok(vec![RowChange::Unknown]);
    }
    let mut changes: Vec<RowChange> = emptied.iter().map(|_| RowChange::Emptied).collect();
    if fids.is_empty() {
        return Ok(changes);
    }
    // a table that was dropped or changed meanwhile can't be read: it is asked for anew, as it is then
    let mut attempt = reading.begin().await?;
    match rows(&mut attempt, table, &fids).await {
        Ok(rows) => {
            attempt.commit().await?;
            let there: Vec<i64> = rows.iter().map(|(fid, _)| *fid).collect();
            changes.extend(rows.into_iter().map(|(_, row)| RowChange::Put(row)));
            changes.extend(fids.into_iter().filter(|fid| there.binary_search(fid).is_err()).map(RowChange::Gone));
            Ok(changes)
        }
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code.starts_with("42")) => {
            attempt.rollback().await?;
            Ok(vec![RowChange::Unknown])
        }
        Err(error) => Err(error.into()),
    }
}

/// Rows by their `fid`, in its order, with every value as text.
async fn rows(reading: &mut PgConnection, table: &TableName, fids: &[i64]) -> Result<Vec<(i64, StreamedRow)>, sqlx::Error> {
    let described = sqlx::query(
        "select quote_ident(attname), attname::text, atttypid::bigint from pg_attribute
          where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum",
    )
    .bind(table.sql())
    .fetch_all(&mut *reading)
    .await?;
    let mut names: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    for column in &described {
        names.push(format!("{}::text", column.try_get::<String, _>(0)?));
        let kind = u32::try_from(column.try_get::<i64, _>(2)?).unwrap_or_default();
        columns.push(StreamedColumn { name: column.try_get(1)?, kind });
    }
    let columns: Arc<[StreamedColumn]> = columns.into();
    let select = format!("select fid, {} from {} where fid = any($1) order by 1", names.join(", "), table.sql());
    let read = sqlx::query(AssertSqlSafe(select)).persistent(false).bind(fids).fetch_all(reading).await?;
    let row = |row: &sqlx::postgres::PgRow| -> Result<(i64, StreamedRow), sqlx::Error> {
        let value = |at: usize| row.try_get::<Option<String>, _>(at + 1).map(|text| text.map(|text| text.into_bytes().into()));
        let values = (0..columns.len()).map(value).collect::<Result<_, _>>()?;
        Ok((row.try_get(0)?, StreamedRow { columns: Arc::clone(&columns), values }))
    };
    read.iter().map(row).collect()
}
