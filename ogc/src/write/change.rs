//! One change: found and locked, checked as a whole, written, told to the journal.

use std::sync::Arc;

use catalogue::Entry;
use chrono::{DateTime, Utc};
use crs::{Crs, Transformer};
use kernel::filter::Value;
use kernel::layer::FieldType;
use kernel::{Action, Edit, Principal, Problem, Srid};
use operations::{Faults, State};
use serde_json::Value as Json;
use sqlx::PgConnection;

use super::assign::{Extent, assignments};
use super::body::{Given, GivenGeometry, Properties};
use super::failure::Failure;
use super::geometry::{Place, Shape};
use super::rows::{self, Assignment, Row};
use crate::App;
use crate::items::item;
use operations::Request;

/// What is asked to be done to a feature, or to a layer if there is none yet.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) entry: Arc<Entry>,
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) given: Given,
    /// The system of the positions.
    pub(crate) crs: &'static Crs,
    /// A version that it is brought back to.
    pub(crate) restored: Option<i64>,
}

/// What was done. Without a row it was deleted.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) action: Action,
    pub(crate) entry: Arc<Entry>,
    pub(crate) id: String,
    pub(crate) row: Option<Row>,
}

/// A transaction at work.
pub(crate) struct Work<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) conn: &'a mut PgConnection,
    pub(crate) now: DateTime<Utc>,
}

/// As [`entitled`], and the layer is changed feature by feature.
pub(crate) fn changeable(app: &App, who: &Principal, collection: &str) -> Result<Arc<Entry>, Problem> {
    let entry = entitled(app, who, collection)?;
    if entry.layer.takes_features() {
        return Ok(entry);
    }
    let module = &entry.layer.module;
    Err(Problem::method_not_allowed(format!("features of `{collection}` are changed by the operations at `/{module}`, and read here")))
}

/// The layer, if they may change features of it: 404 if they may not see it, 405 if nobody changes it, 403 if others do.
pub(crate) fn entitled(app: &App, who: &Principal, collection: &str) -> Result<Arc<Entry>, Problem> {
    let entry = app.entry(who, collection)?;
    if who.may_edit(&entry.layer) {
        return Ok(entry);
    }
    if entry.layer.editors.is_empty() {
        return Err(Problem::method_not_allowed(format!("features of `{collection}` are read here, and not changed")));
    }
    let roles: Vec<&str> = entry.layer.editors.iter().map(|role| role.name()).collect();
    Err(Problem::not_editable(format!(
        "features of `{collection}` are changed by {} of their comune, who have signed in, or with a key whose scope is `edit`",
        roles.join(", ")
    )))
}

impl Work<'_> {
    fn who(&self) -> &Principal {
        &self.request.who
    }

    /// Does it.
    pub(crate) async fn apply(&mut self, change: Change) -> Result<Done, Failure> {
        match change.action {
            Action::Create => self.create(change).await,
            Action::Replace | Action::Update => self.alter(change).await,
            Action::Delete => self.delete(change).await,
        }
    }

    async fn create(&mut self, change: Change) -> Result<Done, Failure> {
        let entry = &change.entry;
        let properties = change.given.properties.flatten().unwrap_or_default();
        let geometry = change.given.geometry.flatten();
        let made = self.make(entry, change.crs, &properties, geometry.as_ref(), None).await?;
        self.tell(Action::Create, entry, &made, &[], None).await?;
        Ok(Done { action: Action::Create, entry: Arc::clone(entry), id: made.id.clone(), row: Some(made) })
    }

    /// Makes a row; one that was deleted under the `fid`, the id and a version of its own.
    pub(crate) async fn make(
        &mut self,
        entry: &Arc<Entry>,
        crs: &'static Crs,
        properties: &Properties,
        geometry: Option<&GivenGeometry>,
        again: Option<(i64, &str, i64)>,
    ) -> Result<Row, Failure> {
        let failed = |e| Failure::Database(e, Some(Arc::clone(entry)));
        let (layer, mut faults) = (&entry.layer, Faults::default());
        let columns = self.app.columns.of(self.conn, entry).await?;
        let extent = if again.is_some() { Extent::Again } else { Extent::New };
        let (mut values, said) = assignments(layer, self.who(), &columns, properties, extent, &mut faults);
        if layer.validity && !values.iter().any(|v| v.column == "valid_from") {
            let value = Some(Some(Value::Instant(self.now)));
            values.push(Assignment { column: "valid_from".to_owned(), kind: FieldType::DateTime, value });
        }
        let shape = match geometry.map(|given| Shape::read(given, layer)) {
            None => {
                faults.geometry("a feature has a geometry", None);
                None
            }
            Some(Err(detail)) => {
                faults.geometry(detail, None);
                None
            }
            Some(Ok(shape)) => shape.place(&place(self.app, entry, crs), &mut faults)?,
        };
        let Some(shape) = shape else {
            faults.check()?;
            return Err(Problem::invalid_feature("a feature has a geometry", Vec::<Json>::new()).into());
        };
        let ewkb = shape.to_ewkb(layer.srid);
        let comune = self.settle(entry, &ewkb, said.as_deref(), None, &mut faults).await?;
        faults.check()?;
        let (row, entitled) = rows::insert(self.conn, layer, &self.request.who, &values, (&ewkb, &comune), again).await.map_err(failed)?;
        kept_in_sight(entitled)?;
        Ok(row)
    }

    async fn alter(&mut self, change: Change) -> Result<Done, Failure> {
        let Change { action, entry, id, state, given, crs, restored } = change;
        let failed = |e| Failure::Database(e, Some(Arc::clone(&entry)));
        let layer = &entry.layer;
        let row = self.lock(&entry, &id, &state).await?;
        let current = self.feature(&entry, &row, crs)?;
        let columns = self.app.columns.of(self.conn, &entry).await?;
        let mut faults = Faults::default();
        let whole = action == Action::Replace;
        let extent = if whole { Extent::Whole(&current["properties"]) } else { Extent::Part(&current["properties"]) };
        if !whole && matches!(given.properties, Some(None)) {
            faults.field("properties", "must be an object with those that change");
        }
        let properties = given.properties.flatten().unwrap_or_default();
        let (mut values, said) = assignments(layer, self.who(), &columns, &properties, extent, &mut faults);
        let shape = match &given.geometry {
            Some(Some(given)) => self.changed_shape(&entry, given, &current["geometry"], crs, &mut faults)?,
            None if !whole => None,
            _ => {
                faults.geometry("a feature has a geometry", None);
                None
            }
        };
        let was = current["properties"]["comune"].as_str();
        let place = match (&shape, said.as_deref()) {
            (Some(shape), _) => {
                let ewkb = shape.to_ewkb(layer.srid);
                let comune = self.settle(&entry, &ewkb, said.as_deref(), was, &mut faults).await?;
                Some((ewkb, comune))
            }
            (None, Some(said)) if Some(said) != was => {
                faults.field("comune", "follows from the place");
                None
            }
            _ => None,
        };
        faults.check()?;
        values.sort_by(|a, b| a.column.cmp(&b.column));
        let mut changed: Vec<String> = values.iter().map(|v| v.column.clone()).collect();
        changed.extend(place.is_some().then(|| "geometry".to_owned()));
        changed.extend(place.as_ref().is_some_and(|(_, comune)| Some(comune.as_str()) != was).then(|| "comune".to_owned()));
        if changed.is_empty() {
            return Ok(Done { action, id: row.id.clone(), row: Some(row), entry });
        }
        let place = place.as_ref().map(|(ewkb, comune)| (ewkb.as_slice(), comune.as_str()));
        let (row, entitled) = rows::update(self.conn, layer, &self.request.who, row.fid, &values, place).await.map_err(failed)?;
        kept_in_sight(entitled)?;
        self.tell(action, &entry, &row, &changed, restored).await?;
        Ok(Done { action, id: row.id.clone(), row: Some(row), entry })
    }

    async fn delete(&mut self, change: Change) -> Result<Done, Failure> {
        let entry = change.entry;
        let row = self.lock(&entry, &change.id, &change.state).await?;
        rows::delete(self.conn, &entry.layer, row.fid).await.map_err(|e| Failure::Database(e, Some(Arc::clone(&entry))))?;
        self.tell(Action::Delete, &entry, &row, &[], None).await?;
        Ok(Done { action: Action::Delete, id: row.id, row: None, entry })
    }

    /// The row that is meant, locked: 404 if there is none for them, 403 if it is not theirs to change, 412 with what it is now if
    /// it is not as they think.
    pub(crate) async fn lock(&mut self, entry: &Arc<Entry>, id: &str, state: &State) -> Result<Row, Failure> {
        let failed = |e| Failure::Database(e, Some(Arc::clone(entry)));
        let layer = &entry.layer;
        let Some(row) = rows::editable(self.conn, layer, &self.request.who, id, self.now, true).await.map_err(failed)? else {
            let seen = rows::is_seen(self.conn, layer, &self.request.who, id, self.now).await.map_err(failed)?;
            return Err(if seen {
                Problem::not_editable(format!("`{id}` is of a comune that you do not work for")).into()
            } else {
                item::absent(layer, id).into()
            });
        };
        let etag = self.etag(entry, &row);
        if state.admits(&etag, self.who())? {
            return Ok(row);
        }
        let current = self.feature(entry, &row, crs84()?)?;
        let detail = "the feature was changed since it was read, and is now as `current` has it: nothing was changed. Look at both, and send it again with the new `etag`";
        Err(Problem::changed_meanwhile(detail).with("current", current).with("etag", etag).into())
    }

    /// The geometry in storage, if it is another than what the feature shows.
    fn changed_shape(
        &self,
        entry: &Entry,
        given: &GivenGeometry,
        shown: &Json,
        crs: &'static Crs,
        faults: &mut Faults,
    ) -> Result<Option<Shape>, Problem> {
        let shape = match Shape::read(given, &entry.layer) {
            Ok(shape) => shape,
            Err(detail) => {
                faults.geometry(detail, None);
                return Ok(None);
            }
        };
        let shown = serde_json::from_value::<GivenGeometry>(shown.clone()).ok().and_then(|shown| Shape::read(&shown, &entry.layer).ok());
        if shown.is_some_and(|shown| shape.is_shown_as(&shown, crs.decimals())) {
            return Ok(None);
        }
        shape.place(&place(self.app, entry, crs), faults)
    }

    /// Whether areas are sound, and the comune that the place is of; what is wrong goes to the faults.
    async fn settle(
        &mut self,
        entry: &Entry,
        ewkb: &[u8],
        said: Option<&str>,
        was: Option<&str>,
        faults: &mut Faults,
    ) -> Result<String, Failure> {
        let layer = &entry.layer;
        if layer.geometry.holds(2) {
            let (valid, reason, x, y): (bool, Option<String>, Option<f64>, Option<f64>) =
                sqlx::query_as("select valid, reason, st_x(location), st_y(location) from st_isvaliddetail(st_geomfromewkb($1))")
                    .bind(ewkb)
                    .fetch_one(&mut *self.conn)
                    .await?;
            if !valid {
                faults.geometry(reason.unwrap_or_else(|| "not valid".to_owned()), x.zip(y).and_then(|(x, y)| self.lonlat(entry, [x, y])));
                return Ok(String::new());
            }
        }
        let found: Option<(String, f64)> = sqlx::query_as("select istat, metres from opensit.comune_of(st_geomfromewkb($1), $2)")
            .bind(ewkb)
            .bind(said.or(was))
            .fetch_optional(&mut *self.conn)
            .await?;
        let Some((istat, _)) = found else {
            let known = said.or(was).map(str::to_owned);
            if known.is_none() {
                faults.field("comune", "must have a value");
            }
            return Ok(known.unwrap_or_default());
        };
        if said.is_some_and(|said| said != istat && Some(said) != was) {
            faults.field("comune", format!("the place is of {istat}"));
        }
        if !self.who().comuni().contains(&istat) {
            let at: (Option<f64>, Option<f64>) = sqlx::query_as("select st_x(p), st_y(p) from st_pointonsurface(st_geomfromewkb($1)) p")
                .bind(ewkb)
                .fetch_one(&mut *self.conn)
                .await?;
            let at = at.0.zip(at.1).and_then(|(x, y)| self.lonlat(entry, [x, y]));
            faults.geometry(format!("the place is of the comune {istat}, which is not one of yours"), at);
        }
        Ok(istat)
    }

    fn lonlat(&self, entry: &Entry, position: [f64; 2]) -> Option<[f64; 2]> {
        Transformer::new(entry.layer.srid, Srid::CRS84, &self.app.settings).ok()?.convert_one(position).ok()
    }

    /// The row as a feature in this system.
    pub(crate) fn feature(&self, entry: &Entry, row: &Row, crs: &'static Crs) -> Result<Json, Problem> {
        let transformer = Transformer::new(entry.layer.srid, crs.srid(), &self.app.settings)
            .map_err(|e| Problem::internal("coordinate system of a feature", &e))?;
        item::write(&row.cells, &entry.layer, self.request, transformer)
    }

    /// The tag of the row as it is.
    pub(crate) fn etag(&self, entry: &Entry, row: &Row) -> String {
        item::tag(&row.cells, entry, self.request)
    }

    pub(crate) async fn tell(
        &mut self,
        action: Action,
        entry: &Entry,
        row: &Row,
        changed: &[String],
        restored: Option<i64>,
    ) -> Result<(), Failure> {
        let edit = Edit { action, layer: &entry.layer.id, fid: row.fid, id: &row.id, version: row.version, changed, restored };
        self.app.journal.wrote(self.conn, &self.request.who, edit).await?;
        Ok(())
    }
}

fn place<'a>(app: &'a App, entry: &'a Entry, crs: &'static Crs) -> Place<'a> {
    Place { layer: &entry.layer, crs, settings: &app.settings, bbox: app.context.installation.bbox }
}

/// The default system.
pub(crate) fn crs84() -> Result<&'static Crs, Problem> {
    Crs::require(Srid::CRS84).map_err(|e| Problem::internal("coordinate system of a feature", &e))
}

/// One may not put a row where one could not change it any more.
fn kept_in_sight(entitled: bool) -> Result<(), Problem> {
    if entitled { Ok(()) } else { Err(Problem::not_editable("it would be a row that is not yours to change; nothing was changed")) }
}
