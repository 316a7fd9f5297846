use super::*;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_database_that_a_killed_server_left_is_adopted_and_then_stopped() {
    let dir = data_dir();
    let server = serve(dir.path()).unwrap();
    let pid = postmaster_pid(&server);
    crash(server);
    assert!(is_running(dir.path()));
    let command = open(dir.path()).unwrap();
    assert_eq!(postmaster_pid(&command), pid);
    assert_eq!(ask(&command, Role::App, "select 1"), "1");
    command.close().unwrap();
    assert!(!is_running(dir.path()));
}

#[test]
fn a_database_that_died_under_the_server_comes_back() {
    let dir = data_dir();
    let server = serve(dir.path()).unwrap();
    assert_eq!(ask(&server, Role::Owner, "create schema s; create table s.t as select 42 as n; select 'made'"), "made");
    assert!(!server.revive().unwrap());
    kill(postmaster_pid(&server));
    let start = Instant::now();
    while ask(&server, Role::App, "select 1") == "1" {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    assert!(server.revive().unwrap());
    assert_eq!(ask(&server, Role::Owner, "select n from s.t"), "42");
}

#[test]
fn a_half_made_database_is_made_anew() {
    let dir = data_dir();
    let half = dir.path().join("postgres.new.4711");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    // The folder is not empty any more, as after an interrupted start, which had set its mode.
    fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o711)).unwrap();
    let cluster = open(dir.path()).unwrap();
    assert_eq!(ask(&cluster, Role::App, "select 1"), "1");
    assert!(!half.exists());
}

#[test]
fn a_process_file_whose_number_another_process_has_does_not_hinder() {
    let dir = data_dir();
    let cluster = open(dir.path()).unwrap();
    let file = dir.path().join("postgres/postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    let pid = postmaster_pid(&cluster).to_string();
    cluster.close().unwrap();
    fs::write(&file, text.replacen(&pid, &std::process::id().to_string(), 1)).unwrap();
    let cluster = open(dir.path()).unwrap();
    assert_eq!(ask(&cluster, Role::App, "select 1"), "1");
}
