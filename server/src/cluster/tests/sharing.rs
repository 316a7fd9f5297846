use super::super::running_server;
use super::*;
use std::thread;

#[test]
fn a_second_server_is_told_who_the_first_one_is() {
    let dir = data_dir();
    let first = serve(dir.path()).unwrap();
    first.announce("http://localhost:8081").unwrap();
    let message = serve(dir.path()).unwrap_err().to_string();
    let process = format!("process {}, http://localhost:8081", std::process::id());
    assert!(message.contains(&process) && message.contains("--data-dir"), "{message}");
    assert_eq!(running_server(dir.path()), Some(process));
    first.close().unwrap();
    assert_eq!(running_server(dir.path()), None);
    serve(dir.path()).unwrap();
}

#[test]
fn a_command_joins_the_servers_database_and_leaves_it_running() {
    let dir = data_dir();
    let server = serve(dir.path()).unwrap();
    let command = open(dir.path()).unwrap();
    assert_eq!(command.url(Role::Owner), server.url(Role::Owner));
    command.close().unwrap();
    assert_eq!(ask(&server, Role::App, "select 1"), "1");
}

#[test]
fn the_last_one_out_stops_the_database() {
    let dir = data_dir();
    let server = serve(dir.path()).unwrap();
    let command = open(dir.path()).unwrap();
    server.close().unwrap();
    assert_eq!(ask(&command, Role::App, "select 1"), "1");
    drop(command);
    assert!(!is_running(dir.path()));
}

#[test]
fn commands_that_start_and_stop_at_once_do_not_trip_each_other() {
    let dir = data_dir();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let cluster = open(dir.path()).unwrap();
                    assert_eq!(ask(&cluster, Role::App, "select 1"), "1");
                    cluster.close().unwrap();
                }
            });
        }
    });
    assert!(!is_running(dir.path()));
}
