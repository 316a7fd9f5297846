use super::levels::Level;
use super::nesting::{Nested, Steps};
use crate::ParcelNumber;
use crate::cxf::{Located, Position, TextRecord};
use crate::remark::{Issue, Remarks};
use crate::sheet_map::place;

/// How wide a character of a text is for its height: an estimate.
const WIDTH: f64 = 0.8;

/// A text that can be the number of a parcel.
pub(super) struct Number {
    line: u64,
    number: ParcelNumber,
    record: TextRecord,
    /// Its middle, as far as it can be computed.
    middle: Position,
    /// Whether it is on a layer of parcels.
    on_parcels: bool,
}

impl Number {
    /// A text as a number; among other texts those alone that begin with a digit.
    pub(super) fn of(line: u64, record: &TextRecord, centred: bool, level: Level) -> Option<Self> {
        let number: ParcelNumber = record.text.trim().parse().ok()?;
        let on_parcels = level == Level::Parcel;
        if !(on_parcels || level == Level::Text && number.as_str().starts_with(|c: char| c.is_ascii_digit())) {
            return None;
        }
        let (half, up) = (record.text.chars().count() as f64 * WIDTH / 2.0, 0.5);
        let (sin, cos) = (record.angle as f64 / 1000.0).sin_cos();
        let off = if centred { [0.0, 0.0] } else { [half * cos - up * sin, half * sin + up * cos] };
        let middle = [0, 1].map(|axis| record.position[axis] + (off[axis] * record.size as f64).round() as i64);
        Some(Self { line, number, record: record.clone(), middle, on_parcels })
    }

    fn into_text(self) -> Located<TextRecord> {
        Located { line: self.line, value: self.record }
    }
}

/// An area, its code, and where its number stands.
pub(super) type Named = (Nested, String, Option<Position>);

/// Gives areas their codes: streets and waters by their layer, parcels by the number that stands in them and in no other. Returns the texts that
/// are no parcel's number too.
pub(super) fn give(
    areas: Vec<Nested>,
    numbers: Vec<Number>,
    steps: &mut Steps,
    remarks: &mut Remarks,
) -> (Vec<Named>, Vec<Located<TextRecord>>) {
    let any = numbers.iter().any(|number| number.on_parcels);
    let (numbers, texts): (Vec<Number>, Vec<Number>) = numbers.into_iter().partition(|number| number.on_parcels || !any);
    let mut left: Vec<_> = texts.into_iter().map(Number::into_text).collect();
    let mut of: Vec<Vec<Number>> = areas.iter().map(|_| Vec::new()).collect();
    for number in numbers {
        let only = only(&areas, number.record.position, steps).or_else(|| only(&areas, number.middle, steps));
        match only {
            Some(area) => of[area].push(number),
            None => {
                remarks.add(number.line, Issue::StrayNumber { number: number.number.to_string() });
                left.push(number.into_text());
            }
        }
    }
    settle(&areas, &mut of, steps);
    let named = areas.into_iter().zip(of).map(|(area, mut of)| match area.level {
        Level::Street => (area, "STRADA".to_owned(), None),
        Level::Water => (area, "ACQUA".to_owned(), None),
        _ => {
            let one = of.windows(2).all(|pair| pair[0].number == pair[1].number);
            let first = of.first().map(|first| (first.number.to_string(), first.record.position));
            let (code, at) = match first {
                Some((code, at)) if one => (code, Some(at)),
                Some(_) => {
                    let numbers = of.iter().take(10).map(|number| number.number.to_string()).collect::<Vec<_>>().join(", ");
                    remarks.add(area.line, Issue::SeveralNumbers { numbers });
                    left.extend(of.drain(..).map(Number::into_text));
                    (String::new(), None)
                }
                None => {
                    let at = place::label_point(&area.rings).unwrap_or_default();
                    remarks.add(area.line, Issue::Unnumbered { at });
                    (String::new(), None)
                }
            };
            (area, code, at)
        }
    });
    let named = named.collect();
    (named, left)
}

/// The one parcel that a position lies in; `None` if there are several, as on an outline.
fn only(areas: &[Nested], at: Position, steps: &mut Steps) -> Option<usize> {
    let mut found = None;
    if !steps.through(areas.len()) {
        return None;
    }
    for (index, area) in areas.iter().enumerate().filter(|(_, area)| area.level == Level::Parcel) {
        if area.holds(at, steps) && found.replace(index).is_some() {
            return None;
        }
    }
    found
}

/// Of several numbers in one parcel those go whose middle lies in another that has none: a text may begin beside a parcel that is narrow.
fn settle(areas: &[Nested], of: &mut [Vec<Number>], steps: &mut Steps) {
    for index in 0..of.len() {
        let mut at = 0;
        while of[index].len() > 1 && at < of[index].len() {
            let other = only(areas, of[index][at].middle, steps);
            match other {
                Some(other) if other != index && of[other].is_empty() => {
                    let number = of[index].remove(at);
                    of[other].push(number);
                }
                _ => at += 1,
            }
        }
    }
}
