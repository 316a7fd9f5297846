//! MBTiles 1.3: tiles in an SQLite database, their rows counted from the south.

use std::collections::HashMap;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use kernel::{Bbox, TileCoord};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde_json::Value;

use super::{About, ArchiveError, Format, Stored, file};

/// How many connections rest, at most, for the next tile.
const RESTING: usize = 8;

/// Reads tiles, on as many connections as threads ask at a time.
pub(super) struct Reader {
    file: PathBuf,
    resting: Mutex<Vec<Connection>>,
    format: Format,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<(Self, About), ArchiveError> {
        whole(path)?;
        let connection = connect(path)?;
        let about = about(&connection)?;
        Ok((Self { file: path.to_owned(), resting: Mutex::new(vec![connection]), format: about.format }, about))
    }

    /// Reads every page.
    pub(super) fn examine(&self) -> Result<(), ArchiveError> {
        let found: String = connect(&self.file)?.query_row("pragma quick_check(1)", (), |row| row.get(0)).map_err(ArchiveError::broken)?;
        if found == "ok" { Ok(()) } else { Err(ArchiveError::broken(found)) }
    }

    pub(super) fn tile(&self, tile: TileCoord) -> Result<Option<Stored>, ArchiveError> {
        let rested = self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = rested.map_or_else(|| connect(&self.file), Ok)?;
        let row = (1u32 << tile.z()) - 1 - tile.y();
        let bytes: Option<Vec<u8>> = connection
            .prepare_cached("select tile_data from tiles where zoom_level = ?1 and tile_column = ?2 and tile_row = ?3")
            .and_then(|mut statement| statement.query_row((tile.z(), tile.x(), row), |row| row.get(0)).optional())
            .map_err(ArchiveError::broken)?;
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() < RESTING {
            resting.push(connection);
        }
        drop(resting);
        let gzipped = |bytes: &[u8]| self.format == Format::Mvt && bytes.starts_with(&[0x1f, 0x8b]);
        Ok(bytes.map(|bytes| Stored { gzipped: gzipped(&bytes), bytes: bytes.into() }))
    }
}

/// Refuses a file that is shorter than its header has it (SQLite, "Database File Format", 1.3): what SQLite says of it is less clear.
fn whole(path: &Path) -> Result<(), ArchiveError> {
    let opened = file::open(path)?;
    let mut header = [0; 100];
    // shorter ones are no databases, as is said elsewhere; the last pages of a database with a log may be in that
    if opened.read_exact_at(&mut header, 0).is_err() || !header.starts_with(b"SQLite format 3\0") || path_with(path, "-wal").exists() {
        return Ok(());
    }
    let number = |at: usize, bytes: usize| header[at..at + bytes].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let page = match number(16, 2) {
        1 => 65_536,
        bytes => bytes,
    };
    // the count of pages holds only if whoever wrote last knew of it
    let pages = if number(24, 4) == number(92, 4) { number(28, 4) } else { 0 };
    file::reaches(&opened, page * pages)
}

fn path_with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn connect(path: &Path) -> Result<Connection, ArchiveError> {
    file::regular(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .map_err(|e| ArchiveError::new(format!("it can't be opened: {e}"), "Is `file` right, and may the server read it?"))
}

fn about(connection: &Connection) -> Result<About, ArchiveError> {
    let metadata: HashMap<String, String> = connection
        .prepare("select name, value from metadata where value is not null")
        .and_then(|mut statement| {
            let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get::<_, rusqlite::types::Value>(1)?)))?;
            rows.map(|row| row.map(|(name, value)| (name, text(value)))).collect()
        })
        .map_err(|e| ArchiveError::new(format!("it is no MBTiles archive: {e}"), "Is `file` right?"))?;
    let format = match metadata.get("format").map(String::as_str) {
        Some("pbf" | "mvt") => Format::Mvt,
        Some("png") => Format::Png,
        Some("jpg" | "jpeg") => Format::Jpeg,
        Some("webp") => Format::Webp,
        other => {
            let what = other.map_or_else(|| "its metadata do not say what its tiles are".to_owned(), |f| format!("its tiles are `{f}`"));
            return Err(ArchiveError::new(what, "`format` in its table `metadata` must be pbf, png, jpg or webp"));
        }
    };
    let in_tiles: (Option<u8>, Option<u8>) = connection
        .query_row("select min(zoom_level), max(zoom_level) from tiles", (), |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(ArchiveError::broken)?;
    let (Some(first), Some(last)) = in_tiles else {
        return Err(ArchiveError::new("it has no tiles", "Write it anew, or take it out of the configuration"));
    };
    let zoom = |name: &str, otherwise: u8| metadata.get(name).and_then(|text| text.trim().parse().ok()).unwrap_or(otherwise);
    let json: Value = metadata.get("json").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let stated = metadata.get("bounds").and_then(|text| Bbox::parse_numbers(text).ok()).and_then(|sides| Bbox::try_from(sides).ok());
    let bounds = stated.map_or_else(|| covered(connection, last), Ok)?;
    let text = |name: &str| metadata.get(name).filter(|text| !text.is_empty()).cloned();
    Ok(About {
        format,
        zooms: (zoom("minzoom", first), zoom("maxzoom", last).min(TileCoord::MAX_ZOOM)),
        bounds,
        name: text("name"),
        description: text("description"),
        attribution: text("attribution"),
        vector_layers: Some(json["vector_layers"].clone()).filter(Value::is_array),
    })
}

/// A value as text: writers put numbers into `metadata` too.
fn text(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value::{Blob, Integer, Null, Real, Text};
    match value {
        Text(text) => text,
        Integer(number) => number.to_string(),
        Real(number) => number.to_string(),
        Null | Blob(_) => String::new(),
    }
}

/// The rectangle round the tiles of a zoom, where the file does not say it.
fn covered(connection: &Connection, zoom: u8) -> Result<Bbox, ArchiveError> {
    let (west, east, south, north): (u32, u32, u32, u32) = connection
        .query_row(
            "select min(tile_column), max(tile_column), min(tile_row), max(tile_row) from tiles where zoom_level = ?1",
            (zoom,),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .map_err(ArchiveError::broken)?;
    let last = 1u32.checked_shl(zoom.into()).map_or(0, |n| n - 1);
    let corner = |x: u32, row: u32| TileCoord::new(zoom, x, last.saturating_sub(row)).map(|tile| tile.crs84(0.0));
    match (corner(west, north), corner(east, south)) {
        (Ok(a), Ok(b)) => Ok(a.union(b)),
        _ => Err(ArchiveError::broken("it has tiles outside the grid")),
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::archive::Format;
    use kernel::TileCoord;
    use rusqlite::Connection;

    fn archive(statements: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.mbtiles");
        let tables = "create table metadata (name text, value text);
            create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);";
        Connection::open(&file).unwrap().execute_batch(&format!("{tables}{statements}")).unwrap();
        (folder, file)
    }

    #[test]
    fn rows_are_counted_from_the_south_and_what_is_not_said_is_found_out() {
        let (_folder, file) = archive(
            "insert into metadata values ('format', 'png'), ('minzoom', 1);
             insert into tiles values (1, 0, 1, x'01'), (2, 3, 0, x'02');",
        );
        let (reader, about) = Reader::open(&file).unwrap();
        assert_eq!((about.format, about.zooms), (Format::Png, (1, 2)));
        assert!((about.bounds.west() - 90.0).abs() < 1e-9 && about.bounds.north() < -66.0, "{:?}", about.bounds);
        let tile = |z, x, y| reader.tile(TileCoord::new(z, x, y).unwrap()).unwrap().map(|tile| tile.bytes[0]);
        assert_eq!((tile(1, 0, 0), tile(2, 3, 3), tile(1, 0, 1)), (Some(1), Some(2), None));
    }

    #[test]
    fn what_is_no_such_file_says_so() {
        let (folder, file) = archive("insert into metadata values ('format', 'png')");
        let refused = |file: &std::path::Path| Reader::open(file).map(|_| ()).unwrap_err().to_string();
        assert!(refused(&file).contains("no tiles"));
        assert!(refused(&archive("insert into tiles values (0, 0, 0, x'01')").1).contains("format") || !file.exists());
        std::fs::write(folder.path().join("b.mbtiles"), "no database").unwrap();
        assert!(refused(&folder.path().join("b.mbtiles")).contains("no MBTiles"));
        assert!(refused(&folder.path().join("c.mbtiles")).contains("can't be opened"));
    }

    #[test]
    fn what_is_cut_short_or_overwritten_is_found() {
        let rows = (0..400).map(|x| format!("insert into tiles values (9, {x}, 0, randomblob(900));")).collect::<String>();
        let (folder, file) = archive(&format!("insert into metadata values ('format', 'png'); {rows}"));
        let whole = std::fs::read(&file).unwrap();
        assert!(Reader::open(&file).unwrap().0.examine().is_ok());
        let damaged = folder.path().join("damaged.mbtiles");
        for left in [whole.len() - 1, whole.len() / 2, 5000] {
            std::fs::write(&damaged, &whole[..left]).unwrap();
            let refused = Reader::open(&damaged).map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains("cut short") && refused.contains(&left.to_string()), "{refused}");
        }
        let mut overwritten = whole;
        let middle = overwritten.len() / 2;
        overwritten[middle..middle + 8192].fill(0xff);
        std::fs::write(&damaged, overwritten).unwrap();
        let found = Reader::open(&damaged).and_then(|(reader, _)| reader.examine()).unwrap_err().to_string();
        assert!(found.contains("can't be read"), "{found}");
    }
}
