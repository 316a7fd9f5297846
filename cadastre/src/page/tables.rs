//! What the page and the printed document say alike: facts and tables.

use chrono::NaiveDate;
use kernel::layer::FieldType;
use kernel::{Language, Layer, OnIt};
use operations::{say, value};
use serde_json::json;

use super::census::{Census, Property, SizeUnit, Totals};
use super::owners::{Owned, Title};
use super::record::{Record, Standing, short};
use super::words;
use crate::holdings::words::right as right_of;

/// A table for people.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
    /// Sums below the rows.
    pub(super) totals: Option<Vec<String>>,
}

pub(super) struct Column {
    pub(super) name: &'static str,
    /// Numbers stand at the right.
    pub(super) number: bool,
    /// Its part of the width of a printed page.
    pub(super) share: f64,
}

fn columns(all: &[(&'static str, bool, f64)]) -> Vec<Column> {
    all.iter().map(|(name, number, share)| Column { name, number: *number, share: *share }).collect()
}

/// `Foglio 13A, particella 594`.
pub(super) fn title(record: &Record, l: Language) -> String {
    let shown = &record.shown;
    let sheet = shown.short_sheet();
    let number = shown.id.split_once('.').map_or(&*shown.number, |(_, code)| code);
    let section = shown.sheet().and_then(|sheet| sheet.section());
    match (l, section) {
        (Language::It, None) => format!("Foglio {sheet}, particella {number}"),
        (Language::It, Some(section)) => format!("Sezione {section}, foglio {sheet}, particella {number}"),
        (Language::En, None) => format!("Sheet {sheet}, parcel {number}"),
        (Language::En, Some(section)) => format!("Section {section}, sheet {sheet}, parcel {number}"),
    }
}

/// What is to be known before the rest: that it is no more, or not yet, or shown as it was.
pub(super) fn standing(record: &Record, l: Language) -> Option<String> {
    let said = match (record.standing, l) {
        (Standing::Former(on), Language::It) => Some(format!("Questa particella è stata soppressa: non esiste più dal {}.", day(on, l))),
        (Standing::Former(on), Language::En) => Some(format!("This parcel was suppressed: it is no more since {}.", day(on, l))),
        (Standing::Coming(on), Language::It) => Some(format!("Questa particella esisterà dal {}.", day(on, l))),
        (Standing::Coming(on), Language::En) => Some(format!("This parcel will be there from {}.", day(on, l))),
        (Standing::Current, _) => None,
    };
    let then = record.at.map(|at| match l {
        Language::It => format!("Com'era il {}.", day(at, l)),
        Language::En => format!("As it was on {}.", day(at, l)),
    });
    let all: Vec<String> = said.into_iter().chain(then).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// Of the parcel itself.
pub(super) fn facts(record: &Record, layer: &Layer, l: Language) -> Vec<(&'static str, String)> {
    let shown = &record.shown;
    let mut facts = vec![(say(l, "Riferimento", "Reference"), shown.id.clone())];
    facts.push((say(l, "Comune", "Comune"), record.comune.clone().unwrap_or_else(|| shown.comune.clone())));
    facts.push((say(l, "Superficie misurata sulla mappa", "Area measured on the map"), format!("{} m²", decimal(shown.measured_m2, 1, l))));
    let register = shown.area_m2.map_or_else(|| "–".to_owned(), |m2| format!("{} m²", decimal(f64::from(m2), 0, l)));
    facts.push((say(l, "Superficie del registro", "Area in the register"), register));
    if let Some((m2, percent)) = shown.difference() {
        let percent = percent.map(|p| format!(" ({} %)", signed(p, 2, l))).unwrap_or_default();
        facts.push((say(l, "Differenza", "Difference"), format!("{} m²{percent}", signed(m2, 1, l))));
    }
    facts.push((say(l, "Tipo", "Kind"), word(layer, "kind", &shown.kind, l)));
    if let Some(land_use) = &shown.land_use {
        facts.push((say(l, "Qualità", "Land use"), word(layer, "land_use", land_use, l)));
    }
    facts.push((
        say(l, "Al catasto fabbricati", "In the register of buildings"),
        say(l, if shown.urban { "sì" } else { "no" }, if shown.urban { "yes" } else { "no" }).to_owned(),
    ));
    let (from, to) = shown.days();
    facts.push((say(l, "In vigore", "Valid"), span(from, to, l)));
    if let Some(on) = shown.updated_on {
        facts.push((say(l, "Aggiornata il", "Updated on"), day(on, l)));
    }
    facts
}

/// A code of the layer's declaration, as people call it.
fn word(layer: &Layer, field: &str, code: &str, l: Language) -> String {
    value::readable(FieldType::Text, layer.field(field), &json!(code), l)
}

/// Land in the census.
pub(super) fn land(census: &Census, l: Language) -> Option<Table> {
    if census.land.is_empty() {
        return None;
    }
    let quality = |code: Option<i32>| code.map_or_else(|| "–".to_owned(), |code| words::quality(code).unwrap_or_else(|| code.to_string()));
    let mut rows = Vec::new();
    for land in &census.land {
        // the quality that stands at land in portions is that of the largest
        let in_portions = !land.portions.is_empty();
        rows.push(vec![
            or_dash(&land.sub()),
            if in_portions { say(l, "in porzioni", "in portions").to_owned() } else { quality(land.quality) },
            text(land.class.as_ref()),
            number(land.area_m2, 0, l),
            number(land.income, 2, l),
            number(land.income_farm, 2, l),
            since(land, l),
        ]);
        rows.extend(land.portions.iter().map(|part| {
            let figures = [number(part.area_m2, 0, l), number(part.income, 2, l), number(part.income_farm, 2, l)];
            let words = [part.portion.clone(), quality(part.quality), text(part.class.as_ref())];
            words.into_iter().chain(figures).chain([String::new()]).collect()
        }));
    }
    let totals = Totals::of(&census.land);
    let sums = vec![
        say(l, "Totale", "Total").to_owned(),
        String::new(),
        String::new(),
        decimal(totals.area_m2, 0, l),
        decimal(totals.income, 2, l),
        decimal(totals.income_farm, 2, l),
        String::new(),
    ];
    let columns = columns(&[
        ("Sub", false, 0.07),
        (say(l, "Qualità", "Quality"), false, 0.25),
        (say(l, "Classe", "Class"), false, 0.08),
        (say(l, "Superficie (m²)", "Area (m²)"), true, 0.14),
        (say(l, "Dominicale (€)", "Dominicale (€)"), true, 0.14),
        (say(l, "Agrario (€)", "Agrario (€)"), true, 0.12),
        (say(l, "Dal", "Since"), false, 0.20),
    ]);
    Some(Table { columns, rows, totals: Some(sums) })
}

/// Units in the census.
pub(super) fn units(census: &Census, l: Language) -> Option<Table> {
    if census.units.is_empty() {
        return None;
    }
    let rows = census.units.iter().map(|unit| {
        let category = unit.category.as_deref().map(|code| match words::category(code) {
            (written, Some(words)) => format!("{written} {words}"),
            (written, None) => written,
        });
        vec![
            or_dash(&unit.sub()),
            category.unwrap_or_else(|| "–".to_owned()),
            text(unit.class.as_ref()),
            size(unit, l),
            number(unit.area_m2, 0, l),
            number(unit.income, 2, l),
            text(unit.storeys.as_ref()),
            or_dash(&unit.addresses.join("; ")),
        ]
    });
    let totals = Totals::of(&census.units);
    let sizes = [(totals.rooms, SizeUnit::Rooms), (totals.volume_m3, SizeUnit::CubicMetres), (totals.surface_m2, SizeUnit::SquareMetres)];
    let sizes: Vec<String> = sizes.iter().filter(|(size, _)| *size > 0.0).map(|(size, unit)| sized(*size, *unit, l)).collect();
    let sums = vec![
        say(l, "Totale", "Total").to_owned(),
        totals.count.to_string(),
        String::new(),
        sizes.join(", "),
        decimal(totals.area_m2, 0, l),
        decimal(totals.income, 2, l),
        String::new(),
        String::new(),
    ];
    let columns = columns(&[
        ("Sub", false, 0.07),
        (say(l, "Categoria", "Category"), false, 0.21),
        (say(l, "Classe", "Class"), false, 0.08),
        (say(l, "Consistenza", "Size"), true, 0.13),
        (say(l, "Superficie (m²)", "Area (m²)"), true, 0.10),
        (say(l, "Rendita (€)", "Rendita (€)"), true, 0.12),
        (say(l, "Piano", "Storey"), false, 0.08),
        (say(l, "Indirizzo", "Address"), false, 0.21),
    ]);
    Some(Table { columns, rows: rows.collect(), totals: Some(sums) })
}

/// What a property is called: `Sub 3, A/2`, `Terreno`.
pub(super) fn property(property: &Property, l: Language) -> String {
    let sub = property.sub();
    let category = property.category.as_deref().map(|code| words::category(code).0);
    match (property.is_unit(), sub.is_empty()) {
        (true, false) => [Some(format!("Sub {sub}")), category].into_iter().flatten().collect::<Vec<_>>().join(", "),
        (true, true) => [Some(say(l, "Unità", "Unit").to_owned()), category].into_iter().flatten().collect::<Vec<_>>().join(" "),
        (false, false) => format!("{} {sub}", say(l, "Terreno, porzione", "Land, portion")),
        (false, true) => say(l, "Terreno", "Land").to_owned(),
    }
}

/// Who has a right to a property. Only for who said what for.
pub(super) fn titles(owned: &Owned, l: Language) -> Table {
    let rows = owned
        .titles
        .iter()
        .map(|title| vec![who(title, l), right(title, l), share(title), text(title.since_act.as_ref()), dated(title.since, l)]);
    let columns = columns(&[
        (say(l, "Intestatario", "Holder"), false, 0.40),
        (say(l, "Diritto", "Right"), false, 0.20),
        (say(l, "Quota", "Share"), true, 0.10),
        (say(l, "Atto", "Act"), false, 0.16),
        (say(l, "Dal", "Since"), false, 0.14),
    ]);
    Table { columns, rows: rows.collect(), totals: None }
}

/// What the shares make: `proprietà 1/1`, and whether that is the whole.
pub(super) fn sums(owned: &Owned, l: Language) -> String {
    let one = |sum: super::owners::Sum| {
        let name = right_of(&sum.holds).get(l).to_owned();
        match sum.share {
            None => format!("{name}: {}", say(l, "quote non indicate", "shares not told")),
            Some((above, below)) if above == below => format!("{name}: {above}/{below}"),
            Some((above, below)) => format!("{name}: {above}/{below} ({})", say(l, "non fa l'intero", "not the whole")),
        }
    };
    owned.sums().into_iter().map(one).collect::<Vec<_>>().join("; ")
}

fn who(title: &Title, l: Language) -> String {
    if title.kind.is_none() {
        return say(l, "soggetto non presente", "holder not in the register").to_owned();
    }
    let mut all = vec![title.who()];
    all.extend(title.code.clone());
    all.extend(title.born_on.map(|on| format!("{} {}", say(l, "nato/a il", "born on"), day(on, l))));
    all.extend(title.born_in.clone().filter(|place| !place.is_empty()));
    all.extend(title.seat.clone().filter(|place| !place.is_empty()).map(|seat| format!("{} {seat}", say(l, "sede", "seat"))));
    all.join(", ")
}

fn right(title: &Title, l: Language) -> String {
    let named = title.holds_words.clone().filter(|words| !words.is_empty());
    let named = named.unwrap_or_else(|| right_of(&title.holds).get(l).to_owned());
    match title.regime.as_deref().map(|code| words::regime(code).unwrap_or(code)).filter(|regime| !regime.is_empty()) {
        Some(regime) => format!("{named}, {regime}"),
        None => named,
    }
}

fn share(title: &Title) -> String {
    title.numerator.zip(title.denominator).map_or_else(|| "–".to_owned(), |(above, below)| format!("{above}/{below}"))
}

/// The states that the parcel was in, the newest first.
pub(super) fn history(record: &Record, l: Language) -> Table {
    let rows = record.versions.iter().rev().map(|version| {
        let (from, to) = version.days();
        let register = version.area_m2.map_or_else(|| "–".to_owned(), |m2| decimal(f64::from(m2), 0, l));
        vec![
            day(from, l),
            to.map_or_else(|| "–".to_owned(), |to| day(to, l)),
            decimal(version.measured_m2, 1, l),
            register,
            text(version.land_use.as_ref()),
        ]
    });
    let columns = columns(&[
        (say(l, "Dal", "From"), false, 0.2),
        (say(l, "Al", "To"), false, 0.2),
        (say(l, "Misurata (m²)", "Measured (m²)"), true, 0.2),
        (say(l, "Registro (m²)", "Register (m²)"), true, 0.2),
        (say(l, "Qualità", "Land use"), false, 0.2),
    ]);
    Table { columns, rows: rows.collect(), totals: None }
}

/// Parcels with the ground in common: number, day, area.
pub(super) fn relatives(all: &[super::lineage::Relative], l: Language) -> Table {
    let rows = all.iter().map(|one| vec![short(&one.id), day(one.day, l), decimal(one.area_m2, 1, l)]).collect();
    let columns = columns(&[
        (say(l, "Particella", "Parcel"), false, 0.4),
        (say(l, "Dal", "Since"), false, 0.3),
        (say(l, "Terreno in comune (m²)", "Ground in common (m²)"), true, 0.3),
    ]);
    Table { columns, rows, totals: None }
}

/// What the other themes have on the parcel: the layer, the name, how much of it.
pub(super) fn on(record: &Record, l: Language) -> Table {
    let rows = record.on.iter().map(|one| vec![one.layer.title.get(l).to_owned(), one.title.clone(), how_much(one, l)]).collect();
    let columns = columns(&[
        (say(l, "Tema", "Theme"), false, 0.3),
        (say(l, "Che cosa", "What"), false, 0.45),
        (say(l, "Quanto", "How much"), true, 0.25),
    ]);
    Table { columns, rows, totals: None }
}

/// `210,4 m², 32,5 %`; `45,2 m`; a dash for a point.
pub(super) fn how_much(one: &OnIt, l: Language) -> String {
    let area = one.area_m2.map(|m2| format!("{}\u{a0}m²", decimal(m2, 1, l)));
    let share = one.share.map(|share| format!("{}\u{a0}%", decimal(share * 100.0, 1, l)));
    let length = one.length_m.map(|m| format!("{}\u{a0}m", decimal(m, 1, l)));
    or_dash(&[area, share, length].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn size(unit: &Property, l: Language) -> String {
    match (unit.size, unit.size_unit()) {
        (Some(size), Some(unit)) => sized(size, unit, l),
        (Some(size), None) => plain(size, l),
        (None, _) => "–".to_owned(),
    }
}

fn sized(size: f64, unit: SizeUnit, l: Language) -> String {
    let name = match unit {
        SizeUnit::Rooms => say(l, "vani", "vani (rooms)"),
        SizeUnit::CubicMetres => "m³",
        SizeUnit::SquareMetres => "m²",
    };
    format!("{} {name}", plain(size, l))
}

/// Rooms come by halves.
fn plain(size: f64, l: Language) -> String {
    decimal(size, usize::from(size.fract() != 0.0), l)
}

fn since(property: &Property, l: Language) -> String {
    let act = property.since_act.clone().filter(|act| !act.is_empty());
    let all: Vec<String> = property.since.map(|on| day(on, l)).into_iter().chain(act).collect();
    or_dash(&all.join(", "))
}

fn dated(date: Option<NaiveDate>, l: Language) -> String {
    date.map_or_else(|| "–".to_owned(), |date| day(date, l))
}

fn text(text: Option<&String>) -> String {
    or_dash(text.map_or("", |text| text))
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.to_owned() }
}

fn number(value: Option<f64>, digits: usize, l: Language) -> String {
    value.map_or_else(|| "–".to_owned(), |value| decimal(value, digits, l))
}

/// A day, `23 nov 2026`.
pub(super) fn day(date: NaiveDate, l: Language) -> String {
    value::readable(FieldType::Date, None, &json!(date), l)
}

/// `dal 1 gen 2001 al 1 mag 2019`. What is older than any day known is told without one.
pub(super) fn span(from: NaiveDate, to: Option<NaiveDate>, l: Language) -> String {
    let from = if chrono::Datelike::year(&from) <= 1900 {
        say(l, "da sempre, per quanto si sa", "as far back as is known").to_owned()
    } else {
        format!("{} {}", say(l, "dal", "from"), day(from, l))
    };
    match to {
        Some(to) => format!("{from} {} {}", say(l, "al", "to"), day(to, l)),
        None => from,
    }
}

/// A number with so many decimals, its thousands separated.
pub(super) fn decimal(value: f64, digits: usize, l: Language) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let negative = value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| value::grouped(whole, l));
    let sign = if negative { "−" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{}{fraction}", say(l, ",", ".")) }
}

/// The same, with its sign also where it is above nothing.
fn signed(value: f64, digits: usize, l: Language) -> String {
    let text = decimal(value, digits, l);
    let is_nothing = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if value > 0.0 && !is_nothing { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{decimal, signed, span};
    use kernel::Language::{En, It};

    #[test]
    fn numbers_for_people() {
        assert_eq!((decimal(1234.56, 1, It), decimal(1234.56, 1, En)), ("1.234,6".to_owned(), "1,234.6".to_owned()));
        assert_eq!((decimal(-0.04, 1, It), decimal(-0.06, 1, It)), ("0,0".to_owned(), "−0,1".to_owned()));
        assert_eq!((signed(0.04, 1, It), signed(2.0, 1, It), signed(-2.0, 0, En)), ("0,0".to_owned(), "+2,0".to_owned(), "−2".to_owned()));
        assert_eq!(decimal(f64::NAN, 1, It), "NaN");
    }

    #[test]
    fn a_time_that_nobody_knows_the_beginning_of_has_none() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(span(day("1900-01-01"), None, En), "as far back as is known");
        assert_eq!(span(day("2001-01-01"), Some(day("2019-05-01")), It), "dal 1 gen 2001 al 1 mag 2019");
    }
}
