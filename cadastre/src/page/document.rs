//! A parcel for programs.

use kernel::{Language, PublicUrl};
use operations::links::encode;
use serde_json::{Value, json};

use super::census::{Census, Property, SizeUnit, Totals};
use super::lineage::Relative;
use super::owners::{Owned, Title};
use super::record::{Record, Standing, Version, short};
use super::{path, words};
use crate::holdings::words::known_right;

/// The record. `census` is null to others than the staff of the comune, `owners` to those who did not say what for: `owners_note` says how.
pub(super) fn of(record: &Record, url: &PublicUrl) -> Value {
    let shown = &record.shown;
    let sheet = shown.sheet();
    let (standing, since) = match record.standing {
        Standing::Current => ("current", None),
        Standing::Former(day) => ("former", Some(day)),
        Standing::Coming(day) => ("coming", Some(day)),
    };
    json!({
        "id": shown.id, "comune": shown.comune, "comune_name": record.comune, "sheet": shown.sheet, "number": shown.number,
        "section": sheet.as_ref().and_then(|s| s.section()), "attachment": sheet.as_ref().map(|s| s.attachment()).filter(|a| *a != '0'),
        "development": sheet.as_ref().map(|s| s.development()).filter(|d| *d != '0'), "short": short(&shown.id),
        "standing": standing, "standing_since": since, "at": record.at, "version": version(shown),
        "versions": record.versions.iter().map(version).collect::<Vec<_>>(),
        "came_from": relatives(&record.lineage.came_from, url), "became": relatives(&record.lineage.became, url),
        "present": record.lineage.present.iter().map(|id| json!({ "id": id, "href": url.link(&path(id)) })).collect::<Vec<_>>(),
        "neighbours": record.neighbours.iter()
            .map(|n| json!({ "id": n.id, "number": n.number, "kind": n.kind, "href": url.link(&path(&n.id)) })).collect::<Vec<_>>(),
        "census": record.census.as_ref().map(|census| census_of(census, record)),
        "owners": record.owners.as_ref().map(|owners| owners.iter().map(|owned| owned_of(owned, record)).collect::<Vec<_>>()),
        "owners_note": owners_note(record),
        "on_it": record.on.iter().map(|one| json!({
            "layer": one.layer.id, "id": one.id, "title": one.title, "area_m2": one.area_m2, "share": one.share, "length_m": one.length_m,
            "href": url.link(&one.path()),
        })).collect::<Vec<_>>(),
        "geometry": record.geometry,
        "href": url.link(&path(&shown.id)),
        "pdf": url.link(&format!("{}?f=pdf", path(&shown.id))),
        "item": url.link(&format!("/collections/parcels/items/{}", encode(&shown.id))),
        "identify": url.link(&format!("/identify?feature=parcels/{}", encode(&shown.id))),
    })
}

/// Why there are no owners, and what to do.
fn owners_note(record: &Record) -> Option<&'static str> {
    match (&record.owners, record.is_served()) {
        (Some(_), _) => None,
        (None, true) => Some(
            "personal data: say in the header `Access-Purpose`, or in `access-purpose`, what they are read for; it is kept in the log of accesses",
        ),
        (None, false) => Some("personal data: for the staff of this comune, who say what they are read for"),
    }
}

fn version(version: &Version) -> Value {
    let difference = version.difference();
    let (from, to) = version.days();
    json!({
        "valid_from": version.valid_from, "valid_to": version.valid_to, "from": from, "to": to, "kind": version.kind,
        "land_use": version.land_use, "urban": version.urban, "updated_on": version.updated_on,
        "area_m2": { "register": version.area_m2, "measured": tenths(version.measured_m2), "difference": difference.map(|(m2, _)| tenths(m2)),
            "difference_percent": difference.and_then(|(_, percent)| percent).map(|p| (p * 100.0).round() / 100.0) },
    })
}

fn relatives(all: &[Relative], url: &PublicUrl) -> Vec<Value> {
    all.iter().map(|r| json!({ "id": r.id, "day": r.day, "area_m2": tenths(r.area_m2), "href": url.link(&path(&r.id)) })).collect()
}

fn census_of(census: &Census, record: &Record) -> Value {
    let (land, units) = (Totals::of(&census.land), Totals::of(&census.units));
    json!({
        "day": record.day, "cut": census.cut,
        "land": census.land.iter().map(land_of).collect::<Vec<_>>(),
        "land_totals": { "count": land.count, "area_m2": land.area_m2, "dominicale": cents(land.income), "agrario": cents(land.income_farm) },
        "units": census.units.iter().map(unit_of).collect::<Vec<_>>(),
        "units_totals": { "count": units.count, "rendita": cents(units.income), "rooms": units.rooms, "volume_m3": units.volume_m3,
            "surface_m2": units.surface_m2 },
    })
}

fn land_of(land: &Property) -> Value {
    json!({
        "property": land.property, "sub": land.sub(), "quality": land.quality, "quality_words": land.quality.and_then(words::quality),
        "class": land.class, "area_m2": land.area_m2, "dominicale": land.income, "agrario": land.income_farm, "partita": land.partita,
        "since": land.since, "since_act": land.since_act,
        "portions": land.portions.iter().map(|part| json!({
            "portion": part.portion, "quality": part.quality, "quality_words": part.quality.and_then(words::quality), "class": part.class,
            "area_m2": part.area_m2, "dominicale": part.income, "agrario": part.income_farm,
        })).collect::<Vec<_>>(),
    })
}

fn unit_of(unit: &Property) -> Value {
    let category = unit.category.as_deref().map(words::category);
    let size_unit = unit.size_unit().map(|unit| match unit {
        SizeUnit::Rooms => "rooms",
        SizeUnit::CubicMetres => "m3",
        SizeUnit::SquareMetres => "m2",
    });
    json!({
        "property": unit.property, "sub": unit.sub(), "category": category.as_ref().map(|(written, _)| written),
        "category_words": category.as_ref().and_then(|(_, words)| *words), "class": unit.class, "zone": unit.zone, "size": unit.size,
        "size_unit": size_unit, "area_m2": unit.area_m2, "rendita": unit.income, "storeys": unit.storeys, "doors": unit.doors,
        "addresses": unit.addresses, "partita": unit.partita, "since": unit.since, "since_act": unit.since_act,
    })
}

fn owned_of(owned: &Owned, record: &Record) -> Value {
    let property = record.census.as_ref().and_then(|census| census.all().nth(owned.at));
    let sums = owned.sums();
    json!({
        "property": property.map(|p| p.property), "nature": property.map(|p| if p.is_unit() { "unit" } else { "land" }),
        "sub": property.map(Property::sub), "titles": owned.titles.iter().map(title_of).collect::<Vec<_>>(),
        "sums": sums.iter().map(|sum| json!({ "right": sum.holds, "right_words": right(&sum.holds),
            "share": sum.share.map(|(above, below)| format!("{above}/{below}")), "whole": sum.share.map(|(above, below)| above == below) }))
            .collect::<Vec<_>>(),
    })
}

fn title_of(title: &Title) -> Value {
    json!({
        "kind": title.kind.as_deref().map(|kind| if kind == "P" { "person" } else { "firm" }), "name": title.who(), "fiscal_code": title.code,
        "born_on": title.born_on, "born_in": title.born_in, "seat": title.seat, "right": title.holds,
        "right_words": title.holds_words.clone().or_else(|| right(&title.holds)),
        "share": title.numerator.zip(title.denominator).map(|(above, below)| format!("{above}/{below}")),
        "regime": title.regime, "since": title.since, "since_act": title.since_act,
    })
}

/// The term of the law.
fn right(code: &str) -> Option<String> {
    known_right(code).map(|words| words.get(Language::It).to_owned())
}

fn tenths(m2: f64) -> f64 {
    let rounded = (m2 * 10.0).round() / 10.0;
    // no negative nothing
    rounded + 0.0
}

fn cents(euro: f64) -> f64 {
    (euro * 100.0).round() / 100.0
}
