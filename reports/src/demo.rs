//! The demo town's part of this theme.

use catalogue::copy::fill;
use catalogue::ewkb;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use demo_town::{CitizenReport, Town};
use kernel::{Srid, TableName};
use sqlx::PgConnection;

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;

/// Fills the tables of this schema, which must be empty, with the town; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let table = TableName::new("reports", "reports").map_err(|e| sqlx::Error::Configuration(e.into()))?;
    let columns =
        ["id", "comune", "category", "office", "text", "address", "received_at", "due", "approved_at", "answered_at", "supporters", "geom"];
    let rows = fill(conn, &table, &columns, &town.reports, |r, row| {
        row.text(&r.id).text(r.comune).text(r.category).text(r.office);
        match r.text {
            Some(text) => row.text(text),
            None => row.null(),
        };
        let received = received(r);
        row.text(&r.address).instant(received).date(day(received + TimeDelta::days(r.days.into())));
        for (step, states) in [(0, &["open", "assigned", "answered", "closed"][..]), (1, &["answered", "closed"])] {
            match states.contains(&r.state) {
                true => row.instant(received + TimeDelta::minutes(r.took[step].into())),
                false => row.null(),
            };
        }
        row.int4(r.supporters as i32).bytes(&ewkb::point(r.geometry, SRID));
    })
    .await?;
    go(conn, &town.reports).await?;
    sqlx::query("select setval('reports.numbers', greatest(count(*), 1), count(*) > 0) from reports.reports").execute(conn).await?;
    Ok(rows)
}

/// Each report takes its steps, one after the other, as the database wants them.
async fn go(conn: &mut PgConnection, all: &[CitizenReport]) -> Result<(), sqlx::Error> {
    let of = |states: &[&str]| -> Vec<String> { all.iter().filter(|r| states.contains(&r.state)).map(|r| r.id.clone()).collect() };
    for (state, then) in [
        ("open", &["open", "assigned", "answered", "closed"][..]),
        ("assigned", &["assigned", "answered", "closed"]),
        ("answered", &["answered", "closed"]),
        ("rejected", &["rejected"]),
    ] {
        sqlx::query("update reports.reports set state = $1 where id = any($2)").bind(state).bind(of(then)).execute(&mut *conn).await?;
    }
    let answered: Vec<&CitizenReport> = all.iter().filter(|r| ["answered", "closed"].contains(&r.state)).collect();
    sqlx::query(
        "insert into reports.messages (report, at, audience, author, text)
         select r.fid, r.answered_at, 'public', 'Ufficio', given.text
           from unnest($1::text[], $2::text[]) as given (id, text) join reports.reports r using (id)",
    )
    .bind(answered.iter().map(|r| r.id.clone()).collect::<Vec<_>>())
    .bind(answered.iter().map(|r| r.answer).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    let closed: Vec<&CitizenReport> = all.iter().filter(|r| r.state == "closed").collect();
    sqlx::query(
        "update reports.reports r set state = 'closed', closing_reason = given.reason, closed_at = r.received_at + given.minutes * interval '1 minute'
           from unnest($1::text[], $2::text[], $3::integer[]) as given (id, reason, minutes) where r.id = given.id",
    )
    .bind(closed.iter().map(|r| r.id.clone()).collect::<Vec<_>>())
    .bind(closed.iter().map(|r| r.reason).collect::<Vec<_>>())
    .bind(closed.iter().map(|r| r.took[2] as i32).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    let merged: Vec<&CitizenReport> = all.iter().filter(|r| r.duplicate_of.is_some()).collect();
    sqlx::query(
        "update reports.reports r set state = 'merged', duplicate_of = given.into_id
           from unnest($1::text[], $2::text[]) as given (id, into_id) where r.id = given.id",
    )
    .bind(merged.iter().map(|r| r.id.clone()).collect::<Vec<_>>())
    .bind(merged.iter().map(|r| r.duplicate_of.clone().unwrap_or_default()).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    let reachable: Vec<(&CitizenReport, &String)> = all.iter().filter_map(|r| Some((r, r.email.as_ref()?))).collect();
    sqlx::query(
        "insert into reports.contacts (report, email, given_at)
         select r.fid, given.email, r.received_at from unnest($1::text[], $2::text[]) as given (id, email) join reports.reports r using (id)",
    )
    .bind(reachable.iter().map(|(r, _)| r.id.clone()).collect::<Vec<_>>())
    .bind(reachable.iter().map(|(_, email)| (*email).clone()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

fn received(report: &CitizenReport) -> DateTime<Utc> {
    let may = NaiveDate::from_ymd_opt(2026, 5, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc();
    may + TimeDelta::minutes(report.received.into())
}

fn day(at: DateTime<Utc>) -> NaiveDate {
    NaiveDate::from_ymd_opt(at.year(), at.month(), at.day()).unwrap_or_default()
}
