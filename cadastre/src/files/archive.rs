use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::{FileKind, Found, Left, Limits, recognise, shown, unreadable, with_head};
use crate::remark::{Issue, Remarks};

/// From here on a file's size is compared with what it had in the archive.
const SMALL: u64 = 16 << 20;

/// Hands over a file, or what is in it if it is an archive.
pub(super) fn take(mut file: File, name: &str, limits: &Limits, left: &mut Left, each: &mut dyn FnMut(Found<'_>)) {
    let kind = with_head(&mut file).map(|(head, _)| recognise(&head, name));
    let rewound = kind.and_then(|kind| file.seek(SeekFrom::Start(0)).map(|_| kind));
    match rewound {
        Err(error) => unreadable(name.to_owned(), &error, each),
        Ok(Some(FileKind::Archive)) => inside(file, name, 1, limits, left, each),
        Ok(kind) => each(Found { file: name.to_owned(), kind, source: &mut file, remarks: Remarks::default() }),
    }
}

fn inside(file: File, name: &str, depth: u8, limits: &Limits, left: &mut Left, each: &mut dyn FnMut(Found<'_>)) {
    let mut remarks = Remarks::default();
    match ZipArchive::new(BufReader::new(file)) {
        Err(error) => remarks.add(0, Issue::Archive { cause: error.to_string() }),
        Ok(mut archive) => {
            for index in 0..archive.len() {
                if left.entries == 0 || left.bytes == 0 {
                    remarks.add(0, Issue::ManyEntries { allowed: limits.entries });
                    break;
                }
                left.entries -= 1;
                if let Err(error) = entry(&mut archive, index, name, depth, limits, left, &mut remarks, each) {
                    remarks.add(0, Issue::Archive { cause: error.to_string() });
                }
            }
        }
    }
    each(Found { file: name.to_owned(), kind: Some(FileKind::Archive), source: &mut io::empty(), remarks });
}

#[allow(clippy::too_many_arguments, reason = "one step of the walk, with all that it goes by")]
fn entry(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    name: &str,
    depth: u8,
    limits: &Limits,
    left: &mut Left,
    remarks: &mut Remarks,
    each: &mut dyn FnMut(Found<'_>),
) -> io::Result<()> {
    let (inner, encrypted, link, folder, packed) = {
        let entry = archive.by_index_raw(index)?;
        (shown(entry.name()), entry.encrypted(), entry.is_symlink(), entry.is_dir(), entry.compressed_size())
    };
    if folder {
        return Ok(());
    }
    if encrypted || link {
        remarks.add(0, if link { Issue::Link { entry: inner } } else { Issue::Encrypted { entry: inner } });
        return Ok(());
    }
    let allowed = limits.entry_bytes.min(left.bytes).min(SMALL.max(packed.saturating_mul(limits.entry_ratio)));
    let mut bounded = Bounded { source: archive.by_index(index)?, left: allowed, swollen: false };
    let file = format!("{name}/{inner}");
    let (head, mut source) = with_head(&mut bounded)?;
    match recognise(&head, &inner) {
        Some(FileKind::Archive) if depth >= limits.depth => remarks.add(0, Issue::TooDeep { entry: inner.clone(), allowed: limits.depth }),
        Some(FileKind::Archive) => {
            // an archive is read from its end
            let mut copy = tempfile::tempfile()?;
            io::copy(&mut source, &mut copy)?;
            drop(source);
            copy.seek(SeekFrom::Start(0))?;
            left.bytes -= (allowed - bounded.left).min(left.bytes);
            if bounded.swollen {
                remarks.add(0, Issue::Swollen { entry: inner });
            } else {
                inside(copy, &file, depth + 1, limits, left, each);
            }
            return Ok(());
        }
        kind => each(Found { file, kind, source: &mut source, remarks: Remarks::default() }),
    }
    drop(source);
    left.bytes -= (allowed - bounded.left).min(left.bytes);
    if bounded.swollen {
        remarks.add(0, Issue::Swollen { entry: inner });
    }
    Ok(())
}

/// Bytes that end where there are too many.
struct Bounded<R> {
    source: R,
    left: u64,
    swollen: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !into.is_empty() {
            self.swollen |= self.source.read(&mut [0])? > 0;
            return Ok(0);
        }
        let room = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.source.read(&mut into[..room])?;
        self.left -= read as u64;
        Ok(read)
    }
}
