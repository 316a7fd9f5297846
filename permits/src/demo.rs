//! The demo town's part of this theme.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use catalogue::copy::fill;
use catalogue::ewkb;
use chrono::NaiveDate;
use demo_town::{Application, Town};
use kernel::{Srid, TableName};
use sqlx::PgConnection;

use crate::holidays::Holidays;
use crate::rules::{Dated, Rule};
use crate::steps::{self, Term};

/// The system of the town's records, and of every installation that holds it.
const SRID: Srid = Srid::RDN2008_UTM33;
/// The region that the invented comuni are of (ISTAT code of Calabria).
const REGION: &str = "18";
/// Who recorded the demo's steps.
const OFFICE: &str = "Sportello unico";

/// An application with its rule and its term.
struct Ready<'a> {
    id: String,
    fid: i64,
    application: &'a Application,
    rule: Rule,
    term: Term,
}

/// Fills the tables of this schema, which must be empty, with the town; returns how many rows.
pub async fn load(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    authorities(conn, town).await?;
    let mut ready = prepare(conn, town).await?;
    // rows come in the state that they have come to, not one step after the other
    switch(conn, "disable").await?;
    let mut rows = permits(conn, &ready).await?;
    switch(conn, "enable").await?;
    let fids: Vec<(String, i64)> = sqlx::query_as("select id, fid from permits.permits").fetch_all(&mut *conn).await?;
    let fids: HashMap<String, i64> = fids.into_iter().collect();
    ready.iter_mut().for_each(|one| one.fid = fids.get(&one.id).copied().unwrap_or_default());
    rows += cited(conn, &ready).await?;
    rows += taken(conn, &ready).await?;
    rows += parties(conn, &ready).await?;
    Ok(rows)
}

async fn switch(conn: &mut PgConnection, word: &str) -> Result<(), sqlx::Error> {
    let sql = format!("alter table permits.permits {word} trigger check_transition");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await.map(|_| ())
}

async fn authorities(conn: &mut PgConnection, town: &Town) -> Result<(), sqlx::Error> {
    for boundary in &town.boundaries {
        sqlx::query("insert into permits.authorities (comune, region, inhabitants) values ($1, $2, $3)")
            .bind(&boundary.id)
            .bind(REGION)
            .bind(if boundary.id == demo_town::ROCCA { 2_400 } else { 38_000 })
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The days of the application, the first that of its filing.
fn dated(application: &Application) -> Vec<Dated<'_>> {
    application.steps.iter().map(|step| (step.state, step.day.parse().unwrap_or_default())).collect()
}

async fn prepare<'a>(conn: &mut PgConnection, town: &'a Town) -> Result<Vec<Ready<'a>>, sqlx::Error> {
    let prefixes: HashMap<&str, &str> = town.boundaries.iter().map(|b| (&*b.id, &*b.catasto_code)).collect();
    let mut ready = Vec::with_capacity(town.applications.len());
    // all were filed while the rules of today held
    let mut rules: HashMap<(&str, &str), Rule> = HashMap::new();
    let mut holidays: HashMap<&str, Holidays> = HashMap::new();
    for application in &town.applications {
        let (kind, comune, days) = (application.kind, application.comune, dated(application));
        let filed = days.first().map(|(_, day)| *day).unwrap_or_default();
        let rule = match rules.entry((kind, comune)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Rule::choose(conn, kind, filed, comune).await?.ok_or(sqlx::Error::RowNotFound)?),
        };
        let holidays = match holidays.entry(comune) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Holidays::of(conn, comune).await?),
        };
        let term = steps::term(rule, false, application.constraint.is_some(), &days, holidays);
        let prefix = prefixes.get(comune).copied().unwrap_or(comune);
        ready.push(Ready { id: format!("{prefix}-{}", application.protocol), fid: 0, application, rule: rule.clone(), term });
    }
    Ok(ready)
}

async fn permits(conn: &mut PgConnection, ready: &[Ready<'_>]) -> Result<u64, sqlx::Error> {
    let columns = [
        "id",
        "comune",
        "protocol",
        "kind",
        "state",
        "filed_on",
        "subject",
        "address",
        "house_number",
        "rule",
        "due_on",
        "paused_since",
        "silence",
        "constraint_kind",
        "constraint_source",
        "decided_on",
        "started_on",
        "ended_on",
        "geom",
    ];
    fill(conn, &table("permits")?, &columns, ready, |one, row| {
        let (application, days) = (one.application, dated(one.application));
        let on = |states: &[&str]| days.iter().find(|(state, _)| states.contains(state)).map(|(_, day)| *day);
        let date = |row: &mut catalogue::copy::RowWriter<'_>, day: Option<NaiveDate>| match day {
            Some(day) => drop(row.date(day)),
            None => drop(row.null()),
        };
        row.text(&one.id).text(application.comune).text(&application.protocol).text(application.kind);
        row.text(days.last().map_or("submitted", |(state, _)| state));
        date(row, on(&["submitted"]));
        row.text(application.subject);
        optional(row, application.address.as_deref());
        optional(row, application.house_number.as_deref());
        row.text(&one.rule.rule);
        date(row, one.term.due_on);
        date(row, one.term.paused_since);
        row.text(&one.term.silence);
        optional(row, application.constraint.map(|(kind, _)| kind));
        optional(row, application.constraint.map(|(_, source)| source));
        date(row, on(&["issued", "tacit", "refused"]));
        date(row, on(&["started"]));
        date(row, on(&["ended"]));
        row.bytes(&ewkb::multi_polygon(std::slice::from_ref(&application.geometry), SRID));
    })
    .await
}

fn optional(row: &mut catalogue::copy::RowWriter<'_>, text: Option<&str>) {
    match text {
        Some(text) => row.text(text),
        None => row.null(),
    };
}

async fn cited(conn: &mut PgConnection, ready: &[Ready<'_>]) -> Result<u64, sqlx::Error> {
    let all: Vec<(i64, i32, &str)> =
        ready.iter().flat_map(|one| (1..).zip(&one.application.parcels).map(|(ordinal, parcel)| (one.fid, ordinal, &**parcel))).collect();
    fill(conn, &table("cited_parcels")?, &["permit", "ordinal", "parcel"], &all, |(permit, ordinal, parcel), row| {
        row.integer(*permit).int4(*ordinal).text(parcel);
    })
    .await
}

async fn taken(conn: &mut PgConnection, ready: &[Ready<'_>]) -> Result<u64, sqlx::Error> {
    let all: Vec<(&Ready<'_>, i32, Dated<'_>)> =
        ready.iter().flat_map(|one| (1..).zip(dated(one.application)).map(move |(ordinal, step)| (one, ordinal, step))).collect();
    let columns = ["permit", "ordinal", "state", "on_day", "protocol", "protocol_on"];
    let rows = fill(conn, &table("steps")?, &columns, &all, |(one, ordinal, (state, day)), row| {
        row.integer(one.fid).int4(*ordinal).text(state).date(*day);
        match ordinal {
            1 => row.text(&one.application.protocol).date(*day),
            _ => row.null().null(),
        };
    })
    .await?;
    let notes = fill(conn, &table("step_notes")?, &["permit", "ordinal", "recorded_by"], &all, |(one, ordinal, _), row| {
        row.integer(one.fid).int4(*ordinal).text(OFFICE);
    })
    .await?;
    Ok(rows + notes)
}

async fn parties(conn: &mut PgConnection, ready: &[Ready<'_>]) -> Result<u64, sqlx::Error> {
    let all: Vec<(i64, &str, &str)> = ready
        .iter()
        .flat_map(|one| [(one.fid, "applicant", &*one.application.applicant), (one.fid, "technician", &*one.application.technician)])
        .collect();
    fill(conn, &table("parties")?, &["permit", "role", "name"], &all, |(permit, role, name), row| {
        row.integer(*permit).text(role).text(name);
    })
    .await
}

fn table(name: &str) -> Result<TableName, sqlx::Error> {
    TableName::new("permits", name).map_err(|e| sqlx::Error::Configuration(e.into()))
}
