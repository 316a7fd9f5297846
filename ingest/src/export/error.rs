use std::path::PathBuf;

use thiserror::Error;

/// Why there is no file. Each message says what, why and what to do.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The system does not let us write.
    #[error("{} can't be written: {cause}; there is no file. Look whether the folder is there, may be written to, and has room", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A name that does not say what the format is.
    #[error("{}: {why}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong with its name, and what it should be.
        why: String,
    },
    /// The format has no place for the layer.
    #[error("`{layer}` can't be written as {format}: {why}")]
    Format {
        /// The layer.
        layer: kernel::LayerId,
        /// The format.
        format: &'static str,
        /// Why, and what to do.
        why: &'static str,
    },
    /// The coordinate system is none of ours, or not the format's.
    #[error("{0}")]
    Crs(#[from] crs::CrsError),
    /// Positions that have no place in the file's system.
    #[error("the row `{id}` has no place in {crs}: {why}; there is no file. Choose another system, or leave the row out with a filter")]
    NoPlace {
        /// The row's id.
        id: String,
        /// The system.
        crs: String,
        /// Why.
        why: String,
    },
    /// The database does not do as it should.
    #[error("the rows can't be read: {0}; there is no file")]
    Database(sqlx::Error),
    /// The process that writes for us is gone, or can't write.
    #[error("the process that writes {format} for us {why}; there is no file. Another format may do: GeoPackage holds most")]
    Writer {
        /// The format.
        format: &'static str,
        /// What it says, or became of it.
        why: String,
    },
    /// A thread of ours died.
    #[error("writing stopped for a reason of our own ({0}); there is no file. Please report this to us")]
    Thread(String),
}

impl ExportError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Io { path: path.into(), cause }
    }
}
