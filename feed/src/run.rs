use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use catalogue::{Catalogue, CatalogueError};
use chrono::{DateTime, Utc};
use kernel::{Changed, Column, Database, Position, Principal, TableName};
use pgwire_replication::{Lsn, PgWireError, ReplicationClient, ReplicationEvent};
use sqlx::ConnectOptions;
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::hub::Hub;
use crate::journal::Journal;
use crate::places::Places;
use crate::transaction::{Relations, Transaction};
use crate::visible::Visible;
use crate::{Commit, Copies, FeedConfig, FeedState, FeedStatus, Subscription, Way, monitor, pgoutput, slot};

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first pause before trying again; each is twice as long as the one before, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// Seconds from 1970 to 2000, from which PostgreSQL counts.
const Y2000_S: i64 = 946_684_800;

/// The change feed. Cheap to clone.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

/// Why the stream ended.
#[derive(Debug, Error)]
pub(crate) enum FeedError {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Stream(#[from] PgWireError),
    #[error("{0}")]
    Catalogue(#[from] CatalogueError),
    #[error("the database ended the stream")]
    Ended,
    #[error("the database has not answered for a while")]
    Silent,
    #[error("the replication slot `{0}` is gone, or the database no longer keeps the log it needs")]
    Lost(String),
    #[error("the replication slot `{0}` is still being read")]
    Busy(String),
    #[error("`{0}` is not a position of the log")]
    Position(String),
    #[error("the journal of changes is not kept: start the server, or run `opensit migrate` and start it")]
    NoJournal,
}

/// What the task and the feed's owners share.
pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    status: Mutex<FeedStatus>,
    /// How far the log has been read, and all that is ours in it told; 0: not at all.
    received: watch::Sender<u64>,
    /// Somebody waits for a position.
    pub(crate) wanted: Notify,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            hub: Hub::new(),
            status: Mutex::default(),
            received: watch::Sender::new(0),
            wanted: Notify::new(),
            stop: watch::Sender::new(false),
            task: Mutex::default(),
        })
    }

    pub(crate) fn received(&self) -> Option<Position> {
        Some(*self.received.borrow()).filter(|at| *at > 0).map(Position::new)
    }

    /// Whether somebody waits for a position.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.received.receiver_count() > 0
    }

    /// The stream begins (again): nothing before this position is known.
    pub(crate) fn begin_at(&self, position: Position) {
        self.received.send_replace(position.byte());
    }

    pub(crate) fn receive(&self, position: Position) {
        self.received.send_if_modified(|at| {
            let further = position.byte() > *at;
            *at = position.byte().max(*at);
            further
        });
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut FeedStatus)) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut status);
        status.publish();
    }
}

impl Feed {
    /// Begins to follow the database's changes, in a task of its own. `database` is for reading the catalogue again; `copies` are told of
    /// rows, if there are any.
    pub fn start(config: FeedConfig, catalogue: Catalogue, database: Database, copies: Option<Arc<dyn Copies>>) -> Self {
        let shared = Shared::new();
        let follower = Follower {
            config,
            catalogue,
            database,
            copies,
            shared: Arc::clone(&shared),
            slot: None,
            places: Places::default(),
            reaped: false,
            journal: Journal::default(),
        };
        shared.update(|status| status.way = follower.config.way);
        let task = tokio::spawn(follower.run());
        *shared.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Self(shared)
    }

    /// A feed without a database: it tells what its [`Teller`] is told. For programs' own tests.
    pub fn by_hand() -> (Self, Teller) {
        let shared = Shared::new();
        (Self(Arc::clone(&shared)), Teller(shared))
    }

    /// Reads on from a position that the reader knows everything up to; without one, from now.
    pub fn subscribe(&self, after: Option<Position>) -> Subscription {
        self.0.hub.subscribe(after)
    }

    /// How it is doing.
    pub fn status(&self) -> FeedStatus {
        let status = self.0.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        FeedStatus { position: self.0.hub.position(), ..status }
    }

    /// The end of the last commit told of, or where the stream began; `None` while it has not begun.
    pub fn position(&self) -> Option<Position> {
        self.0.hub.position()
    }

    /// Waits until every change up to a position has been told, however long that takes; who must not wait for ever brings a time
    /// limit. Whoever reads the database after that reads at least what was committed by then.
    pub async fn reached(&self, position: Position) {
        let mut received = self.0.received.subscribe();
        if *received.borrow() < position.byte() {
            self.0.wanted.notify_one();
        }
        // the sender is ours: it is not gone before this ends
        let _ = received.wait_for(|at| *at >= position.byte()).await;
    }

    /// Ends it in order: readers come to their end, and the slot is dropped.
    pub async fn stop(&self) {
        self.0.stop.send_replace(true);
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(cause = %error, "the change feed did not end in order");
        }
        self.0.hub.close();
    }
}

/// Tells a [`Feed::by_hand`] what it shall tell.
pub struct Teller(Arc<Shared>);

impl Teller {
    /// The stream begins (again) at a position: readers are told that anything may have changed.
    pub fn begin(&self, position: Position) {
        self.0.hub.begin(position);
        self.0.receive(position);
        self.0.update(|status| status.state = FeedState::Live);
    }

    /// A commit; it is left out unless its position is beyond the last.
    pub fn tell(&self, commit: Commit) {
        let position = commit.position;
        self.0.hub.push(commit);
        self.0.receive(position);
    }
}

/// Follows the database's log, for as long as the program runs.
pub(crate) struct Follower {
    pub(crate) config: FeedConfig,
    pub(crate) catalogue: Catalogue,
    pub(crate) database: Database,
    pub(crate) copies: Option<Arc<dyn Copies>>,
    pub(crate) shared: Arc<Shared>,
    slot: Option<String>,
    places: Places,
    reaped: bool,
    pub(crate) journal: Journal,
}

/// The columns that decide who sees a row of a table; none if it is no layer's.
pub(crate) fn deciding(catalogue: &Catalogue, table: &TableName) -> Vec<Column> {
    let layer = catalogue.layer_of_table(table).and_then(|id| catalogue.layer(&Principal::operator(), id.as_str()));
    layer.map(|entry| entry.layer.deciding_columns()).unwrap_or_default()
}

impl Follower {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut stop = shared.stop.subscribe();
        let mut pause = FIRST_PAUSE;
        let mut since: Option<DateTime<Utc>> = None;
        loop {
            let begun = Instant::now();
            let ended = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Err(ended) = self.follow_its_way() => ended,
            };
            // one that ends as soon as it began will most likely do so again
            let live = shared.status.lock().unwrap_or_else(PoisonError::into_inner).state == FeedState::Live;
            let lived = live && begun.elapsed() > LAST_PAUSE;
            if lived || since.is_none() {
                (pause, since) = (FIRST_PAUSE, Some(self.config.clock.now()));
                tracing::warn!(cause = %ended, "the change feed lost the database; trying again");
                metrics::counter!("feed_reconnections_total").increment(1);
            }
            let since = since.unwrap_or_else(|| self.config.clock.now());
            shared.update(|status| status.state = FeedState::Reconnecting { since, why: ended.to_string() });
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep(pause) => pause = (pause * 2).min(LAST_PAUSE),
            }
        }
        shared.update(|status| status.state = FeedState::Stopped);
        shared.hub.close();
        self.leave().await;
    }

    async fn follow_its_way(&mut self) -> Result<Infallible, FeedError> {
        match self.config.way {
            Way::Replication => self.follow().await,
            Way::Journal => self.follow_journal().await,
        }
    }

    /// Connects, takes up the slot or makes one, and tells what comes, until something fails.
    async fn follow(&mut self) -> Result<Infallible, FeedError> {
        let mut sql = timeout(PATIENCE, self.config.sql().connect()).await.map_err(|_| FeedError::Silent)??;
        if !self.reaped {
            slot::reap(&mut sql, self.config.instance).await?;
            self.reaped = true;
        }
        let (name, from) = self.take_up(&mut sql).await?;
        let config = self.config.stream(&name).with_start_lsn(Lsn::from_u64(from.byte()));
        let mut client = ReplicationClient::connect(config).await?;
        timeout(PATIENCE, client.wait_started()).await.map_err(|_| FeedError::Silent)??;
        tracing::info!(slot = name, position = %from, "the change feed is live");
        let shared = Arc::clone(&self.shared);
        shared.update(|status| {
            status.state = FeedState::Live;
            status.behind = false;
            status.slot = Some(name.clone());
        });
        let (catalogue, database) = (self.catalogue.clone(), self.database.clone());
        tokio::select! {
            ended = self.read(&mut client) => ended,
            ended = monitor::watch(&mut sql, &name, &shared, (&catalogue, &database)) => Err(ended),
        }
    }

    /// The slot we have, from where we stand; or a new one, from where it begins, and then anything may have changed.
    async fn take_up(&mut self, sql: &mut sqlx::PgConnection) -> Result<(String, Position), FeedError> {
        if let (Some(name), Some(from)) = (self.slot.clone(), self.shared.received()) {
            match slot::state(sql, &name).await? {
                Some(state) if !state.lost => return Ok((name, from)),
                Some(_) => slot::drop(sql, &name).await?,
                None => {}
            }
            tracing::warn!(slot = name, "the replication slot is lost: readers are told that anything may have changed");
            self.slot = None;
        }
        let (name, from) = slot::create(sql, self.config.instance).await?;
        self.slot = Some(name.clone());
        self.catalogue.reload(&self.database).await?;
        self.shared.begin_at(from);
        if let Some(copies) = &self.copies {
            copies.begin();
        }
        self.shared.hub.begin(from);
        Ok((name, from))
    }

    async fn read(&mut self, client: &mut ReplicationClient) -> Result<Infallible, FeedError> {
        let mut relations = Relations::default();
        let mut open: Option<Transaction> = None;
        let (mut xid, mut visible) = (0, Visible::default());
        while let Some(event) = client.recv().await? {
            match event {
                ReplicationEvent::Begin { xid: begun, .. } => (open, xid) = (Some(Transaction::default()), begun),
                ReplicationEvent::XLogData { data, .. } => {
                    let transaction = open.get_or_insert_default();
                    match pgoutput::read(&data) {
                        Ok(message) => {
                            transaction.take(message, &mut relations, &|table| deciding(&self.catalogue, table), self.copies.as_deref())
                        }
                        Err(_) => transaction.unreadable = true,
                    }
                }
                ReplicationEvent::Commit { end_lsn, commit_time_micros, .. } => {
                    let transaction = open.take().unwrap_or_default();
                    // also for one that touched no layer: who waits for its position reads what it did
                    visible.wait(&self.database, xid).await;
                    let committed = DateTime::from_timestamp_micros(commit_time_micros.saturating_add(Y2000_S * 1_000_000));
                    self.tell(transaction, Position::new(end_lsn.as_u64()), committed).await?;
                    self.reached(client, end_lsn);
                }
                // between transactions all that was sent has been told
                ReplicationEvent::KeepAlive { wal_end, .. } if open.is_none() => self.reached(client, wal_end),
                _ => {}
            }
        }
        Err(FeedError::Ended)
    }

    fn reached(&self, client: &ReplicationClient, position: Lsn) {
        self.shared.receive(Position::new(position.as_u64()));
        client.update_applied_lsn(position);
    }

    /// Tells what a transaction changed; the catalogue is read again first if it was touched.
    pub(crate) async fn tell(
        &mut self,
        transaction: Transaction,
        position: Position,
        committed: Option<DateTime<Utc>>,
    ) -> Result<(), FeedError> {
        if transaction.is_empty() {
            return Ok(());
        }
        let mut changes = Vec::new();
        if let Some(copies) = &self.copies {
            match transaction.unreadable {
                true => copies.begin(),
                false => transaction.copied.into_iter().for_each(|(table, copied)| copies.apply(&table, copied.0)),
            }
        }
        if transaction.catalogue {
            self.catalogue.reload(&self.database).await?;
            changes.push(Changed::Catalogue);
        }
        for touched in &transaction.tables {
            changes.extend(self.places.changed(&self.catalogue, touched));
        }
        if transaction.unreadable {
            tracing::error!(%position, "a transaction of the change feed can't be read: readers are told that anything may have changed");
            changes = vec![Changed::Everything];
        }
        if !changes.is_empty() {
            metrics::counter!("feed_changes_total").increment(changes.len() as u64);
            self.shared.hub.push(Commit { position, changes });
        }
        let delay = committed.and_then(|at| u64::try_from((self.config.clock.now() - at).num_milliseconds()).ok());
        self.shared.update(|status| status.lag_ms = delay.or(status.lag_ms));
        Ok(())
    }

    /// Drops the slot, if the database is there.
    async fn leave(self) {
        let Some(name) = self.slot else { return };
        let dropped = timeout(PATIENCE, async {
            let mut sql = self.config.sql().connect().await?;
            slot::drop(&mut sql, &name).await
        });
        match dropped.await {
            Ok(Ok(())) => tracing::info!(slot = name, "dropped the replication slot"),
            Ok(Err(error)) => tracing::warn!(slot = name, cause = %error, "the replication slot stays until the next start"),
            Err(_) => tracing::warn!(slot = name, "the replication slot stays until the next start: the database does not answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Feed;
    use crate::Commit;
    use futures::FutureExt;
    use kernel::Position;

    #[tokio::test]
    async fn who_waits_for_a_position_goes_on_once_all_before_it_is_told() {
        let (feed, teller) = Feed::by_hand();
        let reached = |at| feed.reached(Position::new(at)).now_or_never().is_some();
        assert!(!reached(100), "the stream has not begun");
        teller.begin(Position::new(100));
        assert!(reached(99) && reached(100) && !reached(101));
        let waiting = feed.reached(Position::new(105));
        teller.tell(Commit { position: Position::new(110), changes: Vec::new() });
        assert!(waiting.now_or_never().is_some() && !reached(111));
    }
}
