use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::expected::{Expected, place};
use crate::events::Events;
use crate::psql::{Psql, Session};
use crate::seeded::Seeded;

/// A layer of the soak's own, for what the town's had better not go through.
pub(super) const LAYER: &str = "soak";
/// How many rows it has after it was filled.
const ROWS: u64 = 700;
/// One in so many of its rows is a line of many positions, too long for a page of the database.
const LONG: u64 = 10;

/// Random edits of every kind, with `psql`.
pub(super) struct Database {
    session: Session,
    events: Events,
    random: Seeded,
    extent: [f64; 4],
    parcels: Vec<String>,
    rows: Vec<Row>,
    /// Every value is written once.
    value: u32,
}

/// A row of the soak's layer as it should be.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    place: (f64, f64),
    value: u32,
    long: bool,
}

/// An edit that is committed.
pub(super) struct Edit {
    /// What readers must see from now on.
    pub(super) expected: Vec<Expected>,
    /// How far the log was after it.
    pub(super) position: String,
    /// The layer whose event comes, and when the statement was sent; nothing was changed without.
    told: Option<(&'static str, Instant)>,
}

/// Makes the soak's layer, empty.
pub(super) fn make_layer(psql: &Psql) -> Result<()> {
    remove_layer(psql)?;
    let declaration = serde_json::json!({
        "id": LAYER, "module": "published", "title": {"it": "Prova", "en": "Soak"}, "table": "published.soak", "geometry": "Geometry",
        "srid": 0, "zoom": [12, 22], "fields": [{"name": "n", "label": {"it": "n", "en": "n"}, "type": "integer"}],
    });
    psql.statement(&format!(
        "begin;
         create table published.soak (n integer not null);
         call opensit.make_layer_table('published.soak', 'Geometry');
         alter policy app on published.soak using (true);
         insert into opensit.layers (id, ordinal, relation, declaration)
             select '{LAYER}', 9999, 'published.soak', jsonb_set('{declaration}', '{{srid}}', to_jsonb(storage_srid)) from opensit.installation;
         commit"
    ))
}

/// Removes it again.
pub(super) fn remove_layer(psql: &Psql) -> Result<()> {
    psql.statement(&format!("begin; delete from opensit.layers where id = '{LAYER}'; drop table if exists published.soak; commit"))
}

impl Database {
    pub(super) fn open(psql: &Psql, url: &str, extent: [f64; 4], random: Seeded) -> Result<Self> {
        let rows = psql.rows("select fid from cadastre.parcels where kind = 'land' and st_area(geom) > 20 order by fid limit 20000")?;
        let parcels: Vec<String> = rows.into_iter().flatten().collect();
        let (session, events) = (psql.session()?, Events::open(url, &format!("parcels,{LAYER}"))?);
        if parcels.is_empty() {
            bail!("the town has no parcels");
        }
        Ok(Self { session, events, random, extent, parcels, rows: Vec::new(), value: 1_000_000 })
    }

    /// One edit, of any kind.
    pub(super) fn edit(&mut self) -> Result<Edit> {
        self.value += 1;
        self.events.drain();
        let sent = Instant::now();
        let kind = if self.rows.len() < 50 { 9 } else { self.random.below(30) };
        let (layer, expected) = match kind {
            9 => (LAYER, self.refill()?),
            10..=11 => (LAYER, self.all()?),
            12..=15 => (LAYER, self.insert()?),
            16..=18 => (LAYER, self.value_of(true)?),
            19..=21 => (LAYER, self.value_of(false)?),
            22..=24 => (LAYER, self.shift()?),
            25..=27 => (LAYER, self.delete()?),
            28..=29 => ("", self.roll_back()?),
            _ => ("parcels", self.parcel(kind > 5)?),
        };
        let position = self.session.rows("select pg_current_wal_flush_lsn()")?.concat().concat();
        Ok(Edit { expected, position, told: (!layer.is_empty()).then_some((layer, sent)) })
    }

    /// Waits for the event of an edit: how long it took, seconds; nothing if there is none to come.
    pub(super) fn heard(&self, edit: &Edit) -> Result<Option<f64>> {
        let Some((layer, sent)) = edit.told else { return Ok(None) };
        let came = self.events.next(layer, Duration::from_secs(20)).context("no event within 20 s of an edit")?;
        Ok(Some(came.duration_since(sent).as_secs_f64()))
    }

    fn somewhere(&mut self) -> (f64, f64) {
        let [west, south, east, north] = self.extent;
        (self.random.between(west, east), self.random.between(south, north))
    }

    fn any(&mut self) -> usize {
        self.random.below(self.rows.len() as u64) as usize
    }

    /// A parcel's value, and its place if it is moved.
    fn parcel(&mut self, moved: bool) -> Result<Vec<Expected>> {
        let at = self.random.below(self.parcels.len() as u64) as usize;
        let (fid, value) = (&self.parcels[at], self.value);
        // to and fro, by whether the last value was even, so that the town stays about where it is
        let geometry = "geom = st_translate(geom, case when area_m2 % 2 = 0 then 400 else -400 end, 0), ";
        let set = format!("{}area_m2 = {value}", if moved { geometry } else { "" });
        let rows = self.session.rows(&format!(
            "with edited as (update cadastre.parcels set {set} where fid = {fid} returning id, area_m2, st_pointonsurface(geom) as at)
             select id, area_m2, st_x(g), st_y(g) from (select id, area_m2, st_transform(at, 4326) as g from edited) t"
        ))?;
        let row = rows.first().context("the parcel is gone")?;
        let value = row.get(1).context("a value")?.parse()?;
        Ok(vec![Expected { layer: "parcels", column: "area_m2", id: row[0].clone(), place: place(row)?, value: Some(value) }])
    }

    /// All rows go, and others come, in one transaction.
    fn refill(&mut self) -> Result<Vec<Expected>> {
        let before: Vec<Row> = self.rows.drain(..).take(2).collect();
        let rows: Vec<Row> = (0..ROWS).map(|i| self.new_row(i)).collect();
        let values: Vec<String> = rows.iter().map(Row::sql).collect();
        self.session.run(&format!("begin;\ntruncate published.soak;\n{};\ncommit", insert(&values)))?;
        self.rows = rows;
        let at = self.any();
        Ok(before.iter().map(Row::gone).chain([self.rows[at].there(), self.rows[0].there()]).collect())
    }

    fn new_row(&mut self, i: u64) -> Row {
        let place = self.somewhere();
        Row { id: format!("{}-{i}", self.value), place, value: self.value, long: i.is_multiple_of(LONG) }
    }

    /// Every row's value.
    fn all(&mut self) -> Result<Vec<Expected>> {
        let value = self.value;
        self.session.run(&format!("update published.soak set n = {value}"))?;
        self.rows.iter_mut().for_each(|row| row.value = value);
        let (one, other) = (self.any(), self.any());
        Ok(vec![self.rows[one].there(), self.rows[other].there()])
    }

    fn insert(&mut self) -> Result<Vec<Expected>> {
        let long = self.random.below(2);
        let row = self.new_row(long);
        self.session.run(&insert(&[row.sql()]))?;
        self.rows.push(row.clone());
        Ok(vec![row.there()])
    }

    /// A value and nothing else: of a long line, which the log then says did not change, or of a point.
    fn value_of(&mut self, long: bool) -> Result<Vec<Expected>> {
        let from = self.any();
        let at = (0..self.rows.len()).map(|i| (from + i) % self.rows.len()).find(|i| self.rows[*i].long == long).unwrap_or(from);
        let (value, row) = (self.value, &mut self.rows[at]);
        row.value = value;
        self.session.run(&format!("update published.soak set n = {value} where id = '{}'", row.id))?;
        Ok(vec![row.there()])
    }

    /// To another place.
    fn shift(&mut self) -> Result<Vec<Expected>> {
        let (at, place) = (self.any(), self.somewhere());
        let before = self.rows[at].clone();
        let row = &mut self.rows[at];
        (row.place, row.value) = (place, self.value);
        self.session.run(&format!("update published.soak set n = {}, geom = {} where id = '{}'", row.value, row.geometry(), row.id))?;
        let mut expected = vec![row.there()];
        // so far that no tile from zoom 14 on has both, buffers and long lines included
        if (place.0 - before.place.0).hypot(place.1 - before.place.1) > 0.06 {
            expected.push(before.gone());
        }
        Ok(expected)
    }

    fn delete(&mut self) -> Result<Vec<Expected>> {
        let at = self.any();
        let row = self.rows.swap_remove(at);
        self.session.run(&format!("delete from published.soak where id = '{}'", row.id))?;
        Ok(vec![row.gone()])
    }

    fn roll_back(&mut self) -> Result<Vec<Expected>> {
        let at = self.any();
        let row = self.rows[at].clone();
        self.session.run(&format!(
            "begin;\nupdate published.soak set n = {};\ndelete from published.soak where id = '{}';\nrollback",
            self.value, row.id
        ))?;
        Ok(vec![row.there()])
    }
}

fn insert(rows: &[String]) -> String {
    format!("insert into published.soak (id, n, geom) values {}", rows.join(", "))
}

impl Row {
    fn geometry(&self) -> String {
        let (lon, lat) = self.place;
        let point = format!("st_transform(st_setsrid(st_point({lon}, {lat}), 4326), (select storage_srid from opensit.installation))");
        if !self.long {
            return point;
        }
        format!(
            "(select st_makeline(array_agg(st_translate(p, cos(k) * k / 20, sin(k) * k / 20) order by k)) from (select {point} as p) c, generate_series(0, 1200) k)"
        )
    }

    fn sql(&self) -> String {
        format!("('{}', {}, {})", self.id, self.value, self.geometry())
    }

    fn there(&self) -> Expected {
        Expected { layer: LAYER, column: "n", id: self.id.clone(), place: self.place, value: Some(self.value) }
    }

    fn gone(&self) -> Expected {
        Expected { value: None, ..self.there() }
    }
}
