//! Where files lie: `uploads/<id>` while they come, `deliveries/<id>/files/<name>` when something is made of them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The folder of all of them.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// Makes the folder, for our user alone.
pub fn prepare(folder: &Path) -> io::Result<()> {
    let folder = Folder::new(folder);
    make(&folder.uploads())?;
    make(&folder.deliveries())
}

/// Makes a folder and those above it that are missing.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Removes a folder with all that is in it, if it is there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    pub(crate) fn deliveries(&self) -> PathBuf {
        self.0.join("deliveries")
    }

    /// What is fetched for a source, while it is at work.
    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.0.join("sources").join(name)
    }

    /// A file that comes.
    pub(crate) fn upload(&self, id: Uuid) -> PathBuf {
        self.uploads().join(id.to_string())
    }

    /// A piece of it that is not trusted until its checksum is.
    pub(crate) fn unchecked(&self, id: Uuid) -> PathBuf {
        self.uploads().join(format!("{id}.unchecked"))
    }

    pub(crate) fn delivery(&self, id: Uuid) -> PathBuf {
        self.deliveries().join(id.to_string())
    }

    /// Its files, under their own names.
    pub(crate) fn files(&self, id: Uuid) -> PathBuf {
        self.delivery(id).join("files")
    }

    /// Where archives are unpacked, while a job is at it.
    pub(crate) fn unpacked(&self, id: Uuid) -> PathBuf {
        self.delivery(id).join("unpacked")
    }

    /// Some of the rows, as they stand in the files.
    pub(crate) fn sample(&self, id: Uuid) -> PathBuf {
        self.delivery(id).join("sample")
    }

    /// The rows that differ.
    pub(crate) fn changes(&self, id: Uuid) -> PathBuf {
        self.delivery(id).join("changes.geojson")
    }

    /// Bytes that are free on the disk for us.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
