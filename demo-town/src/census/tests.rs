use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Census, Day, Nature, Property, Record, Subject, TODAY, Title, census, day_of};
use crate::{CASTELMARINA, DEFAULT_SEED, ROCCA, Size, Town};

#[derive(Default)]
struct Read<'a> {
    properties: Vec<Property<'a>>,
    titles: Vec<Title>,
    subjects: Vec<Subject>,
}

fn read(town: &Town) -> Read<'_> {
    let mut read = Read::default();
    for record in census(town, DEFAULT_SEED) {
        match record {
            Record::Property(property) => read.properties.push(property),
            Record::Title(title) => read.titles.push(title),
            Record::Subject(subject) => read.subjects.push(subject),
        }
    }
    read
}

#[test]
fn days_have_their_numbers() {
    assert_eq!((day_of("1970-01-01"), day_of("2000-02-29"), day_of("2026-11-27")), (0, 11_016, TODAY));
}

/// On every day on which a title begins, the shares of each right in its property that hold then make one whole.
#[test]
fn shares_make_one_whole_on_every_day() {
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let all = read(&town);
    let mut held: HashMap<(&str, Nature, u32), Vec<&Title>> = HashMap::new();
    all.titles.iter().for_each(|t| held.entry((t.comune, t.nature, t.property)).or_default().push(t));
    let (mut moments, mut rights) = (0, BTreeSet::new());
    for (property, titles) in &held {
        for day in titles.iter().map(|t| t.since.0).collect::<BTreeSet<Day>>() {
            let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
            for title in titles.iter().filter(|t| t.since.0 <= day && t.until.is_none_or(|(until, _)| day < until)) {
                let (above, below) = sums.entry(title.right).or_insert((0, 1));
                let (n, d) = (u64::from(title.share.0), u64::from(title.share.1));
                (*above, *below) = (*above * d + n * *below, *below * d);
                rights.insert(title.right);
            }
            for (right, (above, below)) in &sums {
                assert_eq!(above, below, "{property:?}: {right} on {day}");
            }
            // property alone, or bare property beside usufruct
            assert!(matches!(sums.keys().copied().collect::<Vec<_>>()[..], ["10"] | ["20", "80"]), "{property:?}: {sums:?}");
            moments += 1;
        }
    }
    assert!(moments > held.len() && rights.len() == 3, "{moments} {rights:?}");
}

#[test]
fn everything_has_what_it_names() {
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let all = read(&town);
    let known: BTreeSet<(&str, char, u32)> = all.subjects.iter().map(|s| (s.comune, s.kind, s.number)).collect();
    assert_eq!(known.len(), all.subjects.len());
    let named: BTreeSet<(&str, char, u32)> = all.titles.iter().map(|t| (t.comune, t.subject.0, t.subject.1)).collect();
    assert_eq!(known, named, "who has a title, and nobody else");
    let numbers: BTreeSet<(&str, Nature, u32)> = all.properties.iter().map(|p| (p.comune, p.nature, p.number)).collect();
    assert!(all.titles.iter().all(|t| numbers.contains(&(t.comune, t.nature, t.property))));
    let keys: BTreeSet<_> = all.properties.iter().map(|p| (p.comune, p.nature, p.number, p.version)).collect();
    assert_eq!(keys.len(), all.properties.len());
    let titles: BTreeSet<_> = all.titles.iter().map(|t| (t.comune, t.number)).collect();
    assert_eq!(titles.len(), all.titles.len());
    // versions follow each other, and one holds today unless the parcel is no more
    for pair in all.properties.windows(2).filter(|pair| pair[1].version == 2) {
        assert_eq!((pair[0].version, pair[0].until), (1, Some(pair[1].since)));
    }
    // each land parcel has its row with its own area, and each urban one units
    let land: HashMap<(&str, u16, &str), &Property> =
        all.properties.iter().filter(|p| p.nature == Nature::Land).map(|p| ((p.comune, p.sheet, p.parcel), p)).collect();
    let units: BTreeSet<(&str, u16, &str)> =
        all.properties.iter().filter(|p| p.nature == Nature::Unit).map(|p| (p.comune, p.sheet, p.parcel)).collect();
    for parcel in town.parcels.iter().filter(|p| p.number.bytes().all(|b| b.is_ascii_digit())) {
        let place = (parcel.comune, parcel.sheet, parcel.number.as_str());
        assert_eq!((land[&place].area_m2, land[&place].until), (parcel.area_m2, None));
        assert_eq!(units.contains(&place), parcel.urban, "{}", parcel.id);
    }
    for comune in [CASTELMARINA, ROCCA] {
        assert!(all.subjects.iter().any(|s| s.comune == comune && s.name.starts_with("COMUNE DI")));
    }
    assert!(all.properties.iter().filter(|p| p.address.is_some()).count() > 100);
}

#[test]
fn who_had_the_ground_of_a_change_has_what_became_of_it() {
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let all = read(&town);
    let at = |id: &str| {
        let (sheet, number) = id.split_once('.').unwrap();
        let comune = if sheet.starts_with("X102") { ROCCA } else { CASTELMARINA };
        let sheet: u16 = sheet[5..9].parse().unwrap();
        all.properties.iter().find(|p| p.nature == Nature::Land && (p.comune, p.sheet, p.parcel) == (comune, sheet, number)).unwrap()
    };
    let of = |p: &Property, is_first: bool| -> Vec<_> {
        let titles = all.titles.iter().filter(|t| t.nature == Nature::Land && (t.comune, t.property) == (p.comune, p.number));
        titles.filter(|t| !is_first || t.since.0 == p.since.0).map(|t| (t.subject, t.right, t.share)).collect()
    };
    let mut compared = 0;
    for descent in &town.lineage {
        let (parent, child) = (at(&descent.parent), at(&descent.child));
        assert_eq!(parent.until, Some(child.since), "{descent:?}");
        let (before, after) = (of(parent, false), of(child, true));
        assert!(!before.is_empty());
        // what is urban or public now has other holders, or none
        if !after.is_empty() && after[0].0.0 == 'P' {
            assert_eq!(before, after, "{descent:?}");
            compared += 1;
        }
    }
    assert!(compared > 4, "{compared}");
}

/// Splits and merges, whose areas add up, and which share no number with anything.
#[test]
fn parcels_that_are_no_more_are_the_ground_of_others() {
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut parents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for descent in &town.lineage {
        children.entry(&descent.parent).or_default().push(&descent.child);
        parents.entry(&descent.child).or_default().push(&descent.parent);
    }
    assert!(children.values().filter(|c| c.len() == 2).count() > 4 && parents.values().filter(|p| p.len() == 2).count() > 4);
    let areas: HashMap<&str, f64> = town.former_parcels.iter().map(|p| (&*p.id, crate::lineage::covered_m2(&p.geometry))).collect();
    assert_eq!((areas.len(), children.len()), (town.former_parcels.len(), town.former_parcels.len()), "each has one number and an end");
    for (parent, area) in areas {
        let shared: f64 = town.lineage.iter().filter(|d| d.parent == parent).map(|d| d.area_m2).sum();
        assert!((shared - area).abs() < 0.02 && area > 10.0, "{parent}: {shared} of {area}");
    }
}

#[test]
fn equal_seeds_make_equal_people() {
    let town = Town::generate(Size::Small, DEFAULT_SEED);
    let one = |seed| -> Vec<Record<'_>> { census(&town, seed).collect() };
    assert!(one(7) == one(7) && one(7) != one(8));
    fn is_send<T: Send>(_: &T) {}
    is_send::<Census<'_>>(&census(&town, 7));
}
