//! A parcel with all that is known of it, as somebody sees it.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use kernel::{Asking, Bbox, Filter, Language, Layer, OnIt, Principal, Problem, Services, midnight_in_rome};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, QueryBuilder};

use super::census::Census;
use super::lineage::Lineage;
use super::neighbours::Neighbour;
use super::owners::Owned;
use super::{BUILDINGS, PARCELS, neighbours, owners, plan};
use crate::{ParcelRef, Sheet};

/// One state of a parcel, with the time that it holds for.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Version {
    pub(super) fid: i64,
    pub(super) id: String,
    pub(super) comune: String,
    pub(super) sheet: i32,
    pub(super) number: String,
    pub(super) kind: String,
    pub(super) land_use: Option<String>,
    /// As the register says, m².
    pub(super) area_m2: Option<i32>,
    pub(super) urban: bool,
    pub(super) updated_on: Option<NaiveDate>,
    pub(super) valid_from: DateTime<Utc>,
    pub(super) valid_to: Option<DateTime<Utc>>,
    /// As it is drawn, in the plane of the storage system, m².
    pub(super) measured_m2: f64,
}

/// How a parcel stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    /// It is no more since this day.
    Former(NaiveDate),
    /// It will be from this day.
    Coming(NaiveDate),
}

/// All of it.
pub(super) struct Record {
    /// The version that is shown.
    pub(super) shown: Version,
    /// All of them, the oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) standing: Standing,
    /// The day that was asked for.
    pub(super) at: Option<NaiveDate>,
    /// The day that the census is told as of.
    pub(super) day: NaiveDate,
    /// GeoJSON (CRS84).
    pub(super) geometry: Value,
    pub(super) plan: plan::Plan,
    /// The comune's name.
    pub(super) comune: Option<String>,
    pub(super) neighbours: Vec<Neighbour>,
    pub(super) lineage: Lineage,
    /// `None` for others than the staff of its comune.
    pub(super) census: Option<Census>,
    /// `None` also for those who did not say what for.
    pub(super) owners: Option<Vec<Owned>>,
    /// What the other themes have on it, and the buildings.
    pub(super) on: Vec<OnIt>,
}

/// What there is under an id.
pub(super) enum Found {
    One(Box<Record>),
    /// Nothing on that day, but in these times.
    NotThen(Vec<(NaiveDate, Option<NaiveDate>)>),
    Never,
}

#[derive(FromRow)]
struct Drawn {
    geometry: Value,
    plane: Value,
    label_x: f64,
    label_y: f64,
}

impl Version {
    /// The sheet that it lies on.
    pub(super) fn sheet(&self) -> Option<Sheet> {
        self.id.split('.').next()?.parse().ok()
    }

    /// How people write its sheet: `13A`.
    pub(super) fn short_sheet(&self) -> String {
        self.sheet().map_or_else(|| self.sheet.to_string(), |sheet| sheet.short())
    }

    /// What the drawing has more than the register, m² and in a hundred of the register's.
    pub(super) fn difference(&self) -> Option<(f64, Option<f64>)> {
        let register = f64::from(self.area_m2?);
        let difference = self.measured_m2 - register;
        Some((difference, (register > 0.0).then(|| difference / register * 100.0)))
    }

    pub(super) fn is_valid_at(&self, instant: DateTime<Utc>) -> bool {
        self.valid_from <= instant && self.valid_to.is_none_or(|to| to > instant)
    }

    /// The days from which and until which it holds.
    pub(super) fn days(&self) -> (NaiveDate, Option<NaiveDate>) {
        (day_of(self.valid_from), self.valid_to.map(day_of))
    }
}

impl Record {
    /// The rectangle round it, CRS84.
    pub(super) fn bbox(&self) -> Option<Bbox> {
        let mut rings = Vec::new();
        plan::rings(&self.geometry["coordinates"], &mut rings);
        Bbox::around(rings.into_iter().flatten())
    }

    /// Whether who asks works for its comune.
    pub(super) fn is_served(&self) -> bool {
        self.census.is_some()
    }

    pub(super) async fn read(
        services: &Services,
        layer: &Layer,
        who: &Principal,
        id: &str,
        at: Option<NaiveDate>,
        language: Language,
    ) -> Result<Found, Problem> {
        let failed = |e| Problem::database("reading a parcel", &e);
        let now = services.context.clock.now();
        let mut session = services.context.database.snapshot(who).await.map_err(failed)?;
        let conn = &mut *session;
        let versions = versions(conn, layer, who, id).await.map_err(failed)?;
        let Some(newest) = versions.last() else { return Ok(Found::Never) };
        let standing = standing(&versions, now);
        let Some((shown, instant)) = chosen(&versions, at, now) else {
            return Ok(Found::NotThen(versions.iter().map(Version::days).collect()));
        };
        let (shown, day, comune) = (shown.clone(), day_of(instant), newest.comune.clone());
        let drawn = drawn(conn, layer, who, shown.fid).await.map_err(failed)?;
        let (neighbours, shapes) = neighbours::read(conn, layer, who, shown.fid, instant).await.map_err(failed)?;
        let lineage = Lineage::read(conn, layer, who, id, now).await.map_err(failed)?;
        let serves = who.is_staff() && who.comuni().contains(&comune);
        let census = if serves { Some(Census::read(conn, &shown, day).await.map_err(failed)?) } else { None };
        let owners = match &census {
            Some(census) if !who.purposes().is_empty() => {
                Some(owners::read(conn, &services.vault, &shown.comune, census, day).await.map_err(failed)?)
            }
            _ => None,
        };
        let name = sqlx::query_scalar::<_, Option<String>>("select name from territory.v_comuni where istat = $1")
            .bind(&comune)
            .fetch_optional(conn)
            .await;
        let plan = plan::Plan::new((&drawn.plane, &shown.number, (drawn.label_x, drawn.label_y)), shapes);
        let comune = name.map_err(failed)?.flatten();
        let geometry = drawn.geometry;
        // whoever asks for a second connection while holding one may wait for themselves
        drop(session);
        let asking = Asking { context: &services.context, who, language };
        let mut on = services.layers.on(asking, (PARCELS, id), instant).await?;
        on.retain(|one| one.layer.module != layer.module || one.layer.id.as_str() == BUILDINGS);
        Ok(Found::One(Box::new(Self {
            shown,
            versions,
            standing,
            at,
            day,
            geometry,
            plan,
            comune,
            neighbours,
            lineage,
            census,
            owners,
            on,
        })))
    }
}

async fn versions(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Vec<Version>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select fid, id, comune, sheet, number, kind, land_use, area_m2, urban, updated_on, valid_from, valid_to, st_area(geom) as measured_m2 from ",
    );
    sql.push(layer.seen_by(who, "seen")).push(" where id = ").push_bind(id).push(" order by valid_from");
    sql.build_query_as().fetch_all(conn).await
}

async fn drawn(conn: &mut PgConnection, layer: &Layer, who: &Principal, fid: i64) -> Result<Drawn, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "select st_asgeojson(st_transform(geom, 4326), 7)::jsonb as geometry, st_asgeojson(geom, 2)::jsonb as plane,
                st_x(label) as label_x, st_y(label) as label_y
           from ",
    );
    sql.push(layer.seen_by(who, "seen"));
    sql.push(" cross join lateral (select st_pointonsurface(geom) as label) l where fid = ").push_bind(fid);
    sql.build_query_as().fetch_one(conn).await
}

fn standing(versions: &[Version], now: DateTime<Utc>) -> Standing {
    let ended = versions.iter().filter_map(|v| v.valid_to.filter(|to| *to <= now)).max();
    match (versions.iter().any(|v| v.is_valid_at(now)), ended) {
        (true, _) => Standing::Current,
        (false, Some(ended)) => Standing::Former(day_of(ended)),
        (false, None) => Standing::Coming(versions.first().map_or_else(|| day_of(now), |v| day_of(v.valid_from))),
    }
}

/// The version to show, and the instant that all is told as of: of a day the last state; without one now, of what is no more its end.
fn chosen(versions: &[Version], at: Option<NaiveDate>, now: DateTime<Utc>) -> Option<(&Version, DateTime<Utc>)> {
    if let Some(day) = at {
        let (begins, ends) = (midnight_in_rome(day)?, midnight_in_rome(day.checked_add_days(Days::new(1))?)?);
        let shown = versions.iter().rev().find(|v| v.valid_from < ends && v.valid_to.is_none_or(|to| to > begins))?;
        return Some((shown, shown.valid_from.max(begins)));
    }
    if let Some(shown) = versions.iter().find(|v| v.is_valid_at(now)) {
        return Some((shown, now));
    }
    let ended = versions.iter().rev().find_map(|v| Some((v, v.valid_to.filter(|to| *to <= now)?)));
    match ended {
        Some((shown, ended)) => Some((shown, ended - TimeDelta::microseconds(1))),
        None => versions.first().map(|v| (v, v.valid_from)),
    }
}

/// The day that it is in Italy.
pub(super) fn day_of(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&Rome).date_naive()
}

/// What holds at an instant, as a condition.
pub(super) fn valid_at(instant: DateTime<Utc>, layer: &Layer, sql: &mut QueryBuilder<sqlx::Postgres>) {
    Filter::ValidAt(instant).write(layer.srid, sql);
}

/// How people write a parcel within its comune: `12/345`; what is no reference as it stands.
pub(super) fn short(id: &str) -> String {
    id.parse::<ParcelRef>().map_or_else(|_| id.to_owned(), |parcel| parcel.short())
}

#[cfg(test)]
mod tests {
    use super::{Standing, Version, chosen, standing};
    use chrono::{DateTime, Utc};

    fn version(fid: i64, from: &str, to: Option<&str>) -> Version {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        Version {
            fid,
            id: "X101_000100.1".into(),
            comune: "080901".into(),
            sheet: 1,
            number: "1".into(),
            kind: "land".into(),
            land_use: None,
            area_m2: Some(100),
            urban: false,
            updated_on: None,
            valid_from: at(from),
            valid_to: to.map(at),
            measured_m2: 101.5,
        }
    }

    #[test]
    fn the_version_of_a_day_is_the_last_of_that_day_in_italy() {
        // changed at midnight in Italy on 1 May 2019, and once more at noon of 2 June
        let all = [
            version(1, "2000-01-01T00:00:00Z", Some("2019-04-30T22:00:00Z")),
            version(2, "2019-04-30T22:00:00Z", Some("2019-06-02T10:00:00Z")),
            version(3, "2019-06-02T10:00:00Z", Some("2020-12-31T23:00:00Z")),
        ];
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let shown = |day: &str| chosen(&all, Some(day.parse().unwrap()), now).map(|(v, _)| v.fid);
        assert_eq!(shown("2019-04-30"), Some(1));
        assert_eq!(shown("2019-05-01"), Some(2));
        assert_eq!(shown("2019-06-02"), Some(3));
        assert_eq!(shown("2020-12-31"), Some(3));
        assert_eq!((shown("2021-01-01"), shown("1999-12-31")), (None, None));
        let (last, instant) = chosen(&all, None, now).unwrap();
        assert_eq!((last.fid, instant.to_rfc3339()), (3, "2020-12-31T22:59:59.999999+00:00".to_owned()));
        assert_eq!(standing(&all, now), Standing::Former("2021-01-01".parse().unwrap()));
        assert_eq!(standing(&all, "2019-05-05T00:00:00Z".parse().unwrap()), Standing::Current);
        assert_eq!(standing(&all, "1990-05-05T00:00:00Z".parse().unwrap()), Standing::Coming("2000-01-01".parse().unwrap()));
    }

    #[test]
    fn areas_differ_by_metres_and_in_a_hundred() {
        let version = version(1, "2000-01-01T00:00:00Z", None);
        assert_eq!(version.difference(), Some((1.5, Some(1.5))));
        assert_eq!(Version { area_m2: Some(0), ..version.clone() }.difference(), Some((101.5, None)));
        assert_eq!(Version { area_m2: None, ..version }.difference(), None);
    }
}
