//! One load from beginning to end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use catalogue::store;
use chrono::{DateTime, Utc};
use crs::Transformer;
use kernel::layer::Accuracy;
use kernel::{Layer, Srid};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio::sync::mpsc::unbounded_channel;

use crate::geometry::Family;
use crate::load::{self, ComuneOf, Into, IntoNext, Papers, Placed, Plan, Staging, Tally, Target, ToldComune};
use crate::place::{self, Placement, Territory};
use crate::plan::{self, FieldPlan, PlanFile};
use crate::report::{CrsReport, ExtentReport, FieldReport, IdSource, Note, Report};
use crate::rules::{Example, Facts, Finding, Findings, Rule, Severity, look_at_placed};
use crate::source::open::Opener;
use crate::source::{Source, open};
use crate::survey::{self, Key, Survey};
use crate::update::{self, Delivered, Delivery, Difference, KeyWish};
use crate::{IngestError, Mode, Progress, Request, Settings, Stage};

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
        Ok(()) => locked(owner, &mut database, &mut helper, settings, &request, progress, began).await,
        Err(error) => Err(error),
    };
    let unlocked = load::unlock_layer(&mut database, &request.layer).await;
    // the first error is the one that explains
    let report = outcome?;
    unlocked?;
    Ok(report)
}

/// Files that are open, and what they hold.
pub(crate) struct Opened {
    pub(crate) sources: Vec<Source>,
    pub(crate) fields: Vec<FieldPlan>,
    pub(crate) survey: Survey,
    /// The column that says each row's comune, in each file.
    pub(crate) comune: Option<Vec<usize>>,
    /// Where archives were unpacked: kept until the files are read for the last time.
    folder: tempfile::TempDir,
}

async fn locked(
    owner: &PgPool,
    database: &mut PgConnection,
    helper: &mut PgConnection,
    settings: &Settings,
    request: &Request,
    progress: &dyn Progress,
    began: DateTime<Utc>,
) -> Result<Report, IngestError> {
    let target = Target::find(database, &request.layer, request.mode).await?;
    if request.outside_ok && request.comune.is_none() {
        return Err(IngestError::OutsideOfNobody);
    }
    let territory = Territory::load(database, settings).await?;
    if !territory.is_known() && request.comune.is_none() {
        return Err(IngestError::NoBoundary);
    }
    let wish = KeyWish::find(database, &target, request).await?;
    if target.keeps().is_some() && request.plan.as_ref().is_some_and(|plan| plan.validity.is_some()) {
        return Err(IngestError::ValidityStays);
    }
    let mut opened = open_and_survey(settings, request, wish, progress).await?;
    if let Some(layer) = target.keeps() {
        plan::fit_into(&mut opened.fields, layer)?;
    }
    if request.mode == Mode::Update && opened.survey.key == Key::Sequence {
        return Err(IngestError::NoKey(request.layer.clone()));
    }
    let mut placements = Vec::with_capacity(opened.sources.len());
    for (source, survey) in opened.sources.iter().zip(&opened.survey.files) {
        placements.push(place::settle(database, source, survey, &territory, request, settings).await?);
    }
    set_session(database).await?;
    set_session(helper).await?;
    let staging = Staging::begin(database, &request.layer).await?;
    let backends = [load::backend(database).await?, load::backend(helper).await?];
    let loading = load(database, helper, settings, request, progress, &territory, &target, &staging, opened, &placements);
    let outcome = load::unless_stopped(owner, backends, &request.stop, loading).await;
    let ended = staging.end(database).await;
    let reset = reset_session(database).await.and(reset_session(helper).await);
    let (loaded, opened_notes) = outcome?;
    ended?;
    reset?;
    let plan = PlanFile::of_load(request, &loaded.layer.title, &loaded.fields, loaded.key.name(&loaded.fields), &loaded.layer);
    let report = report(settings, request, &target, loaded, placements, notes(opened_notes, &territory, request), began);
    // an update that had nothing to write is no delivery
    if report.difference.as_ref().is_none_or(|d| d.delivery.is_some()) {
        Papers::keep(database, &plan, &report).await?;
    }
    Ok(report)
}

/// Settings of the session while it loads. PostGIS tells of each invalid geometry, which the report does; and indexes
/// are made at once, for which there is memory.
const SESSION: [(&str, &str); 3] = [("client_min_messages", "warning"), ("maintenance_work_mem", "'512MB'"), ("work_mem", "'64MB'")];

async fn set_session(database: &mut PgConnection) -> Result<(), IngestError> {
    for (name, value) in SESSION {
        sqlx::query(AssertSqlSafe(format!("set {name} = {value}")))
            .execute(&mut *database)
            .await
            .map_err(IngestError::database("can't be set up"))?;
    }
    Ok(())
}

async fn reset_session(database: &mut PgConnection) -> Result<(), IngestError> {
    for (name, _) in SESSION {
        sqlx::query(AssertSqlSafe(format!("reset {name}")))
            .execute(&mut *database)
            .await
            .map_err(IngestError::database("can't be reset"))?;
    }
    Ok(())
}

pub(crate) async fn open_and_survey(
    settings: &Settings,
    request: &Request,
    wish: KeyWish,
    progress: &dyn Progress,
) -> Result<Opened, IngestError> {
    progress.stage(Stage::Opening, None);
    let (files, wanted) = (request.files.clone(), request.source_layer.clone());
    let (temporary, limits, by) = (settings.temporary.clone(), settings.limits, request.plan.clone());
    let said = survey::Wish {
        swap_axes: request.swap_axes,
        family: by.as_ref().and_then(|plan| plan.geometry).map(plan::Kind::family),
        keys_may_repeat: request.rules().get(Rule::RepeatedKey) == Severity::KeepOut,
    };
    let opener = Opener::Process(settings.reader.clone(), request.stop.clone());
    let (say, mut heard) = unbounded_channel();
    let working = tokio::task::spawn_blocking(move || {
        let folder = folder_in(temporary)?;
        let mut sources = open::open(&files, wanted.as_deref(), folder.path(), &opener, &limits)?;
        let mut fields = plan::fields(&sources)?;
        let mut comune = None;
        if let Some(by) = &by {
            let applied = plan::apply(by, fields, &file_names(&sources))?;
            (fields, comune) = (applied.fields, applied.comune);
            applied.notes.into_iter().for_each(|note| sources[0].reader.note(note));
        }
        let total = sources.iter().map(|s| s.reader.layer().rows).sum::<Option<u64>>();
        let _ = say.send((0, total));
        let wanted = wish.resolve(&fields, &sources)?;
        let survey = survey::survey(&mut sources, &fields, wanted, &said, &limits, &|rows| {
            let _ = say.send((rows, total));
        })?;
        Ok::<_, IngestError>(Opened { sources, fields, survey, comune, folder })
    });
    while let Some((rows, total)) = heard.recv().await {
        if rows == 0 {
            progress.stage(Stage::Surveying, total);
        }
        progress.rows(rows);
    }
    let opened = working.await.map_err(|e| IngestError::Reader(e.to_string()))??;
    if opened.survey.files.iter().all(|f| f.rows == 0) {
        return Err(IngestError::NoRows { file: file_names(&opened.sources) });
    }
    if opened.survey.family.is_none() {
        let tally = &opened.survey.tally;
        return Err(IngestError::NothingLeft { file: file_names(&opened.sources), rows: tally.read, reasons: tally.reasons() });
    }
    Ok(opened)
}

fn folder_in(temporary: PathBuf) -> Result<tempfile::TempDir, IngestError> {
    tempfile::Builder::new().prefix("opensit-ingest-").tempdir_in(&temporary).map_err(IngestError::io(temporary))
}

/// What was loaded, for the report.
struct Loaded {
    layer: Layer,
    fields: Vec<FieldPlan>,
    key: Key,
    rows: u64,
    tally: Tally,
    placed: Placed,
    difference: Option<Difference>,
    comuni: Vec<(String, u64)>,
    /// Names of files, with their formats.
    files: Vec<(String, &'static str)>,
}

#[allow(clippy::too_many_arguments, reason = "the one place where everything that was found out comes together")]
async fn load(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    settings: &Settings,
    request: &Request,
    progress: &dyn Progress,
    territory: &Territory,
    target: &Target,
    staging: &Staging,
    opened: Opened,
    placements: &[Placement],
) -> Result<(Loaded, Vec<Note>), IngestError> {
    let Opened { sources, fields, survey, comune, folder } = opened;
    let total: u64 = survey.files.iter().map(|f| f.rows).sum();
    // without a row that fits, the second reading still counts why
    let family = survey.family.unwrap_or(Family::Point);
    if let Some(layer) = target.keeps()
        && !family.geometry_type(false).dimension().is_some_and(|dimension| layer.geometry.holds(dimension))
    {
        let difference =
            format!("its rows are of the kind {}, the layer's are {}", family.geometry_type(false).family(), layer.geometry.family());
        return Err(IngestError::DoesNotFit { layer: layer.id.clone(), difference });
    }
    progress.stage(Stage::Loading, Some(total));
    staging.create(database, &fields, settings.storage, &file_names(&sources)).await?;
    let accuracy = worst(placements);
    let described = |several_parts: bool, sources: &[Source]| {
        let geometry = family.geometry_type(survey.multi || several_parts);
        plan::layer(request, sources, &fields, geometry, settings.storage, accuracy.clone(), target.existing())
    };
    // areas have to be looked at; what else there is may become one of several parts only if it is now
    let direct = matches!(target, Target::New | Target::Replaces(_)) && family != Family::Polygon;
    if direct {
        store::create_table(database, &described(false, &sources), &staging.next).await?;
    }
    let plan = Plan {
        fields: fields.clone(),
        key: survey.key.clone(),
        family,
        storage: settings.storage,
        swap_axes: request.swap_axes,
        limits: settings.limits,
        transformers: placements.iter().map(|p| p.transformer.clone()).collect(),
        comune: request.comune.clone().map_or_else(|| ComuneOf::Points(territory.locator()), ComuneOf::Given),
        rows: survey.files.iter().map(|f| f.rows).collect(),
        direct: direct.then_some(IntoNext { multi: survey.multi }),
        compared: if let Target::Updates(layer) = target {
            Some(IntoNext { multi: layer.geometry == layer.geometry.multi() })
        } else {
            None
        },
        facts: Facts { rules: request.rules(), thresholds: request.thresholds(), now: settings.clock.now() },
        told_comune: comune.map(|source| ToldComune { source, known: territory.comuni() }),
        told: request.plan.as_ref().is_some_and(|plan| plan.geometry.is_some()),
    };
    let (mut tally, sources) = load::copy(database, helper, staging, sources, plan, progress).await?;
    drop(folder);
    stop(&tally, request, &sources)?;
    let files: Vec<(String, &str)> = sources.iter().map(|s| (s.file.clone(), s.reader.layer().format)).collect();
    let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
    let key = survey.key.column(&fields);
    let mut grown = None;
    let mut difference = None;
    let (layer, rows, placed, comuni);
    if let Target::Updates(there) = target {
        progress.stage(Stage::Comparing, None);
        let declared = Layer { accuracy: less_sure(there.accuracy.clone(), accuracy), ..(**there).clone() };
        let delivered =
            Delivered { staging, layer: &declared, family, sources: &sources, files: &names, key: key.as_deref().unwrap_or_default() };
        let (placed_now, mut found) = update::update(database, &delivered, request, &mut tally).await?;
        found.key = survey.key.name(&fields).unwrap_or(found.key);
        rows = if found.written { found.rows.new + found.rows.changed + found.rows.same } else { 0 };
        (placed, comuni) = (placed_now, Vec::new());
        (layer, difference) = (declared, Some(found));
    } else {
        progress.stage(Stage::Placing, Some(total));
        let existing = target.keeps().map(|layer| layer.geometry);
        placed = load::place(database, staging, family, request, Into { existing, only: None }, &sources, &mut tally).await?;
        let (rules, thresholds) = (request.rules(), request.thresholds());
        look_at_placed(database, staging, family, &rules, &thresholds, &sources, &mut tally.found).await?;
        stop(&tally, request, &sources)?;
        comuni = load::comuni(database, staging, &tally.direct).await?;
        if comuni.is_empty() {
            return Err(IngestError::NothingLeft { file: file_names(&sources), rows: tally.read, reasons: tally.reasons() });
        }
        progress.stage(Stage::Publishing, None);
        let new: u64 = comuni.iter().map(|(_, rows)| rows).sum();
        let counts = update::Counts { new, ..Default::default() };
        let delivery = Delivery { mode: request.mode, key: key.as_deref(), files: &names, rows: counts, order: request.order };
        (layer, rows) = if let Target::Grows(there) = target {
            let declared = Layer { accuracy: less_sure(there.accuracy.clone(), accuracy), ..(**there).clone() };
            let (before, rows) = load::append(database, staging, &declared, &delivery).await?;
            grown = Some(Note::grown(before, rows));
            (declared, rows)
        } else {
            let declared = described(placed.several_parts, &sources);
            if !direct {
                store::create_table(database, &declared, &staging.next).await?;
            }
            let rows = load::publish(database, helper, staging, &declared, &delivery).await?;
            (declared, rows + tally.direct.rows())
        };
    }
    let mut notes: Vec<Note> = sources.iter().flat_map(|s| s.reader.layer().notes.clone()).collect();
    notes.extend(placements.iter().filter_map(|p| p.note.clone()));
    notes.extend(grown);
    notes.extend(matches!(target, Target::Replaces(_)).then(Note::identities_are_new));
    notes.extend((!survey.no_keys.is_empty()).then(|| Note::no_keys(&survey.no_keys)));
    notes.extend((survey.lost_values > 0).then(|| Note::lost_values(survey.lost_values)));
    notes.extend((survey.clamped > 0).then(|| Note::clamped(survey.clamped)));
    Ok((Loaded { layer, fields, key: survey.key, rows, tally, placed, difference, comuni, files }, notes))
}

/// Whether a rule says that nothing is to be loaded.
fn stop(tally: &Tally, request: &Request, sources: &[Source]) -> Result<(), IngestError> {
    let rules = request.rules();
    let found = tally.found.each().map(|(rule, rows, examples)| (rule, rows, examples.iter().map(|e| e.row.clone()).collect::<Vec<_>>()));
    let out = tally.kept_out().into_iter().filter_map(|k| Some((Rule::of(k.reason)?, k.rows, k.examples)));
    let mut reasons = BTreeMap::new();
    for (rule, rows, examples) in found.chain(out).filter(|(rule, ..)| rules.get(*rule) == Severity::Stop) {
        let text = format!("{rows} {} (for example row {}): {}", rule.words().en, examples.join(", "), rule.cure().en);
        reasons.entry(rule).or_insert(text);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(IngestError::Stopped { file: file_names(sources), reasons: reasons.into_values().collect() })
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
    placements.iter().map(|p| p.transformer.accuracy()).max_by(|a, b| a.metres.total_cmp(&b.metres)).cloned()
}

fn notes(mut notes: Vec<Note>, territory: &Territory, request: &Request) -> Vec<Note> {
    notes.extend(request.swap_axes.then(Note::axes_swapped));
    notes.extend((!territory.is_known()).then(Note::no_boundary));
    notes
}

/// What was found, with the examples' places on the globe.
fn findings(found: &Findings, request: &Request, settings: &Settings) -> Vec<Finding> {
    let globe = Transformer::new(settings.storage, Srid::CRS84, &settings.crs).ok();
    let degrees = |at: [f64; 2]| globe.as_ref()?.convert_one(at).ok().map(|at| at.map(|degree| (degree * 1e7).round() / 1e7));
    let rules = request.rules();
    let one = |(rule, rows, examples): (Rule, u64, &[Example])| {
        let examples = examples.iter().map(|e| Example { at: e.at.and_then(degrees), ..e.clone() }).collect();
        Finding { rule, done: rules.get(rule), rows, examples }
    };
    found.each().map(one).collect()
}

fn file_names(sources: &[Source]) -> String {
    sources.iter().map(|s| s.file.as_str()).collect::<Vec<_>>().join(", ")
}

fn report(
    settings: &Settings,
    request: &Request,
    target: &Target,
    loaded: Loaded,
    placements: Vec<Placement>,
    notes: Vec<Note>,
    began: DateTime<Utc>,
) -> Report {
    let duration = (settings.clock.now() - began).to_std().unwrap_or(Duration::ZERO).as_secs_f64();
    let mode = match (request.mode, target) {
        // nothing was there to be replaced
        (Mode::Replace, Target::New) => Mode::Create,
        (mode, _) => mode,
    };
    let crs = placements.into_iter().zip(&loaded.files).map(|(placement, (file, _))| {
        let (from, accuracy) = (placement.transformer.from().srid(), placement.transformer.accuracy());
        CrsReport {
            file: file.clone(),
            crs: from,
            title: place::title(from),
            decided: placement.decided,
            accuracy_m: accuracy.metres,
            operation: accuracy.source.clone(),
        }
    });
    Report {
        layer: loaded.layer.id,
        title: loaded.layer.title,
        mode,
        files: loaded.files.iter().map(|(file, format)| format!("{file} ({format})")).collect(),
        rows_read: loaded.tally.read,
        rows_loaded: loaded.rows,
        kept_out: loaded.tally.kept_out(),
        mended: loaded.tally.mended,
        geometry: loaded.layer.geometry,
        crs: crs.collect(),
        extent: ExtentReport {
            bbox: loaded.placed.bbox,
            crs: settings.storage,
            inside: loaded.placed.inside,
            outside: loaded.placed.outside,
            farthest_m: loaded.placed.farthest_m,
        },
        fields: loaded.fields.iter().map(|f| FieldReport { name: f.column.to_string(), source: f.name.clone(), kind: f.kind }).collect(),
        id: match loaded.key {
            Key::Field(index) => IdSource::Column(loaded.fields[index].name.clone()),
            Key::Own(name) => IdSource::Column(name),
            Key::Sequence => IdSource::Sequence,
        },
        comuni: loaded.comuni,
        difference: loaded.difference,
        findings: findings(&loaded.tally.found, request, settings),
        notes,
        duration_s: duration,
        rows_per_s: if duration > 0.0 { loaded.tally.read as f64 / duration } else { 0.0 },
    }
}
