use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::cluster::{ClusterError, running_server};
use crate::config::Config;
use crate::failure::Failure;

/// Connections that may wait until they are taken. One that finds no room tries again after a second, so that a crowd at once would
/// keep others waiting.
const BACKLOG: u32 = 4096;

/// The address that is to be served, held while what serves it is made ready: nobody else gets it, and whoever comes too early is
/// refused as before. Taken first, so that a server that can't have it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Bound {
    socket: TcpSocket,
    wanted: SocketAddr,
}

impl Bound {
    /// Takes the configured address. Where it is in use, and by the server of this very directory, that is what is said.
    pub(crate) fn take(config: &Config) -> std::result::Result<Self, Failure> {
        let wanted = config.listen.value;
        bind(wanted).map(|socket| Self { socket, wanted }).map_err(|error| {
            let data_dir = &config.data_dir.value;
            let ours = config.database_url.is_none() && error.kind() == ErrorKind::AddrInUse;
            match running_server(data_dir).filter(|_| ours) {
                Some(holder) => ClusterError::AlreadyServed { data_dir: data_dir.clone(), holder }.into(),
                None => refused(wanted, &error),
            }
        })
    }

    /// The port, also where any free one was asked for.
    pub(crate) fn port(&self) -> u16 {
        self.socket.local_addr().map_or(self.wanted.port(), |address| address.port())
    }

    /// From now on connections come.
    pub(crate) fn listen(self) -> std::result::Result<TcpListener, Failure> {
        self.socket.listen(BACKLOG).map_err(|error| refused(self.wanted, &error))
    }
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // as servers are wont to: a server that was stopped can be started again at once
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn refused(address: SocketAddr, error: &Error) -> Failure {
    let cure = match error.kind() {
        ErrorKind::AddrInUse => "another program listens there: stop it, or choose another --listen (127.0.0.1:0 finds a free port)",
        ErrorKind::PermissionDenied => "ports below 1024 need privileges: choose a higher one and put a proxy before it",
        ErrorKind::AddrNotAvailable => "this machine has no such address: 127.0.0.1 or 0.0.0.0 always work",
        _ => "choose another --listen",
    };
    Failure::new(format!("can't listen at {address}: {error}; {cure}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::bind;

    #[tokio::test]
    async fn an_address_that_is_held_lets_nobody_in_before_its_time_and_another_server_is_not_passed_over() {
        let held = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = held.local_addr().unwrap();
        assert!(TcpStream::connect(address).is_err(), "nobody waits for an answer that nobody can give yet");
        let listener = held.listen(1).unwrap();
        assert!(TcpStream::connect(address).is_ok());
        assert_eq!(bind(address).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        drop(listener);
    }
}
