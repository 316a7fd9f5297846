//! PostgreSQL's settings, as a file of ours that is written at each start. An administrator's own go into `local.conf`
//! beside it, which is read after it and never written.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::account::Account;
use super::error::ClusterError;
use super::layout::{self, Layout};

const CONF: &str = "opensit.conf";
const HBA: &str = "opensit_hba.conf";
/// The port in the socket's name when there is no TCP port: PostgreSQL's own, so that no tool needs to be told.
pub(super) const SOCKET_PORT: u16 = 5432;

/// Writes the settings. True if they differ from those that were there, so that a running cluster would need a restart.
pub(super) fn write(
    layout: &Layout,
    account: &Account,
    socket_folder: &Path,
    listen: Option<SocketAddr>,
    lz4: bool,
) -> Result<bool, ClusterError> {
    let cluster = &layout.cluster;
    let conf = conf(cluster, &layout.log, socket_folder, listen, (memory_mb(), lz4));
    let hba = hba(listen);
    let is_same = is_text(&cluster.join(CONF), &conf) && is_text(&cluster.join(HBA), &hba);
    if !is_same {
        layout::write_file(&cluster.join(HBA), &hba, account)?;
        layout::write_file(&cluster.join(CONF), &conf, account)?;
    }
    include(&cluster.join("postgresql.conf"), account)?;
    Ok(!is_same)
}

fn is_text(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found == text)
}

fn include(postgresql_conf: &Path, account: &Account) -> Result<(), ClusterError> {
    let text = fs::read_to_string(postgresql_conf).map_err(|e| ClusterError::io("read", postgresql_conf, e))?;
    if text.contains("include 'opensit.conf'") {
        return Ok(());
    }
    let text = format!("{text}\ninclude 'opensit.conf'\ninclude_if_exists 'local.conf'\n");
    layout::write_file(postgresql_conf, &text, account)
}

/// `shared_buffers` stays small (an eighth of the memory, at most 1 GB): the tiles come from the server's own memory, and the
/// system's page cache is there for the rest. The checkpoint settings are for bulk loads, which decoding goes through in memory;
/// it has room for the feed's slots, and an abandoned slot keeps 2 GB at most.
fn conf(cluster: &Path, log: &Path, socket_folder: &Path, listen: Option<SocketAddr>, (memory_mb, lz4): (u64, bool)) -> String {
    let addresses = listen.map_or_else(String::new, |address| address.ip().to_string());
    let port = listen.map_or(SOCKET_PORT, |address| address.port());
    let shared_mb = (memory_mb / 8).clamp(64, 1024);
    let maintenance_mb = (memory_mb / 32).clamp(64, 512);
    let cache_mb = (memory_mb / 2).max(128);
    let compression = if lz4 { "lz4" } else { "pglz" };
    let decoding_mb = (memory_mb / 64).clamp(64, 256);
    format!(
        "# Written by opensit at each start. Settings of your own go into local.conf, in this folder: they win.\n\
         hba_file = {hba}\n\
         listen_addresses = '{addresses}'\n\
         port = {port}\n\
         unix_socket_directories = {socket}\n\
         unix_socket_permissions = 0700\n\
         max_connections = 60\n\
         password_encryption = 'scram-sha-256'\n\
         \n\
         shared_buffers = {shared_mb}MB\n\
         maintenance_work_mem = {maintenance_mb}MB\n\
         work_mem = 16MB\n\
         effective_cache_size = {cache_mb}MB\n\
         random_page_cost = 1.1\n\
         jit = off\n\
         \n\
         wal_level = logical\n\
         wal_compression = {compression}\n\
         logical_decoding_work_mem = {decoding_mb}MB\n\
         max_wal_size = 2GB\n\
         checkpoint_timeout = 15min\n\
         max_replication_slots = 16\n\
         max_wal_senders = 16\n\
         max_slot_wal_keep_size = 2GB\n\
         \n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         lc_messages = 'C'\n\
         logging_collector = on\n\
         log_directory = {log}\n\
         log_filename = 'postgres-%a.log'\n\
         log_rotation_age = 1d\n\
         log_rotation_size = 0\n\
         log_truncate_on_rotation = on\n\
         log_file_mode = 0600\n\
         log_line_prefix = '%m [%p] %q%u@%d '\n\
         log_lock_waits = on\n",
        hba = quoted(&cluster.join(HBA)),
        socket = quoted(socket_folder),
        log = quoted(log),
    )
}

/// Who may connect how. TCP, if it is open, is for the database's roles that have a password; never for the superuser, and
/// not for the program's own roles, which have none.
fn hba(listen: Option<SocketAddr>) -> String {
    let socket = "# Written by opensit at each start. To use rules of your own, set hba_file in local.conf.\n\
                  local  all      all                               trust\n\
                  local  replication  postgres                      trust\n";
    let tcp = "host   all      postgres,opensit_app,opensit_replication  all  reject\n\
               host   opensit  all                               all  scram-sha-256\n";
    if listen.is_some() { format!("{socket}{tcp}") } else { socket.to_owned() }
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

/// The memory that this machine or this container has, in megabytes; 1024 where it can't be told.
fn memory_mb() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
    });
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
    let machine = machine.unwrap_or(1024);
    container.map_or(machine, |bytes| machine.min(bytes / (1024 * 1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(listen: Option<SocketAddr>, memory_mb: u64) -> String {
        conf(Path::new("/d/o'brien/postgres"), Path::new("/d/log"), Path::new("/run/opensit/1"), listen, (memory_mb, true))
    }

    #[test]
    fn there_is_no_tcp_unless_it_is_asked_for() {
        let text = example(None, 4096);
        assert!(text.contains("listen_addresses = ''\n") && text.contains("port = 5432\n"));
        assert!(!hba(None).contains("host "));
    }

    #[test]
    fn tcp_is_closed_to_the_superuser() {
        let address = "192.168.1.4:5433".parse().unwrap();
        let text = example(Some(address), 4096);
        assert!(text.contains("listen_addresses = '192.168.1.4'\n") && text.contains("port = 5433\n"));
        let rules = hba(Some(address));
        assert!(rules.find("reject").unwrap() < rules.find("scram-sha-256").unwrap());
    }

    #[test]
    fn memory_is_bounded_both_ways() {
        assert!(example(None, 256).contains("shared_buffers = 64MB\n"));
        assert!(example(None, 4096).contains("shared_buffers = 512MB\n"));
        assert!(example(None, 1 << 20).contains("shared_buffers = 1024MB\n"));
    }

    #[test]
    fn quotes_in_a_path_are_doubled() {
        assert!(example(None, 4096).contains("hba_file = '/d/o''brien/postgres/opensit_hba.conf'\n"));
    }
}
