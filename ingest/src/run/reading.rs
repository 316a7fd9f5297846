//! From files to staged rows: opened, looked through, settled where they are, and copied. One file is read once for all of it, if its first
//! rows let the others be guessed; otherwise files are read twice.

use std::path::PathBuf;
use std::sync::Arc;

use kernel::Text;
use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};

use super::{FOLDER, Scene, private_key, worst};
use crate::geometry::Family;
use crate::load::{self, ComuneOf, Copying, Ends, Glance, IntoNext, Plan, Staging, Tally, Target, ToldComune, WAITING};
use crate::place::{self, Placement};
use crate::plan::{self, FieldPlan};
use crate::register::{self, Placing};
use crate::report::Note;
use crate::rules::{Facts, Rule, Severity};
use crate::source::open::Opener;
use crate::source::{DeclaredCrs, Source, open};
use crate::survey::{self, FileSurvey, Key, Sketch, Survey, Surveyor};
use crate::update::{Held, KeyWish};
use crate::workshop::Workshop;
use crate::{IngestError, Limits, Mode, Progress, Request, Settings, Silent, Stage};

/// Files that are open.
pub(crate) struct Opened {
    pub(crate) sources: Vec<Source>,
    pub(crate) fields: Vec<FieldPlan>,
    /// How rows without coordinates were placed.
    pub(crate) placing: Placing,
    /// The column that says each row's comune, in each file.
    comune: Option<Vec<usize>>,
    /// The key that somebody named.
    wanted: Option<Key>,
    wish: survey::Wish,
    limits: Limits,
    /// Where archives were unpacked: kept until the files are read for the last time.
    _folder: Workshop,
}

impl Opened {
    /// How many rows the files say that they have.
    fn rows(&self) -> Option<u64> {
        self.sources.iter().map(|s| s.reader.layer().rows).sum()
    }

    fn names(&self) -> Vec<String> {
        self.sources.iter().map(|source| source.file.clone()).collect()
    }

    pub(super) fn file(&self) -> String {
        self.names().join(", ")
    }
}

/// Files whose rows are staged.
pub(super) struct Loaded {
    pub(super) files: Vec<ReadFile>,
    pub(super) fields: Vec<FieldPlan>,
    pub(super) survey: Survey,
    pub(super) placing: Placing,
    /// Of each file.
    pub(super) placements: Vec<Placement>,
    pub(super) tally: Tally,
}

/// What is told of a file that was read.
pub(super) struct ReadFile {
    pub(super) name: String,
    pub(super) format: &'static str,
    pub(super) notes: Vec<Note>,
}

impl ReadFile {
    fn of(source: &Source) -> Self {
        let layer = source.reader.layer();
        Self { name: source.file.clone(), format: layer.format, notes: layer.notes.clone() }
    }
}

impl Loaded {
    fn new(opened: Opened, survey: Survey, placements: Vec<Placement>, tally: Tally) -> Self {
        let Opened { sources, fields, placing, .. } = opened;
        Self { files: sources.iter().map(ReadFile::of).collect(), fields, survey, placing, placements, tally }
    }
}

/// Opens files and reads every row of them once, without keeping it.
pub(crate) async fn open_and_survey(
    database: &mut PgConnection,
    settings: &Settings,
    request: &Request,
    wish: KeyWish,
    progress: &dyn Progress,
) -> Result<(Opened, Survey), IngestError> {
    let opened = open_files(database, settings, request, wish, progress).await?;
    look_through(opened, progress).await
}

pub(super) async fn open_files(
    database: &mut PgConnection,
    settings: &Settings,
    request: &Request,
    wish: KeyWish,
    progress: &dyn Progress,
) -> Result<Opened, IngestError> {
    progress.stage(Stage::Opening, None);
    let (files, layer) = (request.files.clone(), request.source_layer.clone());
    let (temporary, limits) = (settings.temporary.clone(), settings.limits);
    let opener = Opener::Process(settings.reader.clone(), request.stop.clone());
    let opening = tokio::task::spawn_blocking(move || {
        let folder = folder_in(temporary)?;
        let sources = open::open(&files, layer.as_deref(), folder.path(), &opener, &limits)?;
        Ok::<_, IngestError>((folder, sources))
    });
    let (folder, sources) = opening.await.map_err(|e| IngestError::Reader(e.to_string()))??;
    let (mut sources, placing) = register::place(database, settings, request, sources).await?;
    let mut fields = plan::fields(&sources)?;
    let mut comune = None;
    if let Some(by) = &request.plan {
        let file = sources.iter().map(|s| s.file.as_str()).collect::<Vec<_>>().join(", ");
        let applied = plan::apply(by, fields, &file)?;
        (fields, comune) = (applied.fields, applied.comune);
        applied.notes.into_iter().for_each(|note| sources[0].reader.note(note));
    }
    let wanted = wish.resolve(&fields, &sources)?;
    let wish = survey::Wish {
        swap_axes: request.swap_axes,
        family: request.plan.as_ref().and_then(|plan| plan.geometry).map(plan::Kind::family),
        keys_may_repeat: request.rules().get(Rule::RepeatedKey) == Severity::KeepOut,
    };
    Ok(Opened { sources, fields, placing, comune, wanted, wish, limits, _folder: folder })
}

fn folder_in(temporary: PathBuf) -> Result<Workshop, IngestError> {
    Workshop::within(&temporary, FOLDER).map_err(IngestError::io(temporary))
}

async fn look_through(mut opened: Opened, progress: &dyn Progress) -> Result<(Opened, Survey), IngestError> {
    progress.stage(Stage::Surveying, opened.rows());
    let (say, mut heard) = mpsc::unbounded_channel();
    let working = tokio::task::spawn_blocking(move || {
        let Opened { sources, fields, wanted, wish, limits, .. } = &mut opened;
        let survey = survey::survey(sources, fields, wanted.clone(), wish, limits, &|rows| {
            let _ = say.send(rows);
        })?;
        Ok::<_, IngestError>((opened, survey))
    });
    while let Some(rows) = heard.recv().await {
        progress.rows(rows);
    }
    let (opened, survey) = working.await.map_err(|e| IngestError::Reader(e.to_string()))??;
    refuse_nothing(&opened, &survey)?;
    Ok((opened, survey))
}

/// Files without a row that can be loaded.
fn refuse_nothing(opened: &Opened, survey: &Survey) -> Result<(), IngestError> {
    let (file, tally) = (opened.file(), &survey.tally);
    if survey.files.iter().all(|f| f.rows == 0) {
        return Err(IngestError::NoRows { file });
    }
    match &opened.placing.place {
        _ if survey.family.is_some() => Ok(()),
        Some(place) => Err(IngestError::NothingPlaced { file, by: place.words(), rows: tally.read, reasons: tally.kept_out() }),
        None => Err(IngestError::NothingLeft { file, rows: tally.read, reasons: tally.kept_out() }),
    }
}

/// Fills the staging tables.
pub(super) async fn load(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    scene: &Scene<'_>,
    progress: &dyn Progress,
    staging: &Staging,
    opened: Opened,
) -> Result<Loaded, IngestError> {
    // of rows that a register placed, the places were looked up by a reading before
    let (mut opened, survey) = if opened.sources.len() == 1 && opened.placing.place.is_none() {
        match at_once(database, helper, scene, progress, staging, opened).await? {
            AtOnce::Staged(loaded) => return Ok(loaded),
            AtOnce::LookedThrough(opened, survey) => (opened, survey),
        }
    } else {
        look_through(opened, progress).await?
    };
    private_key(&opened.fields, &opened.names(), &survey.key, scene.target.keeps())?;
    if scene.request.mode == Mode::Update && survey.key == Key::Sequence {
        return Err(IngestError::NoKey(scene.request.layer.clone()));
    }
    let mut placements = Vec::with_capacity(opened.sources.len());
    for (source, survey) in opened.sources.iter().zip(&survey.files) {
        placements.push(settle(database, scene, &source.file, &source.reader.layer().crs, survey).await?);
    }
    progress.stage(Stage::Loading, Some(survey.tally.read));
    let ahead = Ahead::of(&opened);
    let rows = survey.files.iter().map(|f| f.rows).collect();
    let plan = ahead.prepare(database, scene, staging, survey.sketch(), &placements, rows).await?;
    let (tally, sources) = load::copy(database, helper, staging, std::mem::take(&mut opened.sources), plan, progress).await?;
    opened.sources = sources;
    Ok(Loaded::new(opened, survey, placements, tally))
}

/// What came of the only reading.
enum AtOnce {
    Staged(Loaded),
    LookedThrough(Opened, Survey),
}

/// Reads the only file once, and stages its rows meanwhile as the first of them say. If that can't be, or was wrong, it is as if the file had
/// been looked through.
async fn at_once(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    scene: &Scene<'_>,
    progress: &dyn Progress,
    staging: &Staging,
    mut opened: Opened,
) -> Result<AtOnce, IngestError> {
    progress.stage(Stage::Loading, opened.rows());
    let ahead = Ahead::of(&opened);
    let (glance, glanced) = oneshot::channel();
    let (told, plan) = oneshot::channel();
    let (chunks, made) = mpsc::channel(WAITING);
    let (rows, mut heard) = mpsc::unbounded_channel();
    let reading = tokio::task::spawn_blocking(move || {
        let surveyor = Surveyor::new(&opened.sources, &opened.fields, opened.wanted.clone(), &opened.wish, &opened.limits);
        let read = load::read_at_once(&mut opened.sources[0], surveyor, &opened.fields, Ends { glance, plan, chunks, rows });
        (opened, read)
    });
    let (sent, opened, read) = {
        let mut copying = ahead.begin(database, helper, scene, staging, glanced, told).await;
        let sending = async {
            match &mut copying {
                Some(copying) => copying.send(made, &Silent).await.is_ok(),
                None => false,
            }
        };
        let counting = async {
            while let Some(rows) = heard.recv().await {
                progress.rows(rows);
            }
        };
        let (sent, ()) = tokio::join!(sending, counting);
        let (opened, read) = reading.await.map_err(|e| IngestError::Reader(e.to_string()))?;
        let fits = sent && read.as_ref().is_ok_and(|read| read.tally.is_some());
        let sent = match copying {
            Some(copying) if fits => copying.finish().await.is_ok(),
            Some(copying) => {
                // a database that does not hear it is not asked for more
                copying.abort().await?;
                false
            }
            None => false,
        };
        (sent, opened, read)
    };
    let staged = sent && staging.keep_next(database).await.is_ok();
    let load::Read { survey, tally } = read?;
    refuse_nothing(&opened, &survey)?;
    match tally.filter(|_| staged) {
        Some(tally) => {
            let source = &opened.sources[0];
            let placement = settle(database, scene, &source.file, &source.reader.layer().crs, &survey.files[0]).await?;
            Ok(AtOnce::Staged(Loaded::new(opened, survey, vec![placement], tally)))
        }
        None => {
            staging.clear(database).await?;
            Ok(AtOnce::LookedThrough(opened, survey))
        }
    }
}

/// What is known of files while they are read.
struct Ahead {
    names: Vec<String>,
    /// Of the first.
    crs: DeclaredCrs,
    fields: Vec<FieldPlan>,
    comune: Option<Vec<usize>>,
    limits: Limits,
}

impl Ahead {
    fn of(opened: &Opened) -> Self {
        let crs = opened.sources.first().map_or(DeclaredCrs::None, |source| source.reader.layer().crs.clone());
        Self { names: opened.names(), crs, fields: opened.fields.clone(), comune: opened.comune.clone(), limits: opened.limits }
    }

    /// Settles by the first rows how all are loaded, and says so; `None` if that can't be, for whatever reason: it will be told once all rows
    /// were seen.
    async fn begin<'c>(
        self,
        database: &'c mut PgConnection,
        helper: &'c mut PgConnection,
        scene: &Scene<'_>,
        staging: &Staging,
        glance: oneshot::Receiver<Glance>,
        told: oneshot::Sender<Plan>,
    ) -> Option<Copying<'c>> {
        let Glance { sketch, file } = glance.await.ok()?;
        private_key(&self.fields, &self.names, &sketch.key, scene.target.keeps()).ok()?;
        if scene.request.mode == Mode::Update && sketch.key == Key::Sequence {
            return None;
        }
        let placement = settle(database, scene, &self.names[0], &self.crs, &file).await.ok()?;
        let plan = self.prepare(database, scene, staging, sketch, &[placement], Vec::new()).await.ok()?;
        let copying = Copying::start(database, helper, staging, &plan).await.ok()?;
        told.send(plan).ok()?;
        Some(copying)
    }

    /// Makes the tables that rows are copied into, and says what becomes of each row.
    async fn prepare(
        self,
        database: &mut PgConnection,
        scene: &Scene<'_>,
        staging: &Staging,
        sketch: Sketch,
        placements: &[Placement],
        rows: Vec<u64>,
    ) -> Result<Plan, IngestError> {
        let Scene { settings, request, territory, target, .. } = *scene;
        let Self { names, fields, comune, limits, .. } = self;
        let Sketch { family, multi, key } = sketch;
        // without a row that fits, the second reading still counts why
        let family = family.unwrap_or(Family::Point);
        fits(family, target)?;
        let held = match target {
            Target::Updates(layer) if !scene.whole => Held::read(database, layer, &fields, request.tells_comune()).await?,
            _ => None,
        };
        staging.create(database, &fields, settings.storage, &names.join(", ")).await?;
        let direct = matches!(target, Target::New | Target::Replaces(_));
        if direct {
            let geometry = (family.geometry_type(multi), settings.storage);
            let layer = plan::layer(request, &names, &fields, geometry, worst(placements), &[], target.existing());
            staging.create_next(database, &layer).await?;
        }
        let compared =
            if let Target::Updates(layer) = target { Some(IntoNext { multi: layer.geometry == layer.geometry.multi() }) } else { None };
        Ok(Plan {
            fields,
            key,
            family,
            storage: settings.storage,
            swap_axes: request.swap_axes,
            limits,
            transformers: placements.iter().map(|p| p.transformer.clone()).collect(),
            comune: request.comune.clone().map_or_else(|| ComuneOf::Inside(territory.locator()), ComuneOf::Given),
            rows,
            direct: direct.then_some(IntoNext { multi }),
            compared,
            held: held.map(Arc::new),
            whose: request.whose.clone(),
            facts: Facts { rules: request.rules(), thresholds: request.thresholds(), now: settings.clock.now() },
            told_comune: comune.map(|source| ToldComune { source, known: territory.comuni() }),
            told: request.plan.as_ref().is_some_and(|plan| plan.geometry.is_some()),
        })
    }
}

async fn settle(
    database: &mut PgConnection,
    scene: &Scene<'_>,
    file: &str,
    crs: &DeclaredCrs,
    survey: &FileSurvey,
) -> Result<Placement, IngestError> {
    place::settle(database, file, crs, survey, scene.territory, scene.request, scene.settings).await
}

/// Whether a layer whose rows stay holds geometries of this family.
fn fits(family: Family, target: &Target) -> Result<(), IngestError> {
    let Some(layer) = target.keeps() else { return Ok(()) };
    if family.geometry_type(false).dimension().is_some_and(|dimension| layer.geometry.holds(dimension)) {
        return Ok(());
    }
    let (own, there) = (family.geometry_type(false).family(), layer.geometry.family());
    let difference = Text::new(
        format!("le sue righe sono del tipo {own}, quelle del livello {there}"),
        format!("its rows are of the kind {own}, the layer's are {there}"),
    );
    Err(IngestError::DoesNotFit { layer: layer.id.clone(), difference })
}
