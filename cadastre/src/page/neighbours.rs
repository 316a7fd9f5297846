//! The parcels that share a boundary with one.

use chrono::{DateTime, Utc};
use kernel::{Layer, Principal};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, QueryBuilder};

use super::plan::Shape;
use super::record::valid_at;

/// How far apart two boundaries are that are one, m: sheets are drawn to millimetres, and stored as drawn.
const TOLERANCE_M: f64 = 0.01;
/// A street may have hundreds.
const MOST: i64 = 300;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) kind: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    number: String,
    kind: String,
    plane: Value,
    label_x: Option<f64>,
    label_y: Option<f64>,
}

/// Those valid at an instant, in the order of their numbers; and as they are drawn round the parcel.
pub(super) async fn read(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    fid: i64,
    instant: DateTime<Utc>,
) -> Result<(Vec<Neighbour>, Vec<Shape>), sqlx::Error> {
    // a street is cut to what is near, and its number written there
    let mut sql = QueryBuilder::new(
        "select n.id, n.number, n.kind, st_asgeojson(cut, 2)::jsonb as plane, st_x(label) as label_x, st_y(label) as label_y
           from (select geom as place, st_expand(st_envelope(geom), 5 + 0.2 * greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))) as near,
                        st_expand(st_envelope(geom), 50 + 3 * greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))) as far
                   from ",
    );
    sql.push(layer.seen_by(who, "seen")).push(" where fid = ").push_bind(fid).push(" offset 0) placed, ");
    sql.push(layer.seen_by(who, "n"));
    sql.push(
        " cross join lateral (select case when st_npoints(geom) > 200 then st_intersection(geom, far) else geom end as cut) c
          cross join lateral (select st_pointonsurface(st_intersection(geom, near)) as label) l
         where n.geom && st_expand(place, ",
    );
    sql.push_bind(TOLERANCE_M).push(") and st_dwithin(n.geom, place, ").push_bind(TOLERANCE_M).push(") and n.fid <> ").push_bind(fid);
    sql.push(" and ");
    valid_at(instant, layer, &mut sql);
    sql.push(" order by n.sheet, n.number collate opensit.natural_order, n.id limit ").push_bind(MOST);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let shape = Shape::new(&row.plane, &row.number, row.label_x.zip(row.label_y));
            (Neighbour { id: row.id, number: row.number, kind: row.kind }, shape)
        })
        .unzip())
}
