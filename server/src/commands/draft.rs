//! The file that is written to, beside the one that it becomes when it is whole. It has no name until then where the file system can do
//! that, so that a program that is killed leaves nothing; elsewhere what was left is cleared away by the next.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, linkat};
use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".opensit-";
const SUFFIX: &str = ".part";
/// As far as the umask leaves it.
const MODE: u32 = 0o666;

pub(super) enum Draft {
    Unnamed(File),
    Named(NamedTempFile),
}

impl Draft {
    /// Begins one in the folder of a file.
    pub(super) fn beside(file: &Path) -> io::Result<Self> {
        let folder = folder(file);
        clear(&folder)?;
        let draft = match rustix::fs::open(&folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::from_raw_mode(MODE)) {
            Ok(made) => Self::Unnamed(made.into()),
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR) => {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(MODE);
                Self::Named(names().permissions(mode).tempfile_in(&folder)?)
            }
            Err(error) => return Err(error.into()),
        };
        // says that somebody writes it; a file system without locks has nobody who would ask
        let _ = flock(draft.as_file(), FlockOperation::NonBlockingLockExclusive);
        Ok(draft)
    }

    pub(super) fn as_file(&self) -> &File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(named) => named.as_file(),
        }
    }

    /// Becomes the file, in the place of the one that exists only if that is asked for.
    pub(super) fn become_file(self, file: &Path, replace: bool) -> io::Result<()> {
        let folder = folder(file);
        match self {
            Self::Unnamed(draft) if replace => {
                let named = names().make_in(&folder, |path| name(&draft, path))?;
                named.persist(file)?;
            }
            Self::Unnamed(draft) => name(&draft, file)?,
            Self::Named(named) if replace => drop(named.persist(file)?),
            Self::Named(named) => drop(named.persist_noclobber(file)?),
        }
        File::open(folder)?.sync_all()
    }
}

fn names() -> Builder<'static, 'static> {
    let mut names = Builder::new();
    names.prefix(PREFIX).suffix(SUFFIX);
    names
}

/// Gives a file that has no name one.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

fn folder(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Removes the drafts that nobody writes any more.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if !ours || !entry.file_type()?.is_file() {
            continue;
        }
        let Ok(left) = File::options().write(true).open(entry.path()) else { continue };
        if flock(&left, FlockOperation::NonBlockingLockExclusive).is_ok() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::{Draft, PREFIX, SUFFIX};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn begun(file: &Path, text: &str) -> Draft {
        let draft = Draft::beside(file).unwrap();
        draft.as_file().write_all(text.as_bytes()).unwrap();
        draft
    }

    #[test]
    fn a_draft_becomes_the_file_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pmtiles");
        begun(&file, "first").become_file(&file, false).unwrap();
        drop(begun(&file, "dropped"));
        let error = begun(&file, "second").become_file(&file, false).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), names(folder.path())), ("first", vec!["a.pmtiles".to_owned()]));
        begun(&file, "third").become_file(&file, true).unwrap();
        assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), names(folder.path())), ("third", vec!["a.pmtiles".to_owned()]));
        assert!(Draft::beside(&folder.path().join("nowhere/a.pmtiles")).is_err());
    }

    #[test]
    fn what_was_left_is_cleared_away_and_what_is_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pmtiles");
        let (left, written) = (format!("{PREFIX}left{SUFFIX}"), format!("{PREFIX}written{SUFFIX}"));
        std::fs::write(folder.path().join(left), "half").unwrap();
        std::fs::write(folder.path().join("other.pmtiles"), "whole").unwrap();
        let other = std::fs::File::create(folder.path().join(&written)).unwrap();
        rustix::fs::flock(&other, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let named = Draft::Named(super::names().tempfile_in(folder.path()).unwrap());
        rustix::fs::flock(named.as_file(), rustix::fs::FlockOperation::LockExclusive).unwrap();
        begun(&file, "whole").become_file(&file, false).unwrap();
        named.become_file(&folder.path().join("b.pmtiles"), false).unwrap();
        assert_eq!(names(folder.path()), [written.as_str(), "a.pmtiles", "b.pmtiles", "other.pmtiles"]);
    }
}
