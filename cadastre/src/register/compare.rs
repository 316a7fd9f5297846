//! What arrives beside what is there.

use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection};

use super::rows::Table;
use crate::holdings::Outcome;

/// How far an outline may be from what it was and still be the same, metres: the accuracy of a position of the exchange format.
const SAME_M: f64 = 0.005;

/// How many rows of a table are new, changed, gone and the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The layer.
    pub layer: &'static str,
    /// Not there before.
    pub new: i64,
    /// There, and otherwise.
    pub changed: i64,
    /// There, and not delivered with the rest of its sheet.
    pub gone: i64,
    /// As they were.
    pub same: i64,
}

impl Counts {
    /// Of the census, by table.
    pub(super) fn of_census(held: &Outcome) -> Vec<Self> {
        let tables = [
            ("properties", held.properties),
            ("property_portions", held.portions),
            ("property_places", held.places),
            ("property_addresses", held.addresses),
            ("subjects", held.subjects),
            ("titles", held.titles),
        ];
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        tables.map(|(layer, c)| Self { layer, new: whole(c.new), changed: whole(c.changed), gone: 0, same: whole(c.same) }).into()
    }
}

/// Fills `differing` for a table; says how many rows of it are what.
pub(super) async fn compare(conn: &mut PgConnection, table: Table) -> Result<Counts, sqlx::Error> {
    // of a sheet whole maps tell everything, published parcels tell the parcels; sheets are never gone for not being told of
    let (scope, key) = match table {
        // what lies upon other sheets is found later
        Table::Findings => {
            ("true", "kind not in ('sheets', 'between') and left(c.id, 11) collate \"C\" in (select map from arriving_maps where whole)")
        }
        Table::Sheets => ("false", "c.id in (select id from arriving where kind = $1)"),
        Table::Parcels => (
            "left(c.id, 11) in (select map from arriving_maps where whole and not partial or complete)",
            "left(c.id, 11) collate \"C\" in (select map from arriving_maps)",
        ),
        // the buildings of parcels without a number have none either
        Table::Buildings => (
            "left(c.id, 11) in (select map from arriving_maps where not partial)",
            "left(c.id, 11) collate \"C\" in (select map from arriving_maps where whole)",
        ),
        _ => ("true", "left(c.id, 11) collate \"C\" in (select map from arriving_maps where whole)"),
    };
    let sql = format!(
        "with there as materialized (
             select fid, id, geom, {columns} from cadastre.{table} c where valid_to is null and {key}
         ), joined as (
             select coalesce(a.id, c.id) as id, c.fid, a.row,
                    case when c.fid is null then 'new'
                         when a.row is null then case when {scope} then 'gone' end
                         when a.geom = c.geom and not ({differs}) then null
                         else 'changed' end as what,
                    case when c.fid is not null and a.row is not null and not (a.geom = c.geom) then st_hausdorffdistance(a.geom, c.geom) end as moved,
                    c.fid is not null and a.row is not null and ({differs}) as otherwise
               from (select * from arriving where kind = $1) a full join there c on c.id = a.id
         ), found as (
             select *, case when what = 'changed' and not otherwise and moved <= $2 then null else what end as decided from joined
         ), kept as (
             insert into differing (kind, what, id, fid, row, moved)
             select $1, decided, id, fid, row, moved from found where decided is not null
         )
         select count(*) filter (where decided = 'new'), count(*) filter (where decided = 'changed'),
                count(*) filter (where decided = 'gone'), count(*) filter (where decided is null and row is not null)
           from found",
        table = table.name(),
        columns = table.compared(),
        differs = table.differs(),
    );
    let (new, changed, gone, same) = sqlx::query_as(AssertSqlSafe(sql)).bind(table as i16).bind(SAME_M).fetch_one(conn).await?;
    Ok(Counts { layer: table.name(), new, changed, gone, same })
}
