//! The census of the town: what each parcel is and brings in, the units of its buildings, who has which right in them since when, and by
//! which acts. Everybody in it is invented; shares of a right make one whole on every day.
//!
//! A town does not hold its census, which is larger than its map: [`census`] makes it record by record.

mod holders;
mod people;
mod units;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::ROCCA;
use crate::Town;
use crate::applications::{FormerParcel, Houses};
use crate::records::{Building, Descent, Parcel, ParcelKind};
use crate::rng::{Rng, mix};

use holders::{Holders, State};
use units::Unit;

/// A day, counted from 1 January 1970.
pub type Day = i32;

/// The day that the census is a picture of: 27 November 2026.
pub const TODAY: Day = 20_784;
/// The day from which the register of land is kept by machines, 1 January 1980.
const LAND_BEGINS: Day = 3_652;
/// That of the register of buildings, 30 June 1987.
const UNITS_BEGIN: Day = 6_389;

/// A record of the census.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'a> {
    /// A version of a property.
    Property(Property<'a>),
    /// A right of somebody in a property.
    Title(Title),
    /// Somebody who has or had a right.
    Subject(Subject),
}

/// An act: what it is, its number and year. The machines' own beginning has no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// What it is.
    pub kind: &'static str,
    /// Its number; 0 for none.
    pub number: u32,
    /// Its year.
    pub year: i32,
}

/// Something that began a state of things, or ended it.
pub type Turn = (Day, Act);

/// Which register a property stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nature {
    /// A unit of a building.
    Unit,
    /// A parcel of land.
    Land,
}

/// A version of a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Property<'a> {
    /// ISTAT code.
    pub comune: &'static str,
    /// Its register.
    pub nature: Nature,
    /// Its number in its comune and register.
    pub number: u32,
    /// Which version.
    pub version: u16,
    /// Number of the foglio.
    pub sheet: u16,
    /// Number of the parcel.
    pub parcel: &'a str,
    /// The subalterno; 0 for none.
    pub unit: u16,
    /// Category of a unit: `A02`.
    pub category: &'static str,
    /// The class; 0 for none.
    pub class: u8,
    /// Qualità of land, as words.
    pub land_use: &'static str,
    /// Rooms, cubic or square metres, in tenths.
    pub size_tenths: u32,
    /// Square metres.
    pub area_m2: u32,
    /// Rendita, or reddito dominicale, cents a year.
    pub income_cents: Option<u32>,
    /// Reddito agrario, cents a year.
    pub farm_cents: Option<u32>,
    /// The storey: `T`, `1`.
    pub storey: &'static str,
    /// Street and number.
    pub address: Option<&'a str>,
    /// The partita: `1` of what is urban.
    pub partita: &'static str,
    /// What began it.
    pub since: Turn,
    /// What ended it.
    pub until: Option<Turn>,
}

/// A right of somebody in a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Title {
    /// ISTAT code.
    pub comune: &'static str,
    /// The register of the property.
    pub nature: Nature,
    /// The property's number.
    pub property: u32,
    /// Whose: `P` or `G`, and the number.
    pub subject: (char, u32),
    /// Its own number.
    pub number: u32,
    /// The code of the right: `10` property, `20` bare property, `80` usufruct.
    pub right: &'static str,
    /// Numerator and denominator.
    pub share: (u32, u32),
    /// `C` in community between spouses.
    pub regime: Option<char>,
    /// What began it.
    pub since: Turn,
    /// What ended it.
    pub until: Option<Turn>,
}

/// Somebody: a person, a firm, an office. Invented.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// ISTAT code of the census that they stand in.
    pub comune: &'static str,
    /// `P` a person, `G` a firm or an office.
    pub kind: char,
    /// Their number.
    pub number: u32,
    /// Surname, or the name of a firm.
    pub name: String,
    /// First names.
    pub given_name: String,
    /// `M` or `F`.
    pub sex: Option<char>,
    /// Day of birth.
    pub born: Option<Day>,
    /// Belfiore code of the place of birth, or of the seat.
    pub place: &'static str,
    /// Fiscal code.
    pub fiscal_code: String,
}

/// The census of a town, made from a seed: properties with their titles, one after the other, then the subjects that have titles.
pub fn census(town: &Town, seed: u64) -> Census<'_> {
    let mut births: HashMap<&str, &Descent> = HashMap::new();
    let mut ends: HashMap<&str, &Descent> = HashMap::new();
    for descent in &town.lineage {
        births.insert(&descent.child, descent);
        ends.insert(&descent.parent, descent);
    }
    let mut parcels: BTreeMap<&'static str, usize> = BTreeMap::new();
    town.parcels.iter().filter(|p| p.kind == ParcelKind::Land).for_each(|p| *parcels.entry(p.comune).or_default() += 1);
    let comuni = parcels
        .into_iter()
        .map(|(istat, parcels)| {
            let code = if istat == ROCCA { "X102" } else { "X101" };
            Comune { istat, numbers: [10_000; 2], titles: 0, holders: Holders::new(seed, istat, code, parcels) }
        })
        .collect();
    Census {
        seed,
        parcels: town.parcels.iter(),
        former: town.former_parcels.iter(),
        buildings: &town.buildings,
        houses: Houses::of(&town.house_numbers),
        births,
        ends,
        comuni,
        ready: VecDeque::new(),
        count: 0,
    }
}

/// See [`census`].
pub struct Census<'a> {
    seed: u64,
    parcels: std::slice::Iter<'a, Parcel>,
    former: std::slice::Iter<'a, FormerParcel>,
    /// Those of the parcels that come, in their order.
    buildings: &'a [Building],
    houses: Houses<'a>,
    births: HashMap<&'a str, &'a Descent>,
    ends: HashMap<&'a str, &'a Descent>,
    comuni: Vec<Comune>,
    ready: VecDeque<Record<'a>>,
    count: u64,
}

struct Comune {
    istat: &'static str,
    /// The last number of a unit, of land.
    numbers: [u32; 2],
    titles: u32,
    holders: Holders,
}

impl<'a> Iterator for Census<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            if let Some(parcel) = self.parcels.next() {
                self.parcel(parcel);
            } else if let Some(parcel) = self.former.next() {
                self.former(parcel);
            } else {
                return self.comuni.iter_mut().find_map(|comune| comune.holders.next_subject()).map(Record::Subject);
            }
        }
    }
}

impl<'a> Census<'a> {
    fn parcel(&mut self, parcel: &'a Parcel) {
        let count = self.buildings.iter().take_while(|b| is_of(b, parcel)).count();
        let (buildings, rest) = self.buildings.split_at(count);
        self.buildings = rest;
        if parcel.kind != ParcelKind::Land {
            return;
        }
        self.count += 1;
        let mut rng = Rng::new(self.seed, 0xCE25_0000_0000 | self.count);
        let birth = self.births.get(parcel.id.as_str()).copied();
        let since = birth.map_or((LAND_BEGINS, BEGINNING), |descent| divided(descent, self.seed));
        let land = land(parcel, since, &mut rng);
        let number = self.property(parcel.comune, Nature::Land, [land].into_iter());
        if !parcel.urban {
            let holders = self.holders(parcel.comune);
            let public = holders.public(parcel.land_use, &mut rng);
            let states = match (public, birth) {
                (Some(owner), _) => vec![State::whole(since, owner)],
                (None, Some(birth)) => holders.private(since, &mut Rng::new(self.seed, origin(birth)), &mut rng),
                (None, None) => holders.private(since, &mut Rng::new(self.seed, mix(self.count)), &mut rng),
            };
            self.titles(parcel.comune, Nature::Land, number, &states, None);
            return;
        }
        let address = self.houses.near(parcel).map(|house| house.address.as_str());
        let since = if since.0 > UNITS_BEGIN { since } else { (UNITS_BEGIN, BEGINNING) };
        let units = units::of(buildings, &mut rng);
        // a small house is one family's
        let one_family = units.len() < 4 || rng.chance(0.2);
        let family = rng.below(1 << 30) as u64;
        for (k, unit) in units.iter().enumerate() {
            let versions = versions(parcel, unit, k, units.len(), address, since, &mut rng);
            let number = self.property(parcel.comune, Nature::Unit, versions);
            let holders = self.holders(parcel.comune);
            let first = if one_family { family } else { family ^ mix(k as u64) };
            let states = match holders.of_building(unit.kind, &mut rng) {
                Some(owner) => vec![State::whole(since, owner)],
                None => holders.private(since, &mut Rng::new(self.seed, first), &mut rng),
            };
            self.titles(parcel.comune, Nature::Unit, number, &states, None);
        }
    }

    /// Land that has another number since: it ends there with its titles.
    fn former(&mut self, parcel: &'a FormerParcel) {
        let Some(end) = self.ends.get(parcel.id.as_str()).copied() else { return };
        let until = divided(end, self.seed);
        let since = (LAND_BEGINS.min(until.0 - 1), BEGINNING);
        let property = Property {
            sheet: parcel.sheet,
            parcel: &parcel.number,
            class: 2,
            land_use: "SEMINATIVO",
            area_m2: crate::lineage::covered_m2(&parcel.geometry).round() as u32,
            since,
            until: Some(until),
            ..blank(parcel.comune, Nature::Land, since)
        };
        let number = self.property(parcel.comune, Nature::Land, [property].into_iter());
        // whoever has the first state of what became of it had it
        let state = self.holders(parcel.comune).first(since, &mut Rng::new(self.seed, origin(end)));
        self.titles(parcel.comune, Nature::Land, number, &[state], Some(until));
    }

    fn at(&self, istat: &str) -> usize {
        self.comuni.iter().position(|comune| comune.istat == istat).unwrap_or_default()
    }

    fn comune(&mut self, istat: &str) -> &mut Comune {
        let at = self.at(istat);
        &mut self.comuni[at]
    }

    fn holders(&self, istat: &str) -> &Holders {
        &self.comuni[self.at(istat)].holders
    }

    /// Gives the versions of a property its number, and hands them out.
    fn property(&mut self, comune: &str, nature: Nature, versions: impl Iterator<Item = Property<'a>>) -> u32 {
        let last = &mut self.comune(comune).numbers[nature as usize];
        *last += 1;
        let number = *last;
        self.ready.extend(versions.map(|version| Record::Property(Property { number, ..version })));
        number
    }

    fn titles(&mut self, comune: &'static str, nature: Nature, property: u32, states: &[State], end: Option<Turn>) {
        for (k, state) in states.iter().enumerate() {
            let until = states.get(k + 1).map(|next| next.since).or(end);
            for holder in &state.holders {
                let place = self.comune(comune);
                place.titles += 1;
                place.holders.mark(holder.subject);
                let number = place.titles;
                let (subject, right, share, regime) = (holder.subject, holder.right, holder.share, holder.regime);
                let title = Title { comune, nature, property, subject, number, right, share, regime, since: state.since, until };
                self.ready.push_back(Record::Title(title));
            }
        }
    }
}

fn is_of(building: &Building, parcel: &Parcel) -> bool {
    building.id.strip_prefix(parcel.id.as_str()).is_some_and(|rest| rest.starts_with('-'))
}

/// What the machines began with.
const BEGINNING: Act = Act { kind: "Impianto meccanografico", number: 0, year: 0 };

/// The key of the chance that says who had the ground of a change of parcels: the same for all that have to do with it.
fn origin(descent: &Descent) -> u64 {
    // of a parcel that was cut the parent is one, of parcels that were put together the child
    let both = [&descent.parent, &descent.child].map(|id| id.split('.').next().unwrap_or_default());
    mix(hash(both[0]) ^ hash(&descent.day))
}

fn divided(descent: &Descent, seed: u64) -> Turn {
    let day = day_of(&descent.day);
    let number = 1_000 + (mix(seed ^ origin(descent)) % 90_000) as u32;
    (day, Act { kind: "Frazionamento", number, year: year_of(day) })
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn blank<'a>(comune: &'static str, nature: Nature, since: Turn) -> Property<'a> {
    Property {
        comune,
        nature,
        number: 0,
        version: 1,
        sheet: 0,
        parcel: "",
        unit: 0,
        category: "",
        class: 0,
        land_use: "",
        size_tenths: 0,
        area_m2: 0,
        income_cents: None,
        farm_cents: None,
        storey: "",
        address: None,
        partita: "",
        since,
        until: None,
    }
}

fn land<'a>(parcel: &'a Parcel, since: Turn, rng: &mut Rng) -> Property<'a> {
    let base = Property {
        sheet: parcel.sheet,
        parcel: &parcel.number,
        land_use: parcel.land_use,
        area_m2: parcel.area_m2,
        ..blank(parcel.comune, Nature::Land, since)
    };
    if parcel.urban {
        return Property { partita: "1", ..base };
    }
    let Some((owners, farmers)) = yields(parcel.land_use) else { return base };
    let class = 1 + rng.below(4) as u8;
    // cents a hectare, less by a fifth from class to class
    let cents = |rate: u32| (f64::from(rate) * f64::from(parcel.area_m2) / 10_000.0 * 0.8_f64.powi(i32::from(class) - 1)).round() as u32;
    Property { class, income_cents: Some(cents(owners)), farm_cents: Some(cents(farmers)), ..base }
}

/// What a hectare of the first class brings its owner and its farmer, cents a year; none for what brings nothing.
fn yields(land_use: &str) -> Option<(u32, u32)> {
    Some(match land_use {
        "AGRUMETO" => (31_000, 14_000),
        "ORTO IRRIGUO" => (24_000, 12_500),
        "GIARDINO" | "FRUTTETO" => (18_000, 9_500),
        "VIGNETO" => (12_500, 8_000),
        "ULIVETO" | "MANDORLETO" => (8_500, 4_200),
        "SEMINATIVO" | "SEMINATIVO ARBORATO" => (5_600, 2_800),
        "CASTAGNETO DA FRUTTO" | "QUERCETO" => (2_400, 900),
        "BOSCO CEDUO" | "BOSCO MISTO" => (1_500, 600),
        "PASCOLO" | "PASCOLO CESPUGLIATO" | "INCOLTO PRODUTTIVO" => (600, 300),
        _ => return None,
    })
}

/// The versions of a unit: one, or two of which a change ended the first.
fn versions<'a>(
    parcel: &'a Parcel,
    unit: &Unit,
    k: usize,
    count: usize,
    address: Option<&'a str>,
    since: Turn,
    rng: &mut Rng,
) -> impl Iterator<Item = Property<'a>> {
    let now = Property {
        sheet: parcel.sheet,
        parcel: &parcel.number,
        unit: if count > 1 { k as u16 + 1 } else { 0 },
        category: unit.category,
        class: unit.class,
        size_tenths: unit.size_tenths,
        area_m2: unit.area_m2,
        income_cents: Some(unit.income_cents),
        storey: unit.storey,
        address,
        ..blank(parcel.comune, Nature::Unit, since)
    };
    let changed = rng.chance(0.06).then(|| {
        let day = since.0 + 200 + rng.below((TODAY - since.0 - 200).max(1) as usize) as Day;
        (day, Act { kind: "Variazione", number: 100 + rng.below(9_000) as u32, year: year_of(day) })
    });
    let changed = changed.filter(|(day, _)| *day < TODAY);
    let before = changed.map(|turn| Property { until: Some(turn), income_cents: Some(unit.income_cents * 4 / 5), ..now.clone() });
    let now = match changed {
        Some(turn) => Property { version: 2, since: turn, ..now },
        None => now,
    };
    before.into_iter().chain([now])
}

/// The day of `2019-04-12` (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn day_of(text: &str) -> Day {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i32>().ok()).unwrap_or(1);
    let (y, m, d) = (part(0, 4), part(5, 7), part(8, 10));
    let y = if m <= 2 { y - 1 } else { y };
    let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let of_year = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn year_of(day: Day) -> i32 {
    people::civil(day).0
}

#[cfg(test)]
mod tests;
