//! PMTiles, version 3.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use ::pmtiles::{AsyncBackend, AsyncPmTilesReader, BackendResponse, Compression, PmtError, PmtResult, TileType};
use kernel::{Bbox, TileCoord};
use serde_json::Value;

use super::{About, ArchiveError, Format, Stored};

/// Bytes of a file, read where they are asked for. Not mapped into memory: a file that somebody cuts short would end the program.
struct Bytes(Arc<File>);

impl AsyncBackend for Bytes {
    async fn read(&self, offset: u64, length: usize) -> PmtResult<BackendResponse> {
        let file = Arc::clone(&self.0);
        let read = move || {
            let left = file.metadata()?.len().saturating_sub(offset);
            let mut bytes = vec![0; length.min(usize::try_from(left).unwrap_or(usize::MAX))];
            file.read_exact_at(&mut bytes, offset)?;
            Ok::<_, std::io::Error>(bytes)
        };
        let bytes = tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)??;
        Ok(BackendResponse::new(bytes.into()))
    }
}

/// Reads tiles.
pub(super) struct Reader {
    archive: AsyncPmTilesReader<Bytes>,
    gzipped: bool,
}

impl Reader {
    pub(super) async fn open(file: &Path) -> Result<(Self, About), ArchiveError> {
        let opened = File::open(file)
            .map_err(|e| ArchiveError::new(format!("it can't be opened: {e}"), "Is `file` right, and may the server read it?"))?;
        let archive = AsyncPmTilesReader::try_from_source(Bytes(Arc::new(opened))).await.map_err(refused)?;
        let header = archive.get_header();
        let anew = "Convert it, with `pmtiles convert` or `tile-join`, to vector tiles in gzip, or pictures in PNG, JPEG or WebP";
        let format = match header.tile_type {
            TileType::Mvt => Format::Mvt,
            TileType::Png => Format::Png,
            TileType::Jpeg => Format::Jpeg,
            TileType::Webp => Format::Webp,
            other => return Err(ArchiveError::new(format!("its tiles are of a kind that is not served ({other:?})"), anew)),
        };
        let gzipped = match header.tile_compression {
            Compression::Gzip => true,
            Compression::None | Compression::Unknown => false,
            other => return Err(ArchiveError::new(format!("its tiles are packed in a way that is not served ({other:?})"), anew)),
        };
        let bounds = Bbox::new(header.min_longitude, header.min_latitude, header.max_longitude, header.max_latitude)
            .map_err(|e| ArchiveError::broken(format!("its bounds are none: {e}")))?;
        let zooms = (header.min_zoom, header.max_zoom.min(TileCoord::MAX_ZOOM));
        let metadata: Value = match archive.get_metadata().await {
            Ok(text) => serde_json::from_str(&text).map_err(|e| ArchiveError::broken(format!("its metadata are no JSON: {e}")))?,
            Err(PmtError::InvalidMetadata) => Value::Null,
            Err(error) => return Err(refused(error)),
        };
        let text = |name: &str| metadata[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let about = About {
            format,
            zooms,
            bounds,
            name: text("name"),
            description: text("description"),
            attribution: text("attribution"),
            vector_layers: Some(metadata["vector_layers"].clone()).filter(Value::is_array),
        };
        Ok((Self { archive, gzipped }, about))
    }

    pub(super) async fn tile(&self, tile: TileCoord) -> Result<Option<Stored>, ArchiveError> {
        let coord = ::pmtiles::TileCoord::new(tile.z(), tile.x(), tile.y()).map_err(ArchiveError::broken)?;
        let bytes = self.archive.get_tile(coord).await.map_err(ArchiveError::broken)?;
        Ok(bytes.map(|bytes| Stored { bytes, gzipped: self.gzipped }))
    }
}

fn refused(error: PmtError) -> ArchiveError {
    match error {
        PmtError::InvalidMagicNumber => ArchiveError::new("it is no PMTiles archive", "Is `file` right?"),
        PmtError::UnsupportedPmTilesVersion => {
            ArchiveError::new("it is PMTiles of a version that is not read", "Convert it to version 3 with `pmtiles convert`")
        }
        other => ArchiveError::broken(other),
    }
}
