//! The surveys of the invented town: one superseded, one a draft, and a comune where nobody measured noise.

use catalogue::ewkb;
use demo_town::{CASTELMARINA, Hazard, HazardKind, ROCCA, Town};
use sqlx::{AssertSqlSafe, PgConnection};

use super::SRID;
use crate::kind::Kind;

/// Versions: kind, comuni, number, title, source, date of the source, first day, last day and one, state. A draft has no day.
type Version = (Kind, &'static [&'static str], i32, &'static str, &'static str, &'static str, &'static str, &'static str);

const BOTH: &[&str] = &[CASTELMARINA, ROCCA];
const COAST: &[&str] = &[CASTELMARINA];
const BASIN: &str = "Autorità di bacino dello Stretto";

#[rustfmt::skip]
const VERSIONS: [Version; 10] = [
    (Kind::Flood,     BOTH,  1, "Mappe di pericolosità da alluvione", BASIN, "2013-12-23", "2016-03-03", "2021-12-21"),
    (Kind::Flood,     BOTH,  2, "Mappe di pericolosità da alluvione, secondo ciclo", BASIN, "2021-12-20", "2021-12-21", ""),
    (Kind::Landslide, BOTH,  1, "Piano di assetto idrogeologico, frane", BASIN, "2019-06-10", "2019-10-01", ""),
    (Kind::Landslide, COAST, 2, "Piano di assetto idrogeologico, frane: aggiornamento", BASIN, "2026-09-30", "", ""),
    (Kind::Noise,     COAST, 1, "Piano di classificazione acustica", "Consiglio comunale, deliberazione 14/2020", "2020-05-28", "2020-06-15", ""),
    (Kind::Burnt,     BOTH,  1, "Catasto delle aree percorse dal fuoco, fino al 2019", "Giunta comunale, dai rilievi forestali", "2020-01-31", "2020-03-01", "2026-02-01"),
    (Kind::Burnt,     BOTH,  2, "Catasto delle aree percorse dal fuoco, fino al 2025", "Giunta comunale, dai rilievi forestali", "2026-01-15", "2026-02-01", ""),
    (Kind::Bathing,   COAST, 1, "Acque di balneazione, stagione 2026", "Agenzia per l'ambiente dello Stretto", "2026-04-20", "2026-05-01", ""),
    (Kind::Waste,     BOTH,  1, "Contenitori per la raccolta", "Ufficio ambiente", "2024-12-10", "2025-01-01", ""),
    (Kind::Alert,     BOTH,  1, "Zone di allerta", "Centro funzionale dello Stretto", "2016-11-15", "2017-01-01", ""),
];

/// Fills the tables of surveys, which must be empty; returns how many rows.
pub(super) async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let mut rows = datasets(conn, town).await?;
    for (kind, of) in [
        (Kind::Flood, HazardKind::Flood),
        (Kind::Landslide, HazardKind::Landslide),
        (Kind::Noise, HazardKind::Noise),
        (Kind::Burnt, HazardKind::Fire),
    ] {
        let zones: Vec<&Hazard> = town.hazards.iter().filter(|hazard| hazard.kind == of).collect();
        rows += hazards(conn, kind, &zones).await?;
    }
    rows += bathing(conn, town).await? + waste(conn, town).await? + alerts(conn).await?;
    for kind in Kind::ALL {
        let count = format!(
            "update environment.datasets d set features = z.n
               from (select dataset, count(distinct id) as n from environment.{} group by dataset) z where z.dataset = d.id",
            kind.layer()
        );
        sqlx::query(AssertSqlSafe(count)).execute(&mut *conn).await?;
    }
    Ok(rows)
}

/// Each covers its comune; where people bathe was looked at in the sea.
async fn datasets(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let sea: Vec<Vec<u8>> = town.bathing_stretches.iter().map(|stretch| ewkb::polygon(&stretch.geometry, SRID)).collect();
    let mut rows = 0;
    for (kind, comuni, number, title, source, source_date, begins, ends) in VERSIONS {
        rows += sqlx::query(
            "insert into environment.datasets
                    (id, comune, kind, series, number, title, source, source_date, licence, state, published, begins, ends, geom)
             select format('%s-%s-%s', $1, c.istat, $3), c.istat, $1, format('%s-%s-1', $1, c.istat), $3, $4, $5, $6::date, 'CC-BY-4.0',
                    case when $7 = '' then 'draft' else 'published' end, $7 <> '',
                    nullif($7, '')::timestamp at time zone 'Europe/Rome', nullif($8, '')::timestamp at time zone 'Europe/Rome',
                    case when $1 = 'bathing' then (select st_multi(st_union(st_geomfromewkb(s))) from unnest($9::bytea[]) s) else c.geom end
               from territory.v_comuni c where c.istat = any ($2)",
        )
        .bind(kind.name())
        .bind(comuni)
        .bind(number)
        .bind(title)
        .bind(source)
        .bind(source_date)
        .bind(begins)
        .bind(ends)
        .bind(&sea)
        .execute(&mut *conn)
        .await?
        .rows_affected();
    }
    Ok(rows)
}

/// The version's number among its dataset's, of one that the town counts: the plan of landslides begins with its second.
fn number(kind: Kind, version: u8) -> i32 {
    match kind {
        Kind::Landslide | Kind::Noise => i32::from(version) - 1,
        _ => i32::from(version),
    }
}

/// Zones are cut along the comuni, whose surveys they are. Those of noise follow the comune's own land as it is.
async fn hazards(conn: &mut PgConnection, kind: Kind, zones: &[&Hazard]) -> Result<u64, sqlx::Error> {
    let rows: Vec<(i32, &Hazard)> =
        zones.iter().flat_map(|zone| zone.versions.iter().map(|version| (number(kind, *version), *zone))).collect();
    let (columns, values) = match kind {
        Kind::Flood => {
            ("class, return_period_years, water", "z.class, case z.class when 'P3' then 30 when 'P2' then 200 else 500 end, z.about")
        }
        Kind::Landslide => ("class, phenomenon", "z.class, z.about"),
        Kind::Burnt => ("burnt_on, locality", "z.burnt_on::date, z.about"),
        _ => ("class", "z.class"),
    };
    let ends = match kind {
        Kind::Burnt => "least(d.ends, (z.burnt_on::date + interval '15 years') at time zone 'Europe/Rome')",
        _ => "d.ends",
    };
    let cut = match kind {
        Kind::Noise => "st_multi(z.geom)",
        _ => "st_multi(st_collectionextract(st_intersection(z.geom, d.geom), 3))",
    };
    let sql = format!(
        "insert into environment.{table} (id, comune, dataset, published, valid_from, valid_to, geom, {columns})
         select d.id || '.' || row_number() over (partition by d.id order by z.n), d.comune, d.id, d.published,
                coalesce(d.begins, timestamptz '2026-10-05T08:00:00Z'), {ends}, cut.geom, {values}
           from (select n, number, class, about, burnt_on, st_geomfromewkb(g) as geom
                   from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bytea[]) with ordinality u(number, class, about, burnt_on, g, n)) z
           join environment.datasets d on d.kind = $6 and d.number = z.number and st_intersects(d.geom, z.geom),
                lateral (select {cut} as geom) cut
          where st_area(cut.geom) > 1",
        table = kind.layer()
    );
    let of = |text: fn(&Hazard) -> &str| rows.iter().map(|(_, zone)| text(zone).to_owned()).collect::<Vec<String>>();
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(rows.iter().map(|(number, _)| *number).collect::<Vec<i32>>())
        .bind(of(|zone| zone.class))
        .bind(of(|zone| &zone.about))
        .bind(of(|zone| zone.on.as_deref().unwrap_or_default()))
        .bind(rows.iter().map(|(_, zone)| ewkb::polygon(&zone.geometry, SRID)).collect::<Vec<_>>())
        .bind(kind.name())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

async fn bathing(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let stretches = &town.bathing_stretches;
    let names: Vec<&str> = stretches.iter().map(|s| s.name.as_str()).collect();
    let qualities: Vec<&str> = stretches.iter().map(|s| s.quality).collect();
    let [coli, enterococci] = [0, 1].map(|at| stretches.iter().map(|s| s.counts[at]).collect::<Vec<i32>>());
    let places: Vec<Vec<u8>> = stretches.iter().map(|s| ewkb::polygon(&s.geometry, SRID)).collect();
    let done = sqlx::query(
        "insert into environment.bathing_waters
                (id, comune, dataset, published, name, quality, sampled, e_coli, enterococci, valid_from, valid_to, geom)
         select d.id || '.' || z.n, d.comune, d.id, true, z.name, z.quality, date '2026-09-14', z.coli, z.enterococci, d.begins, d.ends,
                st_multi(st_geomfromewkb(z.g))
           from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bytea[]) with ordinality z(name, quality, coli, enterococci, g, n),
                environment.datasets d
          where d.kind = 'bathing'",
    );
    Ok(done.bind(names).bind(qualities).bind(coli).bind(enterococci).bind(places).execute(conn).await?.rows_affected())
}

async fn waste(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let all = &town.waste_containers;
    let comuni: Vec<&str> = all.iter().map(|c| c.comune).collect();
    let fractions: Vec<&str> = all.iter().map(|c| c.fraction).collect();
    let streets: Vec<&str> = all.iter().map(|c| c.street.as_str()).collect();
    let places: Vec<Vec<u8>> = all.iter().map(|c| ewkb::point(c.geometry, SRID)).collect();
    let done = sqlx::query(
        "insert into environment.waste_points (id, comune, dataset, published, fraction, street, valid_from, valid_to, geom)
         select d.id || '.' || z.n, d.comune, d.id, true, z.fraction, z.street, d.begins, d.ends, st_geomfromewkb(z.g)
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) with ordinality z(comune, fraction, street, g, n)
           join environment.datasets d on d.kind = 'waste' and d.comune = z.comune",
    );
    Ok(done.bind(comuni).bind(fractions).bind(streets).bind(places).execute(conn).await?.rows_affected())
}

/// A zone for each comune, with the bulletin of the day on which the town is made, for that day and the next.
async fn alerts(conn: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query(
        "insert into environment.alert_zones (id, comune, dataset, published, zone, name, valid_from, valid_to, geom)
         select z.zone || '.' || d.comune, d.comune, d.id, true, z.zone, z.name, d.begins, d.ends, d.geom
           from environment.datasets d
           join (values ($1, 'Cala-8', 'Costa dello Stretto'), ($2, 'Cala-7', 'Rilievi dello Stretto')) z(comune, zone, name) using (comune)
          where d.kind = 'alert'",
    )
    .bind(CASTELMARINA)
    .bind(ROCCA)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let told = sqlx::query(
        "select environment.apply_bulletin(z.zone, (d.day + z.days)::timestamp at time zone 'Europe/Rome', (d.day + z.days + 1)::timestamp at time zone 'Europe/Rome',
                d.day::timestamp at time zone 'Europe/Rome', z.flood, z.ground, z.storm, null)
           from (select (now() at time zone 'Europe/Rome')::date as day) d,
                (values ('Cala-8', 0, 'green', 'yellow', 'yellow'), ('Cala-7', 0, 'green', 'green', 'yellow'),
                        ('Cala-8', 1, 'yellow', 'orange', 'yellow'), ('Cala-7', 1, 'green', 'yellow', 'green')) z(zone, days, flood, ground, storm)",
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    Ok(rows + told)
}
