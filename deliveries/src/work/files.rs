//! The files of a delivery, put together under their own names: the parts of a Shapefile find each other by them.

use std::io;

use ingest::IngestError;
use uuid::Uuid;

use crate::deliveries::record::SentFile;
use crate::folder::{Folder, make, remove};

/// Moves what was sent to where it is read, and makes an empty folder for what is unpacked. Done again after a crash it goes on
/// where that one was.
pub(super) async fn gather(folder: &Folder, delivery: Uuid, files: &[SentFile]) -> Result<(), IngestError> {
    let (own, files) = (folder.clone(), files.to_vec());
    let moving = tokio::task::spawn_blocking(move || {
        let into = own.files(delivery);
        make(&into)?;
        for file in &files {
            match std::fs::rename(own.upload(file.upload), into.join(&file.name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                // moved before, or else the reader says that there is no such file
                _ => {}
            }
        }
        let unpacked = own.unpacked(delivery);
        remove(&unpacked)?;
        make(&unpacked)
    });
    let moved = moving.await.map_err(|e| IngestError::Reader(e.to_string()))?;
    moved.map_err(|cause| IngestError::Io { path: folder.delivery(delivery), cause })
}
