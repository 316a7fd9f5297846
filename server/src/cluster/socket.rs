//! The folder for the cluster's socket: short, because a socket's path holds 107 bytes; closed, because who reaches the
//! socket is trusted.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::ClusterError;
use super::layout;

/// Where a service manager, or root, keeps sockets.
const RUN: &str = "/run/opensit";

/// Makes the folder for the socket of the cluster in `data_dir`: `/run/opensit/HASH` where this process may write there
/// (as root, or under systemd with `RuntimeDirectory=opensit`), else `/tmp/opensit-UID/HASH`. `XDG_RUNTIME_DIR` is no
/// place for it: it disappears when its user logs out, and the server may stay.
pub(super) fn folder(data_dir: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
    let uid = rustix::process::geteuid();
    let run = Path::new(RUN);
    if uid.is_root() {
        let _ = DirBuilder::new().mode(0o711).create(run);
    }
    let parent = if is_ours(run) && rustix::fs::access(run, rustix::fs::Access::WRITE_OK).is_ok() {
        run.to_owned()
    } else {
        temporary(uid.as_raw(), account)?
    };
    let folder = parent.join(format!("{:016x}", fnv1a(data_dir.as_os_str().as_encoded_bytes())));
    layout::folder_of(&folder, account)?;
    check_owner(&folder, account.uid)?;
    Ok(folder)
}

/// `/tmp/opensit-UID`, which somebody else could have made first: then it is refused.
fn temporary(uid: u32, account: &Account) -> Result<PathBuf, ClusterError> {
    let path = PathBuf::from(format!("/tmp/opensit-{uid}"));
    let mode = if account.is_dropped_to { 0o711 } else { 0o700 };
    match DirBuilder::new().mode(mode).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(ClusterError::io("create", &path, error)),
        _ => {}
    }
    check_owner(&path, uid)?;
    let closed = File::open(&path).and_then(|folder| folder.set_permissions(Permissions::from_mode(mode)));
    closed.map_err(|e| ClusterError::io("close", &path, e))?;
    Ok(path)
}

fn check_owner(path: &Path, uid: u32) -> Result<(), ClusterError> {
    let metadata = fs::symlink_metadata(path).map_err(|e| ClusterError::io("open", path, e))?;
    if metadata.is_dir() && metadata.uid() == uid {
        return Ok(());
    }
    let why = format!("it is not a folder of user {uid}, but of user {}", metadata.uid());
    Err(ClusterError::SocketFolder { path: path.to_owned(), why })
}

fn is_ours(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw())
}

/// FNV-1a, 64 bits: a name that stays the same for a directory. Nothing depends on it being hard to find.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = check_owner(folder.path(), 4_242_424).unwrap_err();
        assert!(error.to_string().contains("not a folder of user 4242424"), "{error}");
    }
}
