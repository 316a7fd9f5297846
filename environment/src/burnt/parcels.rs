//! The parcels that a fire touched, as they were on its day.

use chrono::{DateTime, Utc};
use kernel::midnight_in_rome;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};

use super::Fire;

/// As many are told.
const MOST: i64 = 5_000;

/// A parcel touched.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Touched {
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) sheet: i32,
    pub(crate) number: String,
    pub(crate) valid_from: DateTime<Utc>,
    /// Whether the parcel was so on the day of the fire; else it is the first state that the cadastre of this installation knows of.
    pub(crate) of_the_day: bool,
    /// Whether it is so now.
    pub(crate) is_now: bool,
    pub(crate) area_m2: f64,
    pub(crate) share: f64,
}

impl Touched {
    pub(crate) fn document(&self) -> Value {
        json!({
            "parcel": self.id, "comune": self.comune, "sheet": self.sheet, "number": self.number, "area_m2": self.area_m2, "share": self.share,
            "as_of": self.valid_from, "as_on_the_day": self.of_the_day, "still_there": self.is_now,
        })
    }
}

/// The parcels valid on the day of the fire; where the map of that day is not held, the first state held that came later.
pub(crate) async fn touched(conn: &mut PgConnection, fire: &Fire, now: DateTime<Utc>) -> Result<Vec<Touched>, sqlx::Error> {
    let day = midnight_in_rome(fire.burnt_on).unwrap_or(now);
    sqlx::query_as(
        "with fire as materialized (select geom from environment.burnt_areas where fid = $1),
              near as materialized (
             select p.id, p.comune, p.sheet, p.number, p.geom, p.valid_from, p.valid_to,
                    p.valid_from <= $2 and (p.valid_to is null or p.valid_to > $2) as of_the_day
               from fire f join cadastre.v_parcels p on p.geom && f.geom and st_intersects(p.geom, f.geom)
              where (p.valid_to is null or p.valid_to > $2) and p.kind <> 'street'),
              earliest as (select distinct on (id) * from near order by id, valid_from)
         select p.id, p.comune, p.sheet, p.number, p.valid_from, p.of_the_day, p.valid_to is null or p.valid_to > $3 as is_now,
                round(m.area::numeric, 1)::double precision as area_m2, round((m.area / st_area(p.geom))::numeric, 4)::double precision as share
           from earliest p, fire f,
                lateral (select st_area(st_intersection(p.geom, f.geom)) as area) m
          where m.area >= 0.5
            and (p.of_the_day or not exists (
                select from near o where o.of_the_day and o.id <> p.id and st_intersects(o.geom, st_pointonsurface(p.geom))))
          order by p.comune, p.sheet, length(p.number), p.number, p.id limit $4",
    )
    .bind(fire.fid)
    .bind(day)
    .bind(now)
    .bind(MOST)
    .fetch_all(conn)
    .await
}
