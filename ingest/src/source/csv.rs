//! Delimited text, as spreadsheets and open-data portals write it: any delimiter, UTF-8, UTF-16 or Windows-1252, decimal
//! comma or point, positions in two columns or one of well-known text.

mod dialect;
mod encoding;
mod number;
mod positions;
mod typing;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use kernel::layer::FieldType;

use self::encoding::Encoding;
use self::number::Decimal;
use self::positions::Positions;
use self::typing::{Kind, Typing};
use super::{DeclaredCrs, RawGeometry, Reader, Row, SourceField, SourceLayer, Value};
use crate::report::{Note, Reason};
use crate::{IngestError, Limits};

/// A delimited text, its columns typed by all its rows.
pub(crate) struct CsvReader {
    path: PathBuf,
    file: String,
    encoding: Encoding,
    delimiter: u8,
    kinds: Vec<Kind>,
    positions: Positions,
    layer: SourceLayer,
    text_bytes: usize,
}

/// Opens a text and reads it once, to type its columns.
pub(crate) fn open(path: &Path, file: &str, limits: &Limits) -> Result<CsvReader, IngestError> {
    let encoding = encoding::detect(path).map_err(IngestError::io(path))?;
    let delimiter = dialect::delimiter(&encoding::sample(path, encoding).map_err(IngestError::io(path))?);
    let damaged = |cause: csv::Error| IngestError::Damaged { file: file.to_owned(), format: "CSV", cause: cause.to_string() };
    let mut reader = builder(delimiter).from_reader(text(path, encoding)?.chain(LAST));
    let names: Vec<String> = reader.byte_headers().map_err(damaged)?.iter().map(|n| encoding.decode(n.trim_ascii()).into_owned()).collect();
    if names.len() > limits.fields {
        return Err(IngestError::TooManyFields { file: file.to_owned(), found: names.len(), allowed: limits.fields });
    }
    if names.len() > 1 && names.iter().all(|n| number::parse(n, Decimal::Either).is_some()) {
        return Err(IngestError::NoHeader { file: file.to_owned() });
    }
    let mut typing = Typing::new(names.len());
    let mut record = ByteRecord::new();
    let mut rows = 0;
    let (mut line, mut whole) = (1, false);
    while reader.read_byte_record(&mut record).map_err(damaged)? {
        whole = is_last(&record);
        if whole {
            break;
        }
        line = record.position().map_or(line, csv::Position::line);
        rows += 1;
        typing.look(&record, encoding);
    }
    if !whole {
        return Err(IngestError::UnclosedQuote { file: file.to_owned(), line });
    }
    let kinds = typing.kinds();
    let positions = positions::find(&names, typing.samples())
        .ok_or_else(|| IngestError::NoCoordinates { file: file.to_owned(), columns: names.iter().take(30).cloned().collect() })?;
    let layer = SourceLayer {
        name: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "CSV",
        fields: fields(&names, &kinds, &positions),
        crs: DeclaredCrs::None,
        rows: Some(rows),
        key: None,
        notes: notes(encoding, delimiter, &names, &kinds, &positions),
    };
    Ok(CsvReader {
        path: path.to_owned(),
        file: file.to_owned(),
        encoding,
        delimiter,
        kinds,
        positions,
        layer,
        text_bytes: limits.text_bytes,
    })
}

/// A row of our own after the last one. It is not seen as a row where a quotation mark before it was never closed.
const LAST: &[u8] = b"\n\x01end\x01\n";

fn is_last(record: &ByteRecord) -> bool {
    record.len() == 1 && record.get(0) == Some(LAST.trim_ascii())
}

fn records(path: &Path, encoding: Encoding, delimiter: u8) -> Result<csv::Reader<Box<dyn Read>>, IngestError> {
    Ok(builder(delimiter).from_reader(text(path, encoding)?))
}

fn text(path: &Path, encoding: Encoding) -> Result<Box<dyn Read>, IngestError> {
    Ok(encoding.open(File::open(path).map_err(IngestError::io(path))?))
}

fn builder(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).buffer_capacity(1 << 18);
    builder
}

fn fields(names: &[String], kinds: &[Kind], positions: &Positions) -> Vec<SourceField> {
    let own = names.iter().zip(kinds).enumerate().filter(|(index, _)| !positions.is_one_of(*index));
    own.map(|(_, (name, kind))| SourceField { name: name.clone(), kind: kind.field_type() }).collect()
}

fn notes(encoding: Encoding, delimiter: u8, names: &[String], kinds: &[Kind], positions: &Positions) -> Vec<Note> {
    let mut notes = vec![Note::csv(encoding.name(), char::from(delimiter))];
    let comma: Vec<&str> = names.iter().zip(kinds).filter(|(_, k)| **k == Kind::Number(Decimal::Comma)).map(|(n, _)| n.as_str()).collect();
    if !comma.is_empty() {
        notes.push(Note::decimal_comma(&comma));
    }
    let used: Vec<&str> = names.iter().enumerate().filter(|(i, _)| positions.is_one_of(*i)).map(|(_, n)| n.as_str()).collect();
    notes.push(Note::became_geometry(&used));
    notes
}

impl CsvReader {
    fn geometry(&self, record: &ByteRecord) -> RawGeometry {
        let text = |index: usize| self.encoding.decode(record.get(index).unwrap_or_default().trim_ascii());
        if record.len() > self.kinds.len() {
            return RawGeometry::Broken(Reason::TooManyValues);
        }
        if record.iter().any(|v| v.len() > self.text_bytes) {
            return RawGeometry::Broken(Reason::TextTooLong);
        }
        match self.positions {
            Positions::Text(column) => match text(column) {
                wkt if wkt.is_empty() => RawGeometry::Missing,
                wkt => RawGeometry::Wkt(wkt.into_owned()),
            },
            Positions::Columns(x, y) => {
                let coordinate = |index: usize| number::parse(&text(index), self.kinds.get(index).map_or(Decimal::Either, Kind::decimal));
                match (text(x).is_empty() || text(y).is_empty(), coordinate(x), coordinate(y)) {
                    (true, ..) => RawGeometry::Missing,
                    (false, Some(x), Some(y)) => RawGeometry::Position([x, y]),
                    (false, ..) => RawGeometry::Broken(Reason::Unreadable),
                }
            }
        }
    }

    fn values(&self, record: &ByteRecord) -> Vec<Value> {
        let columns = self.kinds.iter().enumerate().filter(|(index, _)| !self.positions.is_one_of(*index));
        columns.map(|(index, kind)| kind.value(&self.encoding.decode(record.get(index).unwrap_or_default().trim_ascii()))).collect()
    }
}

impl Reader for CsvReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let mut reader = records(&self.path, self.encoding, self.delimiter)?;
        let mut record = ByteRecord::new();
        // the header is row 1
        let mut number = 1;
        let damaged = |cause: csv::Error| IngestError::Damaged { file: self.file.clone(), format: "CSV", cause: cause.to_string() };
        while reader.read_byte_record(&mut record).map_err(damaged)? {
            number += 1;
            let row = Row { number, key: None, values: self.values(&record), lost: false, geometry: self.geometry(&record) };
            if each(row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Kind {
    fn field_type(self) -> FieldType {
        match self {
            Self::Boolean => FieldType::Boolean,
            Self::Integer => FieldType::Integer,
            Self::Number(_) => FieldType::Number,
            Self::Date(_) => FieldType::Date,
            Self::Instant => FieldType::DateTime,
            Self::Text => FieldType::Text,
        }
    }
}

#[cfg(test)]
mod tests;
