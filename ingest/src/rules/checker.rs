//! The rules that a row is held against while it is read: its values, its size, whether it was there before.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::layer::FieldType;
use xxhash_rust::xxh3::xxh3_64;

use super::{Example, Findings, Rule, Rules, Severity, Thresholds, accents};
use crate::geometry::{Family, Shape};
use crate::plan::FieldPlan;
use crate::report::Reason;
use crate::source::Value;
use crate::source::table::number::{self, Decimal};

/// What the rows are held against.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) rules: Rules,
    pub(crate) thresholds: Thresholds,
    /// Now: what is later lies in the future.
    pub(crate) now: DateTime<Utc>,
}

/// Looks at one row after the other, and counts.
pub(crate) struct Checker {
    facts: Facts,
    today: NaiveDate,
    names: Vec<String>,
    codes: Vec<Option<HashSet<String>>>,
    numbers: Vec<Numbers>,
    seen: foldhash::HashSet<u64>,
    /// What a row's fingerprint is made of.
    print: Vec<u8>,
    pub(crate) found: Findings,
}

/// What a column of texts has.
struct Numbers {
    /// Every one so far is a number.
    all: bool,
    /// They are of different lengths, or have decimals: digits of one length are a code, of a region or of a post office.
    vary: bool,
    length: Option<usize>,
    rows: u64,
    first: Option<(String, String)>,
}

impl Checker {
    pub(crate) fn new(facts: Facts, fields: &[FieldPlan]) -> Self {
        let codes = fields.iter().map(|f| (!f.codes.is_empty()).then(|| f.codes.iter().map(|c| c.value.clone()).collect()));
        Self {
            today: facts.now.with_timezone(&chrono_tz::Europe::Rome).date_naive(),
            names: fields.iter().map(|f| f.name.clone()).collect(),
            codes: codes.collect(),
            numbers: fields
                .iter()
                .map(|f| Numbers { all: f.kind == FieldType::Text, vary: false, length: None, rows: 0, first: None })
                .collect(),
            seen: foldhash::HashSet::default(),
            print: Vec::new(),
            found: Findings::default(),
            facts,
        }
    }

    pub(crate) fn severity(&self, rule: Rule) -> Severity {
        self.facts.rules.get(rule)
    }

    /// Looks at a row's values, and puts right what is to be; an error if the row is to be kept out. `row` is what people call it,
    /// `place` where it is, in storage.
    pub(crate) fn values(
        &mut self,
        values: &mut [Value],
        row: &dyn Fn() -> String,
        place: &dyn Fn() -> Option<[f64; 2]>,
    ) -> Result<(), Reason> {
        let mut told: Vec<Rule> = Vec::new();
        for (index, value) in values.iter_mut().enumerate() {
            let wrong = match value {
                Value::Text(text) => self.text(index, text, row),
                Value::Date(date) if *date > self.today => Some(Rule::FutureDate),
                Value::Instant(instant) if *instant > self.facts.now => Some(Rule::FutureDate),
                Value::Integer(_) => self.code(index, value),
                _ => None,
            };
            let Some(rule) = wrong.filter(|rule| self.severity(*rule) != Severity::Off) else { continue };
            let mends = self.severity(rule) == Severity::Mend;
            let mended = match value {
                Value::Text(text) if mends && rule == Rule::LostAccents => accents::mend(text),
                _ => None,
            };
            let what = || {
                let was: String = value.to_text().unwrap_or_default().chars().take(80).collect();
                let now = mended.iter().map(|text| format!(" → {}", text.chars().take(80).collect::<String>())).collect::<String>();
                Some(format!("{}: {was}{now}", self.names[index]))
            };
            // a row is counted once, however many of its values are so
            if !told.contains(&rule) {
                self.found.add(rule, || Example { row: row(), what: what(), at: place() });
                told.push(rule);
            }
            match (self.facts.rules.get(rule), mended) {
                (Severity::KeepOut, _) => return Err(reason(rule)),
                (Severity::Mend, Some(mended)) => *value = Value::Text(mended),
                (Severity::Mend, None) if rule == Rule::UndeclaredCode => *value = Value::Null,
                _ => {}
            }
        }
        Ok(())
    }

    fn text(&mut self, index: usize, text: &str, row: &dyn Fn() -> String) -> Option<Rule> {
        let numbers = &mut self.numbers[index];
        if numbers.all {
            numbers.all = is_number(text);
            numbers.rows += 1;
            numbers.vary |= *numbers.length.get_or_insert(text.len()) != text.len() || !text.bytes().all(|b| b.is_ascii_digit());
            numbers.first.get_or_insert_with(|| (row(), text.chars().take(40).collect()));
        }
        if accents::is_damaged(text) {
            return Some(Rule::LostAccents);
        }
        let codes = self.codes[index].as_ref()?;
        (!codes.contains(text)).then_some(Rule::UndeclaredCode)
    }

    fn code(&self, index: usize, value: &Value) -> Option<Rule> {
        let codes = self.codes[index].as_ref()?;
        (!codes.contains(&value.to_text()?)).then_some(Rule::UndeclaredCode)
    }

    /// Looks at a row whose geometry is in storage: its size, and whether it was there before.
    pub(crate) fn shape(&mut self, shape: &Shape, values: &[Value], own: Option<usize>, row: &dyn Fn() -> String) -> Result<(), Reason> {
        let place = || shape.middle();
        if self.severity(Rule::Duplicate) != Severity::Off && !self.seen.insert(fingerprint(shape, values, own, &mut self.print)) {
            self.found.add(Rule::Duplicate, || Example { row: row(), what: None, at: place() });
            if self.severity(Rule::Duplicate) == Severity::KeepOut {
                return Err(Reason::Duplicate);
            }
        }
        if shape.family == Family::Polygon
            && self.severity(Rule::Sliver) != Severity::Off
            && let (area, outline) = shape.size()
            && 2.0 * area < self.facts.thresholds.sliver_width_m * outline
        {
            let what = || Some(format!("{area:.2} m², {outline:.1} m"));
            self.found.add(Rule::Sliver, || Example { row: row(), what: what(), at: place() });
            if self.severity(Rule::Sliver) == Severity::KeepOut {
                return Err(Reason::Sliver);
            }
        }
        Ok(())
    }

    /// What was found, with what shows when the last row is seen.
    pub(crate) fn end(mut self) -> Findings {
        if self.severity(Rule::NumberAsText) != Severity::Off {
            let (mut rows, mut examples) = (0, Vec::new());
            for (column, name) in self.numbers.iter_mut().zip(&self.names) {
                if let (true, Some((row, text))) = (column.all && column.vary, column.first.take()) {
                    rows = rows.max(column.rows);
                    examples.push(Example { row, what: Some(format!("{name}: {text}")), at: None });
                }
            }
            self.found.add_all(Rule::NumberAsText, rows, examples);
        }
        self.found
    }
}

/// Why a row is kept out that has a value for which this rule does not hold.
fn reason(rule: Rule) -> Reason {
    match rule {
        Rule::FutureDate => Reason::FutureDate,
        Rule::UndeclaredCode => Reason::UndeclaredCode,
        _ => Reason::LostAccents,
    }
}

/// A number that somebody would count with: codes with leading zeros, and long ones, are none.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    let code = matches!(digits, [b'0', b'0'..=b'9', ..]) || digits.len() > 15;
    !code && number::parse(text, Decimal::Either).is_some()
}

/// Of positions and values but the key's (`own`): two rows with the same are the same, but for one pair in 2⁶⁴. `print` is written over.
fn fingerprint(shape: &Shape, values: &[Value], own: Option<usize>, print: &mut Vec<u8>) -> u64 {
    print.clear();
    for [x, y] in &shape.positions {
        print.extend(x.to_le_bytes());
        print.extend(y.to_le_bytes());
    }
    for end in shape.sequences.iter().chain(&shape.parts) {
        print.extend(end.to_le_bytes());
    }
    for (index, value) in values.iter().enumerate().filter(|(index, _)| Some(*index) != own) {
        print.extend(index.to_le_bytes());
        match value {
            Value::Null => {}
            Value::Text(v) => print.extend(v.as_bytes()),
            Value::Integer(v) => print.extend(v.to_le_bytes()),
            Value::Number(v) => print.extend(v.to_le_bytes()),
            Value::Boolean(v) => print.push(u8::from(*v)),
            Value::Date(v) => print.extend(chrono::Datelike::num_days_from_ce(v).to_le_bytes()),
            Value::Instant(v) => print.extend(v.timestamp_micros().to_le_bytes()),
        }
    }
    xxh3_64(print)
}

#[cfg(test)]
mod tests;
