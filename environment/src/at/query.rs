//! The one statement that asks everything at once.

use chrono::{DateTime, Utc};
use kernel::{Layer, Principal, Problem, Services};
use operations::Request;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};

use super::{Known, Place, Survey, Zone};
use crate::kind::Kind;

/// A parcel that is met by less than this was drawn along the zone's edge, m².
const LEAST_AREA_M2: f64 = 0.5;
/// How far off a collection point is told, metres.
const NEAR_M: f64 = 300.0;

#[derive(FromRow)]
struct Found {
    /// `place`, `zone` or `survey`.
    what: String,
    kind: Option<String>,
    id: Option<String>,
    dataset: Option<String>,
    share: Option<f64>,
    says: Option<Value>,
    until: Option<DateTime<Utc>>,
}

/// Everything known at the place, by kind, and a parcel's area; none if there is no such parcel.
pub(super) async fn at(
    services: &Services,
    request: &Request,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<Option<(Vec<Known>, Option<f64>)>, Problem> {
    let failed = |e| Problem::database("what applies at a place", &e);
    let who = &request.who;
    let mut sql = QueryBuilder::new("with place as materialized (");
    push_place(&mut sql, place, services.context.installation.storage_crs.postgis(), now);
    sql.push(") select 'place' as what, null as kind, null as id, null as dataset, area as share, null::jsonb as says, null::timestamptz as until from place");
    if let Some(layer) = services.layers.layer(who, "datasets") {
        push_surveys(&mut sql, &layer, who, now);
    }
    for kind in Kind::ALL {
        if let Some(layer) = services.layers.layer(who, kind.layer()) {
            push_zones(&mut sql, kind, &layer, who, now);
        }
    }
    let mut session = services.context.database.session(who).await.map_err(failed)?;
    let rows: Vec<Found> = sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)?;
    Ok(gather(rows))
}

fn push_place(sql: &mut QueryBuilder<Postgres>, place: &Place, srid: i32, now: DateTime<Utc>) {
    match place {
        Place::Point(lon, lat) => {
            sql.push("select st_transform(st_setsrid(st_makepoint(").push_bind(*lon).push(", ").push_bind(*lat);
            sql.push(format!("), 4326), {srid}) as geom, null::double precision as area"));
        }
        Place::Parcel(id) => {
            sql.push("select geom, nullif(st_area(geom), 0) as area from cadastre.v_parcels where id = ").push_bind(id.replace('\0', ""));
            sql.push(" and valid_from <= ").push_bind(now).push(" and (valid_to is null or valid_to > ").push_bind(now).push(") limit 1");
        }
    }
}

/// How much of a parcel an area takes. The area is first cut to the parcel's surroundings, which costs little however large it is.
const SHARE: &str = "case when place.area is not null then
    round((st_area(st_intersection(st_makevalid(st_clipbybox2d(z.geom, st_expand(place.geom, 1))), place.geom)) / place.area)::numeric, 6)::double precision end";

fn push_surveys(sql: &mut QueryBuilder<Postgres>, layer: &Layer, who: &Principal, now: DateTime<Utc>) {
    sql.push(format!(
        " union all select 'survey', kind, id, null, share, says, null from (
            select z.kind, z.id, z.fid, {SHARE} as share, jsonb_build_object('title', z.title, 'source', z.source, 'source_date', z.source_date,
                   'licence', z.licence, 'number', z.number, 'begins', z.begins, 'ends', z.ends) as says
              from place, {} where z.geom && place.geom and st_intersects(z.geom, place.geom) and z.published and z.begins <= ",
        layer.seen_by(who, "z")
    ));
    sql.push_bind(now).push(" and (z.ends is null or z.ends > ").push_bind(now).push(")) found where share is null or share > 0");
}

fn push_zones(sql: &mut QueryBuilder<Postgres>, kind: Kind, layer: &Layer, who: &Principal, now: DateTime<Utc>) {
    // points are told by how near they are: no parcel holds a container
    let (share, meets) = match kind {
        Kind::Waste => ("null::double precision", format!("st_dwithin(z.geom, place.geom, {NEAR_M})")),
        _ => (SHARE, "z.geom && place.geom and st_intersects(z.geom, place.geom)".to_owned()),
    };
    let (order, most) = match kind {
        Kind::Waste => ("st_distance(z.geom, place.geom)", 3),
        _ => ("z.fid", 100),
    };
    let least = format!("share is null or share * place_area >= {LEAST_AREA_M2}");
    sql.push(format!(
        " union all (select 'zone', '{}', id, dataset, share, says, valid_to from (
            select z.id, z.dataset, z.valid_to, place.area as place_area, {share} as share, {} as says
              from place, {} where {meets} and z.published and z.valid_from <= ",
        kind.name(),
        told(kind),
        layer.seen_by(who, "z")
    ));
    sql.push_bind(now).push(" and (z.valid_to is null or z.valid_to > ").push_bind(now);
    sql.push(format!(") order by {order} limit {most}) found where {least})"));
}

/// What a zone says, with how far a collection point is.
fn told(kind: Kind) -> String {
    match kind {
        Kind::Waste => {
            format!("{} || jsonb_build_object('distance_m', round(st_distance(z.geom, place.geom)::numeric))", kind.told())
        }
        _ => kind.told().to_owned(),
    }
}

fn gather(rows: Vec<Found>) -> Option<(Vec<Known>, Option<f64>)> {
    let mut area = None;
    let mut known: Vec<Known> = Kind::ALL.map(|kind| Known { kind, zones: Vec::new(), surveys: Vec::new() }).into();
    let mut is_there = false;
    for row in rows {
        if row.what == "place" {
            (is_there, area) = (true, row.share.map(|area| (area * 10.0).round() / 10.0));
            continue;
        }
        let Some(at) = row.kind.as_deref().and_then(Kind::parse) else { continue };
        let Some(of) = known.iter_mut().find(|known| known.kind == at) else { continue };
        let (id, says) = (row.id.unwrap_or_default(), row.says.unwrap_or_default());
        match &*row.what {
            "survey" => of.surveys.push(Survey { id, share: row.share, says }),
            _ => of.zones.push(Zone { id, dataset: row.dataset.unwrap_or_default(), share: row.share, says, until: row.until }),
        }
    }
    is_there.then_some((known, area))
}
