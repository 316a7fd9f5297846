use chrono::{NaiveDate, TimeZone, Utc};
use kernel::layer::{Code, FieldType};
use kernel::{Column, Text};

use super::{Checker, Facts};
use crate::geometry::{Family, Shape};
use crate::plan::FieldPlan;
use crate::report::Reason;
use crate::rules::{Rule, Rules, Severity, Thresholds};
use crate::source::Value;

fn field(name: &str, kind: FieldType, codes: &[&str]) -> FieldPlan {
    let code = |value: &&str| Code { value: (*value).to_owned(), label: Text::same(*value) };
    FieldPlan { codes: codes.iter().map(code).collect(), ..FieldPlan::new(Column::new(name).unwrap(), name, kind, vec![0]) }
}

fn checker(rules: &[(Rule, Severity)], fields: &[FieldPlan]) -> Checker {
    let mut all = Rules::default();
    for (rule, severity) in rules {
        assert!(all.set(*rule, *severity), "{rule:?}");
    }
    let now = Utc.with_ymd_and_hms(2026, 11, 29, 10, 0, 0).unwrap();
    Checker::new(Facts { rules: all, thresholds: Thresholds::default(), now }, fields)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// What is found in rows of one value, and what becomes of each.
fn found(checker: &mut Checker, values: &[Value]) -> Vec<Result<Value, Reason>> {
    let one = |(index, value): (usize, &Value)| {
        let mut row = [value.clone()];
        checker.values(&mut row, &|| (index + 1).to_string(), &|| Some([1.0, 2.0])).map(|()| row[0].clone())
    };
    values.iter().enumerate().map(one).collect()
}

fn counted(checker: Checker) -> Vec<(Rule, u64, String)> {
    let row = |e: &crate::rules::Example| e.row.clone();
    checker.end().each().map(|(rule, rows, examples)| (rule, rows, examples.iter().map(row).collect::<Vec<_>>().join(","))).collect()
}

#[test]
fn lost_accents_are_told_or_mended() {
    let fields = [field("nome", FieldType::Text, &[])];
    let rows = [text("cittÃ "), text("città"), text("citt\u{FFFD}")];
    let mut keeps = checker(&[], &fields);
    assert_eq!(found(&mut keeps, &rows), rows.clone().map(Ok));
    assert_eq!(counted(keeps), [(Rule::LostAccents, 2, "1,3".to_owned())]);
    let mut mends = checker(&[(Rule::LostAccents, Severity::Mend)], &fields);
    assert_eq!(found(&mut mends, &rows), [Ok(text("città")), Ok(text("città")), Ok(text("citt\u{FFFD}"))]);
    let mut out = checker(&[(Rule::LostAccents, Severity::KeepOut)], &fields);
    assert_eq!(found(&mut out, &rows), [Err(Reason::LostAccents), Ok(text("città")), Err(Reason::LostAccents)]);
    let mut off = checker(&[(Rule::LostAccents, Severity::Off)], &fields);
    found(&mut off, &rows);
    assert_eq!(counted(off), []);
}

#[test]
fn days_to_come_and_codes_that_nobody_declared_are_told() {
    let day = |y, m, d| Value::Date(NaiveDate::from_ymd_opt(y, m, d).unwrap());
    let mut days = checker(&[], &[field("giorno", FieldType::Date, &[])]);
    found(&mut days, &[day(2026, 11, 29), day(2026, 11, 30), day(9999, 1, 1), Value::Null]);
    assert_eq!(counted(days), [(Rule::FutureDate, 2, "2,3".to_owned())]);
    let mut codes = checker(&[(Rule::UndeclaredCode, Severity::Mend)], &[field("tipo", FieldType::Text, &["A", "B"])]);
    assert_eq!(found(&mut codes, &[text("A"), text("C"), Value::Null]), [Ok(text("A")), Ok(Value::Null), Ok(Value::Null)]);
    assert_eq!(counted(codes), [(Rule::UndeclaredCode, 1, "2".to_owned())]);
    let mut numbers = checker(&[], &[field("tipo", FieldType::Integer, &["1", "2"])]);
    found(&mut numbers, &[Value::Integer(2), Value::Integer(3)]);
    assert_eq!(counted(numbers), [(Rule::UndeclaredCode, 1, "2".to_owned())]);
}

#[test]
fn a_row_is_counted_once_however_many_of_its_values_are_wrong() {
    let mut checker = checker(&[], &[field("nome", FieldType::Text, &[]), field("via", FieldType::Text, &[])]);
    checker.values(&mut [text("cittÃ "), text("perchÃ©")], &|| "1".to_owned(), &|| None).unwrap();
    assert_eq!(counted(checker), [(Rule::LostAccents, 1, "1".to_owned())]);
}

#[test]
fn a_column_of_texts_is_numbers_only_if_all_of_it_is() {
    let fields = [field("altezza", FieldType::Text, &[])];
    let count = |rows: &[Value]| {
        let mut checker = checker(&[], &fields);
        found(&mut checker, rows);
        counted(checker)
    };
    assert_eq!(count(&[text("12,5"), Value::Null, text("7")]), [(Rule::NumberAsText, 2, "1".to_owned())]);
    assert_eq!(count(&[text("12,5"), text("7 m")]), []);
    assert_eq!(count(&[text("00186"), text("89100")]), [], "codes with zeros");
    assert_eq!(count(&[text("15121"), text("89100")]), [], "codes of one length");
    assert_eq!(count(&[text("7"), text("12")]), [(Rule::NumberAsText, 2, "1".to_owned())]);
    assert_eq!(count(&[Value::Null]), []);
}

fn square(x: f64, width: f64) -> Shape {
    let positions = vec![[x, 0.0], [x + width, 0.0], [x + width, 10.0], [x, 10.0], [x, 0.0]];
    Shape { positions, sequences: vec![5], parts: vec![1], ..Shape::new(Family::Polygon) }
}

#[test]
fn the_same_row_twice_and_slivers_are_told() {
    let fields = [field("id", FieldType::Integer, &[]), field("nome", FieldType::Text, &[])];
    let mut keeps = checker(&[(Rule::Duplicate, Severity::KeepOut)], &fields);
    let mut look =
        |shape: &Shape, id: i64, name: &str, row: &str| keeps.shape(shape, &[Value::Integer(id), text(name)], Some(0), &|| row.to_owned());
    assert_eq!(look(&square(0.0, 10.0), 1, "a", "1"), Ok(()));
    assert_eq!(look(&square(0.0, 10.0), 2, "a", "2"), Err(Reason::Duplicate), "another key is the same row");
    assert_eq!(look(&square(0.0, 10.0), 3, "b", "3"), Ok(()));
    assert_eq!(look(&square(20.0, 0.05), 4, "a", "4"), Ok(()));
    assert_eq!(counted(keeps), [(Rule::Sliver, 1, "4".to_owned()), (Rule::Duplicate, 1, "2".to_owned())]);
}

#[test]
fn sizes_are_those_without_holes() {
    let mut ring = square(0.0, 10.0);
    ring.positions.extend([[2.0, 2.0], [4.0, 2.0], [4.0, 4.0], [2.0, 4.0], [2.0, 2.0]]);
    ring.sequences.push(10);
    ring.parts = vec![2];
    assert_eq!(ring.size(), (96.0, 48.0));
}
