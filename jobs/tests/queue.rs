//! The queue on a real database: one worker a job, retries, cancellation, killed workers, results that expire.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on fails")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobs::{Failure, Job, JobError, JobId, NewJob, Output, Progress, Settings, State, Summary, Worker};
use kernel::{Assurance, Comuni, Database, Principal, Role};
use serde_json::json;
use test_database::Scratch;
use tokio::sync::oneshot;
use uuid::Uuid;

fn quick() -> Settings {
    Settings {
        at_a_time: 4,
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(100),
        look: Duration::from_millis(50),
        grace: Duration::from_millis(500),
        retry_after: Duration::from_millis(50),
        keep: Duration::from_secs(3600),
    }
}

fn officer(name: &str) -> Principal {
    Principal::known(Role::Officer, Uuid::new_v4(), name, Assurance::Low).with_comuni(Comuni::Only(["080901".to_owned()].into()))
}

async fn ask(database: &Database, who: &Principal, kind: &str) -> JobId {
    let mut transaction = database.write(who).await.unwrap();
    let id = jobs::put(&mut transaction, who, &NewJob::new(kind, &json!({"n": 1}))).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

async fn look(database: &Database, who: &Principal, id: JobId) -> Option<Summary> {
    let mut session = database.session(who).await.unwrap();
    jobs::find(&mut session, who, id).await.unwrap()
}

/// Waits until a job is as wanted.
async fn until(database: &Database, who: &Principal, id: JobId, wanted: impl Fn(&Summary) -> bool) -> Summary {
    for _ in 0..600 {
        let job = look(database, who, id).await.expect("the job is there");
        if wanted(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", look(database, who, id).await);
}

/// A worker at work; stopped when told.
struct Running(oneshot::Sender<()>, tokio::task::JoinHandle<()>);

impl Running {
    fn start(worker: Worker) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self(stop, tokio::spawn(worker.run(async move { drop(stopped.await) })))
    }

    async fn stop(self) {
        self.0.send(()).unwrap();
        self.1.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_done_in_the_name_of_who_asked_and_leaves_a_result() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let worker = Worker::new(database.clone(), quick()).on("export", move |job: Job, progress: Progress| {
        *keep.lock().unwrap() = Some(job.who.clone());
        async move {
            progress.set(40, "half way\0");
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(Output::json(&job.payload))
        }
    });
    // nothing is there before the transaction commits, nor after one that does not
    let mut given_up = database.write(&ada).await.unwrap();
    let never = jobs::put(&mut given_up, &ada, &NewJob::new("export", &json!(1))).await.unwrap();
    given_up.rollback().await.unwrap();
    assert!(look(&database, &ada, never).await.is_none());

    let id = ask(&database, &ada, "export").await;
    assert_eq!(look(&database, &ada, id).await.unwrap().state, State::Queued);
    let running = Running::start(worker);
    let under_way = until(&database, &ada, id, |j| j.percent == 40).await;
    assert_eq!((under_way.state, under_way.message.as_deref()), (State::Running, Some("half way")));
    let done = until(&database, &ada, id, |j| j.state.is_final()).await;
    assert_eq!((done.state, done.percent, done.has_result), (State::Done, 100, true));
    assert_eq!(seen.lock().unwrap().clone(), Some(ada));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_jobs_and_three_workers_and_each_job_is_done_once() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(ask(&database, &ada, "count").await);
    }
    let counts: Arc<Mutex<BTreeMap<Uuid, u32>>> = Arc::default();
    let workers: Vec<Running> = (0..3)
        .map(|_| {
            let counts = Arc::clone(&counts);
            Running::start(Worker::new(database.clone(), quick()).on("count", move |job: Job, _| {
                *counts.lock().unwrap().entry(job.id.0).or_default() += 1;
                async { Ok(Output::json(&json!("ok"))) }
            }))
        })
        .collect();
    for id in &ids {
        until(&database, &ada, *id, |j| j.state == State::Done).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    let counts = counts.lock().unwrap();
    assert_eq!(counts.len(), 40);
    assert!(counts.values().all(|n| *n == 1), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_at_most_as_often_as_said() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let (mends, hopeless, wrong, broken) = (
        ask(&database, &ada, "mends").await,
        ask(&database, &ada, "hopeless").await,
        ask(&database, &ada, "wrong").await,
        ask(&database, &ada, "broken").await,
    );
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let running = Running::start(
        Worker::new(database.clone(), quick())
            .on("mends", |job: Job, _| async move {
                if job.attempt < 3 { Err(Failure::Again("not yet".to_owned())) } else { Ok(Output::json(&json!(job.attempt))) }
            })
            .on("hopeless", move |_, _| {
                count.fetch_add(1, Ordering::SeqCst);
                async { Err(Failure::Again("the store is closed".to_owned())) }
            })
            .on("wrong", |job: Job, _| async move { job.read::<Vec<String>>().map(|_| Output::json(&json!(0))) })
            .on("broken", |_, _| async { panic!("a bug") }),
    );
    let job = until(&database, &ada, mends, |j| j.state.is_final()).await;
    assert_eq!((job.state, job.attempts), (State::Done, (3, 3)));
    let job = until(&database, &ada, hopeless, |j| j.state.is_final()).await;
    assert_eq!((job.state, job.error.as_deref()), (State::Failed, Some("the store is closed")));
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    let job = until(&database, &ada, wrong, |j| j.state.is_final()).await;
    assert_eq!((job.state, job.attempts.0), (State::Failed, 1));
    let job = until(&database, &ada, broken, |j| j.state.is_final()).await;
    assert!(job.state == State::Failed && !job.error.unwrap().contains("a bug"), "the cause of a panic is for the log");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_whether_it_listens_or_not() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let waiting = ask(&database, &ada, "nobody-does-this").await;
    let (polite, deaf) = (ask(&database, &ada, "polite").await, ask(&database, &ada, "deaf").await);
    let running = Running::start(
        Worker::new(database.clone(), quick())
            .on("polite", |_, progress: Progress| async move {
                progress.until_cancelled().await;
                assert!(progress.cancelled());
                Err(Failure::Cancelled)
            })
            .on("deaf", |_, _| async {
                tokio::time::sleep(Duration::from_secs(600)).await;
                Ok(Output::json(&json!("too late")))
            }),
    );
    for id in [polite, deaf] {
        until(&database, &ada, id, |j| j.state == State::Running).await;
    }
    for id in [waiting, polite, deaf] {
        let mut transaction = database.write(&ada).await.unwrap();
        assert_eq!(jobs::cancel(&mut transaction, &ada, id).await.unwrap(), Some(true));
        transaction.commit().await.unwrap();
        let job = until(&database, &ada, id, |j| j.state.is_final()).await;
        assert_eq!((job.state, job.has_result), (State::Cancelled, false));
    }
    let mut transaction = database.write(&ada).await.unwrap();
    assert_eq!(jobs::cancel(&mut transaction, &ada, deaf).await.unwrap(), Some(false), "it has ended");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_hands_its_work_to_the_next_without_counting_the_attempt() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let id = ask(&database, &ada, "long").await;
    let first = Running::start(Worker::new(database.clone(), quick()).on("long", |_, progress: Progress| async move {
        progress.until_cancelled().await;
        Err(Failure::Cancelled)
    }));
    until(&database, &ada, id, |j| j.state == State::Running).await;
    first.stop().await;
    let between = look(&database, &ada, id).await.unwrap();
    assert_eq!((between.state, between.attempts.0), (State::Queued, 0));
    let second = Running::start(Worker::new(database.clone(), quick()).on("long", |_, _| async { Ok(Output::json(&json!(1))) }));
    until(&database, &ada, id, |j| j.state == State::Done).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_program_takes_over_what_the_dead_held_however_long_their_lease() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let (held, last, waits) = (ask(&database, &ada, "long").await, ask(&database, &ada, "long").await, ask(&database, &ada, "other").await);
    let mut superuser = scratch.connection("postgres").await;
    let dead = "update jobs.jobs set state = 'running', attempt = $2, lease = gen_random_uuid(), lease_until = now() + interval '1 day' where id = $1";
    for (id, attempt) in [(held, 1), (last, 3)] {
        sqlx::query(dead).bind(id.0).bind(attempt).execute(&mut superuser).await.unwrap();
    }
    jobs::take_over(&database, Duration::from_millis(100)).await.unwrap();
    let worker = Running::start(Worker::new(database.clone(), quick()).on("long", |_, _| async { Ok(Output::json(&json!(1))) }));
    assert_eq!(until(&database, &ada, held, |j| j.state.is_final()).await.attempts.0, 2);
    assert_eq!(until(&database, &ada, last, |j| j.state.is_final()).await.state, State::Failed, "it was its last attempt");
    assert_eq!(look(&database, &ada, waits).await.unwrap().state, State::Queued);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_lease_changes_nothing() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let id = ask(&database, &ada, "slow").await;
    let fenced = Arc::new(Mutex::new(Vec::new()));
    let (keep, own) = (Arc::clone(&fenced), database.clone());
    let running = Running::start(Worker::new(database.clone(), quick()).on("slow", move |job: Job, progress: Progress| {
        let (keep, database) = (Arc::clone(&keep), own.clone());
        async move {
            let mut transaction = database.write(&job.who).await.unwrap();
            let held = progress.fence(&mut transaction).await.is_ok();
            keep.lock().unwrap().push(held);
            transaction.commit().await.unwrap();
            if job.attempt == 1 {
                progress.until_cancelled().await;
                let mut transaction = database.write(&job.who).await.unwrap();
                let held = progress.fence(&mut transaction).await.is_ok();
                keep.lock().unwrap().push(held);
                return Ok(Output::json(&json!("of the first")));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Output::json(&json!("of the second")))
        }
    }));
    until(&database, &ada, id, |j| j.state == State::Running).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // as if this worker had been thought dead
    let mut superuser = scratch.connection("postgres").await;
    sqlx::query("update jobs.jobs set state = 'queued', lease = null, lease_until = null").execute(&mut superuser).await.unwrap();
    until(&database, &ada, id, |j| j.state == State::Done).await;
    running.stop().await;
    let content: Vec<u8> = sqlx::query_scalar("select content from jobs.results").fetch_one(&mut superuser).await.unwrap();
    assert_eq!(content, b"\"of the second\"");
    let mut fenced = fenced.lock().unwrap().clone();
    fenced.sort_unstable();
    assert!(fenced == [false, true, true] || fenced == [true, true], "{fenced:?}");
}

/// The body of the worker that the test below kills; by itself it is no test.
#[tokio::test]
#[ignore = "a process of its own, started and killed by `a_killed_workers_job_is_done_by_another`"]
async fn worker_to_be_killed() {
    let mut url = String::new();
    std::io::stdin().read_line(&mut url).unwrap();
    let pool = sqlx::PgPool::connect(url.trim()).await.unwrap();
    let worker = Worker::new(Database::new(pool), quick()).on("import", |_, progress: Progress| async move {
        progress.set(7, "until killed");
        std::future::pending::<()>().await;
        Err(Failure::Cancelled)
    });
    worker.run(std::future::pending()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_job_is_done_by_another() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let id = ask(&database, &ada, "import").await;
    for round in 1..=2 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "worker_to_be_killed", "--ignored"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{}\n", scratch.url("opensit_app")).as_bytes()).unwrap();
        until(&database, &ada, id, |j| j.attempts.0 == round && j.percent == 7).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(look(&database, &ada, id).await.unwrap().state, State::Running, "nobody knows yet");
    let running = Running::start(
        Worker::new(database.clone(), quick())
            .on("import", |job: Job, _| async move { Ok(Output::json(&json!({ "attempt": job.attempt }))) }),
    );
    let job = until(&database, &ada, id, |j| j.state.is_final()).await;
    assert_eq!((job.state, job.attempts), (State::Done, (3, 3)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_worker_each_time_fails_at_last() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let id = ask(&database, &ada, "deadly").await;
    let mut superuser = scratch.connection("postgres").await;
    // as three killed workers leave it
    let left = "update jobs.jobs set state = 'running', attempt = 3, lease = gen_random_uuid(), lease_until = now() - interval '1 second'";
    sqlx::query(left).execute(&mut superuser).await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&done);
    let running = Running::start(Worker::new(database.clone(), quick()).on("deadly", move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(Output::json(&json!(0))) }
    }));
    let job = until(&database, &ada, id, |j| j.state.is_final()).await;
    running.stop().await;
    assert_eq!((job.state, done.load(Ordering::SeqCst)), (State::Failed, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_jobs_are_as_absent_ones_and_the_second_wall_stands() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let (ada, ivo) = (officer("Ada"), officer("Ivo"));
    let administrator = Principal::known(Role::Administrator, Uuid::new_v4(), "Rosa", Assurance::High);
    let id = ask(&database, &ada, "export").await;
    assert!(look(&database, &ada, id).await.is_some());
    assert!(look(&database, &administrator, id).await.is_some());
    for other in [&ivo, &Principal::anonymous()] {
        assert!(look(&database, other, id).await.is_none());
        let mut transaction = database.write(other).await.unwrap();
        assert_eq!(jobs::cancel(&mut transaction, other, id).await.unwrap(), None);
        // even a query without the rule
        let rows: i64 = sqlx::query_scalar("select count(*) from jobs.jobs").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(rows, 0);
        let forged = jobs::put(&mut transaction, &ada, &NewJob::new("export", &json!(1))).await;
        assert!(forged.is_err(), "nobody asks in somebody else's name");
    }
    let mut transaction = database.write(&Principal::anonymous()).await.unwrap();
    let nobody = jobs::put(&mut transaction, &Principal::anonymous(), &NewJob::new("export", &json!(1))).await;
    assert!(matches!(nobody, Err(JobError::Nobody)));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_expire() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    let id = ask(&database, &ada, "export").await;
    let settings = Settings { keep: Duration::from_millis(300), lease: Duration::from_millis(500), ..quick() };
    let running = Running::start(Worker::new(database.clone(), settings).on("export", |_, _| async { Ok(Output::json(&json!(1))) }));
    for _ in 0..200 {
        if look(&database, &ada, id).await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(look(&database, &ada, id).await.is_none());
    let mut superuser = scratch.connection("postgres").await;
    for _ in 0..200 {
        let left: i64 = sqlx::query_scalar("select count(*) from jobs.results").fetch_one(&mut superuser).await.unwrap();
        if left == 0 {
            return running.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody swept");
}

/// Tells when it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_dropped_takes_its_handlers_along_and_its_job_is_done_by_another() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let ada = officer("Ada");
    assert!(Worker::new(database.clone(), quick()).is_idle());
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begin, end) = (Arc::clone(&begun), Arc::clone(&ended));
    let deaf = Worker::new(database.clone(), quick()).on("slow", move |_, _| {
        begin.fetch_add(1, Ordering::SeqCst);
        let dropped = Dropped(Arc::clone(&end));
        async move {
            let _held = dropped;
            std::future::pending().await
        }
    });
    assert!(!deaf.is_idle());
    let id = ask(&database, &ada, "slow").await;
    let working = tokio::spawn(deaf.run(std::future::pending()));
    until(&database, &ada, id, |job| job.state == State::Running).await;
    for _ in 0..100 {
        if begun.load(Ordering::SeqCst) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    for _ in 0..100 {
        if ended.load(Ordering::SeqCst) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)), (1, 1), "nothing goes on behind its back");
    let other = Running::start(Worker::new(database.clone(), quick()).on("slow", |_, _| async { Ok(Output::json(&json!("done"))) }));
    until(&database, &ada, id, |job| job.state == State::Done).await;
    other.stop().await;
}
