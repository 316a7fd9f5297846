//! The rows of the tables, as COPY takes them.

use catalogue::copy::RowWriter;
use chrono::NaiveDate;

/// A table of the census.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Properties,
    /// Parts of a parcel of land, summed up in its property.
    Portions,
    Places,
    Addresses,
    Subjects,
    Titles,
}

const PROPERTY_KEY: [&str; 5] = ["comune", "section", "nature", "property", "version"];

impl Table {
    pub(crate) const ALL: [Self; 6] = [Self::Properties, Self::Portions, Self::Places, Self::Addresses, Self::Subjects, Self::Titles];

    /// Its name in the schema `cadastre`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Portions => "property_portions",
            Self::Places => "property_places",
            Self::Addresses => "property_addresses",
            Self::Subjects => "subjects",
            Self::Titles => "titles",
        }
    }

    /// Its name among the temporary tables.
    pub(crate) fn staged(self) -> &'static str {
        match self {
            Self::Properties => "census_properties",
            Self::Portions => "census_portions",
            Self::Places => "census_places",
            Self::Addresses => "census_addresses",
            Self::Subjects => "census_subjects",
            Self::Titles => "census_titles",
        }
    }

    /// The columns that its rows are known by.
    pub(crate) fn key(self) -> &'static [&'static str] {
        match self {
            Self::Properties => &PROPERTY_KEY,
            Self::Portions | Self::Places | Self::Addresses => &["comune", "section", "nature", "property", "version", "ordinal"],
            Self::Subjects => &["comune", "section", "subject", "kind"],
            Self::Titles => &["comune", "section", "nature", "property", "subject", "subject_kind", "title", "ordinal"],
        }
    }

    /// The others, in the order of the row.
    pub(crate) fn values(self) -> &'static [&'static str] {
        &self.columns()[self.key().len()..]
    }

    /// All columns, those of the key first, in the order in which its row writes them.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Properties => &[
                "comune",
                "section",
                "nature",
                "property",
                "version",
                "category",
                "class",
                "zone",
                "quality",
                "size",
                "area_m2",
                "income",
                "income_farm",
                "storeys",
                "doors",
                "partita",
                "since",
                "since_act",
                "until",
                "until_act",
            ],
            Self::Portions => &[
                "comune",
                "section",
                "nature",
                "property",
                "version",
                "ordinal",
                "portion",
                "quality",
                "class",
                "area_m2",
                "income",
                "income_farm",
            ],
            Self::Places => &[
                "comune",
                "section",
                "nature",
                "property",
                "version",
                "ordinal",
                "urban_section",
                "sheet",
                "number",
                "denominator",
                "unit",
            ],
            Self::Addresses => &["comune", "section", "nature", "property", "version", "ordinal", "address"],
            Self::Subjects => &[
                "comune",
                "section",
                "subject",
                "kind",
                "name",
                "given_name",
                "born_on",
                "born_in",
                "sex",
                "seat",
                "code_hash",
                "code_sealed",
            ],
            Self::Titles => &[
                "comune",
                "section",
                "nature",
                "property",
                "subject",
                "subject_kind",
                "title",
                "ordinal",
                "holds",
                "holds_words",
                "numerator",
                "denominator",
                "regime",
                "since",
                "since_act",
                "until",
                "until_act",
            ],
        }
    }
}

/// What a version of a property is known by.
#[derive(Clone, Copy)]
pub(crate) struct PropertyKey<'a> {
    pub(crate) comune: &'a str,
    pub(crate) section: &'a str,
    /// `F` or `T`.
    pub(crate) nature: &'static str,
    pub(crate) property: i64,
    pub(crate) version: i32,
}

/// A version of a property. Numbers are thousandths: of rooms, cubic or square metres, euro.
#[derive(Clone, Copy, Default)]
pub(crate) struct PropertyRow<'a> {
    pub(crate) category: &'a str,
    pub(crate) class: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) quality: Option<i32>,
    pub(crate) size: Option<i64>,
    pub(crate) area_m2: Option<i64>,
    pub(crate) income: Option<i64>,
    pub(crate) income_farm: Option<i64>,
    pub(crate) storeys: &'a str,
    pub(crate) doors: &'a str,
    pub(crate) partita: &'a str,
    pub(crate) span: Span<'a>,
}

/// From when until when, and the acts by which.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span<'a> {
    pub(crate) since: Option<NaiveDate>,
    pub(crate) since_act: &'a str,
    pub(crate) until: Option<NaiveDate>,
    pub(crate) until_act: &'a str,
}

/// A part of a parcel of land. Numbers are thousandths, as of a property.
#[derive(Clone, Copy)]
pub(crate) struct PortionRow<'a> {
    /// Its letters.
    pub(crate) portion: &'a str,
    pub(crate) quality: Option<i32>,
    pub(crate) class: &'a str,
    pub(crate) area_m2: Option<i64>,
    pub(crate) income: Option<i64>,
    pub(crate) income_farm: Option<i64>,
}

/// Where a property lies.
#[derive(Clone, Copy)]
pub(crate) struct PlaceRow<'a> {
    pub(crate) urban_section: &'a str,
    pub(crate) sheet: i32,
    pub(crate) number: &'a str,
    pub(crate) denominator: &'a str,
    pub(crate) unit: &'a str,
}

/// Somebody entitled.
#[derive(Clone, Copy)]
pub(crate) struct SubjectRow<'a> {
    pub(crate) comune: &'a str,
    pub(crate) section: &'a str,
    pub(crate) subject: i64,
    /// `P` or `G`.
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) given_name: &'a str,
    pub(crate) born_on: Option<NaiveDate>,
    pub(crate) born_in: &'a str,
    pub(crate) sex: &'a str,
    pub(crate) seat: &'a str,
    pub(crate) code: Option<(&'a [u8], &'a [u8])>,
}

/// A right of somebody.
#[derive(Clone, Copy)]
pub(crate) struct TitleRow<'a> {
    pub(crate) comune: &'a str,
    pub(crate) section: &'a str,
    pub(crate) nature: &'static str,
    pub(crate) property: i64,
    pub(crate) subject: i64,
    pub(crate) subject_kind: &'a str,
    pub(crate) title: i64,
    pub(crate) holds: &'a str,
    pub(crate) holds_words: &'a str,
    pub(crate) share: Option<(i64, i64)>,
    pub(crate) regime: &'a str,
    pub(crate) span: Span<'a>,
}

impl PropertyKey<'_> {
    fn write(&self, row: &mut RowWriter<'_>) {
        row.text(self.comune).text(self.section).text(self.nature).integer(self.property).int4(self.version);
    }

    /// A place of it.
    pub(crate) fn place(&self, ordinal: i32, place: &PlaceRow<'_>, row: &mut RowWriter<'_>) {
        self.write(row);
        row.int4(ordinal).text(place.urban_section).int4(place.sheet).text(place.number).text(place.denominator).text(place.unit);
    }

    /// An address of it.
    pub(crate) fn address(&self, ordinal: i32, address: &str, row: &mut RowWriter<'_>) {
        self.write(row);
        row.int4(ordinal).text(address);
    }

    /// The property itself.
    pub(crate) fn property(&self, property: &PropertyRow<'_>, row: &mut RowWriter<'_>) {
        self.write(row);
        for text in [property.category, property.class, property.zone] {
            optional(row, text);
        }
        int4(row, property.quality);
        for number in [property.size, property.area_m2, property.income, property.income_farm] {
            numeric(row, number);
        }
        for text in [property.storeys, property.doors, property.partita] {
            optional(row, text);
        }
        property.span.write(row);
    }

    /// A part of it.
    pub(crate) fn portion(&self, ordinal: i32, portion: &PortionRow<'_>, row: &mut RowWriter<'_>) {
        self.write(row);
        row.int4(ordinal).text(portion.portion);
        int4(row, portion.quality);
        optional(row, portion.class);
        for number in [portion.area_m2, portion.income, portion.income_farm] {
            numeric(row, number);
        }
    }
}

impl Span<'_> {
    fn write(&self, row: &mut RowWriter<'_>) {
        for (day, act) in [(self.since, self.since_act), (self.until, self.until_act)] {
            date(row, day);
            optional(row, act);
        }
    }
}

impl SubjectRow<'_> {
    pub(crate) fn write(&self, row: &mut RowWriter<'_>) {
        row.text(self.comune).text(self.section).integer(self.subject).text(self.kind).text(self.name);
        optional(row, self.given_name);
        date(row, self.born_on);
        for text in [self.born_in, self.sex, self.seat] {
            optional(row, text);
        }
        match self.code {
            Some((hash, sealed)) => row.bytes(hash).bytes(sealed),
            None => row.null().null(),
        };
    }
}

impl TitleRow<'_> {
    pub(crate) fn write(&self, row: &mut RowWriter<'_>) {
        row.text(self.comune).text(self.section).text(self.nature).integer(self.property);
        // those without a number of their own are counted when all are there
        row.integer(self.subject).text(self.subject_kind).integer(self.title).int4(1).text(self.holds);
        optional(row, self.holds_words);
        match self.share {
            Some((numerator, denominator)) => row.integer(numerator).integer(denominator),
            None => row.null().null(),
        };
        optional(row, self.regime);
        self.span.write(row);
    }
}

/// A text, of which an empty one is none.
fn optional(row: &mut RowWriter<'_>, text: &str) {
    if text.is_empty() {
        row.null()
    } else {
        row.text(text)
    };
}

fn int4(row: &mut RowWriter<'_>, number: Option<i32>) {
    match number {
        Some(number) => row.int4(number),
        None => row.null(),
    };
}

fn date(row: &mut RowWriter<'_>, day: Option<NaiveDate>) {
    match day {
        Some(day) => row.date(day),
        None => row.null(),
    };
}

/// `numeric`, from thousandths.
fn numeric(row: &mut RowWriter<'_>, thousandths: Option<i64>) {
    match thousandths {
        Some(number) => {
            let (bytes, length) = binary(number);
            row.bytes(&bytes[..length])
        }
        None => row.null(),
    };
}

/// The binary form: how many digits there are to the base of 10,000, which power of it the first one is of, the sign, how many decimals
/// are shown, the digits (PostgreSQL, `src/backend/utils/adt/numeric.c`, `numeric_send`).
fn binary(thousandths: i64) -> ([u8; 24], usize) {
    const BASE: u128 = 10_000;
    let decimals: i16 = [(1000, 0), (100, 1), (10, 2)].iter().find(|(by, _)| thousandths % by == 0).map_or(3, |(_, decimals)| *decimals);
    let mut rest = u128::from(thousandths.unsigned_abs()) * 10;
    let mut digits = [0i16; 8];
    let mut first = digits.len();
    while rest > 0 {
        first -= 1;
        digits[first] = (rest % BASE) as i16;
        rest /= BASE;
    }
    // the last digit is the one after the decimal point
    let weight = if first == digits.len() { 0 } else { (digits.len() - first) as i16 - 2 };
    let last = if digits[7] == 0 { 7 } else { 8 };
    let digits = if first < last { &digits[first..last] } else { &[] };
    let sign: i16 = if thousandths < 0 { 0x4000 } else { 0 };
    let mut bytes = [0; 24];
    let values = [digits.len() as i16, weight, sign, decimals];
    for (at, value) in values.iter().chain(digits).enumerate() {
        bytes[2 * at..2 * at + 2].copy_from_slice(&value.to_be_bytes());
    }
    (bytes, 8 + 2 * digits.len())
}

#[cfg(test)]
mod tests {
    use super::{Table, binary};

    /// By hand, from the form's description.
    #[test]
    fn numbers_are_written_as_the_database_has_them() {
        let read = |number: i64| {
            let (bytes, length) = binary(number);
            bytes[..length].chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect::<Vec<_>>()
        };
        assert_eq!(read(0), [0, 0, 0, 0]);
        assert_eq!(read(1_057_450), [2, 0, 0, 2, 1057, 4500]);
        assert_eq!(read(-6_500), [2, 0, 0x4000, 1, 6, 5000]);
        assert_eq!(read(5), [1, -1, 0, 3, 50]);
        assert_eq!(read(23_456_000), [2, 1, 0, 0, 2, 3456]);
        assert_eq!(read(10_000_000), [2, 1, 0, 0, 1, 0]);
        assert_eq!(read(i64::MAX).len(), 4 + 5);
    }

    #[test]
    fn the_columns_of_the_key_come_first() {
        for table in Table::ALL {
            assert_eq!(table.columns()[..table.key().len()], *table.key());
        }
    }
}
