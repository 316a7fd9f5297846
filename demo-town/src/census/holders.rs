//! Who has a property, one state after the other: families who buy, inherit and give, firms, the comune, the State, the parish.

use super::people::{body, firm, person, surname};
use super::{Act, Day, Subject, TODAY, Turn, year_of};
use crate::records::BuildingKind;
use crate::rng::{Rng, mix};

/// Members of a family: father, mother, up to three children.
const MEMBERS: usize = 5;
/// Parcels of land for each family.
const PARCELS_A_FAMILY: usize = 8;
/// Persons are numbered from here, firms from 100.
const FIRST_PERSON: u32 = 1_000;
const FIRST_FIRM: u32 = 100;
const COMUNE: (char, u32) = ('G', 1);
const STATE: (char, u32) = ('G', 2);
const DIOCESE: (char, u32) = ('G', 3);
/// The first year of what is told: acts of thirty years, 1 January 1996.
const ACTS_BEGIN: Day = 9_496;
/// Days between one act and the next, at least.
const APART: Day = 180;

/// A holder: whose number, which right, which part, in which regime.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Holder {
    pub(super) subject: (char, u32),
    pub(super) right: &'static str,
    pub(super) share: (u32, u32),
    pub(super) regime: Option<char>,
}

/// Who has it since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) since: Turn,
    pub(super) holders: Vec<Holder>,
    family: Option<Family>,
}

/// The family that has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Family {
    number: u32,
    /// The parent who has it; none: both have it.
    parent: Option<u32>,
}

impl State {
    /// One who has the whole.
    pub(super) fn whole(since: Turn, subject: (char, u32)) -> Self {
        Self { since, holders: vec![Holder { subject, right: "10", share: (1, 1), regime: None }], family: None }
    }
}

/// The people of a comune, made when they are asked for.
pub(super) struct Holders {
    seed: u64,
    comune: &'static str,
    code: &'static str,
    families: usize,
    firms: usize,
    /// Who has or had something: offices and firms, then persons.
    bodies: Vec<bool>,
    persons: Vec<bool>,
    /// How far subjects were handed out.
    told: usize,
}

impl Holders {
    pub(super) fn new(seed: u64, comune: &'static str, code: &'static str, parcels: usize) -> Self {
        let (families, firms) = (20 + parcels / PARCELS_A_FAMILY, 6 + parcels / 400);
        let bodies = vec![false; FIRST_FIRM as usize + firms];
        let seed = mix(seed ^ mix(code.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte))));
        Self { seed, comune, code, families, firms, bodies, persons: vec![false; families * MEMBERS], told: 0 }
    }

    /// Notes that somebody has a title.
    pub(super) fn mark(&mut self, (kind, number): (char, u32)) {
        let (list, at) = if kind == 'P' { (&mut self.persons, number.saturating_sub(FIRST_PERSON)) } else { (&mut self.bodies, number) };
        if let Some(one) = list.get_mut(at as usize) {
            *one = true;
        }
    }

    /// The next one who has a title.
    pub(super) fn next_subject(&mut self) -> Option<Subject> {
        while self.told < self.bodies.len() + self.persons.len() {
            let at = self.told;
            self.told += 1;
            let subject = match at.checked_sub(self.bodies.len()) {
                None if self.bodies[at] => self.body(at as u32),
                Some(person) if self.persons[person] => self.person(person),
                _ => continue,
            };
            return Some(Subject { comune: self.comune, ..subject });
        }
        None
    }

    fn body(&self, number: u32) -> Subject {
        let subject = match ('G', number) {
            COMUNE => {
                let name = if self.comune == crate::ROCCA { "COMUNE DI ROCCA SANT'ELIA" } else { "COMUNE DI CASTELMARINA DELLO STRETTO" };
                body(name.to_owned(), self.code, 8_000_001)
            }
            STATE => body("DEMANIO PUBBLICO DELLO STATO".to_owned(), self.code, 8_000_002),
            DIOCESE => body("ENTE CHIESA SANTA MARIA DEL MARE".to_owned(), self.code, 8_000_003),
            _ => firm(self.code, number, &mut Rng::new(self.seed, u64::from(number))),
        };
        Subject { number, ..subject }
    }

    fn person(&self, at: usize) -> Subject {
        let (family, member) = (at / MEMBERS, at % MEMBERS);
        let mut of_family = Rng::new(self.seed, 0xFA_0000_0000 | family as u64);
        let (name, mothers) = (surname(&mut of_family), surname(&mut of_family));
        let parents_born = 1925 + of_family.below(30) as i32;
        let mut rng = Rng::new(self.seed, 0xBE_0000_0000 | at as u64);
        let is_man = match member {
            0 => true,
            1 => false,
            _ => rng.chance(0.5),
        };
        let years = if member < 2 { (parents_born, 5) } else { (parents_born + 22, 14) };
        let subject = person(if member == 1 { mothers } else { name }, is_man, years, self.code, &mut rng);
        Subject { number: FIRST_PERSON + at as u32, ..subject }
    }

    /// Whose land of this use is, if it is public; some woods and pastures are the comune's.
    pub(super) fn public(&self, land_use: &str, rng: &mut Rng) -> Option<(char, u32)> {
        match land_use {
            "GIARDINO PUBBLICO" | "CIMITERO" | "STRADE PUBBLICHE" | "ENTE URBANO" => Some(COMUNE),
            "ARENILE" => Some(STATE),
            "BOSCO CEDUO" | "BOSCO MISTO" | "PASCOLO" | "PASCOLO CESPUGLIATO" | "INCOLTO STERILE" => rng.chance(0.2).then_some(COMUNE),
            _ => None,
        }
    }

    /// Whose a building of this use is, if it is no family's.
    pub(super) fn of_building(&self, kind: BuildingKind, rng: &mut Rng) -> Option<(char, u32)> {
        match kind {
            BuildingKind::Public | BuildingKind::School => Some(COMUNE),
            BuildingKind::Church => Some(DIOCESE),
            BuildingKind::Industrial => Some(self.firm(rng)),
            BuildingKind::Commercial => rng.chance(0.5).then(|| self.firm(rng)),
            BuildingKind::Residential | BuildingKind::Annex => None,
        }
    }

    fn firm(&self, rng: &mut Rng) -> (char, u32) {
        ('G', FIRST_FIRM + rng.below(self.firms) as u32)
    }

    /// A family that has the whole since then: one parent, or both in community.
    pub(super) fn first(&self, since: Turn, rng: &mut Rng) -> State {
        self.bought(since, rng)
    }

    /// The states of a property that a family has since then; `first` says which family.
    pub(super) fn private(&self, since: Turn, first: &mut Rng, rng: &mut Rng) -> Vec<State> {
        let mut states = vec![self.first(since, first)];
        let acts = match rng.unit() {
            x if x < 0.72 => 0,
            x if x < 0.94 => 1,
            _ => 2,
        };
        for _ in 0..acts {
            let last = &states[states.len() - 1];
            let least = last.since.0.max(ACTS_BEGIN) + APART;
            if least + APART > TODAY {
                break;
            }
            let day = least + rng.below((TODAY - least) as usize) as Day;
            let next = self.next_state(last, day, rng);
            states.push(next);
        }
        states
    }

    fn next_state(&self, last: &State, day: Day, rng: &mut Rng) -> State {
        let act = |kind, rng: &mut Rng| (day, Act { kind, number: 500 + rng.below(40_000) as u32, year: year_of(day) });
        match (last.family, rng.unit()) {
            (Some(family), x) if x < 0.3 => {
                let since = act("Successione", rng);
                self.inherited(since, family)
            }
            (Some(family), x) if x < 0.4 => {
                let since = act("Donazione con riserva di usufrutto", rng);
                self.given(since, family)
            }
            (_, x) if x > 0.96 => State::whole(act("Compravendita", rng), self.firm(rng)),
            _ => {
                let since = act("Compravendita", rng);
                self.bought(since, rng)
            }
        }
    }

    fn bought(&self, since: Turn, rng: &mut Rng) -> State {
        let number = rng.below(self.families) as u32;
        let parent = if rng.chance(0.45) { None } else { Some(u32::from(rng.chance(0.4))) };
        let half = |member| Holder { share: (1, 2), regime: Some('C'), ..own(number, member) };
        let holders = parent.map_or_else(|| vec![half(0), half(1)], |parent| vec![own(number, parent)]);
        State { since, holders, family: Some(Family { number, parent }) }
    }

    /// By law (civil code, articles 581 and 566): with one child a half each, with more a third for who stays behind and the rest for them.
    fn inherited(&self, since: Turn, family: Family) -> State {
        let children = self.children(family.number);
        // of the whole, or of the half of the one who died, beside the other's half
        let both = family.parent.is_none();
        let part = if both { 2 } else { 1 };
        let (stays, child) = if children == 1 {
            (if both { (3, 4) } else { (1, 2) }, (1, 2 * part))
        } else {
            (if both { (2, 3) } else { (1, 3) }, (2, 3 * children * part))
        };
        let other = 1 - family.parent.unwrap_or(0);
        let mut holders = vec![Holder { share: stays, ..own(family.number, other) }];
        holders.extend((0..children).map(|k| Holder { share: child, ..own(family.number, 2 + k) }));
        State { since, holders, family: None }
    }

    /// Bare property to a child, usufruct to who gave it.
    fn given(&self, since: Turn, family: Family) -> State {
        let usufruct = |member, share| Holder { right: "80", share, ..own(family.number, member) };
        let mut holders = vec![Holder { right: "20", ..own(family.number, 2) }];
        match family.parent {
            None => holders.extend([usufruct(0, (1, 2)), usufruct(1, (1, 2))]),
            Some(parent) => holders.push(usufruct(parent, (1, 1))),
        }
        State { since, holders, family: None }
    }

    /// One to three.
    fn children(&self, family: u32) -> u32 {
        1 + (mix(self.seed ^ u64::from(family)) % 3) as u32
    }
}

/// A member of a family who has the whole.
fn own(family: u32, member: u32) -> Holder {
    let number = FIRST_PERSON + family * MEMBERS as u32 + member;
    Holder { subject: ('P', number), right: "10", share: (1, 1), regime: None }
}
