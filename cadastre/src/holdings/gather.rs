use std::collections::{BTreeMap, HashMap};

use catalogue::copy::{RowWriter, Rows};
use chrono::NaiveDate;
use kernel::Vault;
use thiserror::Error;
use tokio::sync::mpsc;

use super::rows::{PlaceRow, PortionRow, PropertyKey, PropertyRow, Span, SubjectRow, Table, TitleRow};
use super::{Batch, FISCAL_CODE, words};
use crate::census::{
    Act, Address, Amount, Company, Entry, Key, Land, Lire, Nature, Person, Place, Portion, Private, Property, Subject, Title, Unit,
};
use crate::remark::{Issue, Remarks};

/// Why a record can't be taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotTaken {
    /// The side of the database gave up, and knows why.
    #[error("the database takes no more records")]
    Gone,
    /// Nothing can be sealed.
    #[error("the system gives no randomness, without which no fiscal code can be sealed")]
    Randomness,
}

/// What was gathered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Records that were taken.
    pub records: u64,
    /// Records that were not, by their comune (Belfiore code): it is none of the installation's.
    pub elsewhere: BTreeMap<String, u64>,
}

/// The reading side: takes records as they are read, and sends them on as they fill a batch. Blocks while the database is slower, so it
/// belongs into a thread of its own.
pub struct Gathering {
    vault: Vault,
    comuni: HashMap<String, String>,
    sender: mpsc::Sender<Batch>,
    rows: [Rows; Table::ALL.len()],
    /// The version that the last record was of, and how many parts, places and addresses it has so far.
    last: Option<(Key, [i32; 3])>,
    gathered: Gathered,
    /// The comune that the last file was told of to be none of ours.
    told: Option<(u32, String)>,
}

/// Where a record stands in a delivery: later ones are larger.
fn at(file: u32, line: u64) -> i64 {
    (i64::from(file) << 40) | i64::try_from(line).unwrap_or(i64::MAX).min((1 << 40) - 1)
}

impl Gathering {
    pub(super) fn new(vault: Vault, comuni: HashMap<String, String>, sender: mpsc::Sender<Batch>) -> Self {
        let rows = Table::ALL.map(empty);
        Self { vault, comuni, sender, rows, last: None, gathered: Gathered::default(), told: None }
    }

    /// Takes a record. `file` is which file of the delivery it stands in: of two records that say the same of the same thing, the later
    /// one holds. What can't be kept of it is remarked on.
    pub fn push(&mut self, file: u32, line: u64, entry: &Entry, remarks: &mut Remarks) -> Result<(), NotTaken> {
        let Some(belfiore) = entry.comune() else { return Ok(()) };
        let Some(comune) = self.comuni.get(belfiore).cloned() else {
            *self.gathered.elsewhere.entry(belfiore.to_owned()).or_default() += 1;
            if self.told.as_ref().is_none_or(|(told, other)| *told != file || other != belfiore) {
                remarks.add(line, Issue::ComuneElsewhere { comune: belfiore.to_owned() });
                self.told = Some((file, belfiore.to_owned()));
            }
            return Ok(());
        };
        self.gathered.records += 1;
        let here = Here { comune: &comune, at: at(file, line), line, remarks };
        match entry {
            Entry::Property(key, property) => self.property(here, key, property)?,
            Entry::Subject { section, id, subject, .. } => self.subject(&here, *section, *id, subject)?,
            Entry::Title(title) => self.title(&here, title),
            Entry::Parameter { .. } => {}
        }
        self.send_full()
    }

    /// Sends the rest.
    pub fn finish(mut self) -> Result<Gathered, NotTaken> {
        for table in Table::ALL {
            self.send(table)?;
        }
        Ok(self.gathered)
    }

    fn send_full(&mut self) -> Result<(), NotTaken> {
        for table in Table::ALL {
            if self.rows[table as usize].is_full() {
                self.send(table)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, table: Table) -> Result<(), NotTaken> {
        let rows = std::mem::replace(&mut self.rows[table as usize], empty(table));
        self.sender.blocking_send(Batch { table, rows }).map_err(|_| NotTaken::Gone)
    }

    fn row(&mut self, table: Table, at: i64, write: impl FnOnce(&mut RowWriter<'_>)) {
        let mut row = self.rows[table as usize].row();
        write(&mut row);
        row.integer(at);
    }

    fn property(&mut self, mut here: Here<'_>, key: &Key, property: &Property) -> Result<(), NotTaken> {
        let first = matches!(property, Property::Unit(_) | Property::Land(_));
        let mut counts = match self.last.take() {
            Some((last, counts)) if !first && last == *key => counts,
            _ => [0; 3],
        };
        let section = section(key.section);
        let known = PropertyKey {
            comune: here.comune,
            section: &section,
            nature: nature(key.nature),
            property: number(key.property),
            version: i32::try_from(key.version).unwrap_or(i32::MAX),
        };
        match property {
            Property::Unit(unit) => self.unit(&here, &known, unit),
            Property::Land(land) => {
                self.land(&mut here, &known, land);
                self.places(&mut here, &known, &mut counts[1], std::slice::from_ref(&land.place));
            }
            Property::Places(places) => self.places(&mut here, &known, &mut counts[1], places),
            Property::Addresses(addresses) => self.addresses(&here, &known, &mut counts[2], addresses),
            Property::Portions(portions) => self.portions(&mut here, &known, &mut counts[0], portions),
            // parts that are in common, reserves and deductions have no place in the register
            Property::Common(_) | Property::Reserves(_) | Property::Deductions(_) => {}
        }
        self.last = Some((key.clone(), counts));
        Ok(())
    }

    fn unit(&mut self, here: &Here<'_>, key: &PropertyKey<'_>, unit: &Unit) {
        let (since_act, until_act) = (words::act(&unit.since.note), words::act(&unit.until.note));
        let (storeys, doors) = (joined(&unit.storeys), joined(&unit.doors));
        let property = PropertyRow {
            category: &unit.category,
            class: &unit.class,
            zone: &unit.zone,
            size: unit.size.map(Amount::thousandths),
            area_m2: unit.surface_m2.map(Amount::thousandths),
            income: euro(unit.income_lire, unit.income_euro),
            storeys: &storeys,
            doors: &doors,
            partita: &unit.partita,
            span: span(&unit.since, &since_act, &unit.until, &until_act),
            ..PropertyRow::default()
        };
        self.row(Table::Properties, here.at, |row| key.property(&property, row));
    }

    fn land(&mut self, here: &mut Here<'_>, key: &PropertyKey<'_>, land: &Land) {
        let (since_act, until_act) = (words::act(&land.since.note), words::act(&land.until.note));
        let property = PropertyRow {
            class: &land.class,
            quality: here.whole(&land.quality, "qualità"),
            area_m2: land.area.map(|area| area.m2().saturating_mul(1000)),
            income: euro(land.owners_income.0, land.owners_income.1),
            income_farm: euro(land.farmers_income.0, land.farmers_income.1),
            partita: &land.partita,
            span: span(&land.since, &since_act, &land.until, &until_act),
            ..PropertyRow::default()
        };
        self.row(Table::Properties, here.at, |row| key.property(&property, row));
    }

    fn places(&mut self, here: &mut Here<'_>, key: &PropertyKey<'_>, count: &mut i32, places: &[Place]) {
        for place in places {
            // one without a number is nowhere
            let Some(sheet) = here.whole(&place.foglio, "foglio") else { continue };
            *count += 1;
            let place = PlaceRow {
                urban_section: &place.urban_section,
                sheet,
                number: &place.number,
                denominator: &place.denominator,
                unit: &place.unit,
            };
            self.row(Table::Places, here.at, |row| key.place(*count, &place, row));
        }
    }

    fn addresses(&mut self, here: &Here<'_>, key: &PropertyKey<'_>, count: &mut i32, addresses: &[Address]) {
        for address in addresses {
            let text = words::address(address);
            if !text.is_empty() {
                *count += 1;
                self.row(Table::Addresses, here.at, |row| key.address(*count, &text, row));
            }
        }
    }

    fn portions(&mut self, here: &mut Here<'_>, key: &PropertyKey<'_>, count: &mut i32, portions: &[Portion]) {
        for portion in portions {
            *count += 1;
            let income = portion.income.as_ref();
            let [owners, farmers] = [income.and_then(|i| i.owners), income.and_then(|i| i.farmers)].map(|i| i.map(Amount::thousandths));
            let portion = PortionRow {
                portion: &portion.id,
                quality: here.whole(&portion.quality, "qualità"),
                class: &portion.class,
                area_m2: portion.area.map(|area| area.m2().saturating_mul(1000)),
                income: owners,
                income_farm: farmers,
            };
            self.row(Table::Portions, here.at, |row| key.portion(*count, &portion, row));
        }
    }

    fn subject(&mut self, here: &Here<'_>, of: Option<char>, id: u64, subject: &Subject) -> Result<(), NotTaken> {
        let (section, subject_number) = (section(of), number(id));
        let code = match subject {
            Subject::Person(Person { fiscal_code, .. }) | Subject::Company(Company { fiscal_code, .. }) => {
                sealed(&self.vault, fiscal_code.reveal())?
            }
        };
        let code = code.as_ref().map(|(hash, sealed)| (hash.as_slice(), sealed.as_slice()));
        let blank = SubjectRow {
            comune: here.comune,
            section: &section,
            subject: subject_number,
            kind: "P",
            name: "",
            given_name: "",
            born_on: None,
            born_in: "",
            sex: "",
            seat: "",
            code,
        };
        let row = match subject {
            Subject::Person(person) => SubjectRow {
                name: person.surname.reveal(),
                given_name: person.name.reveal(),
                born_on: birthday(&person.born),
                born_in: person.birthplace.reveal(),
                sex: match person.sex.reveal() {
                    "1" => "M",
                    "2" => "F",
                    other => other,
                },
                ..blank
            },
            Subject::Company(company) => SubjectRow { kind: "G", name: company.name.reveal(), seat: &company.seat, ..blank },
        };
        self.row(Table::Subjects, here.at, |writer| row.write(writer));
        Ok(())
    }

    fn title(&mut self, here: &Here<'_>, title: &Title) {
        let (since_act, until_act) = (words::act(&title.since.note), words::act(&title.until.note));
        let (section, mut kind, mut regime) = (section(title.section), [0; 4], [0; 4]);
        let share = title.share.map(|share| (number(share.numerator), number(share.denominator)));
        let row = TitleRow {
            comune: here.comune,
            section: &section,
            nature: nature(title.nature),
            property: number(title.property),
            subject: number(title.subject.0),
            subject_kind: title.subject.1.encode_utf8(&mut kind),
            title: number(title.id.unwrap_or(0)),
            holds: &title.right,
            holds_words: title.right_in_words.reveal(),
            share,
            regime: title.regime.map_or("", |regime_| regime_.encode_utf8(&mut regime)),
            span: span(&title.since, &since_act, &title.until, &until_act),
        };
        self.row(Table::Titles, here.at, |writer| row.write(writer));
    }
}

/// Where a record stands, and whose it is.
struct Here<'a> {
    comune: &'a str,
    at: i64,
    line: u64,
    remarks: &'a mut Remarks,
}

impl Here<'_> {
    /// A code that is a number.
    fn whole(&mut self, text: &str, field: &'static str) -> Option<i32> {
        let found = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        if found.is_none() && !text.is_empty() {
            self.remarks.add(self.line, Issue::Number { field });
        }
        found
    }
}

fn empty(table: Table) -> Rows {
    Rows::new(table.columns().len() + 1)
}

fn section(section: Option<char>) -> String {
    section.unwrap_or('_').to_string()
}

fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Unit => "F",
        Nature::Land => "T",
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// In thousandths of a euro; of lire where euro are not told.
fn euro(lire: Option<Lire>, euro: Option<Amount>) -> Option<i64> {
    euro.or_else(|| lire.map(Lire::to_euro)).map(Amount::thousandths)
}

/// Storeys, doors: those that are told.
fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn span<'a>(since: &Act, since_act: &'a str, until: &Act, until_act: &'a str) -> Span<'a> {
    Span { since: since.day(), since_act, until: until.day(), until_act }
}

fn birthday(text: &Private) -> Option<NaiveDate> {
    let text = text.reveal();
    let part = |from: usize, to: usize| text.get(from..to)?.parse().ok();
    NaiveDate::from_ymd_opt(text.get(4..8)?.parse().ok()?, part(2, 4)?, part(0, 2)?).filter(|_| text.len() == 8)
}

/// The hash that a code is found by, and the code sealed.
type Sealed = ([u8; 32], Vec<u8>);

/// Seals a code; an empty one is none.
pub(crate) fn sealed(vault: &Vault, code: &str) -> Result<Option<Sealed>, NotTaken> {
    let code = code.trim().to_uppercase();
    if code.is_empty() {
        return Ok(None);
    }
    let sealed = vault.seal(FISCAL_CODE, code.as_bytes()).ok_or(NotTaken::Randomness)?;
    Ok(Some((vault.hash(FISCAL_CODE, code.as_bytes()), sealed)))
}
