//! A database that is gone is told soon; one that is busy is waited for.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::str::FromStr;
use std::time::{Duration, Instant};

use kernel::{Database, Principal, Problem};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use test_database::Scratch;

/// Longer than any of this takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(600);

fn pool(url: &str) -> PgPool {
    let options = PgConnectOptions::from_str(url).unwrap();
    PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_lazy_with(options)
}

#[tokio::test]
async fn who_asks_a_database_that_is_gone_is_told_soon() {
    // a port that nobody listens at any more
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let database = Database::new(pool(&format!("postgresql://opensit_app@127.0.0.1:{port}/sit")));
    let begun = Instant::now();
    let asked = (0..20).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { database.session(&Principal::anonymous()).await.map(|_| ()).unwrap_err() })
    });
    let mut asked: Vec<_> = asked.collect();
    asked.push(tokio::spawn({
        let database = database.clone();
        async move { database.write(&Principal::operator()).await.map(|_| ()).unwrap_err() }
    }));
    for error in asked {
        assert_eq!(Problem::database("test", &error.await.unwrap()).status(), 503);
    }
    assert!(begun.elapsed() < PATIENCE / 10);
    // and at once when it is known
    assert!(database.snapshot(&Principal::operator()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_one_is_waited_for() {
    let scratch = Scratch::new().await;
    let pool = pool(&scratch.url("opensit_app"));
    let database = Database::new(pool.clone());
    let held = database.session(&Principal::anonymous()).await.unwrap();
    let waits = tokio::spawn({
        let database = database.clone();
        async move { database.session(&Principal::operator()).await.map(|_| ()) }
    });
    // until it has asked whether the database is there, and goes on
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!waits.is_finished());
    drop(held);
    waits.await.unwrap().unwrap();
}
