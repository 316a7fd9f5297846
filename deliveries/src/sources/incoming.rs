//! One look at a folder: which of its files are whole and new, and the copy that one of them is loaded from. Nothing is written there.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::hex;

/// What comes with a file of a Shapefile's geometries.
const PARTS: [&str; 4] = ["shx", "dbf", "prj", "cpg"];
/// Names of what is not finished, or not for us.
const UNFINISHED: [&str; 8] = [".part", ".partial", ".tmp", ".filepart", ".crdownload", "-wal", "-shm", "-journal"];
/// Bytes that are copied at once.
const PIECE: usize = 1 << 20;

/// A file that may be loaded.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) name: String,
    /// Itself, and the parts of a Shapefile.
    paths: Vec<PathBuf>,
    pub(super) bytes: u64,
    /// Sizes, times and places on the disk: what differs when somebody has written to it.
    pub(super) changed: String,
    /// Nanoseconds since 1970.
    modified: i128,
}

/// The files of a folder whose names fit, the newest first.
pub(super) fn list(folder: &Path, files: &glob::Pattern) -> Result<Vec<Incoming>, String> {
    let failed = |e: std::io::Error| {
        format!("the folder {} can't be read: {e}; make it, and let the user that the program runs as read it", folder.display())
    };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let unfinished = name.starts_with(['.', '~']) || UNFINISHED.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        if !unfinished && files.matches(name) && !belongs(&path) {
            all.extend(examine(&path));
        }
    }
    all.sort_by(|a, b| (b.modified, &b.name).cmp(&(a.modified, &a.name)));
    Ok(all)
}

/// Whether it is a part of a Shapefile that is there.
fn belongs(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str()).map(str::to_ascii_lowercase);
    suffix.is_some_and(|suffix| PARTS.contains(&suffix.as_str()))
        && ["shp", "SHP"].iter().any(|suffix| path.with_extension(suffix).is_file())
}

/// A file as it is now; nothing if it is none, a link, or just gone.
pub(super) fn examine(path: &Path) -> Option<Incoming> {
    let mut paths = vec![path.to_owned()];
    if path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("shp")) {
        let parts = PARTS.iter().flat_map(|suffix| [path.with_extension(suffix), path.with_extension(suffix.to_ascii_uppercase())]);
        paths.extend(parts.filter(|part| part.symlink_metadata().is_ok_and(|data| data.is_file())));
    }
    let (mut bytes, mut changed, mut modified) = (0, String::new(), i128::MIN);
    for path in &paths {
        let data = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        bytes += data.len();
        let (written, moved) = ((data.mtime(), data.mtime_nsec()), (data.ctime(), data.ctime_nsec()));
        changed.push_str(&format!("{}/{}.{}/{}.{}/{} ", data.len(), written.0, written.1, moved.0, moved.1, data.ino()));
        modified = modified.max(i128::from(written.0) * 1_000_000_000 + i128::from(written.1));
    }
    Some(Incoming { name: path.file_name()?.to_str()?.to_owned(), paths, bytes, changed, modified })
}

impl Incoming {
    /// Copies it; the copy and its SHA-256. Nothing if somebody wrote to it meanwhile.
    pub(super) fn copy(&self, folder: &Path) -> Result<Option<(PathBuf, String)>, String> {
        let mut hash = Sha256::new();
        let failed = |path: &Path, e: std::io::Error| format!("{} can't be read: {e}", path.display());
        for path in &self.paths {
            let to = folder.join(path.file_name().unwrap_or_default());
            let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
            let mut from = File::options().read(true).custom_flags(no_link).open(path).map_err(|e| failed(path, e))?;
            let mut into = File::create(&to).map_err(|e| format!("no copy of {} can be made: {e}", path.display()))?;
            let mut piece = vec![0; PIECE];
            // where one part ends and the next begins counts, too
            hash.update(from.metadata().map_err(|e| failed(path, e))?.len().to_le_bytes());
            loop {
                let read = from.read(&mut piece).map_err(|e| failed(path, e))?;
                if read == 0 {
                    break;
                }
                hash.update(&piece[..read]);
                into.write_all(&piece[..read]).map_err(|e| format!("no copy of {} can be made: {e}", path.display()))?;
            }
        }
        let same = self.paths.first().and_then(|path| examine(path)).is_some_and(|now| now.changed == self.changed);
        Ok(same.then(|| (folder.join(&self.name), hex(hash))))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::list;

    #[test]
    fn only_whole_files_are_found_and_a_shapefile_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a.shp", "a.shx", "a.dbf", "alone.dbf", "b.gpkg", "b.gpkg-wal", ".hidden.csv", "c.csv.part", "~d.xlsx", "e.txt"] {
            fs::write(at(name), name).unwrap();
        }
        fs::create_dir(at("folder.csv")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("link.csv")).unwrap();
        let names = |pattern: &str| {
            let mut names: Vec<String> =
                list(folder.path(), &glob::Pattern::new(pattern).unwrap()).unwrap().into_iter().map(|file| file.name).collect();
            names.sort();
            names
        };
        assert_eq!(names("*"), ["a.shp", "alone.dbf", "b.gpkg", "e.txt"]);
        assert_eq!(names("*.csv"), [""; 0]);
        let words = list(&at("nowhere"), &glob::Pattern::new("*").unwrap()).unwrap_err();
        assert!(words.contains("nowhere") && words.contains("make it"), "{words}");
    }

    #[test]
    fn a_copy_has_a_hash_and_what_is_written_to_meanwhile_is_none() {
        let (folder, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let find = || list(folder.path(), &glob::Pattern::new("*").unwrap()).unwrap();
        fs::write(folder.path().join("a.shp"), "one").unwrap();
        fs::write(folder.path().join("a.dbf"), "two").unwrap();
        let before = find().remove(0);
        let (path, content) = before.copy(into.path()).unwrap().unwrap();
        assert_eq!((fs::read_to_string(path).unwrap().as_str(), before.bytes), ("one", 6));
        fs::write(folder.path().join("a.dbf"), "2").unwrap();
        assert!(before.copy(into.path()).unwrap().is_none());
        let (_, other) = find()[0].copy(into.path()).unwrap().unwrap();
        assert_ne!(content, other);
    }
}
