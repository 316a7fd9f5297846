//! The second reading: rows are transformed, batch by batch, and written in COPY's binary form. Runs on its own thread.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use catalogue::copy::{RowWriter, Rows};
use crs::Transformer;
use kernel::{Comuni, Srid};
use tokio::sync::mpsc::Sender;

use super::Tally;
use super::staging::OWN_COLUMNS;
use crate::geometry::{self, Family, Shape, Tidied};
use crate::place::Locator;
use crate::plan::{FieldPlan, Role};
use crate::report::Reason;
use crate::rules::{Checker, Example, Facts, Rule, Severity};
use crate::source::{Row, Source, Value};
use crate::survey::{Key, fit_for_id};
use crate::update::Held;
use crate::{IngestError, Limits};

/// Rows transformed by one call.
const BATCH: usize = 1024;

/// What becomes of rows.
pub(crate) struct Plan {
    pub(crate) fields: Vec<FieldPlan>,
    pub(crate) key: Key,
    pub(crate) family: Family,
    pub(crate) storage: Srid,
    pub(crate) swap_axes: bool,
    pub(crate) limits: Limits,
    /// For each file, the way into storage.
    pub(crate) transformers: Vec<Transformer>,
    /// Who knows the comune of a point.
    pub(crate) comune: ComuneOf,
    /// For each file, its rows at the first reading.
    pub(crate) rows: Vec<u64>,
    /// Rows may go into the next table at once.
    pub(crate) direct: Option<IntoNext>,
    /// For an update: whether the layer's geometries are multi-geometries. Geometries are written in that form, so that they can be
    /// compared byte by byte, and rows that are kept out without one, so that it is known that they did not vanish.
    pub(crate) compared: Option<IntoNext>,
    /// For an update: what the layer holds. Rows that are there as they are are left out.
    pub(crate) held: Option<Arc<Held>>,
    /// What rows are held against.
    pub(crate) facts: Facts,
    /// Who says the comune before the place does.
    pub(crate) told_comune: Option<ToldComune>,
    /// The comuni whose rows are taken.
    pub(crate) whose: Comuni,
    /// Whether the family was told, so that what can become of it does: lines that are closed, areas.
    pub(crate) told: bool,
}

/// How a row's comune is found before PostGIS is asked.
pub(crate) enum ComuneOf {
    /// It is this one.
    Given(String),
    /// The one that a point, or an area that is surely valid, lies in; for everything else PostGIS knows better.
    Inside(Arc<Locator>),
}

/// A column that says the comune of each row.
pub(crate) struct ToldComune {
    /// Its number in each file.
    pub(crate) source: Vec<usize>,
    /// The installation's comuni; without any, every code is taken.
    pub(crate) known: HashSet<String>,
}

/// Rows in COPY's form.
pub(crate) struct Chunk {
    pub(crate) rows: Rows,
    /// Whether they go into the layer's next table, and not into the loading table.
    pub(crate) direct: bool,
    /// How many were read until then.
    pub(crate) read: u64,
}

/// For rows at which PostGIS has nothing to look: lines, points and areas that are surely valid, whose comune is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IntoNext {
    /// Whether the layer's geometries are multi-geometries.
    pub(crate) multi: bool,
}

/// Reads every file into `out`. Ends early, without an error, when nobody takes the rows any more.
pub(crate) fn read_into(sources: &mut [Source], plan: &Plan, out: &Sender<Chunk>) -> Result<Tally, IngestError> {
    let several = sources.len() > 1;
    let mut writer = Writer::new(plan, out);
    for (file, source) in sources.iter_mut().enumerate() {
        writer.file = file;
        writer.name = several.then(|| source.file.clone());
        let before = writer.tally.read;
        let mut gone = false;
        source.reader.read(&mut |mut row| {
            let tidied = geometry::tidy(std::mem::take(&mut row.geometry), &plan.limits);
            let flow = writer.take(row, tidied);
            gone = flow.is_break();
            flow
        })?;
        gone = gone || writer.flush().is_break();
        if gone {
            return Ok(writer.tally);
        }
        let after = writer.tally.read - before;
        if after != plan.rows[file] {
            return Err(IngestError::Changed { file: source.file.clone(), before: plan.rows[file], after });
        }
    }
    Ok(writer.end())
}

impl Plan {
    /// The columns of the loading table, in the order written here.
    pub(crate) fn columns(&self) -> Vec<&str> {
        OWN_COLUMNS.into_iter().chain(self.fields.iter().map(|f| f.column.as_str())).collect()
    }

    /// The columns of the next table, in the order written here.
    pub(crate) fn direct_columns(&self) -> Vec<&str> {
        NEXT_COLUMNS.into_iter().chain(self.fields.iter().map(|f| f.column.as_str())).collect()
    }

    fn new_next(&self) -> Rows {
        Rows::new(NEXT_COLUMNS.len() + self.fields.len())
    }

    fn new_rows(&self) -> Rows {
        Rows::new(OWN_COLUMNS.len() + self.fields.len())
    }
}

/// A row whose geometry fits, before it is transformed.
struct Pending {
    seq: u64,
    number: u64,
    key: Option<String>,
    values: Vec<Value>,
    /// The comune that the row itself says.
    comune: Option<String>,
    tidied: Tidied,
}

/// Writes rows of one file after the other in COPY's form.
pub(super) struct Writer<'a> {
    plan: &'a Plan,
    out: &'a Sender<Chunk>,
    tally: Tally,
    checker: Checker,
    /// Where rows whose key repeats are kept out: the keys so far.
    keys: HashSet<String>,
    rows: Rows,
    /// Those that go into the next table.
    next: Rows,
    batch: Vec<Pending>,
    file: usize,
    /// The file's name, if there are several.
    name: Option<String>,
}

impl<'a> Writer<'a> {
    /// For the first file, which is the only one until another is named.
    pub(super) fn new(plan: &'a Plan, out: &'a Sender<Chunk>) -> Self {
        Self {
            plan,
            out,
            tally: Tally::default(),
            checker: Checker::new(plan.facts.clone(), &plan.fields),
            keys: HashSet::new(),
            rows: plan.new_rows(),
            next: plan.new_next(),
            batch: Vec::with_capacity(BATCH),
            file: 0,
            name: None,
        }
    }

    /// Writes all that is left. What it returns counts for nothing if nobody took the rows.
    pub(super) fn end(mut self) -> Tally {
        let _ = self.flush();
        let _ = self.send();
        let _ = self.send_next();
        Tally { found: self.checker.end(), held: self.plan.held.clone(), ..self.tally }
    }

    /// Takes a row, and its geometry, or why that can't be loaded. Breaks when nobody takes the rows any more.
    pub(super) fn take(&mut self, row: Row, tidied: Result<Tidied, Reason>) -> ControlFlow<()> {
        self.tally.read += 1;
        let number = row.number;
        let key = self.key(&row);
        match tidied.and_then(|tidied| self.prepare(row, tidied, key.as_deref())) {
            Ok(pending) => self.batch.push(Pending { key, ..pending }),
            Err(reason) => {
                let name = self.name.as_deref();
                self.tally.keep_out(reason, || row_name(name, number));
                if self.write_kept_out(self.tally.read, number, key.as_deref()).is_break() {
                    return ControlFlow::Break(());
                }
            }
        }
        if self.batch.len() >= BATCH { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn key(&self, row: &Row) -> Option<String> {
        match &self.plan.key {
            Key::Field(index) => row.values.get(self.plan.fields[*index].source[self.file]).and_then(Value::to_text),
            Key::Own(_) => row.key.map(|k| k.to_string()),
            Key::Sequence => None,
        }
    }

    fn write_kept_out(&mut self, seq: u64, number: u64, key: Option<&str>) -> ControlFlow<()> {
        let Some(key) = key.filter(|_| self.plan.compared.is_some()) else { return ControlFlow::Continue(()) };
        if let Some(held) = &self.plan.held {
            held.see(key);
        }
        self.tally.staged += 1;
        let mut row = self.rows.row();
        write_origin(&mut row, seq, self.file, number, Some(key));
        // comune, whether it is sure, geometry, values
        for _ in 0..3 + self.plan.fields.len() {
            row.null();
        }
        if self.rows.is_full() { self.send() } else { ControlFlow::Continue(()) }
    }

    fn prepare(&mut self, row: Row, mut tidied: Tidied, key: Option<&str>) -> Result<Pending, Reason> {
        if self.plan.told {
            tidied.shape = tidied.shape.into_family(self.plan.family).ok_or(Reason::OtherFamily)?;
        }
        if tidied.shape.family != self.plan.family {
            return Err(Reason::OtherFamily);
        }
        if self.plan.swap_axes {
            tidied.shape.positions.iter_mut().for_each(|p| p.swap(0, 1));
        }
        let Self { plan, checker, keys, name, file, .. } = self;
        let (number, shape, transformer) = (row.number, &tidied.shape, &plan.transformers[*file]);
        let label = || row_name(name.as_deref(), number);
        let place = || shape.middle().and_then(|middle| transformer.convert_one(middle).ok());
        if plan.key != Key::Sequence && checker.severity(Rule::RepeatedKey) == Severity::KeepOut {
            check_key(checker, keys, key, &label, &place)?;
        }
        let comune = match &plan.told_comune {
            Some(told) => told_comune(checker, told, row.values.get(told.source[*file]), &label, &place)?,
            None => None,
        };
        let mut values = in_order(row.values, &plan.fields, *file);
        let mut misfits = false;
        for (value, field) in values.iter_mut().zip(&plan.fields) {
            *value = fit(checker, field, std::mem::take(value), &mut misfits, &label, &place)?;
        }
        checker.values(&mut values, &label, &place)?;
        check_validity(&plan.fields, &values)?;
        Ok(Pending { seq: self.tally.read, number, key: None, values, comune, tidied })
    }

    /// Transforms and writes what is gathered.
    fn flush(&mut self) -> ControlFlow<()> {
        let mut batch = std::mem::take(&mut self.batch);
        let transformed = self.transform(&mut batch);
        let (mut ewkb, mut print) = (Vec::new(), Vec::new());
        for (mut pending, fits) in batch.drain(..).zip(transformed) {
            let name = self.name.as_deref();
            let label = || row_name(name, pending.number);
            if !fits {
                self.tally.keep_out(Reason::NoPlace, label);
                if self.write_kept_out(pending.seq, pending.number, pending.key.as_deref()).is_break() {
                    return ControlFlow::Break(());
                }
                continue;
            }
            let own = if let Key::Field(index) = self.plan.key { Some(index) } else { None };
            if let Err(reason) = self.checker.shape(&pending.tidied.shape, &pending.values, own, &label) {
                self.tally.keep_out(reason, label);
                if self.write_kept_out(pending.seq, pending.number, pending.key.as_deref()).is_break() {
                    return ControlFlow::Break(());
                }
                continue;
            }
            let told = pending.comune.take();
            // what is compared is placed when it is known to differ
            let sure = match pending.tidied.shape.family {
                Family::Polygon => self.plan.compared.is_none() && pending.tidied.shape.is_surely_valid(),
                Family::Point | Family::Line => true,
            };
            let comune = told.as_deref().or_else(|| self.plan.comune.of(&pending.tidied.shape, sure));
            let comune = comune.filter(|comune| is_code(comune));
            if comune.is_some_and(|comune| !self.plan.whose.contains(comune)) {
                self.tally.keep_out(Reason::ForeignComune, label);
                if self.write_kept_out(pending.seq, pending.number, pending.key.as_deref()).is_break() {
                    return ControlFlow::Break(());
                }
                continue;
            }
            if pending.tidied.mended {
                self.tally.mend(label);
            }
            let shape = &mut pending.tidied.shape;
            if sure && comune.is_some() && shape.family == Family::Polygon && self.checker.severity(Rule::Overlap) != Severity::Off {
                self.tally.areas.add(shape, pending.seq, self.file, pending.number);
            }
            let full = match (self.plan.direct.filter(|_| sure && shape.is_within_reach()), comune) {
                (Some(next), Some(comune)) => {
                    shape.multi = next.multi;
                    self.tally.direct.add(comune, shape);
                    geometry::write_ewkb(shape, self.plan.storage, &mut ewkb);
                    write_next(&mut self.next.row(), &pending, comune, &ewkb);
                    self.next.is_full() && self.send_next().is_break()
                }
                _ => {
                    if let Some(compared) = self.plan.compared {
                        shape.multi = compared.multi;
                    }
                    geometry::write_ewkb(shape, self.plan.storage, &mut ewkb);
                    if let (Some(held), Some(id)) = (&self.plan.held, &pending.key) {
                        held.write(&mut print, id, comune, &ewkb, |row| write_values(row, &pending));
                        if held.has(id, &print) {
                            continue;
                        }
                    }
                    self.tally.staged += 1;
                    write(&mut self.rows.row(), &pending, self.file, (comune, sure), &ewkb);
                    self.rows.is_full() && self.send().is_break()
                }
            };
            if full {
                return ControlFlow::Break(());
            }
        }
        self.batch = batch;
        ControlFlow::Continue(())
    }

    /// Brings all positions of a batch into storage by one call; if that fails, row by row, to find out which do not go.
    fn transform(&self, batch: &mut [Pending]) -> Vec<bool> {
        let transformer = &self.plan.transformers[self.file];
        if transformer.pipeline().is_none() {
            return batch.iter_mut().map(|p| transformer.convert(&mut p.tidied.shape.positions).is_ok()).collect();
        }
        let mut all: Vec<[f64; 2]> = batch.iter().flat_map(|p| &p.tidied.shape.positions).copied().collect();
        if transformer.convert(&mut all).is_ok() {
            let mut first = 0;
            for Pending { tidied: Tidied { shape: Shape { positions, .. }, .. }, .. } in batch.iter_mut() {
                let end = first + positions.len();
                positions.copy_from_slice(&all[first..end]);
                first = end;
            }
            return vec![true; batch.len()];
        }
        batch.iter_mut().map(|p| transformer.convert(&mut p.tidied.shape.positions).is_ok()).collect()
    }

    fn send(&mut self) -> ControlFlow<()> {
        let rows = std::mem::replace(&mut self.rows, self.plan.new_rows());
        self.give(rows, false)
    }

    fn send_next(&mut self) -> ControlFlow<()> {
        if self.plan.direct.is_none() {
            return ControlFlow::Continue(());
        }
        let rows = std::mem::replace(&mut self.next, self.plan.new_next());
        self.give(rows, true)
    }

    fn give(&self, rows: Rows, direct: bool) -> ControlFlow<()> {
        let chunk = Chunk { rows, direct, read: self.tally.read };
        if self.out.blocking_send(chunk).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// A row's values in the order of the plan's fields. Where none is left out, it is that of the file; one may be there twice, as a field and as
/// a row's beginning or end.
fn in_order(values: Vec<Value>, fields: &[FieldPlan], file: usize) -> Vec<Value> {
    if values.len() == fields.len() && fields.iter().enumerate().all(|(index, field)| field.source[file] == index) {
        return values;
    }
    fields.iter().map(|field| values.get(field.source[file]).cloned().unwrap_or_default()).collect()
}

/// A value as the field's kind; what does not fit is left empty if the plan says so. `misfits`: the row has one, and is counted.
fn fit(
    checker: &mut Checker,
    field: &FieldPlan,
    value: Value,
    misfits: &mut bool,
    row: &dyn Fn() -> String,
    place: &dyn Fn() -> Option<[f64; 2]>,
) -> Result<Value, Reason> {
    value.fit(field.kind, field.decimal()).or_else(|misfit| {
        let what = || Some(format!("{}: {}", field.name, misfit.to_text().unwrap_or_default().chars().take(80).collect::<String>()));
        if !std::mem::replace(misfits, true) {
            checker.found.add(Rule::WrongType, || Example { row: row(), what: what(), at: place() });
        }
        if checker.severity(Rule::WrongType) == Severity::Mend { Ok(Value::Null) } else { Err(Reason::WrongType) }
    })
}

/// Where the plan keeps rows out that have no key of their own: whether this one has.
fn check_key(
    checker: &mut Checker,
    keys: &mut HashSet<String>,
    key: Option<&str>,
    row: &dyn Fn() -> String,
    place: &dyn Fn() -> Option<[f64; 2]>,
) -> Result<(), Reason> {
    if key.filter(|key| fit_for_id(key)).is_some_and(|key| keys.insert(key.to_owned())) {
        return Ok(());
    }
    let what = key.map(|key| key.chars().take(80).collect());
    checker.found.add(Rule::RepeatedKey, || Example { row: row(), what, at: place() });
    Err(Reason::RepeatedKey)
}

/// The comune that a row says; `None` if it says none, or one that is not the installation's.
fn told_comune(
    checker: &mut Checker,
    told: &ToldComune,
    value: Option<&Value>,
    row: &dyn Fn() -> String,
    place: &dyn Fn() -> Option<[f64; 2]>,
) -> Result<Option<String>, Reason> {
    let Some(code) = value.and_then(Value::to_text) else { return Ok(None) };
    // a number has lost its zeros
    let code = format!("{:0>6}", code.trim());
    if is_code(&code) && (told.known.is_empty() || told.known.contains(&code)) {
        return Ok(Some(code));
    }
    let what = Some(code.chars().take(80).collect());
    checker.found.add(Rule::UnknownComune, || Example { row: row(), what, at: place() });
    if checker.severity(Rule::UnknownComune) == Severity::KeepOut { Err(Reason::UnknownComune) } else { Ok(None) }
}

/// Whether a comune can be called so: six digits.
fn is_code(comune: &str) -> bool {
    comune.len() == 6 && comune.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a row begins, and does not end before it.
fn check_validity(fields: &[FieldPlan], values: &[Value]) -> Result<(), Reason> {
    let of = |role: Role| fields.iter().position(|f| f.role == role).map(|index| &values[index]);
    match (of(Role::ValidFrom), of(Role::ValidTo)) {
        (None, _) | (Some(Value::Instant(_)), None | Some(Value::Null)) => Ok(()),
        (Some(Value::Instant(from)), Some(Value::Instant(to))) if to > from => Ok(()),
        _ => Err(Reason::NoValidity),
    }
}

impl ComuneOf {
    /// `sure`: an area is surely valid.
    fn of(&self, shape: &Shape, sure: bool) -> Option<&str> {
        match (self, shape.family) {
            (Self::Given(comune), _) => Some(comune),
            (Self::Inside(locator), Family::Point) => locator.locate(*shape.positions.first()?),
            (Self::Inside(locator), Family::Polygon) if sure => locator.locate(shape.point_inside()?),
            (Self::Inside(_), _) => None,
        }
    }
}

fn write_origin(row: &mut RowWriter<'_>, seq: u64, file: usize, number: u64, key: Option<&str>) {
    row.integer(i64::try_from(seq).unwrap_or(i64::MAX));
    row.int4(i32::try_from(file).unwrap_or(i32::MAX));
    row.integer(i64::try_from(number).unwrap_or(i64::MAX));
    match key {
        Some(key) => row.text(key),
        None => row.null(),
    };
}

fn write(row: &mut RowWriter<'_>, pending: &Pending, file: usize, (comune, sure): (Option<&str>, bool), ewkb: &[u8]) {
    write_origin(row, pending.seq, file, pending.number, pending.key.as_deref());
    match comune {
        Some(comune) => row.text(comune),
        None => row.null(),
    };
    row.boolean(sure);
    row.bytes(ewkb);
    write_values(row, pending);
}

/// Columns of the next table before the fields.
const NEXT_COLUMNS: [&str; 3] = ["id", "comune", "geom"];

fn write_next(row: &mut RowWriter<'_>, pending: &Pending, comune: &str, ewkb: &[u8]) {
    match &pending.key {
        Some(key) => row.text(key),
        None => row.text(&pending.seq.to_string()),
    };
    row.text(comune);
    row.bytes(ewkb);
    write_values(row, pending);
}

fn write_values(row: &mut RowWriter<'_>, pending: &Pending) {
    for value in &pending.values {
        match value {
            Value::Null => row.null(),
            Value::Text(v) => row.text(v),
            Value::Integer(v) => row.integer(*v),
            Value::Number(v) => row.number(*v),
            Value::Boolean(v) => row.boolean(*v),
            Value::Date(v) => row.date(*v),
            Value::Instant(v) => row.instant(*v),
        };
    }
}

/// What people call a row.
pub(crate) fn row_name(file: Option<&str>, number: u64) -> String {
    match file {
        Some(file) => format!("{file} {number}"),
        None => number.to_string(),
    }
}
