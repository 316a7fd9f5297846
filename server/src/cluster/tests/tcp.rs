use super::*;
use std::net::{SocketAddr, TcpListener};

/// A port that is free now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn listening(data_dir: &Path, address: SocketAddr) -> Result<Cluster, ClusterError> {
    let server = Some("http://localhost:8080".to_owned());
    Cluster::open(data_dir, &ClusterOptions { server, db_listen: Some(address) })
}

#[test]
fn the_owner_gets_in_with_the_password_and_nobody_else() {
    let dir = data_dir();
    let address = free_address();
    let cluster = listening(dir.path(), address).unwrap();
    let url = cluster.tcp_url().unwrap();
    assert_eq!(psql(&cluster, &url, "select current_user"), "opensit_owner");
    assert_eq!(ask(&cluster, Role::App, "select 1"), "1");
    for role in [Role::Superuser, Role::App, Role::Replication] {
        let refused = psql(&cluster, &format!("postgresql://{}:x@{address}/opensit", role.name()), "select 1");
        assert!(refused.contains("pg_hba.conf rejects"), "{refused}");
    }
    let wrong = format!("postgresql://opensit_owner:wrong@{address}/opensit");
    assert!(psql(&cluster, &wrong, "select 1").contains("password authentication failed"));
}

#[test]
fn the_password_stays_and_a_leftover_is_restarted_to_listen() {
    let dir = data_dir();
    let address = free_address();
    let first = listening(dir.path(), address).unwrap();
    let url = first.tcp_url().unwrap();
    first.close().unwrap();
    let file = dir.path().join("owner-password");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    crash(serve(dir.path()).unwrap());
    let second = listening(dir.path(), address).unwrap();
    assert_eq!(second.tcp_url().unwrap(), url);
    assert_eq!(psql(&second, &url, "select current_user"), "opensit_owner");
}

#[test]
fn an_address_in_use_is_named() {
    let dir = data_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let message = listening(dir.path(), address).unwrap_err().to_string();
    assert!(message.contains(&format!("can't listen on {address} (--db-listen)")), "{message}");
    assert!(!is_running(dir.path()));
}

#[test]
fn an_administrators_own_password_is_heeded() {
    let dir = data_dir();
    std::fs::write(dir.path().join("owner-password"), "l'ufficio: 12/3 \n").unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o711)).unwrap();
    let cluster = listening(dir.path(), free_address()).unwrap();
    let url = cluster.tcp_url().unwrap();
    assert!(url.contains("l%27ufficio%3A%2012%2F3@"), "{url}");
    assert_eq!(psql(&cluster, &url, "select current_user"), "opensit_owner");
}
