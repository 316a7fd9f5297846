//! How lists name an address, and the register's address that they mean.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use chrono::{DateTime, Utc};
use kernel::{Column, Layer};
use sqlx::{AssertSqlSafe, PgConnection};

use super::{Spot, street};
use crate::IngestError;
use crate::report::Reason;

/// From this likeness on (0 to 1, by trigrams) a street that the register has not may be one that is written otherwise there …
const ALIKE: f32 = 0.6;
/// … if the next is less alike by this.
const AHEAD: f32 = 0.15;
/// Streets that are looked for among those spelled nearly so: in a list that has more of them something else is wrong.
const MOST_UNKNOWN: usize = 2_000;

/// An address as a list names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AddressKey {
    /// ISTAT code.
    pub(super) comune: Option<String>,
    /// As [`street::street`] writes it.
    street: String,
    /// As [`street::house_number`] writes it.
    number: String,
}

impl AddressKey {
    pub(super) fn new(comune: Option<String>, street: &str, number: Option<&str>) -> Result<Self, Reason> {
        let street = street::street(street);
        if street.is_empty() {
            return Err(Reason::NoAddress);
        }
        let number = number.and_then(street::house_number).ok_or(Reason::NoHouseNumber)?;
        Ok(Self { comune, street, number })
    }
}

impl fmt::Display for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.street, self.number.to_uppercase())
    }
}

/// The columns of street and house number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'a> {
    pub(super) street: &'a Column,
    pub(super) number: &'a Column,
}

/// Streets that lists write otherwise than the register, as both write them.
pub(super) type Alike = BTreeMap<String, String>;

/// The register's streets in the common form: of each its comuni and names there.
type Streets = HashMap<String, Vec<(String, String)>>;

/// Where addresses are, as the register has them at an instant; and the streets that were taken for others.
pub(super) async fn look_up(
    database: &mut PgConnection,
    layer: &Layer,
    columns: Columns<'_>,
    keys: &[AddressKey],
    similar: bool,
    now: DateTime<Utc>,
) -> Result<(HashMap<AddressKey, Spot>, Alike), IngestError> {
    let failed = || IngestError::database("did not say where the addresses are");
    let streets = streets(database, layer, columns, now).await.map_err(failed())?;
    let unknown: BTreeSet<&str> = keys.iter().map(|k| k.street.as_str()).filter(|s| !streets.contains_key(*s)).collect();
    let mut alike = Alike::new();
    if similar && unknown.len() <= MOST_UNKNOWN {
        alike = nearly(database, &streets, &unknown).await.map_err(failed())?;
    }
    let meant = |key: &AddressKey| streets.get(alike.get(&key.street).unwrap_or(&key.street));
    let wanted: HashSet<&(String, String)> = keys.iter().filter_map(meant).flatten().collect();
    let numbers = numbers(database, layer, columns, &wanted, now).await.map_err(failed())?;
    let spot = |key: &AddressKey| {
        let Some(streets) = meant(key) else { return Spot::Nowhere(Reason::NoSuchStreet) };
        let of_comune: Vec<&(String, String)> =
            streets.iter().filter(|(comune, _)| key.comune.as_ref().is_none_or(|c| c == comune)).collect();
        if of_comune.is_empty() {
            return Spot::Nowhere(Reason::NoSuchStreet);
        }
        let places: Vec<[f64; 2]> =
            of_comune.into_iter().filter_map(|street| numbers.get(street)?.get(&key.number)).flatten().copied().collect();
        match places.as_slice() {
            [] => Spot::Nowhere(Reason::NoSuchNumber),
            [only] => Spot::Point(*only),
            _ => Spot::Nowhere(Reason::SeveralAddresses),
        }
    };
    let spots = keys.iter().map(|key| (key.clone(), spot(key))).collect();
    let names = |form: &str| streets.get(form).and_then(|s| s.first()).map_or_else(|| form.to_owned(), |(_, name)| name.clone());
    Ok((spots, alike.iter().map(|(form, other)| (form.clone(), names(other))).collect()))
}

fn valid(layer: &Layer) -> &'static str {
    if layer.validity { "valid_from <= $1 and (valid_to is null or valid_to > $1)" } else { "$1 is not null" }
}

async fn streets(database: &mut PgConnection, layer: &Layer, columns: Columns<'_>, now: DateTime<Utc>) -> Result<Streets, sqlx::Error> {
    let sql = format!(
        "select comune, {street} from {table} where {street} is not null and {valid} group by 1, 2 order by 1, 2",
        street = columns.street.sql(),
        table = layer.table.sql(),
        valid = valid(layer),
    );
    let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(sql)).bind(now).fetch_all(database).await?;
    let mut streets = Streets::new();
    for (comune, name) in rows {
        streets.entry(street::street(&name)).or_default().push((comune, name));
    }
    Ok(streets)
}

/// The streets that unknown ones are nearly called like: of the same kind, with the same numbers in their names, and no other comes near.
async fn nearly(database: &mut PgConnection, streets: &Streets, unknown: &BTreeSet<&str>) -> Result<Alike, sqlx::Error> {
    let known: Vec<&str> = streets.keys().map(String::as_str).collect();
    let asked: Vec<&str> = unknown.iter().copied().collect();
    let rows: Vec<(String, String, f32)> = sqlx::query_as(
        "select u, s, likeness from unnest($1::text[]) u
         cross join lateral (select s, similarity(u, s) as likeness from unnest($2::text[]) s order by 2 desc, 1 limit 2) n",
    )
    .bind(asked)
    .bind(known)
    .fetch_all(database)
    .await?;
    let mut best: BTreeMap<String, Vec<(String, f32)>> = BTreeMap::new();
    for (asked, street, likeness) in rows {
        best.entry(asked).or_default().push((street, likeness));
    }
    let far_ahead = |(asked, found): (String, Vec<(String, f32)>)| {
        let (first, second) = (found.first()?, found.get(1).map_or(0.0, |(_, likeness)| *likeness));
        let same_kind = street::kind_of(&asked) == street::kind_of(&first.0);
        let fits = first.1 >= ALIKE && first.1 - second >= AHEAD && same_kind && digits(&asked) == digits(&first.0);
        fits.then(|| (asked, first.0.clone()))
    };
    Ok(best.into_iter().filter_map(far_ahead).collect())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Of each street, where its numbers are.
type Numbers = HashMap<(String, String), HashMap<String, Vec<[f64; 2]>>>;

async fn numbers(
    database: &mut PgConnection,
    layer: &Layer,
    columns: Columns<'_>,
    wanted: &HashSet<&(String, String)>,
    now: DateTime<Utc>,
) -> Result<Numbers, sqlx::Error> {
    let sql = format!(
        "select comune, {street}, {number}, st_x(p), st_y(p)
         from {table} t join unnest($2::text[], $3::text[]) w (in_comune, of_street) on t.comune = w.in_comune and t.{street} = w.of_street
         cross join lateral (select st_pointonsurface(t.geom) as p offset 0) s
         where {number} is not null and {valid}",
        street = columns.street.sql(),
        number = columns.number.sql(),
        table = layer.table.sql(),
        valid = valid(layer),
    );
    let rows: Vec<(String, String, String, f64, f64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(now)
        .bind(wanted.iter().map(|(comune, _)| comune.as_str()).collect::<Vec<_>>())
        .bind(wanted.iter().map(|(_, street)| street.as_str()).collect::<Vec<_>>())
        .fetch_all(database)
        .await?;
    let mut numbers = Numbers::new();
    for (comune, street, number, x, y) in rows {
        if let Some(number) = street::house_number(&number) {
            numbers.entry((comune, street)).or_default().entry(number).or_default().push([x, y]);
        }
    }
    Ok(numbers)
}
