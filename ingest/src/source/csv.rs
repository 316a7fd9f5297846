//! Delimited text, as spreadsheets and open-data portals write it: any delimiter, UTF-8, UTF-16 or Windows-1252, decimal
//! comma or point, positions in two columns or one of well-known text.

mod dialect;
mod encoding;

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use self::encoding::Encoding;
use super::table::number::{self, Decimal};
use super::table::{Table, Typing};
use super::{DeclaredCrs, Reader, Row, SourceLayer};
use crate::report::Note;
use crate::{IngestError, Limits};

/// A delimited text, its columns typed by all its rows.
pub(crate) struct CsvReader {
    path: PathBuf,
    file: String,
    encoding: Encoding,
    delimiter: u8,
    table: Table,
    layer: SourceLayer,
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
    // who separates fields by a comma writes decimals with a point
    let mut typing = Typing::new(names.len(), delimiter == b',');
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
        typing.look(record.len(), value_of(&record, encoding));
    }
    if !whole {
        return Err(IngestError::UnclosedQuote { file: file.to_owned(), line });
    }
    let table = Table::new(&names, &typing, limits.text_bytes);
    let mut notes = vec![Note::csv(encoding.name(), char::from(delimiter))];
    notes.extend(table.notes(&names));
    let layer = SourceLayer {
        name: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "CSV",
        fields: table.fields(&names),
        crs: DeclaredCrs::None,
        placed: table.has_positions(),
        rows: Some(rows),
        key: None,
        encoding: encoding.name().to_owned(),
        siblings: Vec::new(),
        notes,
    };
    Ok(CsvReader { path: path.to_owned(), file: file.to_owned(), encoding, delimiter, table, layer })
}

/// A row's values as text, empty where it has none.
fn value_of<'a>(record: &'a ByteRecord, encoding: Encoding) -> impl Fn(usize) -> Cow<'a, str> {
    move |index| encoding.decode(record.get(index).unwrap_or_default().trim_ascii())
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

impl Reader for CsvReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn as_text(&mut self, field: usize) {
        self.table.as_text(field);
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
            let value = value_of(&record, self.encoding);
            let longest = record.iter().map(<[u8]>::len).max().unwrap_or(0);
            let geometry = self.table.geometry(record.len(), longest, &value);
            let row = Row { number, key: None, values: self.table.values(&value), lost: false, geometry };
            if each(row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
