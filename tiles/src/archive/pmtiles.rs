//! PMTiles, version 3.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use ::pmtiles::{AsyncBackend, AsyncPmTilesReader, BackendResponse, Compression, PmtError, PmtResult, TileType};
use futures::TryStreamExt;
use kernel::{Bbox, TileCoord};
use serde_json::Value;

use super::{About, ArchiveError, Format, Stored, file};

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
    archive: Arc<AsyncPmTilesReader<Bytes>>,
    gzipped: bool,
}

impl Reader {
    pub(super) async fn open(path: &Path) -> Result<(Self, About), ArchiveError> {
        let opened = Arc::new(file::open(path)?);
        let archive = Arc::new(AsyncPmTilesReader::try_from_source(Bytes(Arc::clone(&opened))).await.map_err(refused)?);
        file::reaches(&opened, end(&opened).map_err(ArchiveError::broken)?)?;
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

    /// Reads every directory.
    pub(super) async fn examine(&self) -> Result<(), ArchiveError> {
        let mut entries = Arc::clone(&self.archive).entries();
        while entries.try_next().await.map_err(ArchiveError::broken)?.is_some() {}
        Ok(())
    }

    pub(super) async fn tile(&self, tile: TileCoord) -> Result<Option<Stored>, ArchiveError> {
        let coord = ::pmtiles::TileCoord::new(tile.z(), tile.x(), tile.y()).map_err(ArchiveError::broken)?;
        let bytes = self.archive.get_tile(coord).await.map_err(ArchiveError::broken)?;
        Ok(bytes.map(|bytes| Stored { bytes, gzipped: self.gzipped }))
    }
}

/// Where the last of its parts ends, bytes: the header has offset and length of each (PMTiles 3, "Header": root directory, metadata, leaf
/// directories, tile data, from byte 8 on).
fn end(file: &File) -> std::io::Result<u64> {
    let mut parts = [0; 64];
    file.read_exact_at(&mut parts, 8)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok(parts.chunks_exact(16).map(|part| number(&part[..8]).saturating_add(number(&part[8..]))).max().unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use ::pmtiles::{PmTilesWriter, TileType};
    use kernel::TileCoord;

    use super::Reader;

    /// So many tiles, each different, that they need directories below the first.
    fn archive() -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = PmTilesWriter::new(TileType::Png).min_zoom(8).max_zoom(8).metadata("{}").create(&mut bytes).unwrap();
        let mut noise = 1u64;
        for tile in 0..30_000u64 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let length = 8 + (noise >> 60) as usize;
            let coord = ::pmtiles::TileId::new(21_845 + tile).unwrap().into();
            writer.add_tile(coord, &[&tile.to_be_bytes()[..], &vec![7; length]].concat()).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[tokio::test]
    async fn what_is_cut_short_or_overwritten_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pmtiles");
        let whole = archive();
        std::fs::write(&file, &whole).unwrap();
        let (reader, about) = Reader::open(&file).await.unwrap();
        assert_eq!((reader.examine().await, about.zooms), (Ok(()), (8, 8)));
        let part = |at: usize| u64::from_le_bytes(whole[at..at + 8].try_into().unwrap()) as usize;
        let (leaves, length) = (part(40), part(48));
        assert!(length > 1000, "there are directories below the first");
        for left in [whole.len() - 1, whole.len() / 2, leaves + length / 2, 20_000] {
            std::fs::write(&file, &whole[..left]).unwrap();
            let refused = Reader::open(&file).await.map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains(&format!("has {} bytes, and {left} are there", whole.len())), "{refused}");
        }
        for left in [0, 7, 100, 200] {
            std::fs::write(&file, &whole[..left]).unwrap();
            assert!(Reader::open(&file).await.is_err(), "{left}");
        }
        let mut overwritten = whole;
        overwritten[leaves + length / 2..leaves + length].fill(0xff);
        std::fs::write(&file, overwritten).unwrap();
        let (reader, _) = Reader::open(&file).await.unwrap();
        assert!(reader.examine().await.unwrap_err().to_string().contains("can't be read"));
        let mut failed = 0;
        for at in 0..1000 {
            failed += usize::from(reader.tile(TileCoord::new(8, at % 256, at / 256).unwrap()).await.is_err());
        }
        assert!(failed > 0);
    }
}
