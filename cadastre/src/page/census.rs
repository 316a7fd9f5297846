//! What the census says of a parcel: land, and the units of the buildings on it.

use chrono::NaiveDate;
use serde::Deserialize;
use sqlx::{FromRow, PgConnection};

use super::record::Version;

/// A part of a parcel of land.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Portion {
    /// Its letters.
    pub(super) portion: String,
    pub(super) quality: Option<i32>,
    pub(super) class: Option<String>,
    pub(super) area_m2: Option<f64>,
    pub(super) income: Option<f64>,
    pub(super) income_farm: Option<f64>,
}

/// How many properties are told of one parcel: a block has hundreds.
const MOST: i64 = 2_000;

/// A property as it stands on a day. Land has a quality, units have a category.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Property {
    pub(super) section: String,
    /// `T` land, `F` a unit.
    pub(super) nature: String,
    pub(super) property: i64,
    pub(super) category: Option<String>,
    pub(super) class: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) quality: Option<i32>,
    /// Rooms, cubic or square metres, by the category.
    pub(super) size: Option<f64>,
    pub(super) area_m2: Option<f64>,
    /// Euro a year: rendita, or reddito dominicale.
    pub(super) income: Option<f64>,
    /// Euro a year: reddito agrario.
    pub(super) income_farm: Option<f64>,
    pub(super) storeys: Option<String>,
    pub(super) doors: Option<String>,
    pub(super) partita: Option<String>,
    pub(super) since: Option<NaiveDate>,
    pub(super) since_act: Option<String>,
    /// The subalterni by which it stands on this parcel; empty for one without.
    pub(super) units: Vec<String>,
    pub(super) addresses: Vec<String>,
    /// Of land: the parts that have a quality each. Its own figures are their sums.
    #[sqlx(json)]
    pub(super) portions: Vec<Portion>,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Census {
    pub(super) land: Vec<Property>,
    pub(super) units: Vec<Property>,
    /// Whether there are more than are told.
    pub(super) cut: bool,
}

/// Sums over properties.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) count: usize,
    pub(super) area_m2: f64,
    pub(super) income: f64,
    pub(super) income_farm: f64,
    /// Of categories A, B and C.
    pub(super) rooms: f64,
    pub(super) volume_m3: f64,
    pub(super) surface_m2: f64,
}

impl Property {
    pub(super) fn is_unit(&self) -> bool {
        self.nature == "F"
    }

    /// The subalterni as people write them: `3`, `3, 4`.
    pub(super) fn sub(&self) -> String {
        let named: Vec<&str> = self.units.iter().map(String::as_str).filter(|unit| !unit.is_empty()).collect();
        named.join(", ")
    }

    /// What its size is counted in.
    pub(super) fn size_unit(&self) -> Option<SizeUnit> {
        match self.category.as_ref()?.bytes().next()? {
            b'A' => Some(SizeUnit::Rooms),
            b'B' => Some(SizeUnit::CubicMetres),
            b'C' => Some(SizeUnit::SquareMetres),
            _ => None,
        }
    }
}

/// What the size of a unit is counted in, by the first letter of its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SizeUnit {
    Rooms,
    CubicMetres,
    SquareMetres,
}

impl Totals {
    pub(super) fn of(properties: &[Property]) -> Self {
        let mut totals = Self { count: properties.len(), ..Self::default() };
        for property in properties {
            totals.area_m2 += property.area_m2.unwrap_or_default();
            totals.income += property.income.unwrap_or_default();
            totals.income_farm += property.income_farm.unwrap_or_default();
            let size = property.size.unwrap_or_default();
            match property.size_unit() {
                Some(SizeUnit::Rooms) => totals.rooms += size,
                Some(SizeUnit::CubicMetres) => totals.volume_m3 += size,
                Some(SizeUnit::SquareMetres) => totals.surface_m2 += size,
                None => {}
            }
        }
        totals
    }
}

impl Census {
    /// Reads what stands at the parcel on a day, in the connection of somebody who works for its comune: to others the tables show nothing.
    /// The census names a foglio without allegato; a section only where the comune has sections.
    pub(super) async fn read(conn: &mut PgConnection, parcel: &Version, day: NaiveDate) -> Result<Self, sqlx::Error> {
        let section = parcel.sheet().and_then(|sheet| sheet.section()).unwrap_or('_');
        let rows: Result<Vec<Property>, _> = sqlx::query_as(
            "with here as (
                select section, nature, property, version, array_agg(distinct unit) as units
                  from cadastre.property_places
                 where comune = $1 and sheet = $2 and number = $3
                   and ($4 = '_' or section in ('_', $4) or urban_section = $4)
                 group by section, nature, property, version),
             held as (
                select distinct on (p.section, p.nature, p.property) p.*, h.units
                  from here h
                  join cadastre.properties p
                    on p.comune = $1 and p.section = h.section and p.nature = h.nature and p.property = h.property and p.version = h.version
                 where (p.since is null or p.since <= $5) and (p.until is null or p.until > $5)
                 order by p.section, p.nature, p.property, p.version desc)
             select section, nature, property, category, class, zone, quality, size::double precision as size,
                    area_m2::double precision as area_m2, income::double precision as income, income_farm::double precision as income_farm,
                    storeys, doors, partita, since, since_act, units,
                    array(select address from cadastre.property_addresses a
                           where a.comune = $1 and a.section = held.section and a.nature = held.nature and a.property = held.property
                             and a.version = held.version
                           order by a.ordinal) as addresses,
                    (select coalesce(jsonb_agg(jsonb_build_object('portion', o.portion, 'quality', o.quality, 'class', o.class, 'area_m2', o.area_m2,
                                                                  'income', o.income, 'income_farm', o.income_farm) order by o.ordinal), '[]')
                       from cadastre.property_portions o
                      where o.comune = $1 and o.section = held.section and o.nature = held.nature and o.property = held.property
                        and o.version = held.version) as portions
               from held
              order by nature desc, units[1] collate opensit.natural_order, property
              limit $6",
        )
        .bind(&parcel.comune)
        .bind(parcel.sheet)
        .bind(without_zeros(&parcel.number))
        .bind(section.to_string())
        .bind(day)
        .bind(MOST + 1)
        .fetch_all(conn)
        .await;
        let mut rows = rows?;
        let cut = rows.len() > usize::try_from(MOST).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
        let (units, land) = rows.into_iter().partition(Property::is_unit);
        Ok(Self { land, units, cut })
    }

    /// Land first, then the units.
    pub(super) fn all(&self) -> impl Iterator<Item = &Property> {
        self.land.iter().chain(&self.units)
    }
}

fn without_zeros(number: &str) -> &str {
    let bare = number.trim_start_matches('0');
    if bare.is_empty() { number } else { bare }
}
