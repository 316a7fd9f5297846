//! Files of tiles as sources beside the layers: PMTiles, MBTiles, and GeoTIFFs that are laid out for it (COG).
//!
//! They are named in the configuration and answer under `/xyz` as layers do, each by itself: their tiles are as they were written once, so
//! that nothing of them can be filtered, dated or put together with rows.

mod answer;
mod cog;
mod file;
mod mbtiles;
mod pmtiles;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use kernel::layer::Audience;
use kernel::{Bbox, LayerId, Principal, Role, Text, TileCoord};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

pub(crate) use answer::{answer, described};

/// What configuration says of a file of tiles.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArchiveSettings {
    /// The file: `.pmtiles`, `.mbtiles`, `.tif` or `.tiff`.
    pub file: PathBuf,
    /// Its name for people; without one the file's own.
    pub title: Option<Text>,
    /// Who must be named; without it whom the file names.
    pub attribution: Option<String>,
    /// Who may see it.
    #[serde(default)]
    pub audience: Audience,
    /// Whether the portal offers it as a base map. For pictures that are for everybody.
    #[serde(default)]
    pub base_map: bool,
}

/// What a tile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Mvt,
    Png,
    Jpeg,
    Webp,
}

impl Format {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Mvt => "application/vnd.mapbox-vector-tile",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// Its name in TileJSON.
    fn name(self) -> &'static str {
        match self {
            Self::Mvt => "pbf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq)]
struct About {
    format: Format,
    zooms: (u8, u8),
    /// CRS84.
    bounds: Bbox,
    name: Option<String>,
    description: Option<String>,
    attribution: Option<String>,
    /// As in TileJSON, for vector tiles.
    vector_layers: Option<Value>,
}

/// A tile as it lies in its file.
#[derive(Clone, Debug, PartialEq)]
struct Stored {
    bytes: Bytes,
    gzipped: bool,
}

/// Why a file can't be served, or one of its tiles not be read: what, and what to do.
#[derive(Debug, Error, PartialEq)]
#[error("{what}. {cure}")]
pub struct ArchiveError {
    what: String,
    cure: String,
}

impl ArchiveError {
    fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { what: what.into(), cure: cure.into() }
    }

    /// A file that is broken.
    fn broken(cause: impl std::fmt::Display) -> Self {
        Self::new(format!("it can't be read: {cause}"), "Write it anew, or take a copy that is whole")
    }
}

enum Reader {
    Pmtiles(Box<pmtiles::Reader>),
    Mbtiles(Arc<mbtiles::Reader>),
    Cog(Arc<cog::Reader>),
}

impl Reader {
    async fn open(file: &Path) -> Result<(Self, About), ArchiveError> {
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let owned = file.to_owned();
        match extension.as_str() {
            "pmtiles" => pmtiles::Reader::open(file).await.map(|(reader, about)| (Self::Pmtiles(Box::new(reader)), about)),
            "mbtiles" => {
                blocking(move || mbtiles::Reader::open(&owned)).await.map(|(reader, about)| (Self::Mbtiles(Arc::new(reader)), about))
            }
            "tif" | "tiff" => blocking(move || cog::Reader::open(&owned)).await.map(|(reader, about)| (Self::Cog(Arc::new(reader)), about)),
            _ => Err(ArchiveError::new(
                "its name does not say what it is",
                "Name it .pmtiles, .mbtiles or .tif; other files become layers by `opensit ingest`",
            )),
        }
    }

    /// Reads all that says where its tiles are, which takes a while in a large one.
    async fn examine(&self) -> Result<(), ArchiveError> {
        match self {
            Self::Pmtiles(reader) => reader.examine().await,
            Self::Mbtiles(reader) => {
                let reader = Arc::clone(reader);
                blocking(move || reader.examine()).await
            }
            // was read as it was opened
            Self::Cog(_) => Ok(()),
        }
    }

    async fn tile(&self, tile: TileCoord) -> Result<Option<Stored>, ArchiveError> {
        match self {
            Self::Pmtiles(reader) => reader.tile(tile).await,
            Self::Mbtiles(reader) => {
                let reader = Arc::clone(reader);
                blocking(move || reader.tile(tile)).await
            }
            Self::Cog(reader) => {
                let reader = Arc::clone(reader);
                blocking(move || reader.tile(tile)).await
            }
        }
    }
}

/// Runs what reads a file or draws a picture on a thread that may block. What panics on a broken file has not found it whole.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static) -> Result<T, ArchiveError> {
    tokio::task::spawn_blocking(read).await.map_err(|_| ArchiveError::broken("its content is not of its kind"))?
}

/// A file of tiles that is served.
pub(crate) struct Archive {
    id: LayerId,
    settings: ArchiveSettings,
    about: About,
    reader: Reader,
    /// Whether the log has that it is damaged.
    is_told: AtomicBool,
}

impl Archive {
    /// Whether it is there for them, as [`Principal::may_read`] has it for layers.
    fn is_for(&self, who: &Principal) -> bool {
        let key = who.key().and_then(|key| key.layers.as_ref());
        key.is_none_or(|layers| layers.contains(&self.id))
            && match self.settings.audience {
                Audience::Public => true,
                Audience::Citizens => who.role() != Role::Anonymous,
                Audience::Officers => who.is_staff(),
            }
    }
}

/// A file that is named in the configuration and can't be served.
#[derive(Debug)]
pub struct BadArchive {
    /// Its name.
    pub id: LayerId,
    /// Which file.
    pub file: PathBuf,
    /// Why, and what to do.
    pub error: ArchiveError,
}

/// A file that is served, as those who configured it are told.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedArchive {
    /// Its name in addresses.
    pub id: LayerId,
    /// Its name for people.
    pub title: Text,
    /// Who must be named.
    pub attribution: String,
    /// Whether its tiles are pictures.
    pub is_raster: bool,
    /// First and last zoom.
    pub zooms: (u8, u8),
    /// Whether it is to be offered as a base map.
    pub base_map: bool,
}

/// The files of tiles that are served. Cheap to clone.
#[derive(Clone, Default)]
pub struct Archives(Arc<BTreeMap<String, Archive>>);

impl Archives {
    /// Opens the files; those that can't be served are told, and do not keep the others from it. A file that is replaced while it is served must
    /// be replaced by another of its name (`mv`), not be written over; it is read again at the next start.
    pub async fn open(settings: &BTreeMap<LayerId, ArchiveSettings>) -> (Self, Vec<BadArchive>) {
        let (mut good, mut bad) = (BTreeMap::new(), Vec::new());
        for (id, settings) in settings {
            match Reader::open(&settings.file).await.and_then(|opened| suitable(opened, settings)) {
                Ok((reader, about)) => {
                    good.insert(
                        id.to_string(),
                        Archive { id: id.clone(), settings: settings.clone(), about, reader, is_told: AtomicBool::new(false) },
                    );
                }
                Err(error) => bad.push(BadArchive { id: id.clone(), file: settings.file.clone(), error }),
            }
        }
        (Self(Arc::new(good)), bad)
    }

    /// Looks through those that were opened for what can't be read: more than is done at each start, since it reads large parts of them.
    pub async fn damaged(&self) -> Vec<BadArchive> {
        let mut bad = Vec::new();
        for archive in self.0.values() {
            if let Err(error) = archive.reader.examine().await {
                bad.push(BadArchive { id: archive.id.clone(), file: archive.settings.file.clone(), error });
            }
        }
        bad
    }

    /// All of them.
    pub fn all(&self) -> Vec<ServedArchive> {
        let served = |archive: &Archive| ServedArchive {
            id: archive.id.clone(),
            title: archive.title(),
            attribution: archive.attribution(),
            is_raster: archive.about.format != Format::Mvt,
            zooms: archive.about.zooms,
            base_map: archive.settings.base_map,
        };
        self.0.values().map(served).collect()
    }

    /// The one of this name, if it is for them.
    fn get(&self, who: &Principal, id: &str) -> Option<&Archive> {
        self.0.get(id).filter(|archive| archive.is_for(who))
    }

    /// Those that are for them.
    pub(crate) fn of(&self, who: &Principal) -> impl Iterator<Item = &Archive> {
        self.0.values().filter(move |archive| archive.is_for(who))
    }
}

/// Refuses a base map that the portal could not show to everybody.
fn suitable(opened: (Reader, About), settings: &ArchiveSettings) -> Result<(Reader, About), ArchiveError> {
    let wrong = |what: &str| Err(ArchiveError::new(format!("it can't be a base map: {what}"), "Leave `base-map` out"));
    match settings.base_map {
        true if opened.1.format == Format::Mvt => wrong("its tiles are no pictures"),
        true if settings.audience != Audience::Public => wrong("it is not for everybody"),
        _ => Ok(opened),
    }
}
