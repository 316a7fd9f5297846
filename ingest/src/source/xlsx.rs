//! Spreadsheets (XLSX): a sheet with a header and coordinates in its columns. Opened in the reading process, below its limits.
//!
//! Values are the results that the program which wrote the file left in it: no formula is evaluated.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx, open_workbook};
use chrono::NaiveDate;
use kernel::Text;
use zip::ZipArchive;

use super::sniff::Content;
use super::table::{Table, Typing, says_where};
use super::{DeclaredCrs, Reader, Row, SourceLayer};
use crate::report::Note;
use crate::{IngestError, Limits};

/// Rows at the top of a sheet in which the header is looked for, below titles and remarks.
const TOP: usize = 20;

/// One sheet of a workbook.
pub(crate) struct XlsxReader {
    book: Xlsx<BufReader<File>>,
    file: String,
    /// The header's row, from 1.
    header: u64,
    /// Columns under it.
    columns: usize,
    table: Table,
    layer: SourceLayer,
}

/// A row of a sheet: its number, from 1, and its values as text; `true` marks errors like `#N/A`.
#[derive(Default)]
struct Cells {
    number: u64,
    values: Vec<String>,
    /// Which of them are numbers with decimals, and no texts.
    numbers: Vec<usize>,
    lost: bool,
}

impl Cells {
    fn value(&self, index: usize) -> Cow<'_, str> {
        self.values.get(index).map_or("", |v| v.trim()).into()
    }

    /// Without what is empty at the end.
    fn len(&self) -> usize {
        self.values.iter().rposition(|v| !v.is_empty()).map_or(0, |last| last + 1)
    }
}

/// Opens a workbook and reads its sheet once, to type the columns. `wanted` names the sheet, if several have coordinates.
pub(crate) fn open(path: &Path, file: &str, wanted: Option<&str>, limits: &Limits) -> Result<XlsxReader, IngestError> {
    check_sizes(path, file, limits)?;
    let mut book: Xlsx<BufReader<File>> = open_workbook(path).map_err(|e| damaged(file, &e))?;
    let sheet = choose(&mut book, file, wanted, limits)?;
    if sheet.names.len() > limits.fields {
        return Err(IngestError::TooManyFields { file: file.to_owned(), found: sheet.names.len(), allowed: limits.fields });
    }
    let mut typing = Typing::new(sheet.names.len(), false);
    let mut rows = 0;
    each_row(&mut book, file, &sheet.name, limits.fields, &mut |cells| {
        if cells.number > sheet.header {
            rows += 1;
            typing.look(cells.len(), |index| cells.value(index));
            cells.numbers.iter().for_each(|index| typing.has_number(*index));
        }
        ControlFlow::Continue(())
    })?;
    let table = Table::new(&sheet.names, &typing, limits.text_bytes);
    let mut notes = table.notes(&sheet.names);
    notes.extend((sheet.header > 1).then(|| Note::header_below(sheet.header)));
    notes.extend((!sheet.others.is_empty()).then(|| Note::other_sheets(&sheet.name, &sheet.others)));
    let layer = SourceLayer {
        name: sheet.name,
        format: Content::Xlsx.name(),
        fields: table.fields(&sheet.names),
        crs: DeclaredCrs::None,
        placed: table.has_positions(),
        rows: Some(rows),
        key: None,
        encoding: "UTF-8".to_owned(),
        siblings: sheet.siblings,
        notes,
    };
    Ok(XlsxReader { book, file: file.to_owned(), header: sheet.header, columns: sheet.names.len(), table, layer })
}

/// The sizes that the archive states are added up: what they say must be allowed. If they lie, the process ends at its limits.
fn check_sizes(path: &Path, file: &str, limits: &Limits) -> Result<(), IngestError> {
    let opened = File::open(path).map_err(IngestError::io(path))?;
    let size = opened.metadata().map_err(IngestError::io(path))?.len();
    let mut archive = ZipArchive::new(BufReader::new(opened)).map_err(|e| damaged(file, &e))?;
    let mut stated = 0_u64;
    for index in 0..archive.len() {
        stated = stated.saturating_add(archive.by_index_raw(index).map_err(|e| damaged(file, &e))?.size());
    }
    let allowed = limits.archive_allows(size);
    if stated > allowed {
        let why = Text::new(
            format!("si espande a {stated} byte, e per la sua dimensione se ne ammettono {allowed} (una bomba?)"),
            format!("unpacks to {stated} bytes, and {allowed} are allowed for its size (a bomb?)"),
        );
        return Err(IngestError::Archive { file: file.to_owned(), entry: "xl".to_owned(), why });
    }
    Ok(())
}

/// A sheet that can be a layer.
struct Sheet {
    name: String,
    names: Vec<String>,
    /// The header's row, from 1.
    header: u64,
    /// Sheets that are not empty and were not chosen.
    others: Vec<String>,
    /// Every sheet.
    siblings: Vec<String>,
}

/// The sheet asked for, or the only one whose columns say where rows are best: by coordinates, or else by parcels or addresses.
fn choose(book: &mut Xlsx<BufReader<File>>, file: &str, wanted: Option<&str>, limits: &Limits) -> Result<Sheet, IngestError> {
    let sheets = book.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet).map(|s| s.name.clone());
    let sheets: Vec<String> = sheets.collect();
    let mut found = Vec::new();
    for name in &sheets {
        if wanted.is_none_or(|wanted| wanted == name)
            && let Some((header, names, says)) = header(book, file, name, limits)?
        {
            found.push((name.clone(), header, names, says));
        }
    }
    let file = file.to_owned();
    if let Some(wanted) = wanted.filter(|w| !sheets.iter().any(|s| s == w)) {
        return Err(IngestError::NoSuchLayer { file, wanted: wanted.to_owned(), layers: sheets });
    }
    if found.is_empty() {
        return Err(IngestError::NoRows { file });
    }
    let most = found.iter().map(|sheet| sheet.3).max().filter(|most| *most > 0);
    let placed: Vec<usize> = (0..found.len()).filter(|i| Some(found[*i].3) == most).collect();
    if placed.len() > 1 {
        return Err(IngestError::SeveralLayers { file, layers: placed.into_iter().map(|i| found[i].0.clone()).collect() });
    }
    let (name, header, names, _) = found.remove(placed.first().copied().unwrap_or(0));
    Ok(Sheet { name, names, header, others: found.into_iter().map(|(name, ..)| name).collect(), siblings: sheets })
}

/// The top row whose names say best where a row is, the first of several, or else the first that is not empty; and how well it says so.
fn header(
    book: &mut Xlsx<BufReader<File>>,
    file: &str,
    sheet: &str,
    limits: &Limits,
) -> Result<Option<(u64, Vec<String>, u8)>, IngestError> {
    let mut best: Option<(u64, Vec<String>, u8)> = None;
    let mut seen = 0;
    each_row(book, file, sheet, limits.fields, &mut |cells| {
        seen += 1;
        let names: Vec<String> = (0..cells.len()).map(|i| cells.value(i).into_owned()).collect();
        let says = says_where(&names);
        if best.as_ref().is_none_or(|(.., before)| says > *before) {
            best = Some((cells.number, names, says));
        }
        if says == 2 || seen == TOP { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(best)
}

/// Hands over the rows that are not empty. A cell beyond the allowed number of columns makes a row one value too long, whatever
/// its column: positions in a sheet cost nothing to write.
fn each_row(
    book: &mut Xlsx<BufReader<File>>,
    file: &str,
    sheet: &str,
    most: usize,
    each: &mut dyn FnMut(&Cells) -> ControlFlow<()>,
) -> Result<(), IngestError> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|e| damaged(file, &e))?;
    let mut row = Cells::default();
    while let Some(cell) = reader.next_cell().map_err(|e| damaged(file, &e))? {
        let (number, column) = cell.get_position();
        if u64::from(number) + 1 != row.number {
            if row.len() > 0 && each(&row).is_break() {
                return Ok(());
            }
            row = Cells { number: u64::from(number) + 1, ..Cells::default() };
        }
        let column = (column as usize).min(most);
        if let DataRef::Float(number) = cell.get_value()
            && number.fract() != 0.0
        {
            row.numbers.push(column);
        }
        if let Some(text) = text(cell.get_value()) {
            if row.values.len() <= column {
                row.values.resize(column + 1, String::new());
            }
            row.values[column] = text;
        } else {
            row.lost = true;
        }
    }
    if row.len() > 0 {
        let _ = each(&row);
    }
    Ok(())
}

/// A value as text that can be typed again; `None` for an error, and for a day that is none.
fn text(value: &DataRef<'_>) -> Option<String> {
    Some(match value {
        DataRef::Empty => String::new(),
        DataRef::Int(v) => v.to_string(),
        DataRef::Float(v) => v.to_string(),
        DataRef::String(v) => v.clone(),
        DataRef::SharedString(v) => (*v).to_owned(),
        DataRef::Bool(v) => v.to_string(),
        DataRef::DateTime(v) => return moment(v),
        DataRef::DateTimeIso(v) | DataRef::DurationIso(v) => v.clone(),
        DataRef::Error(_) => return None,
    })
}

/// A day, a day with a time, or a time alone. A duration is its hours.
fn moment(value: &ExcelDateTime) -> Option<String> {
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    if value.is_duration() {
        return Some((value.as_f64() * 24.0).to_string());
    }
    if (0.0..1.0).contains(&value.as_f64()) {
        return Some(format!("{hour:02}:{minute:02}:{second:02}"));
    }
    // Excel has a 29th of February 1900
    let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?;
    Some(match (hour, minute, second, milli) {
        (0, 0, 0, 0) => date.to_string(),
        (_, _, _, 0) => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}"),
    })
}

fn damaged(file: &str, cause: &impl std::fmt::Display) -> IngestError {
    IngestError::Damaged { file: file.to_owned(), format: Content::Xlsx.name(), cause: cause.to_string() }
}

impl Reader for XlsxReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn as_text(&mut self, _: usize) {
        // its values have kinds of their own
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let (table, header, most) = (&self.table, self.header, self.columns);
        each_row(&mut self.book, &self.file, &self.layer.name, most, &mut |cells| {
            if cells.number <= header {
                return ControlFlow::Continue(());
            }
            let longest = cells.values.iter().map(String::len).max().unwrap_or(0);
            let geometry = table.geometry(cells.len(), longest, |index| cells.value(index));
            let values = table.values(|index| cells.value(index));
            each(Row { number: cells.number, key: None, values, lost: cells.lost, geometry })
        })
    }
}
