//! What the two processes say to each other: frames of a length (four bytes, little-endian) and that many bytes of
//! messages in postcard's form, one after the other.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use kernel::Text;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::report::Note;
use crate::source::sniff::Content;
use crate::source::{DeclaredCrs, Row, SourceField, SourceLayer};
use crate::{IngestError, Limits};

/// No frame is longer: a row with the most vertices and the longest texts that are allowed has room.
const LONGEST: u32 = 1 << 30;

/// What the reading process is asked for. The first is `Open`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Command {
    Open(Request),
    /// Every row from the first.
    Read,
}

/// What to open.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    /// A path need not be UTF-8.
    path: Vec<u8>,
    /// What people call the file.
    pub(super) file: String,
    pub(super) content: Content,
    pub(super) wanted: Option<String>,
    pub(super) limits: Limits,
}

/// What the reading process answers.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Message {
    /// It is open.
    Schema(Schema),
    Row(Row),
    /// There are no more rows.
    End,
    Refused(Refusal),
}

/// A [`SourceLayer`] without the format's name, which whoever asked knows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Schema {
    name: String,
    fields: Vec<SourceField>,
    crs: DeclaredCrs,
    placed: bool,
    rows: Option<u64>,
    key: Option<String>,
    encoding: String,
    siblings: Vec<String>,
    notes: Vec<Note>,
}

/// Why a file can't be read: the errors that the reader gives, without the file's name.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Refusal {
    Damaged(String),
    SeveralLayers(Vec<String>),
    NoSuchLayer { wanted: String, layers: Vec<String> },
    NoLayers,
    NoGeometryLayer,
    TooManyFields { found: usize, allowed: usize },
    NoCoordinates(Vec<String>),
    NoRows,
    OnlyLinks(u64),
    MoreRowsThanBytes(u64),
    Archive { entry: String, why: Text },
    Other(String),
}

impl Request {
    pub(super) fn new(path: &Path, file: &str, content: Content, wanted: Option<&str>, limits: Limits) -> Self {
        Self { path: path.as_os_str().as_bytes().to_vec(), file: file.to_owned(), content, wanted: wanted.map(str::to_owned), limits }
    }

    pub(super) fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }
}

impl Schema {
    pub(super) fn of(layer: &SourceLayer) -> Self {
        let SourceLayer { name, format: _, fields, crs, placed, rows, key, encoding, siblings, notes } = layer.clone();
        Self { name, fields, crs, placed, rows, key, encoding, siblings, notes }
    }

    pub(super) fn layer(self, content: Content) -> SourceLayer {
        let Self { name, fields, crs, placed, rows, key, encoding, siblings, notes } = self;
        SourceLayer { name, format: content.name(), fields, crs, placed, rows, key, encoding, siblings, notes }
    }
}

impl Refusal {
    pub(super) fn of(error: IngestError) -> Self {
        match error {
            IngestError::Damaged { cause, .. } => Self::Damaged(cause),
            IngestError::SeveralLayers { layers, .. } => Self::SeveralLayers(layers),
            IngestError::NoSuchLayer { wanted, layers, .. } => Self::NoSuchLayer { wanted, layers },
            IngestError::NoLayers { .. } => Self::NoLayers,
            IngestError::NoGeometryLayer { .. } => Self::NoGeometryLayer,
            IngestError::TooManyFields { found, allowed, .. } => Self::TooManyFields { found, allowed },
            IngestError::NoCoordinates { columns, .. } => Self::NoCoordinates(columns),
            IngestError::NoRows { .. } => Self::NoRows,
            IngestError::OnlyLinks { links, .. } => Self::OnlyLinks(links),
            IngestError::MoreRowsThanBytes { bytes, .. } => Self::MoreRowsThanBytes(bytes),
            IngestError::Archive { entry, why, .. } => Self::Archive { entry, why },
            other => Self::Other(other.to_string()),
        }
    }

    pub(super) fn error(self, file: &str, content: Content) -> IngestError {
        let (file, format) = (file.to_owned(), content.name());
        match self {
            Self::Damaged(cause) => IngestError::Damaged { file, format, cause },
            Self::SeveralLayers(layers) => IngestError::SeveralLayers { file, layers },
            Self::NoSuchLayer { wanted, layers } => IngestError::NoSuchLayer { file, wanted, layers },
            Self::NoLayers => IngestError::NoLayers { file },
            Self::NoGeometryLayer => IngestError::NoGeometryLayer { file },
            Self::TooManyFields { found, allowed } => IngestError::TooManyFields { file, found, allowed },
            Self::NoCoordinates(columns) => IngestError::NoCoordinates { file, columns },
            Self::NoRows => IngestError::NoRows { file },
            Self::OnlyLinks(links) => IngestError::OnlyLinks { file, links },
            Self::MoreRowsThanBytes(bytes) => IngestError::MoreRowsThanBytes { file, bytes },
            Self::Archive { entry, why } => IngestError::Archive { file, entry, why },
            Self::Other(why) => IngestError::Reader(why),
        }
    }
}

/// Adds a message to those that will go out together.
pub(crate) fn add(message: &impl Serialize, frame: Vec<u8>) -> io::Result<Vec<u8>> {
    postcard::to_extend(message, frame).map_err(io::Error::other)
}

/// Sends what was gathered, and empties it.
pub(crate) fn send(out: &mut impl Write, frame: &mut Vec<u8>) -> io::Result<()> {
    let length = u32::try_from(frame.len()).ok().filter(|l| *l <= LONGEST).ok_or_else(|| io::Error::other("a row is too large"))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(frame)?;
    frame.clear();
    out.flush()
}

/// Receives the next frame in place of the last; `false` at the end. A length that lies takes no memory: the frame grows
/// with what really comes.
pub(crate) fn receive(from: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    let mut length = [0; 4];
    if from.read(&mut length[..1])? == 0 {
        return Ok(false);
    }
    from.read_exact(&mut length[1..])?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let read = from.take(u64::from(length)).read_to_end(frame)?;
    if read < length as usize { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(true) }
}

/// The first message of what is left of a frame, and the rest.
pub(crate) fn first<T: DeserializeOwned>(frame: &[u8]) -> io::Result<(T, &[u8])> {
    postcard::take_from_bytes(frame).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::{Message, add, first, receive, send};
    use crate::source::{RawGeometry, Row, Value};

    #[test]
    fn what_is_sent_arrives() {
        let day = chrono::NaiveDate::from_ymd_opt(1861, 3, 17).unwrap();
        let instant = day.and_hms_micro_opt(1, 2, 3, 456).unwrap().and_utc();
        let values = vec![
            Value::Null,
            Value::Text("è".into()),
            Value::Integer(-7),
            Value::Number(0.1),
            Value::Boolean(true),
            Value::Date(day),
            Value::Instant(instant),
        ];
        let row = Row { number: 1, key: Some(-1), values, lost: true, geometry: RawGeometry::Wkb(vec![1, 2, 255]) };
        let frame = add(&Message::End, add(&Message::Row(row.clone()), Vec::new()).unwrap()).unwrap();
        let mut pipe = Vec::new();
        send(&mut pipe, &mut frame.clone()).unwrap();
        let (mut from, mut received) = (pipe.as_slice(), Vec::new());
        assert!(receive(&mut from, &mut received).unwrap());
        let (message, rest) = first::<Message>(&received).unwrap();
        assert_eq!(message, Message::Row(row));
        assert_eq!(first::<Message>(rest).unwrap(), (Message::End, &[][..]));
        assert!(!receive(&mut from, &mut received).unwrap());
    }

    #[test]
    fn a_length_that_lies_is_an_error_and_takes_no_memory() {
        let mut frame = Vec::new();
        assert!(receive(&mut [255, 255, 255, 255, 0].as_slice(), &mut frame).is_err());
        assert!(receive(&mut [0, 0, 0, 0x3f, 1, 2].as_slice(), &mut frame).is_err());
        assert!(frame.capacity() < 1 << 20);
        assert!(receive(&mut [1, 0].as_slice(), &mut frame).is_err());
        assert!(first::<Message>(&[99, 1, 2]).is_err() && first::<Message>(&[]).is_err());
    }
}
