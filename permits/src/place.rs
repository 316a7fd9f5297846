//! Where the works are: cited parcels, a house number, a polygon of their own.

use std::collections::BTreeSet;

use cadastre::ParcelRef;
use chrono::{DateTime, Utc};
use kernel::{Language, Layer, Principal, Problem};
use operations::{Reader, refused};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

/// The most parcels of one application.
pub(crate) const MOST_PARCELS: usize = 100;

/// What was sent about the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) parcels: Vec<String>,
    pub(crate) address: Option<String>,
    pub(crate) geometry: Option<Value>,
}

/// What came of it: a MultiPolygon in the layer's system, and the comune.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) ewkb: Vec<u8>,
    pub(crate) comune: String,
    pub(crate) parcels: Vec<String>,
    pub(crate) address: Option<String>,
    pub(crate) house_number: Option<String>,
}

#[derive(FromRow)]
struct Known {
    parcel: String,
    comune: Option<String>,
}

#[derive(FromRow)]
struct House {
    id: String,
    comune: String,
    address: String,
}

impl Said {
    /// Takes `parcels`, `address` and `geometry`.
    pub(crate) fn take(given: &mut Reader) -> Self {
        Self { parcels: given.texts("parcels", MOST_PARCELS, 40), address: given.text("address", 200), geometry: given.json("geometry") }
    }

    /// Whether anything was said.
    pub(crate) fn is_something(&self) -> bool {
        !self.parcels.is_empty() || self.address.is_some() || self.geometry.is_some()
    }
}

/// Finds the place: a polygon of its own, or what the parcels cover, or the parcel at the house number. A parcel that was suppressed is taken
/// with its last shape. What is wrong goes to the reader: a parcel that never was, or of a comune that is not theirs; no place at all.
pub(crate) async fn find(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    said: Said,
    given: &mut Reader,
    now: DateTime<Utc>,
) -> Result<Option<Place>, Problem> {
    let parcels = read(&said.parcels, given);
    let comuni = known(conn, who, &parcels, given).await?;
    let house = match &said.address {
        Some(address) => house(conn, who, address, comuni.first()).await?,
        None => None,
    };
    let own = match &said.geometry {
        Some(geometry) => operations::place(conn, layer, geometry, given, "geometry").await?,
        None => None,
    };
    if said.geometry.is_some() && own.is_none() || parcels.len() < said.parcels.len() || comuni.is_empty() && !parcels.is_empty() {
        return Ok(None);
    }
    let comune =
        comuni.first().cloned().or_else(|| own.as_ref().map(|p| p.comune.clone())).or_else(|| house.as_ref().map(|h| h.comune.clone()));
    let Some(comune) = comune else {
        given.fault(
            "parcels",
            "serve un luogo: particelle, un numero civico che esiste, o un poligono",
            "a place is needed: parcels, a house number that exists, or a polygon",
        );
        return Ok(None);
    };
    let theirs = own.as_ref().is_none_or(|own| own.comune == comune && who.comuni().contains(&comune));
    if !theirs {
        given.fault("geometry", "è in un altro comune", "lies in another comune");
        return Ok(None);
    }
    let ewkb = match own {
        Some(own) => Some(own.ewkb),
        None if !parcels.is_empty() => covered(conn, &parcels).await?,
        None => at_house(conn, house.as_ref().map_or("", |h| &*h.id), now).await?,
    };
    let Some(ewkb) = ewkb else {
        given.fault(
            "parcels",
            "non hanno una superficie sulla mappa: serve un poligono",
            "have no surface on the map: a polygon is needed",
        );
        return Ok(None);
    };
    let address = house.as_ref().map(|h| h.address.clone()).or(said.address);
    Ok(Some(Place { ewkb, comune, parcels, address, house_number: house.map(|h| h.id) }))
}

/// References by the national grammar, each once.
fn read(texts: &[String], given: &mut Reader) -> Vec<String> {
    let (mut seen, mut parcels) = (BTreeSet::new(), Vec::new());
    for text in texts {
        match text.parse::<ParcelRef>().map(|parcel| parcel.to_string()) {
            Ok(parcel) if !seen.insert(parcel.clone()) => {
                let fault = twice(given.language(), &parcel);
                given.told("parcels", fault);
            }
            Ok(parcel) => parcels.push(parcel),
            Err(error) => given.told("parcels", error.to_string()),
        }
    }
    parcels
}

fn twice(l: Language, parcel: &str) -> String {
    match l {
        Language::It => format!("`{parcel}` è citata due volte"),
        Language::En => format!("`{parcel}` is cited twice"),
    }
}

/// The comuni of the parcels, if each is known and theirs and all are of one; otherwise none, and the faults.
async fn known(conn: &mut PgConnection, who: &Principal, parcels: &[String], given: &mut Reader) -> Result<Vec<String>, Problem> {
    let found: Vec<Known> = sqlx::query_as(
        "select w.parcel, p.comune
           from unnest($1::text[]) with ordinality w(parcel, ordinal)
           left join lateral (select comune from cadastre.v_parcels v where v.id = w.parcel order by valid_from desc limit 1) p on true
          order by w.ordinal",
    )
    .bind(parcels)
    .fetch_all(conn)
    .await
    .map_err(|e| refused(&e))?;
    let (mut comuni, mut wrong) = (BTreeSet::new(), false);
    for Known { parcel, comune } in found {
        let fault = match (&comune, given.language()) {
            (None, Language::It) => Some(format!("`{parcel}` non è mai stata al catasto")),
            (None, Language::En) => Some(format!("`{parcel}` was never in the cadastre")),
            (Some(comune), l) if !who.comuni().contains(comune) => Some(match l {
                Language::It => format!("`{parcel}` è di un comune per cui non lavori"),
                Language::En => format!("`{parcel}` is of a comune that you don't work for"),
            }),
            _ => None,
        };
        wrong |= fault.is_some();
        match (fault, comune) {
            (Some(fault), _) => given.told("parcels", fault),
            (None, Some(comune)) => drop(comuni.insert(comune)),
            (None, None) => {}
        }
    }
    if comuni.len() > 1 {
        given.fault("parcels", "sono di più comuni: una pratica è di un comune solo", "are of several comuni: an application is of one");
    }
    Ok(if wrong || comuni.len() > 1 { Vec::new() } else { comuni.into_iter().collect() })
}

/// The house number with this address, without regard to case and accents, in the comuni that they work for.
async fn house(conn: &mut PgConnection, who: &Principal, address: &str, comune: Option<&String>) -> Result<Option<House>, Problem> {
    let found: Vec<House> = sqlx::query_as(
        "select id, comune, address
           from territory.v_house_numbers
          where opensit.fold(address) = opensit.fold($1)
          order by id",
    )
    .bind(address)
    .fetch_all(conn)
    .await
    .map_err(|e| refused(&e))?;
    let fits = |house: &House| who.comuni().contains(&house.comune) && comune.is_none_or(|comune| *comune == house.comune);
    Ok(found.into_iter().find(fits))
}

/// What the parcels cover, each with its last shape.
async fn covered(conn: &mut PgConnection, parcels: &[String]) -> Result<Option<Vec<u8>>, Problem> {
    sqlx::query_scalar(
        "select st_asewkb(st_multi(st_collectionextract(st_union(geom), 3)))
           from (select distinct on (id) geom from cadastre.v_parcels where id = any($1) order by id, valid_from desc) v",
    )
    .bind(parcels)
    .fetch_one(conn)
    .await
    .map_err(|e| refused(&e))
}

/// The parcel at a house number, which stands on its edge; where there is none within three metres, five metres round it.
async fn at_house(conn: &mut PgConnection, house: &str, now: DateTime<Utc>) -> Result<Option<Vec<u8>>, Problem> {
    sqlx::query_scalar(
        "select st_asewkb(st_multi(coalesce(
                    (select p.geom from cadastre.v_parcels p
                      where p.kind = 'land' and st_dwithin(p.geom, h.geom, 3) and p.valid_from <= $2 and (p.valid_to is null or p.valid_to > $2)
                      order by st_distance(p.geom, h.geom), p.id limit 1),
                    st_buffer(h.geom, 5))))
           from territory.v_house_numbers h where h.id = $1",
    )
    .bind(house)
    .bind(now)
    .fetch_optional(conn)
    .await
    .map_err(|e| refused(&e))
    .map(Option::flatten)
}

/// Writes which parcels an application cites, in their order, in place of those it cited.
pub(crate) async fn cite(conn: &mut PgConnection, permit: i64, parcels: &[String]) -> Result<(), Problem> {
    sqlx::query("delete from permits.cited_parcels where permit = $1").bind(permit).execute(&mut *conn).await.map_err(|e| refused(&e))?;
    sqlx::query(
        "insert into permits.cited_parcels (permit, ordinal, parcel)
         select $1, ordinal, parcel from unnest($2::text[]) with ordinality w(parcel, ordinal)",
    )
    .bind(permit)
    .bind(parcels)
    .execute(conn)
    .await
    .map(|_| ())
    .map_err(|e| refused(&e))
}
