use chrono::NaiveDate;

use super::fields::Fields;
use super::{Amount, CensusFile, Lire, Private, Share};
use crate::remark::Issue;

/// Which of the two registers a property stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nature {
    /// `F`: a unit of a building.
    Unit,
    /// `T`: a parcel of land.
    Land,
}

/// What the records of a property have in common: they are versions of it, each of one or several records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The Belfiore code of the comune.
    pub comune: String,
    /// The section, if the comune has sections.
    pub section: Option<char>,
    /// The property's number (identificativo immobile).
    pub property: u64,
    /// Its register.
    pub nature: Nature,
    /// Which of its versions (progressivo).
    pub version: u32,
}

/// The note that an act is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Its kind (tipo nota), one letter.
    pub kind: Option<char>,
    /// Its number.
    pub number: String,
    /// Its number within the number.
    pub part: String,
    /// Its year.
    pub year: String,
}

/// An act that began or ended a state of things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// From when it holds (efficacia, of titles validità).
    pub effective: Option<NaiveDate>,
    /// When it came into the register.
    pub registered: Option<NaiveDate>,
    /// Its note.
    pub note: Note,
    /// The code of its cause, since 2007.
    pub cause: String,
    /// Its cause in words, which may name persons.
    pub description: Private,
}

impl Act {
    /// The day from which it holds; that of the register where no other is told.
    pub fn day(&self) -> Option<NaiveDate> {
        self.effective.or(self.registered)
    }
}

/// A place on the map as the census names it: without allegato and sviluppo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The urban section.
    pub urban_section: String,
    /// The foglio, without zeros before it.
    pub foglio: String,
    /// The particella, without zeros before it.
    pub number: String,
    /// What stands below the number, in the former Austrian lands.
    pub denominator: String,
    /// The subalterno, without zeros before it.
    pub unit: String,
    /// `E` for a parcel of buildings, where there are such.
    pub edificality: Option<char>,
}

/// A unit of a building (FAB, record 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The zone.
    pub zone: String,
    /// The category: `A02`.
    pub category: String,
    /// The class.
    pub class: String,
    /// How large it is: rooms (A), cubic metres (B), square metres (C).
    pub size: Option<Amount>,
    /// Square metres.
    pub surface_m2: Option<Amount>,
    /// The yearly income in lire.
    pub income_lire: Option<Lire>,
    /// The yearly income in euro (rendita).
    pub income_euro: Option<Amount>,
    /// Lot, building, stairs.
    pub lot_building_stairs: [String; 3],
    /// Doors (interno).
    pub doors: [String; 2],
    /// Storeys (piano).
    pub storeys: [String; 4],
    /// What began it.
    pub since: Act,
    /// What ended it.
    pub until: Act,
    /// The partita.
    pub partita: String,
    /// A remark in words.
    pub annotation: Private,
    /// The numbers of the changes that began and ended it.
    pub changes: [String; 2],
    /// The protocol of the notification.
    pub notification: String,
    /// The day of the notification.
    pub notified: Option<NaiveDate>,
    /// How the class came to be: 1 to 5.
    pub classification: Option<char>,
}

/// An address (FAB, record 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The code of the kind of street.
    pub street_kind: String,
    /// The street.
    pub street: String,
    /// House numbers, without zeros before them.
    pub house_numbers: [String; 3],
    /// The street's code.
    pub street_code: String,
}

/// A reserve (FAB 5, TER 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Its code.
    pub code: String,
    /// The partita at which it stands.
    pub partita: String,
}

/// An area in hectares, are and centiare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LandArea {
    /// 10,000 m² each.
    pub hectares: i64,
    /// 100 m² each.
    pub are: i64,
    /// 1 m² each.
    pub centiare: i64,
}

impl LandArea {
    /// In square metres.
    pub fn m2(self) -> i64 {
        self.hectares * 10_000 + self.are * 100 + self.centiare
    }
}

/// A parcel of land (TER, record 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Land {
    /// Where it is.
    pub place: Place,
    /// The code of what grows there (qualità).
    pub quality: String,
    /// The class.
    pub class: String,
    /// Its area; `None` if none is told, or a negative one.
    pub area: Option<LandArea>,
    /// Whether it has an income, portions, deductions.
    pub flags: [Option<char>; 3],
    /// The owner's income (reddito dominicale) in lire and euro.
    pub owners_income: (Option<Lire>, Option<Amount>),
    /// The farmer's income (reddito agrario) in lire and euro.
    pub farmers_income: (Option<Lire>, Option<Amount>),
    /// What began it.
    pub since: Act,
    /// What ended it.
    pub until: Act,
    /// The partita.
    pub partita: String,
    /// A remark in words.
    pub annotation: Private,
    /// The numbers of the changes that began and ended it.
    pub changes: [String; 2],
}

/// A part of a parcel of land (TER, record 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Its letters.
    pub id: String,
    /// The code of what grows there.
    pub quality: String,
    /// The class.
    pub class: String,
    /// Its area.
    pub area: Option<LandArea>,
    /// Its incomes, which newer extractions have.
    pub income: Option<PortionIncome>,
}

/// The incomes of a part of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortionIncome {
    /// Reddito dominicale, euro.
    pub owners: Option<Amount>,
    /// Reddito agrario, euro.
    pub farmers: Option<Amount>,
}

/// A person (SOG, record P).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The surname.
    pub surname: Private,
    /// The first names.
    pub name: Private,
    /// 1 a man, 2 a woman.
    pub sex: Private,
    /// The day of birth as it stands in the file, DDMMYYYY.
    pub born: Private,
    /// The Belfiore code of where.
    pub birthplace: Private,
    /// The fiscal code.
    pub fiscal_code: Private,
    /// More in words.
    pub note: Private,
}

/// A company or an office (SOG, record G). Its name may be that of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: Private,
    /// The Belfiore code of its seat.
    pub seat: String,
    /// Its fiscal code.
    pub fiscal_code: Private,
}

/// Somebody entitled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person.
    Person(Person),
    /// A company or an office.
    Company(Company),
}

/// A right of somebody in a property (TIT).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// The Belfiore code of the comune.
    pub comune: String,
    /// The section.
    pub section: Option<char>,
    /// Whose: the number of the subject, and `P` or `G`.
    pub subject: (u64, char),
    /// In which property.
    pub property: u64,
    /// Its register.
    pub nature: Nature,
    /// The code of the right.
    pub right: String,
    /// The right in words, where it has no code.
    pub right_in_words: Private,
    /// Which part of it; `None` if none is told.
    pub share: Option<Share>,
    /// The regime between spouses: `C` community, `P` own property, `S` separation, `D` community de residuo.
    pub regime: Option<char>,
    /// Another subject that it depends on.
    pub other_subject: Option<u64>,
    /// What began it.
    pub since: Act,
    /// What ended it.
    pub until: Act,
    /// The partita.
    pub partita: String,
    /// The numbers of the changes that began and ended it.
    pub changes: [String; 2],
    /// Its own number, since 2001.
    pub id: Option<u64>,
}

/// What a record tells of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// FAB 1.
    Unit(Box<Unit>),
    /// FAB 2.
    Places(Vec<Place>),
    /// FAB 3.
    Addresses(Vec<Address>),
    /// FAB 4: what it has in common with other units (utilità comuni).
    Common(Vec<Place>),
    /// FAB 5, TER 3.
    Reserves(Vec<Reserve>),
    /// TER 1.
    Land(Box<Land>),
    /// TER 2: symbols of deductions.
    Deductions(Vec<String>),
    /// TER 4.
    Portions(Vec<Portion>),
}

/// A record of one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// FAB, TER.
    Property(Key, Property),
    /// SOG.
    Subject {
        /// The Belfiore code of the comune.
        comune: String,
        /// The section.
        section: Option<char>,
        /// The subject's number (identificativo soggetto).
        id: u64,
        /// Who it is.
        subject: Subject,
    },
    /// TIT.
    Title(Box<Title>),
    /// PRM: a name and what was asked for.
    Parameter {
        /// Before `:`, `=` or `|`, or all.
        name: Private,
        /// What follows.
        value: Private,
    },
}

impl Entry {
    pub(crate) fn comune(&self) -> Option<&str> {
        match self {
            Self::Property(key, _) => Some(&key.comune),
            Self::Subject { comune, .. } => Some(comune),
            Self::Title(title) => Some(&title.comune),
            Self::Parameter { .. } => None,
        }
    }
}

/// Reads a record; `None` if it is left out, which is remarked on.
pub(super) fn read(file: CensusFile, fields: &mut Fields) -> Option<Entry> {
    match file {
        CensusFile::Buildings => property(fields, Nature::Unit),
        CensusFile::Land => property(fields, Nature::Land),
        CensusFile::Subjects => subject(fields),
        CensusFile::Titles => title(fields),
        CensusFile::Parameters => Some(parameter(fields)),
    }
}

fn property(fields: &mut Fields, nature: Nature) -> Option<Entry> {
    let key = key(fields, nature)?;
    let property = match (nature, fields.text(5)) {
        (Nature::Unit, "1") => Property::Unit(Box::new(unit(fields))),
        (Nature::Unit, "2") => Property::Places(places(fields, "FAB 2", 6)),
        (Nature::Unit, "3") => Property::Addresses(addresses(fields)),
        (Nature::Unit, "4") => Property::Common(places(fields, "FAB 4", 5)),
        (Nature::Unit, "5") => Property::Reserves(reserves(fields, "FAB 5")),
        (Nature::Land, "1") => Property::Land(Box::new(land(fields))),
        (Nature::Land, "2") => Property::Deductions(fields.groups("TER 2", 1).into_iter().map(|at| fields.owned(at)).collect()),
        (Nature::Land, "3") => Property::Reserves(reserves(fields, "TER 3")),
        (Nature::Land, "4") => Property::Portions(portions(fields)),
        _ => {
            fields.remark(Issue::RecordType);
            return None;
        }
    };
    Some(Entry::Property(key, property))
}

fn comune(fields: &mut Fields) -> Option<(String, Option<char>)> {
    let code = fields.text(0).to_ascii_uppercase();
    let belfiore = code.len() == 4 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code[1..].bytes().all(|b| b.is_ascii_digit());
    if !belfiore {
        fields.remark(Issue::Key { field: "codice amministrativo" });
        return None;
    }
    Some((code, fields.character(1)))
}

fn number(fields: &mut Fields, index: usize, field: &'static str) -> Option<u64> {
    let number = fields.id(index);
    if number.is_none() {
        fields.remark(Issue::Key { field });
    }
    number
}

fn nature(fields: &mut Fields, index: usize) -> Option<Nature> {
    match fields.text(index) {
        "F" => Some(Nature::Unit),
        "T" => Some(Nature::Land),
        _ => {
            fields.remark(Issue::Key { field: "tipo immobile" });
            None
        }
    }
}

fn key(fields: &mut Fields, expected: Nature) -> Option<Key> {
    let (comune, section) = comune(fields)?;
    let property = number(fields, 2, "identificativo immobile")?;
    let nature = nature(fields, 3)?;
    if nature != expected {
        fields.remark(Issue::Key { field: "tipo immobile" });
        return None;
    }
    let version = number(fields, 4, "progressivo")?;
    Some(Key { comune, section, property, nature, version: u32::try_from(version).ok()? })
}

/// The day from which it holds, the day of the register, and the note, from a field on.
fn act(fields: &mut Fields, first: usize) -> Act {
    Act {
        effective: fields.day(first, "data di efficacia"),
        registered: fields.day(first + 1, "data di registrazione in atti"),
        note: note(fields, first + 2),
        ..Act::default()
    }
}

fn note(fields: &Fields, first: usize) -> Note {
    Note { kind: fields.character(first), number: fields.owned(first + 1), part: fields.owned(first + 2), year: fields.owned(first + 3) }
}

/// Code and words of the causes of two acts, from a field on.
fn causes(fields: &Fields, first: usize, since: &mut Act, until: &mut Act) {
    (since.cause, since.description) = (fields.owned(first), fields.private(first + 1));
    (until.cause, until.description) = (fields.owned(first + 2), fields.private(first + 3));
}

fn unit(fields: &mut Fields) -> Unit {
    fields.expect("FAB 1", 40, 46);
    let (mut since, mut until) = (act(fields, 22), act(fields, 28));
    causes(fields, 40, &mut since, &mut until);
    let surface_m2 = fields.amount(10, "superficie").filter(|amount| !negative(fields, amount.thousandths()));
    Unit {
        zone: fields.owned(6),
        category: fields.owned(7),
        class: fields.owned(8),
        size: fields.amount(9, "consistenza"),
        surface_m2,
        income_lire: fields.lire(11, "rendita in lire"),
        income_euro: fields.amount(12, "rendita in euro"),
        lot_building_stairs: [13, 14, 15].map(|at| fields.owned(at)),
        doors: [16, 17].map(|at| fields.owned(at)),
        storeys: [18, 19, 20, 21].map(|at| fields.owned(at)),
        since,
        until,
        partita: fields.owned(34),
        annotation: fields.private(35),
        changes: [36, 37].map(|at| fields.owned(at)),
        notification: fields.owned(38),
        notified: fields.day(39, "data di notifica"),
        classification: fields.character(44),
    }
}

fn negative(fields: &mut Fields, number: i64) -> bool {
    if number < 0 {
        fields.remark(Issue::NegativeArea);
    }
    number < 0
}

/// Groups of urban section, foglio, number, denominator, subalterno and, of six, edificality.
fn places(fields: &mut Fields, record: &'static str, size: usize) -> Vec<Place> {
    let groups = fields.groups(record, size);
    let place = |at: usize| Place {
        urban_section: fields.owned(at),
        foglio: fields.stripped(at + 1),
        number: fields.stripped(at + 2),
        denominator: fields.stripped(at + 3),
        unit: fields.stripped(at + 4),
        edificality: if size > 5 { fields.character(at + 5) } else { None },
    };
    groups.into_iter().map(place).collect()
}

fn addresses(fields: &mut Fields) -> Vec<Address> {
    let groups = fields.groups("FAB 3", 6);
    let address = |at: usize| Address {
        street_kind: fields.owned(at),
        street: fields.owned(at + 1),
        house_numbers: [2, 3, 4].map(|next| fields.stripped(at + next)),
        street_code: fields.owned(at + 5),
    };
    groups.into_iter().map(address).collect()
}

fn reserves(fields: &mut Fields, record: &'static str) -> Vec<Reserve> {
    let groups = fields.groups(record, 2);
    groups.into_iter().map(|at| Reserve { code: fields.owned(at), partita: fields.owned(at + 1) }).collect()
}

/// Hectares, are and centiare, from a field on.
fn land_area(fields: &mut Fields, first: usize) -> Option<LandArea> {
    let names = ["ettari", "are", "centiare"];
    let numbers = [0, 1, 2].map(|part| fields.whole(first + part, names[part]));
    if numbers.iter().flatten().any(|number| *number < 0) {
        fields.remark(Issue::NegativeArea);
        return None;
    }
    let [hectares, are, centiare] = numbers;
    let any = hectares.or(are).or(centiare);
    any.map(|_| LandArea { hectares: hectares.unwrap_or(0), are: are.unwrap_or(0), centiare: centiare.unwrap_or(0) })
}

fn land(fields: &mut Fields) -> Land {
    fields.expect("TER 1", 39, 43);
    let (mut since, mut until) = (act(fields, 23), act(fields, 29));
    causes(fields, 39, &mut since, &mut until);
    Land {
        place: Place {
            urban_section: String::new(),
            foglio: fields.stripped(6),
            number: fields.stripped(7),
            denominator: fields.stripped(8),
            unit: fields.stripped(9),
            edificality: fields.character(10),
        },
        quality: fields.owned(11),
        class: fields.owned(12),
        area: land_area(fields, 13),
        flags: [16, 17, 18].map(|at| fields.character(at)),
        owners_income: (fields.lire(19, "reddito dominicale in lire"), fields.amount(21, "reddito dominicale in euro")),
        farmers_income: (fields.lire(20, "reddito agrario in lire"), fields.amount(22, "reddito agrario in euro")),
        since,
        until,
        partita: fields.owned(35),
        annotation: fields.private(36),
        changes: [37, 38].map(|at| fields.owned(at)),
    }
}

/// Groups of six fields, or of eight where extractions have the incomes.
fn portions(fields: &mut Fields) -> Vec<Portion> {
    let own = fields.own();
    let size = if own % 8 < own % 6 { 8 } else { 6 };
    let groups = fields.groups("TER 4", size);
    let mut portions = Vec::with_capacity(groups.len());
    for at in groups {
        let income = (size == 8).then(|| PortionIncome {
            owners: fields.amount(at + 6, "reddito dominicale in euro"),
            farmers: fields.amount(at + 7, "reddito agrario in euro"),
        });
        portions.push(Portion {
            id: fields.owned(at),
            quality: fields.owned(at + 1),
            class: fields.owned(at + 2),
            area: land_area(fields, at + 3),
            income,
        });
    }
    portions
}

fn subject(fields: &mut Fields) -> Option<Entry> {
    let (comune, section) = comune(fields)?;
    let id = number(fields, 2, "identificativo soggetto")?;
    let subject = match fields.text(3) {
        "P" => {
            fields.expect("SOG P", 11, 11);
            Subject::Person(Person {
                surname: fields.private(4),
                name: fields.private(5),
                sex: fields.private(6),
                born: fields.private(7),
                birthplace: fields.private(8),
                fiscal_code: fields.private(9),
                note: fields.private(10),
            })
        }
        "G" => {
            fields.expect("SOG G", 7, 7);
            Subject::Company(Company { name: fields.private(4), seat: fields.owned(5), fiscal_code: fields.private(6) })
        }
        _ => {
            fields.remark(Issue::RecordType);
            return None;
        }
    };
    Some(Entry::Subject { comune, section, id, subject })
}

fn title(fields: &mut Fields) -> Option<Entry> {
    let (comune, section) = comune(fields)?;
    let subject = number(fields, 2, "identificativo soggetto")?;
    let kind = fields.character(3).filter(|kind| matches!(kind, 'P' | 'G'));
    let Some(kind) = kind else {
        fields.remark(Issue::Key { field: "tipo soggetto" });
        return None;
    };
    let property = number(fields, 4, "identificativo immobile")?;
    let nature = nature(fields, 5)?;
    fields.expect("TIT", 27, 32);
    let mut since = Act {
        effective: fields.day(12, "data di validità"),
        note: note(fields, 13),
        registered: fields.day(17, "data di registrazione in atti"),
        ..Act::default()
    };
    let mut until = Act {
        effective: fields.day(19, "data di validità finale"),
        note: note(fields, 20),
        registered: fields.day(24, "data di registrazione in atti finale"),
        ..Act::default()
    };
    causes(fields, 28, &mut since, &mut until);
    Some(Entry::Title(Box::new(Title {
        comune,
        section,
        subject: (subject, kind),
        property,
        nature,
        right: fields.owned(6),
        right_in_words: fields.private(7),
        share: share(fields),
        regime: fields.character(10),
        other_subject: fields.id(11),
        since,
        until,
        partita: fields.owned(18),
        changes: [25, 26].map(|at| fields.owned(at)),
        id: fields.id(27),
    })))
}

/// No share at all is told by two empty fields or zeros.
fn share(fields: &mut Fields) -> Option<Share> {
    let [above, below] = [8, 9].map(|at| fields.id(at));
    match (above, below) {
        (Some(numerator), Some(denominator)) if denominator > 0 => return Some(Share { numerator, denominator }),
        (Some(0), Some(0)) => {}
        _ if fields.text(8).is_empty() && fields.text(9).is_empty() => {}
        _ => fields.remark(Issue::Share),
    }
    None
}

fn parameter(fields: &Fields) -> Entry {
    let line = fields.line();
    let (name, value) = line.split_once([':', '=', '|']).unwrap_or((&line, ""));
    Entry::Parameter { name: Private::new(name.trim()), value: Private::new(value.trim()) }
}
