//! A request's bytes on their way to the disk: by a thread of their own, a few pieces ahead.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use kernel::{Problem, Text};
use tokio::sync::mpsc::{Receiver, channel};

use super::Upload;
use super::append::too_long;
use super::checksum::Checksum;
use super::held::Hold;
use crate::Deliveries;
use crate::folder::{Folder, remove_file};
use crate::words::said;

/// Pieces that wait for the disk; each is what the network gave at once.
const WAITING: usize = 8;
/// Bytes after which the disk is made to have them, and is asked how full it is.
const SYNC: u64 = 32 << 20;

/// What a request brings.
pub(super) struct Piece {
    /// Where its bytes begin: at the end of what is there.
    pub(super) offset: u64,
    pub(super) body: Body,
    pub(super) checksum: Option<Checksum>,
}

enum Word {
    Bytes(Bytes),
    /// The body ended as it should.
    End,
}

enum Refused {
    TooLong,
    Mismatch,
    Full,
    /// Another program of this installation writes to it.
    Busy,
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) { Self::Full } else { Self::Io(error) }
    }
}

/// Takes them; answers how much is there then. If the connection is lost, what came is kept: this future is dropped, and the
/// thread ends with what it has. Only what has a checksum is taken whole or not at all.
pub(super) async fn receive(deliveries: &Deliveries, upload: &Upload, hold: Hold, piece: Piece) -> Result<u64, Problem> {
    let (say, heard) = channel(WAITING);
    let leave = hold.leave();
    let Piece { offset, body, checksum } = piece;
    let writer = Writer {
        folder: deliveries.0.folder.clone(),
        file: deliveries.0.folder.upload(upload.id),
        unchecked: deliveries.0.folder.unchecked(upload.id),
        offset,
        most: upload.bytes(),
        keep_free: deliveries.0.settings.free_bytes,
    };
    let writing = tokio::task::spawn_blocking(move || {
        let outcome = writer.write(heard, checksum);
        drop(hold);
        outcome
    });
    let mut pieces = body.into_data_stream();
    let mut broken = None;
    let reading = async {
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(bytes) => {
                    // who does not take it any more says why
                    if say.send(Word::Bytes(bytes)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    broken = Some(format!("the connection was lost ({error})"));
                    return;
                }
            }
        }
        let _ = say.send(Word::End).await;
    };
    let left = tokio::select! {
        () = reading => false,
        () = leave.asked() => true,
    };
    if left {
        broken = Some("another request of yours went on with this upload".to_owned());
    }
    drop(say);
    let written = writing.await.map_err(|e| Problem::internal("an upload", &e))?;
    match (written, broken) {
        (Ok(now), None) => Ok(now),
        (Ok(now), Some(why)) => Err(Problem::bad_request(format!("{why}; {now} bytes are there, go on from these")).with("offset", now)),
        (Err(Refused::TooLong), _) => Err(too_long(upload.bytes() - offset)),
        (Err(Refused::Mismatch), _) => Err(Problem::checksum_mismatch(
            "the bytes that came are not those that the checksum was made of; none was taken. Send them again",
        )),
        (Err(Refused::Full), _) => Err(full()),
        (Err(Refused::Busy), _) => {
            Err(Problem::locked("another server of this installation writes to this upload; try again in some seconds"))
        }
        (Err(Refused::Io(error)), _) => Err(Problem::internal("an upload", &error)),
    }
}

/// No room on the disk.
pub(super) fn full() -> Problem {
    let words = Text::new(
        "il disco del server non ha posto per questo file; ciò che c'era prima non è cambiato. Eliminare le consegne che non servono più, o chiedere spazio a chi \
         amministra, e poi riprendere",
        "the server's disk has no room for this file; what was there before is unchanged. Delete deliveries that are no longer needed, or \
         ask the administrator for room, and go on then",
    );
    said(Problem::insufficient_storage, &words)
}

struct Writer {
    folder: Folder,
    file: PathBuf,
    unchecked: PathBuf,
    offset: u64,
    most: u64,
    keep_free: u64,
}

impl Writer {
    fn write(&self, heard: Receiver<Word>, checksum: Option<Checksum>) -> Result<u64, Refused> {
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&self.file)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Refused::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // somebody else may have written between the question and the lock
        if file.metadata()?.len() != self.offset {
            return Err(Refused::Busy);
        }
        match checksum {
            None => self.as_it_comes(file, heard),
            Some(checksum) => {
                let outcome = self.checked(file, heard, checksum);
                remove_file(&self.unchecked)?;
                outcome
            }
        }
    }

    fn as_it_comes(&self, mut file: File, heard: Receiver<Word>) -> Result<u64, Refused> {
        file.seek(SeekFrom::Start(self.offset))?;
        match self.take(&mut file, heard, |_| ()) {
            Ok((taken, _)) => Ok(self.offset + taken),
            Err(refused) => {
                // what was told to be there stays, and nothing else
                file.set_len(self.offset)?;
                file.sync_data()?;
                Err(refused)
            }
        }
    }

    /// By a file beside it, so that after whatever happens no byte is there that was not checked.
    fn checked(&self, mut file: File, heard: Receiver<Word>, mut checksum: Checksum) -> Result<u64, Refused> {
        let mut beside = OpenOptions::new().create(true).write(true).read(true).truncate(true).open(&self.unchecked)?;
        let (taken, ended) = self.take(&mut beside, heard, |bytes| checksum.add(bytes))?;
        if !ended {
            return Ok(self.offset);
        }
        if !checksum.holds() {
            return Err(Refused::Mismatch);
        }
        beside.seek(SeekFrom::Start(0))?;
        file.seek(SeekFrom::Start(self.offset))?;
        let copied = io::copy(&mut beside, &mut file).and_then(|_| file.sync_data());
        if let Err(error) = copied {
            file.set_len(self.offset)?;
            return Err(error.into());
        }
        Ok(self.offset + taken)
    }

    fn check_room(&self) -> Result<(), Refused> {
        if self.folder.free_bytes()? < self.keep_free { Err(Refused::Full) } else { Ok(()) }
    }

    /// Writes what comes, to the disk; how much it was, and whether the body ended as it should.
    fn take(&self, file: &mut File, mut heard: Receiver<Word>, mut see: impl FnMut(&[u8])) -> Result<(u64, bool), Refused> {
        let (mut taken, mut synced) = (0_u64, 0_u64);
        let mut ended = false;
        self.check_room()?;
        while let Some(word) = heard.blocking_recv() {
            let Word::Bytes(bytes) = word else {
                ended = true;
                break;
            };
            let more = taken + bytes.len() as u64;
            if self.offset + more > self.most {
                return Err(Refused::TooLong);
            }
            see(&bytes);
            file.write_all(&bytes)?;
            taken = more;
            if taken - synced >= SYNC {
                file.sync_data()?;
                synced = taken;
                self.check_room()?;
            }
        }
        file.sync_data()?;
        Ok((taken, ended))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::sync::mpsc::channel;

    use super::{Refused, Word, Writer};
    use crate::folder::Folder;

    fn written(writer: &Writer, pieces: &[&'static [u8]], end: bool) -> Result<u64, Refused> {
        let (say, heard) = channel(16);
        for piece in pieces {
            say.try_send(Word::Bytes(Bytes::from_static(piece))).ok().unwrap();
        }
        if end {
            say.try_send(Word::End).ok().unwrap();
        }
        drop(say);
        writer.write(heard, None)
    }

    #[test]
    fn what_came_stays_and_what_is_too_much_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let writer = |offset| Writer {
            folder: Folder::new(folder.path()),
            file: file.clone(),
            unchecked: folder.path().join("b"),
            offset,
            most: 8,
            keep_free: 0,
        };
        assert!(matches!(written(&writer(0), &[b"ab", b"c"], false), Ok(3)), "a lost connection loses nothing");
        assert!(matches!(written(&writer(3), &[b"defghi"], true), Err(Refused::TooLong)));
        assert_eq!(std::fs::read(&file).unwrap(), b"abc");
        assert!(matches!(written(&writer(2), &[b"x"], true), Err(Refused::Busy)), "somebody else wrote");
        assert!(matches!(written(&writer(3), &[b"defgh"], true), Ok(8)));
        assert_eq!(std::fs::read(&file).unwrap(), b"abcdefgh");
    }
}
