//! Trees: what everybody may know of each, and for the comune's own people its inspections and when the next is due.

pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod page;

use chrono::NaiveDate;
use kernel::{Language, Layer, Principal};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

/// The classes of failure risk (SIA protocol), from negligible to extreme.
pub(crate) const RISKS: [&str; 5] = ["A", "B", "C", "C/D", "D"];

/// A tree.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Tree {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) species: String,
    pub(crate) height_m: Option<f64>,
    pub(crate) crown_m: Option<f64>,
    pub(crate) planted_year: Option<i32>,
    pub(crate) site: Option<String>,
    pub(crate) lon: f64,
    pub(crate) lat: f64,
}

impl Tree {
    pub(crate) fn path(id: &str) -> String {
        format!("/environment/trees/{}", operations::links::encode(id))
    }

    pub(crate) fn document(&self) -> Value {
        json!({
            "id": self.id, "comune": self.comune, "species": self.species, "height_m": self.height_m, "crown_m": self.crown_m,
            "planted_year": self.planted_year, "site": self.site, "at": [self.lon, self.lat],
        })
    }
}

/// An inspection.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Inspection {
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) risk: String,
    pub(crate) inspected: NaiveDate,
    pub(crate) next_due: Option<NaiveDate>,
    pub(crate) notes: Option<String>,
}

impl Inspection {
    pub(crate) fn document(&self) -> Value {
        json!({ "id": self.id, "risk": self.risk, "inspected": self.inspected, "next_due": self.next_due, "notes": self.notes })
    }
}

/// A class of failure risk in words.
pub(crate) fn risk(layer: &Layer, value: &str, language: Language) -> String {
    crate::shown::value(layer, "risk", &Value::from(value), language)
}

pub(crate) async fn find(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Tree>, sqlx::Error> {
    let sql = format!(
        "select fid, version, id, comune, species, height_m, crown_m, planted_year, site, round(st_x(g)::numeric, 7)::double precision as lon,
                round(st_y(g)::numeric, 7)::double precision as lat
           from (select *, st_transform(geom, 4326) as g from {} where id = $1) t",
        layer.seen_by(who, "seen")
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(id.replace('\0', "")).fetch_optional(conn).await
}

/// Its inspections, the latest first; none for those who don't see any.
pub(crate) async fn inspections(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    tree: &str,
) -> Result<Vec<Inspection>, sqlx::Error> {
    let sql = format!(
        "select version, id, risk, inspected, next_due, notes from {} where tree = $1 order by inspected desc, fid desc limit 200",
        layer.seen_by(who, "seen")
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(tree).fetch_all(conn).await
}
