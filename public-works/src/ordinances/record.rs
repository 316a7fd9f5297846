//! An ordinance as its reader sees it.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Layer, Principal, Problem, Services};
use operations::links::encode;
use operations::{Answer, Change, Row, refused};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, QueryBuilder};

/// Its row, whether it is in force, was, or will be.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Ordinance {
    #[serde(skip)]
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) number: String,
    pub(crate) issued_on: NaiveDate,
    pub(crate) closure: String,
    pub(crate) limit_kmh: Option<i32>,
    pub(crate) road: String,
    pub(crate) diversion: Option<String>,
    pub(crate) act: String,
    pub(crate) ended_by: Option<String>,
    pub(crate) valid_from: DateTime<Utc>,
    pub(crate) valid_to: Option<DateTime<Utc>>,
    /// GeoJSON, CRS84.
    #[sqlx(json)]
    pub(crate) geometry: Value,
    pub(crate) bbox: Vec<f64>,
    /// Whether who asks may change it.
    pub(crate) editable: bool,
}

/// What stands between `select` and the table.
pub(crate) const COLUMNS: &str =
    "fid, version, id, comune, number, issued_on, closure, limit_kmh, road, diversion, act, ended_by, valid_from, valid_to,
    st_asgeojson(st_transform(geom, 4326), 7)::jsonb as geometry,
    array[st_xmin(box), st_ymin(box), st_xmax(box), st_ymax(box)] as bbox, ";

impl Ordinance {
    /// The one of this id, of whatever time; if it was issued anew, the latest.
    pub(crate) async fn read(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut sql = QueryBuilder::new("select ");
        sql.push(COLUMNS).push(editable(layer, who));
        sql.push(" as editable from (select *, st_transform(st_envelope(geom), 4326) as box from ").push(layer.seen_by(who, "seen"));
        sql.push(" where id = ").push_bind(id.replace('\0', "")).push(" order by valid_from desc limit 1) found");
        sql.build_query_as().fetch_optional(conn).await
    }

    /// The tag of its state.
    pub(crate) fn tag(&self) -> String {
        format!("\"{}.{}\"", self.fid, self.version)
    }

    /// `future`, `in_force` or `past`.
    pub(crate) fn time(&self, now: DateTime<Utc>) -> &'static str {
        match (self.valid_from > now, self.valid_to.is_some_and(|end| end <= now)) {
            (true, _) => "future",
            (_, true) => "past",
            _ => "in_force",
        }
    }

    /// For programs.
    pub(crate) fn document(&self, services: &Services) -> Value {
        let url = &services.context.public_url;
        let mut document = json!(self);
        document["time"] = self.time(services.context.clock.now()).into();
        document["attachments"] = url.link(&format!("/attachments/road_ordinances/{}", encode(&self.id))).into();
        document
    }
}

/// Whether a row is theirs to change, as SQL.
pub(crate) fn editable(layer: &Layer, who: &Principal) -> String {
    match who.may_edit(layer) {
        true => format!("coalesce({}, false)", layer.editable_rows(who).policy_sql(layer.srid)),
        false => "false".to_owned(),
    }
}

/// The record as it is now, at its address.
pub(crate) async fn answer(change: &mut Change, services: &Services, layer: &Layer, row: &Row, made: bool) -> Result<Answer, Problem> {
    let who = change.who().clone();
    let found = Ordinance::read(change.conn(), layer, &who, &row.id).await.map_err(|e| refused(&e))?;
    let document = found.ok_or_else(|| operations::absent(layer, &row.id))?.document(services);
    let page = format!("/public-works/ordinances/{}", encode(&row.id));
    Ok(if made { Answer::made(page, row.tag(), document) } else { Answer::changed(page, row.tag(), document) })
}
