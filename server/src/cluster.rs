//! The private PostgreSQL cluster: made, started, joined and stopped by the program itself, in its data directory.
//!
//! Whoever opens it uses the cluster that is there: one that runs is joined (also one that a crashed server left), one that
//! does not is started, one that is missing is made. Whoever leaves last stops it. So `opensit ingest` works the same beside a
//! running server, without one, and after a crash. Everything here blocks: call it outside the async runtime, or in
//! `spawn_blocking`.
//!
//! It must not know: HTTP, layers, migrations, configuration or the environment.

mod account;
mod binaries;
mod error;
mod init;
mod layout;
mod locks;
mod postmaster;
mod roles;
mod settings;
mod socket;
#[cfg(test)]
mod tests;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
#[cfg(test)]
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use account::Account;
pub(crate) use binaries::Binaries;
pub(crate) use error::ClusterError;
use layout::Layout;
use locks::{Gate, ServerLock, Share};
use postmaster::Postmaster;
pub(crate) use roles::{Role, roles_sql};

/// How to open the cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterOptions {
    /// Set by a server: the address that it will serve at, for the message to a second server. Other commands leave it out.
    pub(crate) server: Option<String>,
    /// Open TCP here, with passwords (SCRAM), for people who edit with other programs. Only a start heeds it.
    pub(crate) db_listen: Option<SocketAddr>,
}

/// The running cluster, in use by this process. Dropping it leaves, and stops the cluster if nobody else uses it.
#[derive(Debug)]
pub(crate) struct Cluster {
    layout: Layout,
    account: Account,
    binaries: Binaries,
    options: ClusterOptions,
    process: Mutex<Process>,
    share: Share,
    server: Option<ServerLock>,
    is_left: bool,
}

/// The postmaster, and the handle of it if this process is its parent.
#[derive(Debug)]
struct Process {
    postmaster: Postmaster,
    child: Option<Child>,
}

impl Cluster {
    /// Joins the cluster in `data_dir`, or starts it, or makes it. Afterwards its database, roles and extensions are there.
    ///
    /// # Errors
    /// Every [`ClusterError`]; nothing is left running or half-made behind one.
    pub(crate) fn open(data_dir: &Path, options: &ClusterOptions) -> Result<Self, ClusterError> {
        let account = Account::current()?;
        let layout = Layout::prepare(data_dir, &account)?;
        let server = options.server.as_deref().map(|address| ServerLock::take(&layout, address)).transpose()?;
        let gate = Gate::enter(&layout)?;
        let binaries = init::ensure(&layout, &account)?;
        let share = Share::open(&layout)?;
        let is_alone = share.is_alone();
        let parts = Parts { layout: &layout, account: &account, binaries: &binaries };
        let process = parts.join_or_start(options, is_alone)?;
        let is_started = process.child.is_some();
        share.join(&layout)?;
        let process = Mutex::new(process);
        let cluster = Self { layout, account, binaries, options: options.clone(), process, share, server, is_left: false };
        // Nobody else joins before the database is whole; and leaving, after a failure, passes the gate again.
        let set_up = if is_alone || is_started { cluster.set_up() } else { Ok(()) };
        drop(gate);
        set_up.map(|()| cluster)
    }

    /// The connection string of a role over the cluster's socket, as `psql`, GDAL and sqlx read it.
    pub(crate) fn url(&self, role: Role) -> String {
        let process = self.process();
        roles::socket_url(role, &process.postmaster.socket_folder, process.postmaster.port)
    }

    /// The folder of the socket and the port in its name.
    #[cfg(test)]
    pub(crate) fn socket(&self) -> (PathBuf, u16) {
        let process = self.process();
        (process.postmaster.socket_folder.clone(), process.postmaster.port)
    }

    /// The owner's connection string over TCP, password included; nothing unless the cluster was opened with `db_listen`.
    pub(crate) fn tcp_url(&self) -> Option<String> {
        let address = self.options.db_listen?;
        let password = fs::read_to_string(self.layout.lock("owner-password")).ok()?;
        Some(roles::tcp_url(password.trim(), address))
    }

    /// PostgreSQL's programs of the cluster's version, such as `pg_dump`.
    pub(crate) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// A server notes the address that it serves at, once it is bound. Commands and a second server can say it then.
    ///
    /// # Errors
    /// [`ClusterError::Io`] when the note can't be written.
    pub(crate) fn announce(&self, address: &str) -> Result<(), ClusterError> {
        let Some(server) = &self.server else { return Ok(()) };
        server.note(address).map_err(|e| ClusterError::io("write", &self.layout.lock("server.lock"), e))
    }

    /// Starts the cluster again if it died under us. True if it had.
    ///
    /// # Errors
    /// As [`Cluster::open`].
    pub(crate) fn revive(&self) -> Result<bool, ClusterError> {
        let _gate = Gate::enter(&self.layout)?;
        if Postmaster::settle(&self.layout, &self.account)?.is_some() {
            return Ok(false);
        }
        let mut held = self.process();
        // Until it is waited for, the dead child is a zombie, which PostgreSQL takes for a live postmaster.
        let _ = held.child.take().map(|mut child| child.wait());
        let parts = Parts { layout: &self.layout, account: &self.account, binaries: &self.binaries };
        *held = parts.join_or_start(&self.options, false)?;
        Ok(true)
    }

    /// Leaves the cluster, and stops it if nobody else uses it.
    ///
    /// # Errors
    /// [`ClusterError::Stop`] when it does not end in time; [`ClusterError::Busy`].
    pub(crate) fn close(mut self) -> Result<(), ClusterError> {
        self.leave()
    }

    /// Leaves the cluster running, for programs of others that were told its connection string. The next to leave stops it.
    pub(crate) fn leave_running(mut self) {
        self.is_left = true;
    }

    fn leave(&mut self) -> Result<(), ClusterError> {
        if std::mem::replace(&mut self.is_left, true) {
            return Ok(());
        }
        let _gate = Gate::enter(&self.layout)?;
        if !self.share.is_alone() {
            return Ok(());
        }
        let child = self.process().child.take();
        if let Some(postmaster) = Postmaster::find(&self.layout, &self.account)? {
            postmaster.stop(&self.layout, &self.account, child)?;
        }
        let _ = fs::remove_dir(&self.process().postmaster.socket_folder);
        Ok(())
    }

    fn set_up(&self) -> Result<(), ClusterError> {
        let postmaster = self.process().postmaster.clone();
        roles::set_up(&self.binaries, &self.layout, &self.account, &postmaster)?;
        if self.options.db_listen.is_some() {
            self.set_owner_password(&postmaster)?;
        }
        Ok(())
    }

    /// The file is what counts: an administrator may write another password into it.
    fn set_owner_password(&self, postmaster: &Postmaster) -> Result<(), ClusterError> {
        let file = self.layout.lock("owner-password");
        let known = fs::read_to_string(&file).ok();
        let known = known.as_deref().map(str::trim).filter(|known| !known.is_empty());
        let password = roles::set_owner_password(&self.binaries, &self.layout, &self.account, postmaster, known)?;
        if known.is_none() {
            layout::write_file(&file, &password, &self.account)?;
        }
        Ok(())
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::error!(%error, "the private database was not stopped");
        }
    }
}

/// What the server of this directory noted about itself, such as `process 4711, http://localhost:8080`; nothing if none runs.
pub(crate) fn running_server(data_dir: &Path) -> Option<String> {
    locks::holder(data_dir)
}

/// What starting needs, borrowed.
struct Parts<'a> {
    layout: &'a Layout,
    account: &'a Account,
    binaries: &'a Binaries,
}

impl Parts<'_> {
    /// The postmaster that runs, or a new one. A leftover that nobody uses is started anew for a server that wants other settings.
    fn join_or_start(&self, options: &ClusterOptions, is_alone: bool) -> Result<Process, ClusterError> {
        let socket_folder = socket::folder(&self.layout.data_dir, self.account)?;
        let write = || settings::write(self.layout, self.account, &socket_folder, options.db_listen, self.binaries.has_lz4());
        if let Some(postmaster) = Postmaster::settle(self.layout, self.account)? {
            if !(is_alone && options.server.is_some() && write()?) {
                tracing::debug!(pid = postmaster.pid, "joined the running database");
                return Ok(Process { postmaster, child: None });
            }
            postmaster.stop(self.layout, self.account, None)?;
        }
        self.layout.check_room(layout::ROOM_TO_START_MB)?;
        if let Some(address) = options.db_listen {
            TcpListener::bind(address).map_err(|source| ClusterError::Listen { address, source })?;
        }
        let started = write().and_then(|_| Postmaster::start(self.binaries, self.layout, self.account));
        if started.is_err() {
            let _ = fs::remove_dir(&socket_folder);
        }
        started.map(|(postmaster, child)| Process { postmaster, child: Some(child) })
    }
}
