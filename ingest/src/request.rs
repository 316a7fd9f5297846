use std::path::PathBuf;
use std::sync::Arc;

use kernel::{Clock, Comuni, LayerId, Srid, Text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::plan::PlanFile;
use crate::rules::{Rules, Thresholds};
use crate::source::sniff::Content;
use crate::{ReaderProcess, Stop, Told};

/// What to load, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The files, or folders with a Shapefile in them. Several become one layer, if they have the same fields.
    pub files: Vec<PathBuf>,
    /// The layer they become.
    pub layer: LayerId,
    /// Its name for people; without, the file's name.
    pub title: Option<Text>,
    /// The system the coordinates are in, against whatever the file says (`--crs`).
    pub crs: Option<Srid>,
    /// Whether a layer that exists is replaced or added to.
    pub mode: Mode,
    /// Whether rows may lie far outside the installation's boundary (`--outside ok`); `comune` must be given then.
    pub outside_ok: bool,
    /// The comune of every row (`--comune`), its ISTAT code; without, the polygon it lies in.
    pub comune: Option<String>,
    /// Which layer of a file that has several (`--source-layer`).
    pub source_layer: Option<String>,
    /// Whether the file has its coordinates as north, east or latitude, longitude (`--swap-axes`).
    pub swap_axes: bool,
    /// The column by which rows are told apart (`--key`), as the file or the layer calls it; without, the one that the layer's last
    /// delivery was told apart by, else one with a telling name.
    pub key: Option<String>,
    /// For an update.
    pub update: Update,
    /// Whether a layer that is made of it is a draft at first (`--draft`): there for its author and for administrators alone. One that
    /// exists stays what it is.
    pub draft: bool,
    /// The account of who loads it, if a person does: the author of a layer that is made of it.
    pub author: Option<Uuid>,
    /// That person's name, which the report has.
    pub by: Option<String>,
    /// The comuni that they work for: rows of others are kept out, and those that are there stay as they are.
    pub whose: Comuni,
    /// Whether a plan is proposed again only if it is of a layer of that author.
    pub only_own: bool,
    /// Where the rows are written, as CSV, that say where they are by a parcel or an address that the register has not (`--unplaced`).
    pub unplaced: Option<PathBuf>,
    /// The plan that it goes by; see [`Self::by`].
    pub plan: Option<PlanFile>,
    /// What names the delivery for whoever orders it: it is kept with what is published, in the same transaction, and a second load
    /// of that name is [`IngestError::LoadedBefore`](crate::IngestError::LoadedBefore).
    pub order: Option<Uuid>,
    /// By which the load is told to stop.
    pub stop: Stop,
}

/// How an update goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// Whether the difference is only looked at (`--dry-run`).
    pub only_look: bool,
    /// Whether rows that the delivery lacks stay (`--keep-vanished`): it is of a part only.
    pub keep_vanished: bool,
    /// How many of the layer's rows may vanish, percent (`--vanish-at-most`); without, 20 of a layer of 50 rows or more. If more do, nothing
    /// is written: the file may be cut short.
    pub vanish_at_most: Option<f64>,
    /// Where the rows that differ are written, as GeoJSON (`--changes`).
    pub changes: Option<PathBuf>,
}

/// What may happen to a layer that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing: it is an error.
    #[default]
    Create,
    /// All its rows, fields and style make place for the file's.
    Replace,
    /// The file's rows are added to it.
    Append,
    /// Its rows become the file's: compared by their key, only what differs is written.
    Update,
}

impl Mode {
    /// Its name in JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Update => "update",
        }
    }
}

impl Request {
    /// Who reads what is told of it: an order comes from the portal.
    pub(crate) fn told(&self) -> Told {
        if self.order.is_some() { Told::Plan } else { Told::CommandLine }
    }

    /// Whether something but their place says the comune of rows.
    pub(crate) fn tells_comune(&self) -> bool {
        self.comune.is_some() || self.plan.as_ref().is_some_and(|plan| plan.comune_field.is_some())
    }

    /// As a plan says, where nothing else was said.
    pub fn by(mut self, plan: PlanFile) -> Self {
        self.title = self.title.or_else(|| plan.title.clone().map(Text::from));
        self.crs = self.crs.or(plan.crs);
        self.outside_ok |= plan.outside;
        self.comune = self.comune.or_else(|| plan.comune.clone());
        self.source_layer = self.source_layer.or_else(|| plan.source_layer.clone());
        self.swap_axes |= plan.swap_axes;
        self.key = self.key.or_else(|| plan.key.clone());
        self.update.vanish_at_most = self.update.vanish_at_most.or(plan.vanish_at_most);
        self.plan = Some(plan);
        self
    }

    pub(crate) fn rules(&self) -> Rules {
        self.plan.as_ref().map(|plan| plan.rules.clone()).unwrap_or_default()
    }

    pub(crate) fn thresholds(&self) -> Thresholds {
        self.plan.as_ref().map(|plan| plan.thresholds).unwrap_or_default()
    }

    /// Loads one file as a new layer, believing what it says.
    pub fn new(file: impl Into<PathBuf>, layer: LayerId) -> Self {
        Self {
            files: vec![file.into()],
            layer,
            title: None,
            crs: None,
            mode: Mode::Create,
            outside_ok: false,
            comune: None,
            source_layer: None,
            swap_axes: false,
            key: None,
            update: Update::default(),
            draft: false,
            author: None,
            by: None,
            whose: Comuni::All,
            only_own: false,
            unplaced: None,
            plan: None,
            order: None,
            stop: Stop::default(),
        }
    }
}

/// What is the same for every load of an installation.
#[derive(Clone)]
pub struct Settings {
    /// The metric system everything is stored in.
    pub storage: Srid,
    /// How datums are shifted.
    pub crs: crs::Settings,
    /// What a file may ask of us.
    pub limits: Limits,
    /// What opens files with GDAL.
    pub reader: ReaderProcess,
    /// Where archives are unpacked: emptied after each load.
    pub temporary: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What a file may ask of us at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Entries of an archive.
    pub archive_entries: usize,
    /// Bytes of an archive's content.
    pub archive_bytes: u64,
    /// How many times larger than the archive its content may be, beyond 64 MiB.
    pub archive_ratio: u64,
    /// Fields of a row.
    pub fields: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Vertices of a geometry.
    pub vertices: usize,
    /// Memory (address space, bytes) of the process that reads a file.
    pub reader_memory_bytes: u64,
    /// Its processor time, seconds.
    pub reader_cpu_s: u64,
    /// How long it may say nothing while it is listened to, seconds.
    pub reader_silence_s: u64,
    /// The same where the file is a database (GeoPackage), in which a view can be a query without an end.
    pub query_silence_s: u64,
}

/// Bytes below which no ratio of an archive's content to its size is suspicious.
const FREE_BYTES: u64 = 64 << 20;

impl Limits {
    /// How many bytes an archive of this size may hold.
    pub(crate) fn archive_allows(&self, size: u64) -> u64 {
        self.archive_bytes.min(FREE_BYTES.max(size.saturating_mul(self.archive_ratio)))
    }
}

impl Limits {
    /// How long the process that reads such a file may say nothing, seconds.
    pub(crate) fn silence_s(&self, content: Content) -> u64 {
        if content == Content::GeoPackage { self.query_silence_s } else { self.reader_silence_s }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_entries: 2_000,
            archive_bytes: 16 << 30,
            archive_ratio: 200,
            fields: 1_000,
            text_bytes: 1 << 20,
            vertices: 5_000_000,
            reader_memory_bytes: 4 << 30,
            reader_cpu_s: 3_600,
            reader_silence_s: 300,
            query_silence_s: 60,
        }
    }
}
