//! One load from beginning to end.

mod reading;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crs::Transformer;
use kernel::layer::{Accuracy, FieldType};
use kernel::{Layer, Srid};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use crate::geometry::Family;
use crate::load::{self, Into, Papers, Staged, Staging, Tally, Target, Written};
use crate::place::{self, Placement, Territory};
use crate::plan::{self, FieldPlan, PlanFile};
use crate::report::{CrsReport, ExtentReport, FieldReport, IdSource, KeptOut, Note, Report};
use crate::rules::{Example, Finding, Rule, Severity, look_at_placed};
use crate::survey::Key;
use crate::update::{self, Delivered, Delivery, KeyWish};
use crate::whose::is_foreign;
use crate::{IngestError, Mode, Progress, Request, Settings, Stage, Stopping};
use reading::Loaded;
pub(crate) use reading::open_and_survey;

/// How the folders are called into which archives are unpacked.
pub(crate) const FOLDER: &str = "opensit-ingest-";

/// Loads files as a layer: published when this returns, or not at all.
///
/// `owner` gives two connections as the owner, which are used alone while this runs. Another load of the same layer is
/// refused; what a load that died has left is swept.
pub async fn run(owner: &PgPool, settings: &Settings, request: Request, progress: &dyn Progress) -> Result<Report, IngestError> {
    if let Some(comune) = request.comune.as_ref().filter(|c| c.len() != 6 || !c.bytes().all(|b| b.is_ascii_digit())) {
        return Err(IngestError::Comune(comune.clone()));
    }
    let began = settings.clock.now();
    let busy = "has no connection to spare";
    let mut database = owner.acquire().await.map_err(IngestError::database(busy))?;
    let mut helper = owner.acquire().await.map_err(IngestError::database(busy))?;
    load::lock_layer(&mut database, &request.layer).await?;
    // who was killed after the commit, and before anybody was told of it, is told now
    let outcome = match Delivery::ordered(&mut database, &request).await {
        Ok(()) => locked(&Run { owner, settings, request: &request, progress, began }, &mut database, &mut helper).await,
        Err(error) => Err(error),
    };
    let unlocked = load::unlock_layer(&mut database, &request.layer).await;
    // the first error is the one that explains
    let report = outcome?;
    unlocked?;
    Ok(report)
}

/// What a load is given.
struct Run<'a> {
    owner: &'a PgPool,
    settings: &'a Settings,
    request: &'a Request,
    progress: &'a dyn Progress,
    began: DateTime<Utc>,
}

async fn locked(run: &Run<'_>, database: &mut PgConnection, helper: &mut PgConnection) -> Result<Report, IngestError> {
    for whole in [false, true] {
        if let Some(report) = once(run, database, helper, whole).await? {
            return Ok(report);
        }
    }
    Err(IngestError::Redeclared(run.request.layer.clone()))
}

/// `whole`: all rows of a delivery are staged, as if nothing were known of those that are there. Without it nothing may come of it (`None`).
async fn once(run: &Run<'_>, database: &mut PgConnection, helper: &mut PgConnection, whole: bool) -> Result<Option<Report>, IngestError> {
    let Run { owner, settings, request, progress, began } = *run;
    let target = Target::find(database, &request.layer, request.mode).await?;
    if request.outside_ok && request.comune.is_none() {
        return Err(IngestError::OutsideOfNobody);
    }
    if let Target::Replaces(layer) = &target {
        refuse_foreign_rows(database, layer, request).await?;
    }
    let territory = Territory::load(database, settings).await?;
    if !territory.is_known() && request.comune.is_none() {
        return Err(IngestError::NoBoundary);
    }
    let wish = KeyWish::find(database, &target, request).await?;
    let mut opened = reading::open_files(database, settings, request, wish, progress).await?;
    if let Some(layer) = target.keeps() {
        let file = opened.file();
        plan::fit_into(&mut opened.fields, layer, &file)?;
    }
    // or a delivery in which all are numbers would change every text that looks like one; and what a plan says of numbers is said of texts
    for field in opened.fields.iter().filter(|field| field.kind == FieldType::Text || field.mark.is_some()) {
        for (source, index) in opened.sources.iter_mut().zip(&field.source) {
            source.reader.as_text(*index);
        }
    }
    set_session(database).await?;
    set_session(helper).await?;
    let staging = Staging::begin(database, &request.layer).await?;
    let backends = [load::backend(database).await?, load::backend(helper).await?];
    let scene = Scene { settings, request, territory: &territory, target: &target, began, whole };
    let loading = async {
        let loaded = reading::load(database, helper, &scene, progress, &staging, opened).await?;
        finish(database, helper, &scene, progress, &staging, loaded).await
    };
    let outcome = load::unless_stopped(owner, backends, &request.stop, loading).await;
    let ended = staging.end(database).await;
    let reset = reset_session(database).await.and(reset_session(helper).await);
    let report = outcome?;
    ended?;
    reset?;
    Ok(report)
}

/// A layer that has rows of comuni that are not theirs is not for them to replace: those would be gone.
async fn refuse_foreign_rows(database: &mut PgConnection, layer: &Layer, request: &Request) -> Result<(), IngestError> {
    let failed = IngestError::database("does not say whose the rows are");
    let look = async {
        // of a table that somebody took away nothing is lost
        let is_there: bool =
            sqlx::query_scalar("select to_regclass($1) is not null").bind(layer.table.sql()).fetch_one(&mut *database).await?;
        if !is_there {
            return Ok(0);
        }
        let sql = format!("select count(*) from {} t where {}", layer.table.sql(), is_foreign("t.comune", &request.whose));
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *database).await
    };
    let rows: i64 = look.await.map_err(failed)?;
    if rows == 0 { Ok(()) } else { Err(IngestError::ForeignRows { layer: layer.id.clone(), rows: rows.unsigned_abs() }) }
}

/// Settings of the session while it loads. PostGIS tells of each invalid geometry, which the report does; and indexes
/// are made at once, for which there is memory, by two connections, each of which takes a processor. Of a sample of 9,000 rows a new table's statistics are good enough.
const SESSION: [(&str, &str); 5] = [
    ("client_min_messages", "warning"),
    ("maintenance_work_mem", "'512MB'"),
    ("work_mem", "'64MB'"),
    ("default_statistics_target", "30"),
    ("max_parallel_maintenance_workers", "0"),
];

/// How long geometries are compressed, where PostgreSQL was built with it: it takes less of a processor than PostgreSQL's own way.
const COMPRESSION: &str =
    "select set_config(name, 'lz4', false) from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)";

async fn set_session(database: &mut PgConnection) -> Result<(), IngestError> {
    for (name, value) in SESSION {
        sqlx::query(AssertSqlSafe(format!("set {name} = {value}")))
            .execute(&mut *database)
            .await
            .map_err(IngestError::database("can't be set up"))?;
    }
    sqlx::query(COMPRESSION).execute(database).await.map_err(IngestError::database("can't be set up"))?;
    Ok(())
}

async fn reset_session(database: &mut PgConnection) -> Result<(), IngestError> {
    for name in SESSION.map(|(name, _)| name).into_iter().chain(["default_toast_compression"]) {
        sqlx::query(AssertSqlSafe(format!("reset {name}")))
            .execute(&mut *database)
            .await
            .map_err(IngestError::database("can't be reset"))?;
    }
    Ok(())
}

/// What was settled before rows are loaded.
struct Scene<'a> {
    settings: &'a Settings,
    request: &'a Request,
    territory: &'a Territory,
    target: &'a Target,
    began: DateTime<Utc>,
    /// All rows of a delivery are staged, those too that are there as they are.
    whole: bool,
}

/// Makes a layer of rows that are staged.
async fn finish(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    scene: &Scene<'_>,
    progress: &dyn Progress,
    staging: &Staging,
    mut loaded: Loaded,
) -> Result<Option<Report>, IngestError> {
    let Scene { settings, request, target, .. } = *scene;
    let mut tally = std::mem::take(&mut loaded.tally);
    let Loaded { files, fields, survey, placements, .. } = &loaded;
    let total: u64 = survey.files.iter().map(|f| f.rows).sum();
    let (family, accuracy) = (survey.family.unwrap_or(Family::Point), worst(placements));
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    stop(&tally, request, &names)?;
    let key = survey.key.column(fields);
    let secretary = |written: Written<'_>| papers(scene, &loaded, written);
    if let Target::Updates(there) = target {
        progress.stage(Stage::Comparing, None);
        let layer = Layer { accuracy: less_sure(there.accuracy.clone(), accuracy), ..(**there).clone() };
        let key = key.as_deref().unwrap_or_default();
        let key_name = survey.key.name(fields).unwrap_or_default();
        let delivered = Delivered { staging, layer: &layer, family, files: &names, key, key_name: &key_name };
        return update::update(database, &delivered, request, &mut tally, &secretary).await;
    }
    progress.stage(Stage::Placing, Some(total));
    let existing = target.keeps().map(|layer| layer.geometry);
    let placed = load::place(database, staging, family, request, Into { existing, only: None }, &names, &mut tally).await?;
    let overlaps = look_at_placed(database, staging, family, &request.rules(), &request.thresholds(), &names, &mut tally).await?;
    stop(&tally, request, &names)?;
    let comuni = load::comuni(database, staging, &tally.direct).await?;
    if comuni.is_empty() {
        return Err(IngestError::NothingLeft { file: names.join(", "), rows: tally.read, reasons: tally.kept_out() });
    }
    let counts = update::Counts { new: comuni.iter().map(|(_, rows)| rows).sum(), ..Default::default() };
    let delivery =
        Delivery { mode: request.mode, key: key.as_deref(), files: &names, rows: counts, order: request.order, by: request.by.as_deref() };
    if let Target::Grows(there) = target {
        overlaps.found(&mut tally).await?;
        stop(&tally, request, &names)?;
        progress.stage(Stage::Publishing, None);
        let layer = Layer { accuracy: less_sure(there.accuracy.clone(), accuracy), ..(**there).clone() };
        let staged = Staged { staging, layer: &layer, was: Some(there.as_ref()), tally: &tally, placed, comuni };
        return load::append(database, staged, &delivery, &secretary).await.map(Some);
    }
    progress.stage(Stage::Publishing, None);
    let geometry = family.geometry_type(survey.multi || placed.several_parts);
    let layer = plan::layer(request, &names, fields, (geometry, settings.storage), accuracy, &survey.few_texts, target.existing());
    if placed.several_parts && !survey.multi {
        staging.widen(database, layer.geometry, settings.storage).await?;
    }
    let added = load::make_ready(database, helper, staging, &layer).await?;
    overlaps.found(&mut tally).await?;
    stop(&tally, request, &names)?;
    let staged = Staged { staging, layer: &layer, was: target.existing(), tally: &tally, placed, comuni };
    load::publish(database, staged, added, &delivery, &secretary).await.map(Some)
}

/// Refuses a key that not everybody may see: ids come from it, which stand in addresses and tiles.
fn private_key(fields: &[FieldPlan], files: &[String], key: &Key, there: Option<&Layer>) -> Result<(), IngestError> {
    let Key::Field(index) = key else { return Ok(()) };
    let field = &fields[*index];
    let is_private =
        there.and_then(|layer| layer.field(field.column.as_str())).map_or(field.private, |field| field.private || field.personal);
    if !is_private {
        return Ok(());
    }
    Err(IngestError::Plan { file: files.join(", "), why: plan::private_key(&field.name), field: Some("key".to_owned()), line: None })
}

/// Whether a rule says that nothing is to be loaded.
pub(crate) fn stop(tally: &Tally, request: &Request, files: &[String]) -> Result<(), IngestError> {
    let rules = request.rules();
    let found = tally.found.each().map(|(rule, rows, examples)| (rule, rows, examples.iter().map(|e| e.row.clone()).collect::<Vec<_>>()));
    let out = tally.kept_out().into_iter().filter_map(|k| Some((k.reason.rule()?, k.rows, k.examples)));
    let mut reasons = BTreeMap::new();
    for (rule, rows, examples) in found.chain(out).filter(|(rule, ..)| rules.get(*rule) == Severity::Stop) {
        reasons.entry(rule).or_insert(Stopping { rule, rows, examples });
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(IngestError::Stopped { file: files.join(", "), reasons: reasons.into_values().collect() })
}

/// A layer is as accurate as its least accurate delivery.
fn less_sure(old: Option<Accuracy>, new: Option<Accuracy>) -> Option<Accuracy> {
    match (old, new) {
        (Some(old), Some(new)) if new.metres > old.metres => Some(new),
        (old, new) => old.or(new),
    }
}

/// The least accurate way into storage is the layer's.
fn worst(placements: &[Placement]) -> Option<Accuracy> {
    placements.iter().filter_map(|p| p.accuracy.clone()).max_by(|a, b| a.metres.total_cmp(&b.metres))
}

/// What else should be known of a load.
fn notes(scene: &Scene<'_>, loaded: &Loaded, written: &Written<'_>) -> Vec<Note> {
    let Loaded { files, survey, placements, .. } = loaded;
    let mut notes: Vec<Note> = files.iter().flat_map(|file| file.notes.clone()).collect();
    notes.extend(placements.iter().filter_map(|p| p.note.clone()));
    notes.extend(written.before.map(|before| Note::grown(before, written.rows, scene.request.told())));
    notes.extend(matches!(scene.target, Target::Replaces(_)).then(|| Note::identities_are_new(scene.request.told())));
    notes.extend((!survey.no_keys.is_empty()).then(|| Note::no_keys(&survey.no_keys)));
    notes.extend((survey.lost_values > 0).then(|| Note::lost_values(survey.lost_values)));
    notes.extend((survey.heights > 0).then(|| Note::heights(survey.heights)));
    notes.extend((survey.clamped > 0).then(|| Note::clamped(survey.clamped)));
    notes.extend(scene.request.swap_axes.then(Note::axes_swapped));
    notes.extend((!scene.territory.is_known()).then(Note::no_boundary));
    notes
}

/// Plan and report of what was written.
fn papers(scene: &Scene<'_>, loaded: &Loaded, written: Written<'_>) -> Papers {
    let Loaded { fields, survey, placing, .. } = loaded;
    let layer = written.layer;
    let plan = PlanFile::of_load(scene.request, &layer.title, fields, survey.key.name(fields), placing.place.as_ref(), layer);
    let report = report(scene, loaded, written);
    Papers { plan, report: Report { unplaced: placing.unplaced.clone(), ..report } }
}

/// What was found, with the examples' places on the globe: in rows that a rule keeps out, and in others.
fn findings(tally: &Tally, request: &Request, settings: &Settings) -> (Vec<KeptOut>, Vec<Finding>) {
    let globe = Transformer::new(settings.storage, Srid::CRS84, &settings.crs).ok();
    let degrees = |at: [f64; 2]| globe.as_ref()?.convert_one(at).ok().map(|at| at.map(|degree| (degree * 1e7).round() / 1e7));
    let rules = request.rules();
    let one = |(rule, rows, examples): (Rule, u64, &[Example])| {
        let examples = examples.iter().map(|e| Example { at: e.at.and_then(degrees), ..e.clone() }).collect();
        let pictures = if rule == Rule::InvalidGeometry { tally.pictures.clone() } else { Vec::new() };
        Finding { rule, done: rules.get(rule), rows, examples, pictures }
    };
    let (mut out, others): (Vec<Finding>, Vec<Finding>) = tally.found.each().map(one).partition(|found| found.done == Severity::KeepOut);
    let mut kept_out = tally.kept_out();
    for kept in &mut kept_out {
        if let Some(found) = out.iter_mut().find(|found| Some(found.rule) == kept.reason.rule()) {
            (kept.found, kept.pictures) = (std::mem::take(&mut found.examples), std::mem::take(&mut found.pictures));
        }
    }
    (kept_out, others)
}

fn report(scene: &Scene<'_>, loaded: &Loaded, written: Written<'_>) -> Report {
    let Scene { settings, request, target, began, .. } = *scene;
    let notes = notes(scene, loaded, &written);
    let Loaded { files, fields, survey, placements, .. } = loaded;
    let Written { layer, rows, tally, placed, comuni, difference, .. } = written;
    let (kept_out, findings) = findings(tally, request, settings);
    let duration = (settings.clock.now() - began).to_std().unwrap_or(Duration::ZERO).as_secs_f64();
    let mode = match (request.mode, target) {
        // nothing was there to be replaced
        (Mode::Replace, Target::New) => Mode::Create,
        (mode, _) => mode,
    };
    let crs = placements.iter().zip(files).map(|(placement, file)| {
        let (from, accuracy) = (placement.transformer.from().srid(), placement.transformer.accuracy());
        CrsReport {
            file: file.name.clone(),
            crs: from,
            title: place::title(from),
            decided: placement.decided.clone(),
            accuracy_m: accuracy.metres,
            operation: accuracy.source.clone(),
        }
    });
    Report {
        layer: layer.id.clone(),
        title: layer.title.clone(),
        mode,
        files: files.iter().map(|file| format!("{} ({})", file.name, file.format)).collect(),
        rows_read: tally.read,
        rows_loaded: rows,
        kept_out,
        unplaced: Vec::new(),
        mended: tally.mended.clone(),
        geometry: layer.geometry,
        crs: crs.collect(),
        extent: ExtentReport {
            bbox: placed.bbox,
            crs: settings.storage,
            inside: placed.inside,
            outside: placed.outside,
            farthest_m: placed.farthest_m,
        },
        fields: fields.iter().map(|f| FieldReport { name: f.column.to_string(), source: f.name.clone(), kind: f.kind }).collect(),
        id: survey.key.name(fields).map_or(IdSource::Sequence, IdSource::Column),
        comuni,
        difference,
        findings,
        notes,
        duration_s: duration,
        rows_per_s: if duration > 0.0 { tally.read as f64 / duration } else { 0.0 },
    }
}
