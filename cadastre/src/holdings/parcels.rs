use sqlx::{Connection, PgConnection};

use super::words;

/// Tells the parcels of the map what the census says of them now: area and use from the land, and whether the register of buildings
/// carries them. Rows that are as they should be stay as they are; returns how many were not. `comuni` are ISTAT codes.
///
/// A property is what its last version says, unless that is over. Where the map has no sections, those of the census are passed over.
pub async fn parcels(conn: &mut PgConnection, comuni: &[String]) -> Result<u64, sqlx::Error> {
    let mut transaction = conn.begin().await?;
    sqlx::query(PLACED).bind(comuni).execute(&mut *transaction).await?;
    // of what a statement has made itself the planner knows nothing: it would look all of the land through for each parcel
    sqlx::raw_sql(LAND_AND_UNITS).execute(&mut *transaction).await?;
    let (codes, texts) = words::qualities();
    let told = sqlx::query(TELL).bind(comuni).bind(codes).bind(texts).execute(&mut *transaction).await?;
    sqlx::raw_sql("drop table census_placed, census_land, census_units").execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(told.rows_affected())
}

const PLACED: &str = "
    create temporary table census_placed as
    select l.comune, l.section, l.nature, l.property, l.quality, l.area_m2, p.urban_section, p.sheet, p.unit,
           p.number || case when p.denominator = '' then '' else '/' || p.denominator end as number
      from cadastre.properties l
      join cadastre.property_places p using (comune, section, nature, property, version)
      -- suppressed: partita 0 of land, C of units
     where l.comune = any($1) and l.until is null and coalesce(l.partita, '') !~ '^(0+|C)$'
       and not exists (select from cadastre.properties later
                        where later.comune = l.comune and later.section = l.section and later.nature = l.nature
                          and later.property = l.property and later.version > l.version)";

const LAND_AND_UNITS: &str = "
    analyze census_placed;
    create temporary table census_land as
    select distinct on (comune, section, sheet, number) comune, section, sheet, number, quality, area_m2
      from census_placed
     where nature = 'T'
     order by comune, section, sheet, number, unit = '' desc, property desc;
    create temporary table census_units as
    select distinct comune, coalesce(nullif(urban_section, ''), section) as section, sheet, number from census_placed where nature = 'F';
    analyze census_land;
    analyze census_units;";

const TELL: &str = "
    with said as (
        select distinct on (m.fid) m.fid,
               coalesce(case when land.area_m2 < 2147483647 then round(land.area_m2)::integer end, m.area_m2) as area_m2,
               coalesce(words.text, 'QUALITÀ ' || land.quality, m.land_use) as land_use,
               m.urban or units.number is not null as urban
          from cadastre.parcels m
          left join census_land land on land.comune = m.comune and land.sheet = m.sheet and land.number = ltrim(m.number, '0')
                        and m.section in ('_', land.section)
          left join census_units units on units.comune = m.comune and units.sheet = m.sheet and units.number = ltrim(m.number, '0')
                        and m.section in ('_', units.section)
          left join unnest($2::integer[], $3::text[]) as words (code, text) on words.code = land.quality
         where m.comune = any($1) and m.kind = 'land' and m.valid_to is null and (land.number is not null or units.number is not null)
         order by m.fid)
    update cadastre.parcels m
       set area_m2 = said.area_m2, land_use = said.land_use, urban = said.urban
      from said
     where m.fid = said.fid and (m.area_m2, m.land_use, m.urban) is distinct from (said.area_m2, said.land_use, said.urban)";
