//! The feed where logical replication is not allowed: triggers and NOTIFY on a real PostgreSQL with `wal_level = replica`.
#![allow(clippy::expect_used, reason = "helpers of tests")]

mod scratch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use catalogue::Catalogue;
use feed::{Commit, Copies, Feed, FeedConfig, FeedState, RowChange, Subscription, Tls, Way};
use kernel::{Changed, Database, LayerId, Position, SystemClock, TableName};
use scratch::Scratch;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use uuid::Uuid;

/// Keeps `floors` of each building as it is told.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<i64, Option<String>>>, Mutex<u32>);

impl Copies for Kept {
    fn keeps(&self, table: &TableName) -> bool {
        table.to_string() == "cadastre.buildings"
    }

    fn apply(&self, _: &TableName, changes: Vec<RowChange>) {
        let mut rows = self.0.lock().expect("the rows");
        for change in changes {
            match change {
                RowChange::Put(row) => {
                    let value = |name: &str| {
                        let at = row.columns.iter().position(|column| column.name == name).expect("a column");
                        row.values[at].as_deref().map(|text| String::from_utf8(text.to_vec()).expect("text"))
                    };
                    rows.insert(value("fid").expect("a fid").parse().expect("a number"), value("floors"));
                }
                RowChange::Gone(fid) => drop(rows.remove(&fid)),
                RowChange::Emptied => rows.clear(),
                RowChange::Unknown => panic!("it can be told row by row"),
            }
        }
    }

    fn begin(&self) {
        self.0.lock().expect("the rows").clear();
        *self.1.lock().expect("the count") += 1;
    }
}

struct Scene {
    scratch: Scratch,
    catalogue: Catalogue,
    feed: Feed,
    kept: Arc<Kept>,
    reader: Subscription,
}

fn declaration(id: &str, table: &str, geometry: &str) -> String {
    let layer = json!({"id": id, "module": "cadastre", "title": {"it": id, "en": id}, "table": table, "geometry": geometry, "srid": 7792, "fields": []});
    format!("insert into opensit.layers (id, ordinal, relation, declaration) values ('{id}', 1, '{table}', '{layer}');")
}

fn building(id: &str, x: f64, y: f64) -> String {
    format!(
        "insert into cadastre.buildings (id, comune, kind, floors, geom)
         values ('{id}', '080901', 'residential', 1, st_buffer('SRID=7792;POINT({x} {y})', 5));"
    )
}

async fn next(reader: &mut Subscription) -> Arc<Commit> {
    tokio::time::timeout(Duration::from_secs(20), reader.next()).await.expect("a commit in time").expect("the feed goes on")
}

fn buildings() -> LayerId {
    LayerId::new("buildings").expect("a name")
}

impl Scene {
    async fn open() -> Self {
        let scratch = Scratch::without_replication(7792);
        assert_eq!(scratch.sql("select current_setting('wal_level')"), "replica");
        scratch.sql(&declaration("buildings", "cadastre.buildings", "Polygon"));
        // as the server does at its start
        scratch.sql("call opensit.keep_journal(true)");
        let database = Database::new(scratch.pool("opensit_app"));
        let catalogue = Catalogue::load(&database).await.expect("the catalogue");
        let config = FeedConfig {
            host_or_socket_dir: scratch.socket(),
            port: 5432,
            user: "opensit_replication".into(),
            password: String::new(),
            database: "opensit".into(),
            tls: Tls::Off,
            instance: Uuid::nil(),
            publication: "opensit".into(),
            way: Way::Journal,
            clock: Arc::new(SystemClock),
        };
        let kept = Arc::new(Kept::default());
        let feed = Feed::start(config, catalogue.clone(), database, Some(Arc::clone(&kept) as Arc<dyn Copies>));
        let mut reader = feed.subscribe(None);
        assert_eq!(next(&mut reader).await.changes, [Changed::Everything]);
        let scene = Self { scratch, catalogue, feed, kept, reader };
        scene.live().await;
        scene
    }

    async fn live(&self) {
        for _ in 0..400 {
            if self.feed.status().state == FeedState::Live {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the feed is not live: {:?}", self.feed.status());
    }

    /// As somebody who reads what they wrote: waits for the position after all that was committed.
    async fn catch_up(&self) {
        let position: Position = self.scratch.sql("select pg_current_wal_flush_lsn()").parse().expect("a position");
        tokio::time::timeout(Duration::from_secs(20), self.feed.reached(position)).await.expect("the feed comes there");
    }

    /// What is kept is what is stored.
    async fn compare(&self) {
        self.catch_up().await;
        let stored = self.scratch.sql("select fid, floors from cadastre.buildings order by fid");
        let stored: BTreeMap<i64, Option<String>> = stored
            .lines()
            .map(|row| row.split_once('|').expect("two values"))
            .map(|(fid, floors)| (fid.parse().expect("a number"), (!floors.is_empty()).then(|| floors.to_owned())))
            .collect();
        assert_eq!(*self.kept.0.lock().expect("the rows"), stored);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_told_with_its_place() {
    let mut scene = Scene::open().await;
    scene.scratch.sql(&building("a", 556_000.0, 4_218_000.0));
    let inserted = next(&mut scene.reader).await;
    let [Changed::Rows(layer, Some(here))] = &inserted.changes[..] else { panic!("{inserted:?}") };
    assert_eq!(layer, &buildings());
    scene.compare().await;

    // the place it left and the place it came to
    scene.scratch.sql("update cadastre.buildings set geom = st_translate(geom, 1000, 1000) where id = 'a'");
    let moved = next(&mut scene.reader).await;
    let [Changed::Rows(_, Some(both))] = &moved.changes[..] else { panic!("{moved:?}") };
    assert!(both.width() > here.width() + 0.01 && both.height() > here.height() + 0.008, "{here:?} {both:?}");
    assert!(moved.position > inserted.position);
    // a value beside a long geometry
    scene.scratch.sql("update cadastre.buildings set geom = st_buffer(st_centroid(geom), 5, 4000) where id = 'a'");
    scene.scratch.sql("update cadastre.buildings set floors = 7 where id = 'a'");
    scene.compare().await;
    scene.scratch.sql("delete from cadastre.buildings where id = 'a'");
    scene.compare().await;

    // nothing of what is rolled back, nor of a statement that touches nothing
    let mut after = scene.feed.subscribe(scene.feed.position());
    scene.scratch.sql("begin; update cadastre.buildings set floors = 9; delete from cadastre.buildings; rollback");
    scene.scratch.sql(&format!(
        "begin; {} savepoint s; {} rollback to s; commit",
        building("b", 556_000.0, 4_218_000.0),
        building("c", 0.0, 0.0)
    ));
    scene.scratch.sql("update cadastre.buildings set floors = 2 where false");
    assert!(matches!(&next(&mut after).await.changes[..], [Changed::Rows(_, Some(_))]));
    scene.compare().await;

    let many = "insert into cadastre.buildings (id, comune, kind, floors, geom)
         select 'many' || i, '080901', 'annex', i % 9, st_buffer(st_setsrid(st_point(556000 + i % 300, 4218000), 7792), 1, 1) from generate_series(1, 50000) i";
    scene.scratch.sql(many);
    assert_eq!(next(&mut after).await.changes, [Changed::Rows(buildings(), None)]);
    scene.compare().await;
    scene.scratch.sql(&format!("begin; truncate cadastre.buildings; {} commit", building("refilled", 556_000.0, 4_218_000.0)));
    assert_eq!(next(&mut after).await.changes, [Changed::Rows(buildings(), None)]);
    scene.compare().await;
    assert_eq!(scene.kept.0.lock().expect("the rows").len(), 1);

    // a new layer is known before it is told
    let sheet = "insert into cadastre.sheets (id, comune, section, number, attachment, geom)
                 values ('t', '080901', '', 2, '', st_makeenvelope(556000, 4218000, 556100, 4218100, 7792));";
    scene.scratch.sql(&format!(
        "begin; call opensit.journal_table('cadastre.sheets'); {sheet} {} commit;",
        declaration("sheets", "cadastre.sheets", "Polygon")
    ));
    let commit = next(&mut after).await;
    let [Changed::Catalogue, Changed::Rows(layer, Some(_))] = &commit.changes[..] else { panic!("{commit:?}") };
    assert_eq!(scene.catalogue.layer_of_table(&TableName::new("cadastre", "sheets").expect("a name")).as_ref(), Some(layer));
    // a table that becomes a layer's has the triggers from the start
    scene.scratch.sql("create table published.later (n int); call opensit.make_layer_table('published.later', 'Point')");
    assert_eq!(
        scene.scratch.sql("select count(*) from pg_trigger where tgrelid = 'published.later'::regclass and tgname like 'journal_%'"),
        "4"
    );
    scene.feed.stop().await;
}

/// Numbers are given out before the commit: who begins first may commit last.
#[tokio::test(flavor = "multi_thread")]
async fn what_commits_late_is_not_missed() {
    let scene = Scene::open().await;
    let mut slow = scene.scratch.options("opensit_owner").connect().await.expect("a connection");
    slow.execute("begin").await.expect("begin");
    slow.execute(AssertSqlSafe(building("slow", 556_000.0, 4_218_000.0))).await.expect("a row");
    for i in 0..5 {
        scene.scratch.sql(&building(&format!("quick{i}"), 556_100.0, 4_218_000.0));
        // nobody waits for the one that is open
        scene.compare().await;
    }
    slow.execute("commit").await.expect("commit");
    scene.compare().await;
    assert_eq!(scene.kept.0.lock().expect("the rows").len(), 6);
    // writers of the same rows at the same time
    let writers = (0..4).map(|writer| {
        let options = scene.scratch.options("opensit_owner");
        tokio::spawn(async move {
            let mut connection = options.connect().await.expect("a connection");
            for i in 0..60 {
                let update = format!("update cadastre.buildings set floors = {} where id = 'quick{}'", writer * 100 + i, i % 5);
                connection.execute(AssertSqlSafe(update)).await.expect("an update");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("the writer ends");
    }
    scene.compare().await;
    assert_eq!(*scene.kept.1.lock().expect("the count"), 1, "it began once");
    scene.feed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_caught_up_with() {
    let mut scene = Scene::open().await;
    scene.scratch.sql(&building("before", 556_000.0, 4_218_000.0));
    next(&mut scene.reader).await;
    scene.scratch.psql(
        "postgres",
        "opensit",
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'opensit_replication'",
    );
    scene.scratch.sql(&building("meanwhile", 556_000.0, 4_218_000.0));
    scene.scratch.sql("delete from cadastre.buildings where id = 'before'");
    scene.compare().await;
    scene.live().await;
    scene.scratch.stop_database();
    for _ in 0..200 {
        if matches!(scene.feed.status().state, FeedState::Reconnecting { .. }) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.scratch.start_database();
    scene.scratch.sql("update cadastre.buildings set floors = 11 where id = 'meanwhile'");
    scene.compare().await;
    scene.live().await;
    assert_eq!(*scene.kept.1.lock().expect("the count"), 1, "nobody had to begin anew");
    assert_eq!(scene.feed.status().way, Way::Journal);
    // and it is dropped again where it is not wanted
    scene.feed.stop().await;
    scene.scratch.sql("call opensit.keep_journal(false)");
    assert_eq!(scene.scratch.sql("select count(*) from pg_trigger where tgname like 'journal%'"), "0");
    assert_eq!(scene.scratch.sql("select count(*) from opensit.journal"), "0");
}
