//! Folders in which something is made, and which nobody needs when it is done.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tempfile::TempDir;

/// A folder that goes with all that is in it when this is dropped; and, where the program was killed before that, when the next one of the
/// same name is made beside it.
#[derive(Debug)]
pub struct Workshop {
    folder: TempDir,
    /// The folder, locked for as long as its maker lives.
    _alive: File,
}

impl Workshop {
    /// Takes away what those have left that were killed, and makes one whose name begins with `prefix`, for our user alone.
    ///
    /// # Errors
    /// When the system does not let us make or lock it.
    pub fn within(parent: &Path, prefix: &str) -> io::Result<Self> {
        sweep(parent, prefix);
        loop {
            let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
            // somebody who sweeps may have come upon it before it was locked
            match File::open(folder.path()).and_then(|opened| opened.lock_shared().map(|()| opened)) {
                Ok(alive) if folder.path().exists() => return Ok(Self { folder, _alive: alive }),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes those whose maker is gone: the system takes a lock back from who dies. Links and folders of other users are nobody's business, and
/// who can't look there finds out when the folder is made.
fn sweep(parent: &Path, prefix: &str) {
    let us = rustix::process::geteuid().as_raw();
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        // of the entry itself: a link is not followed
        let ours = named && entry.metadata().is_ok_and(|data| data.is_dir() && data.uid() == us);
        let Some(opened) = ours.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        if opened.try_lock().is_ok() {
            match std::fs::remove_dir_all(entry.path()) {
                Ok(()) => tracing::info!(folder = %entry.path().display(), "removed what a program that was killed has left"),
                Err(error) => tracing::warn!(folder = %entry.path().display(), cause = %error, "what a killed program left stays"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Workshop;

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_have_stays() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        for folder in ["work-dead/deep", "other-dead", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("work-dead/deep/a.csv"), "x").unwrap();
        fs::write(at("work-file"), "x").unwrap();
        fs::write(at("elsewhere/a.csv"), "x").unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at("work-link")).unwrap();

        let first = Workshop::within(parent.path(), "work-").unwrap();
        assert!(!at("work-dead").exists(), "its maker holds no lock any more");
        let second = Workshop::within(parent.path(), "work-").unwrap();
        assert!(first.path().is_dir() && second.path().is_dir() && first.path() != second.path());
        assert!(at("other-dead").is_dir() && at("work-file").is_file() && at("work-link").is_symlink() && at("elsewhere/a.csv").is_file());
        let was = first.path().to_owned();
        drop(first);
        assert!(!was.exists() && second.path().exists());
    }
}
