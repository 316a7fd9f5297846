//! The feed on a real PostgreSQL: what is written with `psql` reaches a reader.
#![allow(clippy::expect_used, reason = "helpers of tests")]

mod scratch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use catalogue::Catalogue;
use feed::{Commit, Feed, FeedConfig, FeedState, Subscription, Tls, Way};
use kernel::{Changed, Database, LayerId, SystemClock, TableName};
use scratch::Scratch;
use serde_json::json;
use uuid::Uuid;

const INSTANCE: Uuid = Uuid::from_u128(0xABCD_EF01_2345_6789_ABCD_EF01_2345_6789);

fn config(scratch: &Scratch) -> FeedConfig {
    FeedConfig {
        host_or_socket_dir: scratch.socket(),
        port: 5432,
        user: "opensit_replication".into(),
        password: String::new(),
        database: "opensit".into(),
        tls: Tls::Off,
        instance: INSTANCE,
        publication: "opensit".into(),
        way: Way::Replication,
        clock: Arc::new(SystemClock),
    }
}

fn declaration(id: &str, table: &str, geometry: &str) -> String {
    let layer = json!({"id": id, "module": "cadastre", "title": {"it": id, "en": id}, "table": table, "geometry": geometry, "srid": 7792, "fields": []});
    format!("insert into opensit.layers (id, ordinal, relation, declaration) values ('{id}', 1, '{table}', '{layer}');")
}

fn parcel(id: &str, x: f64, y: f64) -> String {
    format!(
        "insert into cadastre.buildings (id, comune, kind, geom)
         values ('{id}', '080901', 'residential', st_buffer('SRID=7792;POINT({x} {y})', 5));"
    )
}

async fn scene() -> (Scratch, Catalogue, Database) {
    let scratch = Scratch::start(7792);
    scratch.sql(&declaration("buildings", "cadastre.buildings", "Polygon"));
    let pool = Database::new(scratch.pool("opensit_app"));
    let catalogue = Catalogue::load(&pool).await.expect("the catalogue");
    (scratch, catalogue, pool)
}

async fn next(reader: &mut Subscription) -> Arc<Commit> {
    tokio::time::timeout(Duration::from_secs(20), reader.next()).await.expect("a commit in time").expect("the feed goes on")
}

async fn live(feed: &Feed) {
    for _ in 0..400 {
        if feed.status().state == FeedState::Live {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the feed is not live: {:?}", feed.status());
}

fn buildings() -> LayerId {
    LayerId::new("buildings").expect("a name")
}

fn slots(scratch: &Scratch) -> String {
    scratch.sql("select count(*) from pg_replication_slots")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_told() {
    let (scratch, catalogue, pool) = scene().await;
    // what a killed run left behind, and what is another installation's
    scratch.psql(
        "opensit_replication",
        "opensit",
        "select pg_create_logical_replication_slot('opensit_feed_abcdef012345_dead', 'pgoutput');
         select pg_create_logical_replication_slot('opensit_feed_000000000000_other', 'pgoutput');",
    );
    let feed = Feed::start(config(&scratch), catalogue.clone(), pool, None);
    let mut reader = feed.subscribe(None);
    let begun = next(&mut reader).await;
    assert_eq!(begun.changes, [Changed::Everything]);
    live(&feed).await;
    assert_eq!(slots(&scratch), "2", "one left over was dropped, ours made");

    a_row_comes_moves_and_goes(&scratch, &mut reader).await;
    one_commit_is_one_event(&scratch, &mut reader).await;
    other_tables_are_nobodys_business(&scratch, &mut reader).await;
    a_new_layer_is_known_before_it_is_told(&scratch, &catalogue, &mut reader).await;
    a_reader_comes_back(&scratch, &feed, &mut reader).await;
    it_is_quick(&scratch, &mut reader).await;
    the_slot_goes_forward(&scratch, &feed).await;

    feed.stop().await;
    assert_eq!(reader.next().await, None);
    assert_eq!(feed.status().state, FeedState::Stopped);
    assert_eq!(slots(&scratch), "1", "ours was dropped");
}

/// The rectangle told must hold PostGIS's own, and not be much larger.
fn assert_round(scratch: &Scratch, changes: &[Changed], geometries: &str) {
    let [Changed::Rows(layer, Some(bbox))] = changes else { panic!("{changes:?}") };
    assert_eq!(layer, &buildings());
    let text = scratch.sql(&format!(
        "select st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e)
           from (select st_extent(st_transform(g::geometry, 4326)) as e from unnest(array[{geometries}]) g) x"
    ));
    let truth: Vec<f64> = text.split('|').map(|n| n.parse().expect("a number")).collect();
    let told: [f64; 4] = (*bbox).into();
    for (side, (told, truth)) in told.iter().zip(&truth).enumerate() {
        let outside = if side < 2 { truth - told } else { told - truth };
        assert!((0.0..2e-4).contains(&outside), "{told:?} {truth:?}");
    }
}

async fn a_row_comes_moves_and_goes(scratch: &Scratch, reader: &mut Subscription) {
    let (here, there) = ("st_buffer('SRID=7792;POINT(556000 4218000)', 5)", "st_buffer('SRID=7792;POINT(557000 4219000)', 5)");
    scratch.sql(&parcel("a", 556_000.0, 4_218_000.0));
    assert_round(scratch, &next(reader).await.changes, here);
    scratch.sql("update cadastre.buildings set geom = st_translate(geom, 1000, 1000) where id = 'a'");
    assert_round(scratch, &next(reader).await.changes, &format!("{here}, {there}"));
    scratch.sql("update cadastre.buildings set floors = 3 where id = 'a'");
    assert_round(scratch, &next(reader).await.changes, there);
    // a geometry so long that it is stored apart, and not sent again when another column changes
    scratch.sql("update cadastre.buildings set geom = st_buffer(st_centroid(geom), 5, 4000) where id = 'a'");
    next(reader).await;
    scratch.sql("update cadastre.buildings set floors = 4 where id = 'a'");
    assert_round(scratch, &next(reader).await.changes, there);
    scratch.sql("delete from cadastre.buildings where id = 'a'");
    assert_round(scratch, &next(reader).await.changes, there);
    scratch.sql("truncate cadastre.buildings");
    assert_eq!(next(reader).await.changes, [Changed::Rows(buildings(), None)]);
}

async fn one_commit_is_one_event(scratch: &Scratch, reader: &mut Subscription) {
    scratch.sql(&format!(
        "begin; {} {} update cadastre.buildings set floors = 1; commit;",
        parcel("b", 556_000.0, 4_218_000.0),
        parcel("c", 557_000.0, 4_219_000.0)
    ));
    let commit = next(reader).await;
    assert_eq!(commit.changes.len(), 1);
    scratch.sql(
        "insert into cadastre.buildings (id, comune, kind, geom)
         select 'many' || i, '080901', 'annex', st_buffer(st_setsrid(st_point(556000 + i, 4218000), 7792), 1) from generate_series(1, 6000) i",
    );
    let many = next(reader).await;
    assert_eq!(many.changes, [Changed::Rows(buildings(), None)]);
    assert!(many.position > commit.position);
    scratch.sql(&format!("begin; {} rollback;", parcel("never", 0.0, 0.0)));
}

async fn other_tables_are_nobodys_business(scratch: &Scratch, reader: &mut Subscription) {
    // in the publication, but not in the catalogue
    scratch.sql("insert into cadastre.sheets (id, comune, section, number, attachment, geom) values ('s', '080901', '', 1, '', st_makeenvelope(0, 0, 1, 1, 7792))");
    scratch.sql("delete from cadastre.buildings where id = 'many1'");
    assert!(matches!(next(reader).await.changes[..], [Changed::Rows(_, Some(_))]));
}

async fn a_new_layer_is_known_before_it_is_told(scratch: &Scratch, catalogue: &Catalogue, reader: &mut Subscription) {
    let sheet = "insert into cadastre.sheets (id, comune, section, number, attachment, geom)
                 values ('t', '080901', '', 2, '', st_makeenvelope(556000, 4218000, 556100, 4218100, 7792));";
    scratch.sql(&format!("begin; {sheet} {} commit;", declaration("sheets", "cadastre.sheets", "Polygon")));
    let commit = next(reader).await;
    let [Changed::Catalogue, Changed::Rows(layer, Some(_))] = &commit.changes[..] else { panic!("{commit:?}") };
    assert_eq!(layer.as_str(), "sheets");
    let table = TableName::new("cadastre", "sheets").expect("a name");
    assert_eq!(catalogue.layer_of_table(&table).as_ref(), Some(layer));
}

async fn a_reader_comes_back(scratch: &Scratch, feed: &Feed, reader: &mut Subscription) {
    let left = reader.position();
    let mut positions = Vec::new();
    for id in ["x", "y", "z"] {
        scratch.sql(&parcel(id, 556_000.0, 4_218_000.0));
        positions.push(next(reader).await.position);
    }
    let mut back = feed.subscribe(left);
    for position in &positions {
        assert_eq!(next(&mut back).await.position, *position);
    }
    let mut later = feed.subscribe(Some(positions[1]));
    assert_eq!(next(&mut later).await.position, positions[2]);
    let mut stranger = feed.subscribe(Some(kernel::Position::new(1)));
    assert_eq!(next(&mut stranger).await.changes, [Changed::Everything]);
}

async fn it_is_quick(scratch: &Scratch, reader: &mut Subscription) {
    use sqlx::{ConnectOptions, Executor};
    let mut writer = scratch.options("opensit_owner").connect().await.expect("a connection");
    let mut delays = Vec::new();
    for _ in 0..50 {
        writer.execute("update cadastre.buildings set floors = coalesce(floors, 0) + 1 where id = 'x'").await.expect("an update");
        let committed = Instant::now();
        next(reader).await;
        delays.push(committed.elapsed());
    }
    delays.sort();
    println!("commit to event: median {:?}, worst {:?}", delays[25], delays[49]);
    assert!(delays[25] < Duration::from_millis(100), "{delays:?}");
}

/// What is confirmed moves with the log, also when nothing in it is ours: so the slot keeps no log back.
async fn the_slot_goes_forward(scratch: &Scratch, feed: &Feed) {
    scratch.psql("postgres", "opensit", "create table other as select generate_series(1, 100000); select pg_switch_wal();");
    let end = scratch.sql("select pg_current_wal_lsn()");
    for _ in 0..100 {
        let passed = scratch.sql(&format!("select confirmed_flush_lsn >= '{end}' from pg_replication_slots where active"));
        if passed == "t" {
            let status = feed.status();
            assert!(status.slot.is_some() && status.lag_ms.is_some(), "{status:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the slot stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_and_comes_back() {
    let (scratch, catalogue, pool) = scene().await;
    let feed = Feed::start(config(&scratch), catalogue, pool, None);
    let mut reader = feed.subscribe(None);
    next(&mut reader).await;
    live(&feed).await;

    // a second server on the same database leaves the first one's slot alone
    let pool = Database::new(scratch.pool("opensit_app"));
    let second = Feed::start(config(&scratch), Catalogue::load(&pool).await.expect("the catalogue"), pool, None);
    live(&second).await;
    assert_eq!(slots(&scratch), "2");
    second.stop().await;
    assert_eq!(slots(&scratch), "1");

    scratch.stop_database();
    for _ in 0..200 {
        if matches!(feed.status().state, FeedState::Reconnecting { .. }) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(matches!(feed.status().state, FeedState::Reconnecting { .. }), "{:?}", feed.status());
    scratch.start_database();
    scratch.sql(&parcel("meanwhile", 556_000.0, 4_218_000.0));
    let commit = next(&mut reader).await;
    assert!(matches!(commit.changes[..], [Changed::Rows(_, Some(_))]), "nothing was missed: {commit:?}");
    live(&feed).await;

    // the slot is dropped while the database is restarted: then nobody knows what was missed
    scratch.stop_database();
    std::fs::remove_dir_all(format!("{}/data/pg_replslot", scratch.socket())).expect("the slots' folder");
    std::fs::create_dir(format!("{}/data/pg_replslot", scratch.socket())).expect("the slots' folder");
    std::process::Command::new("chown")
        .args(["--reference", &format!("{}/data/base", scratch.socket()), &format!("{}/data/pg_replslot", scratch.socket())])
        .status()
        .expect("chown");
    scratch.start_database();
    assert_eq!(next(&mut reader).await.changes, [Changed::Everything]);
    live(&feed).await;
    scratch.sql(&parcel("after", 556_000.0, 4_218_000.0));
    assert!(matches!(next(&mut reader).await.changes[..], [Changed::Rows(_, Some(_))]));
    feed.stop().await;
    assert_eq!(slots(&scratch), "0");
}

/// A slot can't be made while somebody's transaction is open; starting does not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_delays_nobody() {
    use sqlx::{ConnectOptions, Executor};
    let (scratch, catalogue, pool) = scene().await;
    let mut writer = scratch.options("opensit_owner").connect().await.expect("a connection");
    writer.execute("begin").await.expect("begin");
    writer.execute(sqlx::AssertSqlSafe(parcel("open", 556_000.0, 4_218_000.0))).await.expect("a row");
    let before = Instant::now();
    let feed = Feed::start(config(&scratch), catalogue, pool, None);
    let mut reader = feed.subscribe(None);
    assert!(before.elapsed() < Duration::from_millis(500));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((feed.status().state, feed.position()), (FeedState::Starting, None));
    writer.execute("commit").await.expect("commit");
    assert_eq!(next(&mut reader).await.changes, [Changed::Everything]);
    feed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_before_readers_see_it() {
    let (scratch, catalogue, pool) = scene().await;
    let feed = Feed::start(config(&scratch), catalogue, pool, None);
    live(&feed).await;
    let mut reader = feed.subscribe(None);
    // a commit that waits for a standby that never comes is in the log, and nobody sees it
    let standby = |name: &str| {
        scratch.psql("postgres", "opensit", &format!("alter system set synchronous_standby_names = '{name}'"));
        scratch.psql("postgres", "opensit", "select pg_reload_conf()");
    };
    standby("nobody");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| scratch.sql(&parcel("B1", 560_000.0, 4_210_000.0)));
        std::thread::sleep(Duration::from_secs(2));
        let told = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(tokio::time::timeout(Duration::from_millis(300), reader.next())).is_ok()
        });
        let seen = scratch.psql("opensit_owner", "opensit", "set synchronous_commit = local; select count(*) from cadastre.buildings");
        standby("");
        writer.join().expect("the writer goes on");
        assert!(!told && seen.trim().ends_with('0'), "told {told}, seen by readers: {seen}");
    });
    let told = next(&mut reader).await;
    assert!(matches!(&told.changes[..], [Changed::Rows(..)]), "{told:?}");
    assert_eq!(scratch.sql("select count(*) from cadastre.buildings"), "1");
    feed.stop().await;
}
