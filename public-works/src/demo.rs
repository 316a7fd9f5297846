//! The demo town's part of this theme.

use catalogue::copy::fill;
use catalogue::ewkb;
use chrono::{DateTime, NaiveDate, Utc};
use demo_town::{PublicWork, Shape, Town};
use kernel::{Srid, TableName};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema, which must be empty, with the town; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let works = works(conn, &town.public_works).await?;
    cigs_and_funding(conn, &town.public_works).await?;
    phases(conn, &town.public_works).await?;
    progress(conn, &town.public_works).await?;
    Ok(works + ordinances(conn, town).await?)
}

async fn works(conn: &mut PgConnection, works: &[PublicWork]) -> Result<u64, sqlx::Error> {
    let columns = [
        "id",
        "comune",
        "title",
        "cup",
        "responsible",
        "state",
        "amount_eur",
        "progress",
        "begins_planned",
        "ends_planned",
        "begins_actual",
        "ends_actual",
        "geom",
    ];
    fill(conn, &table("works")?, &columns, works, |w, row| {
        row.text(&w.id).text(w.comune).text(&w.title);
        match &w.cup {
            Some(cup) => row.text(cup),
            None => row.null(),
        };
        row.text(w.responsible).text(w.state).number(w.amount_eur.into()).number(w.progress.into());
        let [begins, ends] = &w.planned;
        for value in [Some(begins), Some(ends), w.actual_from.as_ref(), w.actual_to.as_ref()] {
            match day(value) {
                Some(day) => row.date(day),
                None => row.null(),
            };
        }
        row.bytes(&match &w.shape {
            Shape::Point(point) => ewkb::point(*point, SRID),
            Shape::Line(line) => ewkb::line(line, SRID),
            Shape::Area(rings) => ewkb::polygon(rings, SRID),
        });
    })
    .await
}

fn day(text: Option<&String>) -> Option<NaiveDate> {
    text.and_then(|text| text.parse().ok())
}

async fn cigs_and_funding(conn: &mut PgConnection, works: &[PublicWork]) -> Result<(), sqlx::Error> {
    let cigs: Vec<(&str, &str)> = works.iter().flat_map(|w| w.cigs.iter().map(|cig| (w.id.as_str(), cig.as_str()))).collect();
    sqlx::query(
        "insert into public_works.work_cigs (work, cig, subject)
         select w.fid, g.cig, 'Lavori' from unnest($1::text[], $2::text[]) g (id, cig) join public_works.works w using (id)",
    )
    .bind(cigs.iter().map(|c| c.0).collect::<Vec<_>>())
    .bind(cigs.iter().map(|c| c.1).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    let lines: Vec<_> = works.iter().flat_map(|w| w.funding.iter().map(|f| (w.id.as_str(), f))).collect();
    sqlx::query(
        "insert into public_works.work_funding (work, source, amount_eur)
         select w.fid, g.source, g.amount
           from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality g (id, source, amount, n) join public_works.works w using (id)
          order by g.n",
    )
    .bind(lines.iter().map(|l| l.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|l| l.1.source).collect::<Vec<_>>())
    .bind(lines.iter().map(|l| i64::from(l.1.amount_eur)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

async fn phases(conn: &mut PgConnection, works: &[PublicWork]) -> Result<(), sqlx::Error> {
    let all: Vec<_> = works.iter().flat_map(|w| w.phases.iter().map(|p| (w.id.as_str(), p))).collect();
    let days = |of: fn(&demo_town::WorkPhase) -> Option<&String>| all.iter().map(|(_, p)| day(of(p))).collect::<Vec<_>>();
    sqlx::query(
        "insert into public_works.work_phases (work, phase, planned_from, planned_to, actual_from, actual_to)
         select w.fid, g.phase, g.planned_from, g.planned_to, g.actual_from, g.actual_to
           from unnest($1::text[], $2::text[], $3::date[], $4::date[], $5::date[], $6::date[])
                g (id, phase, planned_from, planned_to, actual_from, actual_to)
           join public_works.works w using (id)",
    )
    .bind(all.iter().map(|p| p.0).collect::<Vec<_>>())
    .bind(all.iter().map(|p| p.1.phase).collect::<Vec<_>>())
    .bind(days(|p| Some(&p.planned[0])))
    .bind(days(|p| Some(&p.planned[1])))
    .bind(days(|p| p.actual_from.as_ref()))
    .bind(days(|p| p.actual_to.as_ref()))
    .execute(conn)
    .await?;
    Ok(())
}

async fn progress(conn: &mut PgConnection, works: &[PublicWork]) -> Result<(), sqlx::Error> {
    let all: Vec<_> = works.iter().flat_map(|w| w.entries.iter().map(|e| (w.id.as_str(), e))).collect();
    sqlx::query(
        "insert into public_works.work_progress (work, measured_on, percent, amount_eur, recorded_at)
         select w.fid, g.measured_on, g.percent, g.amount, g.measured_on + time '17:00'
           from unnest($1::text[], $2::date[], $3::double precision[], $4::bigint[]) with ordinality g (id, measured_on, percent, amount, n)
           join public_works.works w using (id)
          order by g.n",
    )
    .bind(all.iter().map(|e| e.0).collect::<Vec<_>>())
    .bind(all.iter().map(|e| day(Some(&e.1.measured_on))).collect::<Vec<_>>())
    .bind(all.iter().map(|e| f64::from(e.1.percent)).collect::<Vec<_>>())
    .bind(all.iter().map(|e| i64::from(e.1.amount_eur)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

async fn ordinances(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let columns =
        ["id", "comune", "number", "issued_on", "closure", "limit_kmh", "road", "diversion", "act", "valid_from", "valid_to", "geom"];
    fill(conn, &table("road_ordinances")?, &columns, &town.road_ordinances, |o, row| {
        row.text(&o.id).text(o.comune).text(&o.number).date(o.issued_on.parse().unwrap_or_default()).text(o.closure);
        match o.limit_kmh {
            Some(limit) => row.int4(limit),
            None => row.null(),
        };
        row.text(&o.road);
        match &o.diversion {
            Some(way) => row.text(way),
            None => row.null(),
        };
        row.text(&o.act).instant(instant(o.valid_from).unwrap_or_default());
        match instant(o.valid_to) {
            Some(end) => row.instant(end),
            None => row.null(),
        };
        row.bytes(&ewkb::line(&o.geometry, SRID));
    })
    .await
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc))
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("public_works", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
