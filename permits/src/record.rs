//! An application with all that belongs to it, as somebody sees it.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use kernel::{Bbox, Layer, Principal};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, QueryBuilder};

use crate::clock::Count;
use crate::holidays::Holidays;
use crate::rules::{Dated, Rule};

/// The row. What is private is `None` to who does not see it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Permit {
    pub(crate) fid: i64,
    pub(crate) version: i64,
    pub(crate) id: String,
    pub(crate) comune: String,
    pub(crate) protocol: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) filed_on: NaiveDate,
    pub(crate) subject: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) house_number: Option<String>,
    pub(crate) complex: bool,
    pub(crate) rule: String,
    pub(crate) due_on: Option<NaiveDate>,
    pub(crate) paused_since: Option<NaiveDate>,
    pub(crate) silence: String,
    pub(crate) constraint_kind: Option<String>,
    pub(crate) constraint_source: Option<String>,
    pub(crate) constraint_cleared_on: Option<NaiveDate>,
    pub(crate) decided_on: Option<NaiveDate>,
    pub(crate) started_on: Option<NaiveDate>,
    pub(crate) ended_on: Option<NaiveDate>,
    pub(crate) geometry: Value,
}

/// A step, with what the office wrote beside it for those who see that.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Step {
    pub(crate) ordinal: i32,
    pub(crate) state: String,
    pub(crate) on_day: NaiveDate,
    pub(crate) protocol: Option<String>,
    pub(crate) protocol_on: Option<NaiveDate>,
    pub(crate) note: Option<String>,
    pub(crate) recorded_by: Option<String>,
}

/// A parcel that is cited, as the cadastre has it now.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Cited {
    pub(crate) parcel: String,
    pub(crate) sheet: Option<i32>,
    pub(crate) number: Option<String>,
    pub(crate) valid_from: Option<DateTime<Utc>>,
    pub(crate) valid_to: Option<DateTime<Utc>>,
    /// `None` where the cadastre does not have it, or not for them.
    pub(crate) exists: Option<bool>,
    /// Of one that is no more: the parcels of today that its ground is in, as far as the cadastre knows.
    pub(crate) successors: Option<Vec<String>>,
}

/// Somebody who has to do with it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Party {
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) email: Option<String>,
}

/// What a reader may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// They work for its comune.
    pub(crate) serves: bool,
    /// They move and correct it.
    pub(crate) edits: bool,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) permit: Permit,
    /// The comune's name.
    pub(crate) comune: Option<String>,
    pub(crate) rule: Rule,
    pub(crate) steps: Vec<Step>,
    pub(crate) cited: Vec<Cited>,
    /// `None` for who does not see them: others than the comune's staff, and those who did not say what for.
    pub(crate) parties: Option<Vec<Party>>,
    pub(crate) count: Count,
    pub(crate) holidays: Holidays,
    pub(crate) rights: Rights,
}

impl Permit {
    /// As [`operations::Row::tag`].
    pub(crate) fn tag(&self) -> String {
        format!("\"{}.{}\"", self.fid, self.version)
    }

    /// Whether a constraint lies on the place that nobody has cleared.
    pub(crate) fn is_constrained(&self) -> bool {
        self.constraint_kind.is_some() && self.constraint_cleared_on.is_none()
    }

    /// The rectangle round it, CRS84.
    pub(crate) fn bbox(&self) -> Option<Bbox> {
        let mut positions = Vec::new();
        gather(&self.geometry["coordinates"], &mut positions);
        Bbox::around(positions)
    }
}

fn gather(value: &Value, positions: &mut Vec<(f64, f64)>) {
    let Some(parts) = value.as_array() else { return };
    match (parts.first().and_then(Value::as_f64), parts.get(1).and_then(Value::as_f64)) {
        (Some(lon), Some(lat)) => positions.push((lon, lat)),
        _ => parts.iter().for_each(|part| gather(part, positions)),
    }
}

impl Record {
    /// Reads it in the connection of who asks.
    pub(crate) async fn read(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Self>, sqlx::Error> {
        let Some(permit) = row(conn, layer, who, id).await? else { return Ok(None) };
        let rights = rights(layer, who, &permit.comune);
        let comune = sqlx::query_scalar("select name from territory.v_comuni where istat = $1")
            .bind(&permit.comune)
            .fetch_optional(&mut *conn)
            .await?;
        let steps = steps(conn, permit.fid).await?;
        let cited = cited(conn, permit.fid).await?;
        let may_know = rights.serves && !who.purposes().is_empty();
        let parties = if may_know { Some(parties(conn, permit.fid).await?) } else { None };
        let (rule, holidays) = (Rule::named(conn, &permit.rule).await?, Holidays::of(conn, &permit.comune).await?);
        let dated: Vec<Dated<'_>> = steps.iter().map(|step| (&*step.state, step.on_day)).collect();
        let count = rule.count(permit.complex, &dated, &holidays);
        Ok(Some(Self { permit, comune, rule, steps, cited, parties, count, holidays, rights }))
    }
}

/// What this principal may do with an application of this comune.
pub(crate) fn rights(layer: &Layer, who: &Principal, comune: &str) -> Rights {
    let serves = who.may_read(layer) && who.comuni().contains(comune);
    Rights { serves, edits: serves && who.may_edit(layer) }
}

async fn row(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Permit>, sqlx::Error> {
    if id.is_empty() || id.len() > 100 || id.contains('\0') {
        return Ok(None);
    }
    let mut sql = QueryBuilder::new(
        "select fid, version, id, comune, protocol, kind, state, filed_on, subject, address, house_number, complex, rule, due_on, paused_since, silence,
                constraint_kind, constraint_source, constraint_cleared_on, decided_on, started_on, ended_on,
                st_asgeojson(st_transform(geom, 4326), 7)::jsonb as geometry
           from ",
    );
    sql.push(layer.seen_by(who, "seen")).push(" where id = ").push_bind(id);
    sql.build_query_as().fetch_optional(conn).await
}

async fn steps(conn: &mut PgConnection, fid: i64) -> Result<Vec<Step>, sqlx::Error> {
    sqlx::query_as(
        "select s.ordinal, s.state, s.on_day, s.protocol, s.protocol_on, n.note, n.recorded_by
           from permits.steps s
           left join permits.step_notes n using (permit, ordinal)
          where s.permit = $1
          order by s.ordinal",
    )
    .bind(fid)
    .fetch_all(conn)
    .await
}

async fn cited(conn: &mut PgConnection, fid: i64) -> Result<Vec<Cited>, sqlx::Error> {
    sqlx::query_as(
        "select c.parcel, p.sheet, p.number, p.valid_from, p.valid_to, p.exists, s.successors
           from permits.cited_parcels c
           left join lateral (
                select sheet, number, valid_from, valid_to, valid_to is null or valid_to > now() as exists
                  from cadastre.v_parcels v where v.id = c.parcel
                 order by valid_from desc limit 1) p on true
           left join lateral (
                with recursive became as (
                    select child from cadastre.v_lineage where parent = c.parcel
                    union
                    select l.child from became b join cadastre.v_lineage l on l.parent = b.child)
                select array_agg(v.id order by v.id collate opensit.natural_order) as successors
                  from cadastre.v_parcels v
                 where v.id = any(array(select child from became limit 1000))
                   and v.valid_from <= now() and (v.valid_to is null or v.valid_to > now())) s on p.exists is false
          where c.permit = $1
          order by c.ordinal",
    )
    .bind(fid)
    .fetch_all(conn)
    .await
}

async fn parties(conn: &mut PgConnection, fid: i64) -> Result<Vec<Party>, sqlx::Error> {
    sqlx::query_as("select role, name, code, email from permits.parties where permit = $1 order by role").bind(fid).fetch_all(conn).await
}

/// The day that it is in Italy.
pub(crate) fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&Rome).date_naive()
}

/// A protocol number: the year and six digits. `2026-123` is read as `2026-000123`; its year is that of filing.
pub(crate) fn protocol(text: &str, filed: NaiveDate) -> Option<String> {
    let (year, number) = text.split_once('-')?;
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let (year, number) = (digits(year, 4).then(|| year.parse::<i32>().ok())??, digits(number, 6).then(|| number.parse::<u32>().ok())??);
    (year == filed.year() && number > 0).then(|| format!("{year:04}-{number:06}"))
}

#[cfg(test)]
mod tests {
    use super::{protocol, today};
    use crate::holidays::tests::day;

    #[test]
    fn a_protocol_number_is_of_its_year() {
        let on = day("2026-03-01");
        assert_eq!(protocol("2026-123", on).as_deref(), Some("2026-000123"));
        assert_eq!(protocol("2026-000123", on).as_deref(), Some("2026-000123"));
        for wrong in ["", "123", "2025-123", "2026-", "2026-0", "2026-1234567", "2026-12a", "+026-1", "2026-+1"] {
            assert_eq!(protocol(wrong, on), None, "{wrong}");
        }
    }

    #[test]
    fn the_day_is_italys() {
        // the clocks go back at 01:00 UTC on 25 October 2026
        for (at, expected) in [
            ("2026-03-28T22:59:00Z", "2026-03-28"),
            ("2026-03-28T23:00:00Z", "2026-03-29"),
            ("2026-03-29T22:00:00Z", "2026-03-30"),
            ("2026-10-24T22:00:00Z", "2026-10-25"),
            ("2026-10-25T22:59:00Z", "2026-10-25"),
            ("2026-10-25T23:00:00Z", "2026-10-26"),
        ] {
            assert_eq!(today(at.parse().unwrap()), day(expected), "{at}");
        }
    }
}
