//! Unpacks a zip into a folder of its own, within bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use kernel::Text;
use zip::ZipArchive;

use crate::{IngestError, Limits, Stop};

/// Unpacks every plain file of the archive into `into`, or nothing: all entries are looked at before the first is
/// written, and what is written is counted, whatever the archive says of its sizes.
pub(crate) fn unpack(path: &Path, file: &str, into: &Path, limits: &Limits, stop: &Stop) -> Result<(), IngestError> {
    let size = path.metadata().map_err(IngestError::io(path))?.len();
    let opened = File::open(path).map_err(IngestError::io(path))?;
    let mut archive = ZipArchive::new(io::BufReader::new(opened)).map_err(|e| damaged(file, &e))?;
    let refuse = |entry: &str, it: &str, en: &str| IngestError::Archive {
        file: file.to_owned(),
        entry: entry.chars().take(200).collect(),
        why: Text::new(it, en),
    };
    if archive.len() > limits.archive_entries {
        let (there, allowed) = (archive.len(), limits.archive_entries);
        let it = format!("è l'ultima di {there}, e se ne ammettono {allowed}");
        return Err(refuse("…", &it, &format!("is the last of {there}, and {allowed} are allowed")));
    }
    let mut targets: Vec<Option<PathBuf>> = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|e| damaged(file, &e))?;
        let target = inside(entry.name()).ok_or_else(|| refuse(entry.name(), "porta fuori dall'archivio", "leads out of the archive"))?;
        if entry.is_symlink() {
            return Err(refuse(entry.name(), "è un collegamento simbolico", "is a symbolic link"));
        }
        if entry.encrypted() {
            return Err(refuse(entry.name(), "è cifrata", "is encrypted"));
        }
        targets.push((!entry.is_dir()).then_some(target));
    }
    let mut left = limits.archive_allows(size);
    for (index, target) in targets.into_iter().enumerate() {
        let Some(target) = target else { continue };
        let mut entry = archive.by_index(index).map_err(|e| damaged(file, &e))?;
        let target = into.join(target);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(IngestError::io(folder))?;
        }
        let mut out = File::create_new(&target).map_err(IngestError::io(&target))?;
        let mut bytes = Until { bytes: (&mut entry).take(left + 1), stop };
        let written = io::copy(&mut bytes, &mut out).map_err(|cause| match cause.kind() {
            _ if stop.is_asked() => IngestError::Cancelled,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => damaged(file, &cause),
            _ => IngestError::Io { path: target.clone(), cause },
        })?;
        left = left.checked_sub(written).ok_or_else(|| {
            refuse(
                entry.name(),
                "cresce oltre ciò che un archivio così può contenere (una bomba?)",
                "grows beyond what such an archive may hold (a bomb?)",
            )
        })?;
    }
    Ok(())
}

/// Bytes that end with an error when we are told to stop.
struct Until<'a, R> {
    bytes: R,
    stop: &'a Stop,
}

impl<R: Read> Read for Until<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_asked() { Err(io::ErrorKind::ConnectionAborted.into()) } else { self.bytes.read(into) }
    }
}

/// The path of an entry below the archive's root, or `None` if it is not below it.
fn inside(name: &str) -> Option<PathBuf> {
    if name.contains(['\\', '\0']) {
        return None;
    }
    let path = Path::new(name);
    path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)).then(|| path.to_owned())
}

fn damaged(file: &str, cause: &impl std::fmt::Display) -> IngestError {
    IngestError::Damaged { file: file.to_owned(), format: "a zip archive", cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::unpack;
    use crate::{IngestError, Limits, Stop};
    use std::io::Write;
    use std::path::Path;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(folder: &Path, entries: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = folder.join("a.zip");
        let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    fn outcome(entries: &[(&str, &[u8])], limits: &Limits) -> (Result<(), IngestError>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("x/into");
        std::fs::create_dir_all(&into).unwrap();
        let result = unpack(&archive(folder.path(), entries), "a.zip", &into, limits, &Stop::default());
        // the archive itself and x, into which nothing but `into` may have come
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(std::fs::read_dir(folder.path().join("x")).unwrap().count(), 1);
        let count = std::fs::read_dir(&into).unwrap().count();
        (result, count)
    }

    #[test]
    fn a_path_out_of_the_archive_stops_everything() {
        for name in ["../../evil.csv", "/etc/evil.csv", "a/../../evil", "..\\evil.csv"] {
            let (result, written) = outcome(&[("good.csv", b"x;y"), (name, b"evil")], &Limits::default());
            assert!(matches!(result, Err(IngestError::Archive { .. })), "{name}: {result:?}");
            assert_eq!(written, 0, "{name}");
        }
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
        zip.add_symlink("a.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        let result = unpack(&path, "a.zip", folder.path(), &Limits::default(), &Stop::default());
        assert!(matches!(&result, Err(IngestError::Archive { why, .. }) if why.en.contains("link")), "{result:?}");
    }

    #[test]
    fn what_grows_too_much_or_counts_too_many_is_refused() {
        let zeros = vec![0u8; 4 << 20];
        let few = Limits { archive_bytes: 1 << 20, ..Limits::default() };
        assert!(matches!(outcome(&[("bomb.csv", &zeros)], &few).0, Err(IngestError::Archive { .. })));
        let two = Limits { archive_entries: 2, ..Limits::default() };
        assert!(matches!(outcome(&[("a", b""), ("b", b""), ("c", b"")], &two).0, Err(IngestError::Archive { .. })));
    }

    #[test]
    fn who_is_told_to_stop_unpacks_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = archive(folder.path(), &[("a.csv", b"x;y\n1;2\n")]);
        let stop = Stop::default();
        stop.ask();
        let result = unpack(&path, "a.zip", &folder.path().join("into"), &Limits::default(), &stop);
        assert!(matches!(result, Err(IngestError::Cancelled)), "{result:?}");
    }

    #[test]
    fn a_truncated_archive_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = archive(folder.path(), &[("a.csv", b"x;y\n1;2\n")]);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let error = unpack(&path, "a.zip", folder.path(), &Limits::default(), &Stop::default()).unwrap_err();
        assert!(error.to_string().contains("truncated"), "{error}");
    }
}
