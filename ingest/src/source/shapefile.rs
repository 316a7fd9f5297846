//! Whether a Shapefile's parts are all there and whole. GDAL reads one that was cut off to the end, with empty rows.
//!
//! ESRI Shapefile Technical Description (1998); dBASE III file header.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::IngestError;

/// Compares the sizes that the headers state with those of the files.
pub(crate) fn check(path: &Path, file: &str) -> Result<(), IngestError> {
    let part = |suffix: &'static str| beside(path, suffix).ok_or_else(|| IngestError::MissingPart { file: file.to_owned(), part: suffix });
    let (index, table) = (part("shx")?, part("dbf")?);
    let damaged = |cause: String| IngestError::Damaged { file: file.to_owned(), format: "Shapefile", cause };
    for (path, suffix) in [(path, "shp"), (index.as_path(), "shx")] {
        let (head, size) = head::<100>(path).map_err(IngestError::io(path))?;
        // in words of 16 bits, big-endian
        let stated = 2 * u64::from(u32::from_be_bytes([head[24], head[25], head[26], head[27]]));
        if size < stated || size < 100 {
            return Err(damaged(format!("its .{suffix} should have {stated} bytes and has {size}")));
        }
    }
    let rows = check_table(&table).map_err(IngestError::io(&table))?.map_err(damaged)?;
    let shapes = index.metadata().map_err(IngestError::io(&index))?.len().saturating_sub(100) / 8;
    if shapes != rows {
        return Err(damaged(format!("its .shx has {shapes} shapes and its .dbf {rows} rows")));
    }
    Ok(())
}

/// Compares the size that a table's header states with the file's; its rows, or what is wrong with it.
pub(crate) fn check_table(path: &Path) -> std::io::Result<Result<u64, String>> {
    let (head, size) = head::<32>(path)?;
    let rows = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
    let stated = u64::from(u16::from_le_bytes([head[8], head[9]])) + rows * u64::from(u16::from_le_bytes([head[10], head[11]]));
    if size < stated || size < 32 {
        return Ok(Err(format!("its .dbf should have {stated} bytes for {rows} rows and has {size}")));
    }
    // a row is a mark of deletion and its fields, each of which has a descriptor of 32 bytes
    let (descriptors, row) = (u64::from(u16::from_le_bytes([head[8], head[9]])), u64::from(u16::from_le_bytes([head[10], head[11]])));
    let mut bytes = Vec::new();
    File::open(path)?.take(descriptors).read_to_end(&mut bytes)?;
    let lengths = bytes[32..].chunks_exact(32).take_while(|descriptor| descriptor[0] != END).map(|descriptor| match descriptor[11] {
        // long texts have the upper half of their length where numbers have their decimals
        b'C' => u64::from(u16::from_le_bytes([descriptor[16], descriptor[17]])),
        _ => u64::from(descriptor[16]),
    });
    let fields = 1 + lengths.sum::<u64>();
    if fields != row {
        return Ok(Err(format!("its .dbf says that a row has {row} bytes, and its fields take {fields}")));
    }
    Ok(Ok(rows))
}

/// What ends the fields' descriptors.
const END: u8 = 0x0D;

/// The shapes that a table belongs to, if they lie beside it.
pub(crate) fn of_table(path: &Path) -> Option<PathBuf> {
    beside(path, "shp")
}

/// The first bytes, zeros where there are none, and the size.
fn head<const N: usize>(path: &Path) -> std::io::Result<([u8; N], u64)> {
    let mut bytes = Vec::with_capacity(N);
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    file.take(N as u64).read_to_end(&mut bytes)?;
    let mut head = [0; N];
    head[..bytes.len()].copy_from_slice(&bytes);
    Ok((head, size))
}

fn beside(path: &Path, suffix: &str) -> Option<PathBuf> {
    [suffix.to_owned(), suffix.to_ascii_uppercase()].iter().map(|s| path.with_extension(s)).find(|p| p.exists())
}
