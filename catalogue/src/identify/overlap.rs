//! What lies on a feature, with how much of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use kernel::{Asking, Column, Context, Filter, Language, Layer, OnIt, Params, Principal, Problem, filter};
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};

use super::{Found, MAX_VERTICES, card, layers};
use crate::query::{attributes_sql, box_sql, title};
use crate::{App, Catalogue, Entry};

/// How many cards a layer may have, the largest first.
const CARDS_A_LAYER: i64 = 20;
/// An area that is met by less than this is a neighbour whose boundary was drawn coarsely, m².
const LEAST_AREA_M2: f64 = 0.5;

#[derive(Debug, FromRow)]
struct Overlapping {
    #[sqlx(flatten)]
    found: Found,
    area_m2: Option<f64>,
    length_m: Option<f64>,
    share: Option<f64>,
}

/// `{"feature": {…}, "cards": […]}`, each card with `overlap`: `area_m2` and `share` of the feature's own area, or `length_m`.
pub(super) async fn answer(app: &App, who: &Principal, feature: &str, params: &Params, time: &Filter) -> Result<Value, Problem> {
    let allowed = "a layer and the id of one of its features, as `parcels/H224_001200.345`";
    let Some((layer, id)) = feature.split_once('/').filter(|(_, id)| !id.is_empty() && id.len() <= 1_000) else {
        return Err(Problem::invalid_parameter("feature", "`feature` is none", allowed));
    };
    let asked = match params.get("layers") {
        Some(_) => layers(app, who, params)?,
        None => not_the_ground(&app.catalogue, who),
    };
    let asking = Asking { context: &app.context, who, language: Language::negotiate(params.get("lang"), None) };
    let found = overlapping(&app.catalogue, asking, asked, (layer, id), time).await?;
    let found = found.ok_or_else(|| Problem::not_found("there is no such feature, or none for you"))?;
    let cards: Vec<Value> = found
        .into_iter()
        .map(|(entry, row)| {
            let overlap = json!({ "area_m2": row.area_m2, "length_m": row.length_m, "share": row.share });
            let mut card = card(app, who, &entry, row.found, asking.language);
            card["overlap"] = overlap;
            card
        })
        .collect();
    Ok(json!({ "feature": { "layer": layer, "id": id }, "cards": cards }))
}

/// For [`kernel::Layers::on`].
pub(crate) async fn on(catalogue: &Catalogue, asking: Asking<'_>, feature: (&str, &str), at: DateTime<Utc>) -> Result<Vec<OnIt>, Problem> {
    let asked = not_the_ground(catalogue, asking.who);
    let found = overlapping(catalogue, asking, asked, feature, &Filter::ValidAt(at)).await?.unwrap_or_default();
    let on = |(entry, row): (Arc<Entry>, Overlapping)| OnIt {
        layer: Arc::clone(&entry.layer),
        title: title(&entry.layer, &row.found.id, &row.found.attributes, asking.language),
        id: row.found.id,
        area_m2: row.area_m2,
        length_m: row.length_m,
        share: row.share,
    };
    Ok(found.into_iter().map(on).collect())
}

fn not_the_ground(catalogue: &Catalogue, who: &Principal) -> Vec<Arc<Entry>> {
    catalogue.layers(who).into_iter().filter(|e| !e.layer.base && !e.layer.off_cards).collect()
}

/// Rows of these layers that lie on the feature; `None` if there is none for them.
async fn overlapping(
    catalogue: &Catalogue,
    Asking { context, who, .. }: Asking<'_>,
    mut asked: Vec<Arc<Entry>>,
    (layer, id): (&str, &str),
    time: &Filter,
) -> Result<Option<Vec<(Arc<Entry>, Overlapping)>>, Problem> {
    let Some(entry) = catalogue.layer(who, layer).filter(|e| e.damage.is_none()) else { return Ok(None) };
    asked.retain(|e| e.damage.is_none() && e.layer.id != entry.layer.id);
    let place = (&*entry.layer, id);
    let Some(met) = catalogue.reading(&context.database, || met(context, who, &asked, place, time)).await? else { return Ok(None) };
    let asked: Vec<Arc<Entry>> = asked.into_iter().enumerate().filter(|(number, _)| met.contains(number)).map(|(_, entry)| entry).collect();
    let found = catalogue.reading(&context.database, || try_join_all(asked.iter().map(|e| find(context, who, e, place, time)))).await?;
    let rows = asked.into_iter().zip(found).flat_map(|(entry, rows)| rows.into_iter().map(move |row| (Arc::clone(&entry), row)));
    Ok(Some(rows.collect()))
}

/// Which of these layers have something in the rectangle round the feature, by their place in the list: most have nothing, and are not asked
/// what it is. `None`: there is no such feature for them.
async fn met(
    context: &Context,
    who: &Principal,
    asked: &[Arc<Entry>],
    place: (&Layer, &str),
    time: &Filter,
) -> Result<Option<Vec<usize>>, Problem> {
    let mut sql = QueryBuilder::new("with placed as materialized (select geom as place from ");
    push_place(&mut sql, who, place, time)?;
    sql.push(" limit 1) select -1 as number from placed");
    for (number, entry) in asked.iter().enumerate() {
        let layer = &entry.layer;
        sql.push(format!(
            " union all select {number} from placed where exists (select from {} where geom && place",
            layer.seen_by(who, "seen")
        ));
        if layer.validity {
            sql.push(" and ");
            time.write(layer.srid, &mut sql);
        }
        sql.push(")");
    }
    let failed = |e| Problem::database("identify", &e);
    let mut session = context.database.session(who).await.map_err(failed)?;
    let found: Vec<i32> = sql.build_query_scalar().fetch_all(&mut *session).await.map_err(failed)?;
    Ok(found.contains(&-1).then(|| found.into_iter().filter_map(|number| usize::try_from(number).ok()).collect()))
}

/// The feature's row, as what stands after a `from`, up to its `where`.
fn push_place(sql: &mut QueryBuilder<sqlx::Postgres>, who: &Principal, (layer, id): (&Layer, &str), time: &Filter) -> Result<(), Problem> {
    let column = Column::new("id").map_err(|e| Problem::internal("identify", &e))?;
    sql.push(layer.seen_by(who, "placed")).push(" where ");
    Filter::Equal(column, filter::Value::Text(id.replace('\0', ""))).write(layer.srid, sql);
    if layer.validity {
        sql.push(" and ");
        time.write(layer.srid, sql);
    }
    Ok(())
}

async fn find(
    context: &Context,
    who: &Principal,
    entry: &Entry,
    place: (&Layer, &str),
    time: &Filter,
) -> Result<Vec<Overlapping>, Problem> {
    let layer = &entry.layer;
    let srid = layer.srid.postgis();
    let areas = layer.geometry.holds(2) && place.0.geometry.holds(2);
    let lines = layer.geometry.holds(1);
    // where rows differ, each is measured as what it is
    let both_areas = "least(st_dimension(geom), st_dimension(place)) = 2";
    let mut sql = QueryBuilder::new("select fid, id, ");
    sql.push(attributes_sql(layer, who)).push(" as attributes, ");
    sql.push(format!("st_asgeojson(st_transform(case when st_npoints(geom) > {MAX_VERTICES} "));
    sql.push("then st_simplifypreservetopology(geom, 1) else geom end, 4326), 7)::jsonb as geometry, ");
    sql.push("0::double precision as distance_m, ").push(box_sql("geom", srid)).push(", ");
    let measured = |there: bool, case: &str, value: &str, name: &str| {
        let value = if there { format!("case when {case} then {value} end") } else { "null".to_owned() };
        format!("({value})::double precision as {name}")
    };
    sql.push(measured(areas, both_areas, "round(st_area(common)::numeric, 1)", "area_m2")).push(", ");
    sql.push(measured(lines, "st_dimension(geom) = 1", "round(st_length(common)::numeric, 1)", "length_m")).push(", ");
    let share = "least(1, round((st_area(common) / nullif(st_area(place), 0))::numeric, 4))";
    sql.push(measured(areas, both_areas, share, "share"));
    // the place is found once; a subquery with an offset is not moved into the join
    sql.push(" from (select geom as place from ");
    push_place(&mut sql, who, place, time)?;
    sql.push(" limit 1) placed, ").push(layer.seen_by(who, "seen"));
    if areas || lines {
        sql.push(", lateral (select st_intersection(geom, place) as common) met");
    }
    sql.push(" where geom && place and st_intersects(geom, place)");
    if areas {
        sql.push(format!(" and (not {both_areas} or st_area(common) >= ")).push_bind(LEAST_AREA_M2).push(")");
    }
    if layer.validity {
        sql.push(" and ");
        time.write(layer.srid, &mut sql);
    }
    sql.push(if areas { " order by area_m2 desc nulls last, fid limit " } else { " order by fid limit " }).push_bind(CARDS_A_LAYER);
    let failed = |e| Problem::database("identify", &e);
    sql.build_query_as().fetch_all(&mut *context.database.session(who).await.map_err(failed)?).await.map_err(failed)
}
