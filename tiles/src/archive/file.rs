//! The files themselves: what is opened at all, and whether all of it is there.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use super::ArchiveError;

/// Opens a file to read it. Whatever else has a name (a pipe would keep the program waiting) is refused.
pub(super) fn open(path: &Path) -> Result<File, ArchiveError> {
    regular(path)?;
    // what became a pipe meanwhile opens at once
    let opened = File::options().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(path);
    let file = opened.map_err(|e| unopened(&e))?;
    let kind = file.metadata().map_err(|e| unopened(&e))?.file_type();
    if kind.is_file() { Ok(file) } else { Err(no_file(kind)) }
}

/// Refuses what is no file, for those who open it themselves.
pub(super) fn regular(path: &Path) -> Result<(), ArchiveError> {
    let kind = std::fs::metadata(path).map_err(|e| unopened(&e))?.file_type();
    if kind.is_file() { Ok(()) } else { Err(no_file(kind)) }
}

/// Refuses a file that ends before what it says that it has, bytes.
pub(super) fn reaches(file: &File, end: u64) -> Result<(), ArchiveError> {
    let length = file.metadata().map_err(ArchiveError::broken)?.len();
    if length >= end {
        return Ok(());
    }
    let what = format!("it is cut short: it says that it has {end} bytes, and {length} are there");
    Err(ArchiveError::new(what, "Copy it again, to the end, or write it anew"))
}

fn unopened(error: &std::io::Error) -> ArchiveError {
    ArchiveError::new(format!("it can't be opened: {error}"), "Is `file` right, and may the server read it?")
}

fn no_file(kind: std::fs::FileType) -> ArchiveError {
    let what = match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    ArchiveError::new(format!("it is {what}, not a file"), "Name the file itself")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{open, reaches};

    #[test]
    fn only_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| open(path).unwrap_err().to_string();
        let pipe = folder.path().join("pipe.pmtiles");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(refused(&pipe).contains("a pipe, not a file"), "{}", refused(&pipe));
        assert!(refused(folder.path()).contains("a directory, not a file"));
        assert!(refused(Path::new("/dev/zero")).contains("a device, not a file"));
        assert!(refused(&folder.path().join("nothing")).contains("can't be opened"));
        let file = folder.path().join("file");
        std::fs::write(&file, "1234").unwrap();
        let linked = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &linked).unwrap();
        let opened = open(&linked).unwrap();
        assert!(reaches(&opened, 4).is_ok());
        assert!(reaches(&opened, 5).unwrap_err().to_string().contains("has 5 bytes, and 4 are there"));
    }
}
