//! What a row says of where it is.

use std::fmt;
use std::sync::Arc;

use super::address::AddressKey;
use super::comuni::Comuni;
use super::parcel::ParcelKey;
use super::street;
use crate::plan::Place;
use crate::report::Reason;
use crate::source::{SourceLayer, Value};

/// Longest text that is told of what a row says, characters.
const LONGEST_TOLD: usize = 120;

/// A parcel or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Parcel(ParcelKey),
    Address(AddressKey),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parcel(key) => key.fmt(f),
            Self::Address(key) => key.fmt(f),
        }
    }
}

/// Which of a table's columns say it.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    comuni: Arc<Comuni>,
    comune: Option<usize>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Parcel { sheet: usize, number: usize, section: Option<usize> },
    Reference(usize),
    Address { kind: Option<usize>, street: usize, number: Option<usize>, suffix: Option<usize> },
}

impl Cells {
    /// Finds the columns. An error is the name of one that is not there.
    pub(super) fn find(place: &Place, layer: &SourceLayer, comuni: Arc<Comuni>) -> Result<Self, String> {
        let find = |name: &String| {
            let same = |exactly: bool| {
                layer.fields.iter().position(|f| if exactly { f.name == *name } else { f.name.trim().eq_ignore_ascii_case(name.trim()) })
            };
            same(true).or_else(|| same(false)).ok_or_else(|| name.clone())
        };
        let maybe = |name: &Option<String>| name.as_ref().map(find).transpose();
        let what = match (&place.sheet, &place.number, &place.reference, &place.street) {
            (Some(sheet), Some(number), ..) if !place.by_address() => {
                What::Parcel { sheet: find(sheet)?, number: find(number)?, section: maybe(&place.section)? }
            }
            (_, _, Some(reference), _) if !place.by_address() => What::Reference(find(reference)?),
            (.., Some(street)) => What::Address {
                kind: maybe(&place.street_kind)?,
                street: find(street)?,
                number: maybe(&place.house_number)?,
                suffix: maybe(&place.house_suffix)?,
            },
            _ => return Err(String::new()),
        };
        Ok(Self { comuni, comune: maybe(&place.comune)?, what })
    }

    /// What stands in the columns that say where a row is.
    pub(super) fn as_written(&self, values: &[Value]) -> String {
        let columns = match self.what {
            What::Parcel { sheet, number, section } => [section, Some(sheet), Some(number), None],
            What::Reference(column) => [Some(column), None, None, None],
            What::Address { kind, street, number, suffix } => [kind, Some(street), number, suffix],
        };
        let cells = [self.comune].into_iter().chain(columns).flatten().filter_map(|index| values.get(index).and_then(Value::to_text));
        cells.collect::<Vec<_>>().join(", ").chars().take(LONGEST_TOLD).collect()
    }

    /// What a row says, or why it can't be said.
    pub(super) fn key(&self, values: &[Value]) -> Result<Key, Reason> {
        let text = |index: usize| values.get(index).and_then(Value::to_text).unwrap_or_default();
        let maybe = |index: Option<usize>| index.map(text);
        let comune = self.comuni.find(maybe(self.comune).as_deref()).map_err(|()| Reason::OtherComune);
        match self.what {
            What::Parcel { sheet, number, section } => {
                let key = ParcelKey::of_cells(&text(sheet), &text(number), maybe(section).as_deref()).ok_or(Reason::NoParcelNumber)?;
                Ok(Key::Parcel(key.in_comune(comune?)))
            }
            What::Reference(column) => ParcelKey::of_reference(&text(column)).map(Key::Parcel).ok_or(Reason::NoParcelNumber),
            What::Address { kind, street, number, suffix } => {
                let named = match maybe(kind) {
                    Some(kind) => format!("{} {}", kind.trim(), text(street).trim()),
                    None => text(street),
                };
                let number = number.map(|number| format!("{} {}", text(number), maybe(suffix).unwrap_or_default()));
                let (named, number) = match number.filter(|number| !number.trim().is_empty()) {
                    Some(number) => (named, Some(number)),
                    None => street::apart(&named),
                };
                AddressKey::new(comune?, &named, number.as_deref()).map(Key::Address)
            }
        }
    }
}
