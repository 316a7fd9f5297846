//! The folder in which a file is made, beside the place where it belongs; gone with all that is in it unless the file is whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{ExportError, Format};
use crate::workshop::Workshop;

/// How the folders' names begin.
const PREFIX: &str = ".opensit-export-";

/// A file that is being made.
pub(super) struct Draft {
    folder: Workshop,
    path: PathBuf,
    format: Format,
}

impl Draft {
    /// Makes the folder.
    pub(super) fn beside(file: &Path, format: Format) -> Result<Self, ExportError> {
        let parent = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent.canonicalize().map_err(ExportError::io(file))?;
        let folder = Workshop::within(&parent, PREFIX).map_err(ExportError::io(file))?;
        // the files of a Shapefile are called as the archive is
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("export");
        let stem = name.split('.').next().filter(|s| !s.is_empty()).unwrap_or("export");
        let path = folder.path().join(format!("{stem}.{}", format.name()));
        Ok(Self { folder, path, format })
    }

    /// Where the file is made.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it where it belongs, when it is on the disk.
    pub(super) fn finish(self, file: &Path) -> Result<(), ExportError> {
        let made = if self.format == Format::Shp { self.archive().map_err(ExportError::io(file))? } else { self.path.clone() };
        let moved = File::open(&made).and_then(|made| made.sync_all()).and_then(|()| std::fs::rename(&made, file));
        moved.map_err(ExportError::io(file))
    }

    fn archive(&self) -> io::Result<PathBuf> {
        let mut parts: Vec<PathBuf> = std::fs::read_dir(self.folder.path())?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        parts.sort();
        let path = self.folder.path().join("archive.zip");
        let mut archive = zip::ZipWriter::new(File::create(&path)?);
        for part in parts {
            let name = part.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            // a part may be larger than the archive's old form can say
            let large = part.metadata()?.len() > u64::from(u32::MAX);
            archive.start_file(name, zip::write::SimpleFileOptions::default().large_file(large))?;
            io::copy(&mut File::open(&part)?, &mut archive)?;
        }
        archive.finish()?;
        Ok(path)
    }
}
