//! How sheets lie beside each other: where one lies upon another, and where ground between them is nobody's.

use sqlx::PgConnection;

use super::apply::SHARED_M2;
use super::rows::Table;

/// Ground between sheets is a gap up to this width, or up to this area if sheets are all round it: what is larger is a sheet that is not there.
const GAP_M: f64 = 5.0;
const GAP_M2: f64 = 10_000.0;
/// The part of a gap's outline that sheets must have, so that the corner of two sheets is none.
const GAP_ENCLOSED: f64 = 0.85;
/// What is nearer touches, metres.
const TOUCHES_M: f64 = 0.01;

/// Looks at the sheets of this import and the others of their comuni; returns at how many places
/// those of the import lie on or apart from others, and did not before.
pub(super) async fn look(conn: &mut PgConnection, import: i64) -> Result<u64, sqlx::Error> {
    // where no border differs, nothing between them does
    let differ: bool = sqlx::query_scalar("select exists (select from differing where kind = $1)")
        .bind(Table::Sheets as i16)
        .fetch_one(&mut *conn)
        .await?;
    if !differ {
        return Ok(0);
    }
    sqlx::raw_sql("create temporary table lying (kind text, owner text, others text, geom public.geometry) on commit drop")
        .execute(&mut *conn)
        .await?;
    sqlx::query(OVERLAPS).bind(SHARED_M2).execute(&mut *conn).await?;
    sqlx::query(GAPS).bind(SHARED_M2).bind(GAP_M / 2.0).bind(GAP_M2).bind(GAP_ENCLOSED).bind(TOUCHES_M).execute(&mut *conn).await?;
    sqlx::raw_sql(KEYS).execute(&mut *conn).await?;
    sqlx::query(END).bind(import).execute(&mut *conn).await?;
    let told: i64 = sqlx::query_scalar(BEGIN).bind(import).fetch_one(conn).await?;
    Ok(told.unsigned_abs())
}

/// Of two sheets the later one has the place, whichever of them is imported. An attachment lies where its sheet has a hole, or apart.
const OVERLAPS: &str = "
    insert into lying
    select distinct 'sheets', greatest(one.id, other.id), least(one.id, other.id), common
      from arriving_maps m
      join cadastre.sheets one on one.id = m.map and one.valid_to is null
      join cadastre.sheets other on other.geom && one.geom and other.valid_to is null and other.comune = one.comune
           and left(other.id, 11) <> one.id and other.attachment = one.attachment and other.development = one.development
     cross join lateral (select st_multi(st_collectionextract(st_intersection(one.geom, other.geom), 3)) as common) lying
     where (other.id < one.id or other.id not in (select map from arriving_maps)) and st_area(common) > $1";

/// What the sheets of a comune have between them: the ground that is theirs once they are widened and narrowed by half the width of a gap (a
/// closing; J. Serra, "Image Analysis and Mathematical Morphology", 1982), and their small holes, without what is theirs already. All of them
/// at once, so that it does not hang on the order in which they came.
const GAPS: &str = "
    insert into lying
    with grounds as materialized (
        select comune, st_union(geom) as ground from cadastre.sheets
         where valid_to is null and comune in (select comune from arriving_maps) group by comune),
    filled as materialized (
        select comune, ground, st_union(array[st_buffer(st_buffer(ground, $2), -$2), (
                   select st_union(hole) from (
                       select st_makepolygon(st_interiorringn(piece, n)) as hole
                         from (select (st_dump(ground)).geom as piece) pieces, generate_series(1, st_numinteriorrings(piece)) n) holes
                    where st_area(hole) <= $3)]) as filled
          from grounds)
    select 'between', places.ids[1], array_to_string(places.ids[2:], ', '), st_multi(part)
      from filled
     cross join lateral (select (st_dump(st_collectionextract(st_difference(filled, ground), 3))).geom as part) parts
     cross join lateral (
           select array_agg(id order by id) as ids from cadastre.sheets s
            where s.geom && st_expand(part, $5) and st_dwithin(s.geom, part, $5) and s.valid_to is null and s.comune = filled.comune) places
     where st_area(part) > $1 and cardinality(places.ids) > 1
       and st_length(st_intersection(st_boundary(part), st_buffer(st_boundary(ground), $5))) > $4 * st_perimeter(part)";

const KEYS: &str = "
    alter table lying add column id text;
    update lying set id = owner || case kind when 'sheets' then '.F' || left(md5(others), 16)
        else '.G' || left(md5(others || st_astext(st_centroid(geom), 0)), 16) end;";

/// An instant later than all that was written of the place before.
const END: &str = "
    update cadastre.cadastral_findings f set valid_to = greatest(f.valid_from + interval '1 second', m.since), ended = $1
      from (select comune, max(since) as since from arriving_maps group by comune) m
     where f.comune = m.comune and f.valid_to is null
       and (f.kind = 'between' or f.kind = 'sheets' and (string_to_array(f.codes, ', ') || left(f.id, 11)) && array(select map from arriving_maps))
       and not exists (select from lying where lying.id = f.id and abs(st_area(lying.geom) - f.area_m2) < 0.01)";

/// Of what was there before anybody looked, between other sheets, nothing is told.
const BEGIN: &str = "
    with begun as (
    insert into cadastre.cadastral_findings (id, comune, section, sheet, attachment, development, kind, area_m2, codes, imported, valid_from, geom)
    select l.id, s.comune, s.section, s.number, s.attachment, s.development, l.kind, st_area(l.geom), l.others, $1,
           greatest((select max(valid_from) from cadastre.sheets o where o.valid_to is null and o.id = any(string_to_array(l.others, ', ') || l.owner)),
                    (select max(valid_to) from cadastre.cadastral_findings f where f.id = l.id)), l.geom
      from (select distinct on (id) * from lying order by id, st_area(geom) desc) l
      join cadastre.sheets s on s.id = l.owner and s.valid_to is null
     where not exists (select from cadastre.cadastral_findings f where f.id = l.id and f.valid_to is null)
    returning id, codes)
    select count(*) from begun where (string_to_array(codes, ', ') || left(id, 11)) && array(select map from arriving_maps)";
