//! GeoTIFFs laid out for tiles (COG), in Web Mercator with the resolutions of the tile grid, as
//! `gdal_translate -of COG -co TILING_SCHEME=GoogleMapsCompatible` or `gdalwarp` with the same writes them.
//!
//! Each of the file's pictures (the whole and its overviews) has the resolution of one zoom. A tile is a window of one of them, put together
//! from the blocks under it: the overviews of such files are not cut where tiles are.

mod picture;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use kernel::{Bbox, TileCoord};
use tiff::decoder::ifd::Value;
use tiff::tags::Tag;

use super::{About, ArchiveError, Format, Stored};
use picture::{Decoder, Kind, Picture, decoder};

/// Pixels along a side of a tile.
const SIDE: u32 = 256;
/// How many decoders of a picture rest, at most, for the next tile.
const RESTING: usize = 4;
/// How far a resolution may be from that of a zoom, in parts of it, and an origin from a whole pixel, pixels.
const EXACT: f64 = 1e-6;
const WHOLE: f64 = 0.05;
/// How files are brought into this grid.
const CURE: &str = "Bring it into the grid: `gdalwarp -of COG -co TILING_SCHEME=GoogleMapsCompatible -co COMPRESS=DEFLATE IN.tif OUT.tif`";

/// Bits of the tag NewSubfileType.
const REDUCED: u32 = 1;
const MASK: u32 = 4;

/// Reads tiles.
pub(super) struct Reader {
    file: PathBuf,
    /// From the finest on, a zoom each.
    levels: Vec<Level>,
    format: Format,
}

/// A picture with the resolution of a zoom.
struct Level {
    zoom: u8,
    /// Where its first pixel lies in the grid of that zoom, counted from the world's north-western corner.
    west: i64,
    north: i64,
    picture: Picture,
    /// What of it is there.
    mask: Option<Picture>,
    resting: Mutex<Vec<Decoders>>,
}

/// A decoder stands at one picture.
struct Decoders {
    picture: Decoder,
    mask: Option<Decoder>,
}

impl Reader {
    pub(super) fn open(file: &Path) -> Result<(Self, About), ArchiveError> {
        let mut first = decoder(file)?;
        let (resolution, origin) = placed(&mut first)?;
        let zoom = zoom_of(resolution)?;
        let pictures = pictures(&mut first)?;
        let Some(((_, whole), others)) = pictures.split_first() else { return Err(ArchiveError::broken("it has no picture")) };
        let (whole, kind) = (whole.clone(), whole.kind);
        let beginning = (pixels(origin.0, resolution), pixels(-origin.1, resolution));
        if (beginning.0 - beginning.0.round()).abs() > WHOLE || (beginning.1 - beginning.1.round()).abs() > WHOLE {
            return Err(ArchiveError::new("its pixels lie between those of the tile grid", CURE));
        }
        let mask_of = |of: &Picture| {
            let mask = others.iter().find(|(sort, mask)| sort & MASK != 0 && (mask.width, mask.height) == (of.width, of.height));
            mask.map(|(_, mask)| mask.clone())
        };
        let mut levels = Vec::new();
        let candidates = std::iter::once(&whole).chain(others.iter().filter(|(sort, _)| *sort == REDUCED).map(|(_, picture)| picture));
        for picture in candidates {
            let smaller = (whole.width / picture.width.max(1)).max(1).ilog2();
            let factor = 2f64.powi(smaller as i32);
            let (west, north) = (beginning.0 / factor, beginning.1 / factor);
            let fits = picture.kind == kind
                && u64::from(picture.width) << smaller == u64::from(whole.width)
                && u64::from(picture.height) << smaller == u64::from(whole.height)
                && (west - west.round()).abs() <= WHOLE
                && (north - north.round()).abs() <= WHOLE;
            let Some(zoom) = zoom.checked_sub(smaller as u8).filter(|_| fits) else { break };
            if levels.last().is_none_or(|level: &Level| level.zoom == zoom + 1) {
                let resting = Mutex::default();
                let mask = mask_of(picture);
                levels.push(Level {
                    zoom,
                    west: west.round() as i64,
                    north: north.round() as i64,
                    picture: picture.clone(),
                    mask,
                    resting,
                });
            }
        }
        let format = if kind == Kind::Rgb && whole.is_jpeg && levels.iter().all(|l| l.mask.is_none()) { Format::Jpeg } else { Format::Png };
        let zooms = (levels.last().map_or(zoom, |level| level.zoom), zoom);
        let east = origin.0 + f64::from(whole.width) * resolution;
        let south = origin.1 - f64::from(whole.height) * resolution;
        let about = About {
            format,
            zooms,
            bounds: degrees((origin.0, origin.1), (east, south))?,
            name: file.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            description: None,
            attribution: None,
            vector_layers: None,
        };
        Ok((Self { file: file.to_owned(), levels, format }, about))
    }

    pub(super) fn tile(&self, tile: TileCoord) -> Result<Option<Stored>, ArchiveError> {
        let Some(level) = self.levels.iter().find(|level| level.zoom == tile.z()) else { return Ok(None) };
        let (west, north) = (i64::from(tile.x()) * i64::from(SIDE) - level.west, i64::from(tile.y()) * i64::from(SIDE) - level.north);
        if !level.picture.meets(west, north, SIDE) {
            return Ok(None);
        }
        let rested = level.resting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut decoders = rested.map_or_else(|| level.decoders(&self.file), Ok)?;
        let mut window = level.picture.window(&mut decoders.picture, west, north, SIDE)?;
        if let (Some(mask), Some(decoder)) = (&level.mask, &mut decoders.mask) {
            window.hide(&mask.window(decoder, west, north, SIDE)?);
        }
        let mut resting = level.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() < RESTING {
            resting.push(decoders);
        }
        drop(resting);
        if window.is_blank() {
            return Ok(None);
        }
        let bytes = window.encode(self.format)?;
        Ok(Some(Stored { bytes: bytes.into(), gzipped: false }))
    }
}

impl Level {
    fn decoders(&self, file: &Path) -> Result<Decoders, ArchiveError> {
        let at = |picture: &Picture| {
            let mut decoder = decoder(file)?;
            decoder.seek_to_image(picture.index).map_err(ArchiveError::broken)?;
            Ok(decoder)
        };
        Ok(Decoders { picture: at(&self.picture)?, mask: self.mask.as_ref().map(at).transpose()? })
    }
}

/// The resolution (metres a pixel) and the north-western corner, EPSG:3857.
fn placed(decoder: &mut Decoder) -> Result<(f64, (f64, f64)), ArchiveError> {
    let nowhere = || ArchiveError::new("it does not say where it lies", CURE);
    let keys = decoder.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).map_err(|_| nowhere())?;
    // ProjectedCSTypeGeoKey; keys are groups of four: which, where its value is, how many, the value
    let system = keys.chunks_exact(4).skip(1).find(|key| key[0] == 3072 && key[1] == 0).map(|key| key[3]);
    if system != Some(3857) {
        let what = system.map_or_else(|| "it is not in EPSG:3857".to_owned(), |code| format!("it is in EPSG:{code}, not in EPSG:3857"));
        return Err(ArchiveError::new(what, CURE));
    }
    let scale = decoder.get_tag_f64_vec(Tag::ModelPixelScaleTag).map_err(|_| nowhere())?;
    let tie = decoder.get_tag_f64_vec(Tag::ModelTiepointTag).map_err(|_| nowhere())?;
    match (scale.as_slice(), tie.as_slice()) {
        ([x, y, ..], [i, j, _, east, north, ..]) if (x - y).abs() <= x.abs() * EXACT && *x > 0.0 => Ok((*x, (east - i * x, north + j * y))),
        _ => Err(ArchiveError::new("its pixels are no squares", CURE)),
    }
}

/// The zoom of a resolution, for tiles of [`SIDE`] pixels.
fn zoom_of(resolution: f64) -> Result<u8, ArchiveError> {
    let zoom = (world() / f64::from(SIDE) / resolution).log2();
    let whole = zoom.round();
    let exact = (world() / f64::from(SIDE) / whole.exp2() / resolution - 1.0).abs() <= EXACT;
    if exact && (0.0..=f64::from(TileCoord::MAX_ZOOM)).contains(&whole) {
        Ok(whole as u8)
    } else {
        Err(ArchiveError::new(format!("its resolution, {resolution} m, is that of no zoom"), CURE))
    }
}

/// The side of the Web Mercator square, metres.
fn world() -> f64 {
    TileCoord::new(0, 0, 0).map_or(0.0, |tile| tile.side())
}

/// Metres from the middle of the world, eastwards or southwards, as pixels from its north-western corner.
fn pixels(metres: f64, resolution: f64) -> f64 {
    (metres + world() / 2.0) / resolution
}

fn degrees(north_west: (f64, f64), south_east: (f64, f64)) -> Result<Bbox, ArchiveError> {
    let half = world() / 2.0;
    let longitude = |x: f64| (x / half * 180.0).clamp(-180.0, 180.0);
    let latitude = |y: f64| (y / half * std::f64::consts::PI).sinh().atan().to_degrees();
    Bbox::new(longitude(north_west.0), latitude(south_east.1), longitude(south_east.0), latitude(north_west.1))
        .map_err(|e| ArchiveError::broken(format!("its corners are none: {e}")))
}

/// The pictures of the file in its order, each with its sort (NewSubfileType); the first is the whole.
fn pictures(decoder: &mut Decoder) -> Result<Vec<(u32, Picture)>, ArchiveError> {
    let mut pictures = Vec::new();
    for index in 0.. {
        if index > 0 {
            if !decoder.more_images() {
                break;
            }
            decoder.next_image().map_err(ArchiveError::broken)?;
        }
        let sort = decoder.find_tag(Tag::NewSubfileType).ok().flatten().and_then(|v: Value| v.into_u32().ok()).unwrap_or(0);
        pictures.push((sort, Picture::read(decoder, index, sort & MASK != 0)?));
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::{Reader, degrees, zoom_of};
    use crate::archive::Format;
    use kernel::TileCoord;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn a_resolution_is_that_of_a_zoom_or_none() {
        assert_eq!(zoom_of(1.194_328_566_955_879), Ok(17));
        assert_eq!(zoom_of(156_543.033_928_040_97), Ok(0));
        for wrong in [1.0, 1.1943, 0.5, 200_000.0, 1e-9, f64::NAN] {
            assert!(zoom_of(wrong).is_err(), "{wrong}");
        }
    }

    fn gdal(program: &str, folder: &Path, arguments: &[&str]) {
        let output = Command::new(program).arg("-q").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A picture whose every pixel tells where it is, as a GeoTIFF somewhere at the Strait.
    fn base(folder: &Path) {
        let pixel = |x: usize, y: usize| [(x % 256) as u8, (y % 256) as u8, ((x / 256) * 16 + (y / 256)) as u8];
        let mut ppm = b"P6\n700 600\n255\n".to_vec();
        ppm.extend((0..600).flat_map(|y| (0..700).flat_map(move |x| pixel(x, y))));
        std::fs::write(folder.join("base.ppm"), ppm).unwrap();
        let place = ["-a_srs", "EPSG:3857", "-a_ullr", "1740000", "4600000", "1740700", "4599400"];
        gdal("gdal_translate", folder, &[&place[..], &["base.ppm", "base.tif"]].concat());
    }

    /// Compares every tile of a zoom with what GDAL cuts out of the same file, or of one of its overviews; how many pixels were compared.
    fn compared(folder: &Path, file: &str, zoom: u8, overview: Option<&str>, tolerance: f64) -> usize {
        let (reader, about) = Reader::open(&folder.join(file)).unwrap();
        let (mut compared, mut off) = (0, 0);
        let corner = |tile: &TileCoord| tile.web_mercator(0.0);
        let first = (0..1u32 << zoom).find(|x| corner(&TileCoord::new(zoom, *x, 0).unwrap()).east() > 1_739_000.0).unwrap();
        let top = (0..1u32 << zoom).find(|y| corner(&TileCoord::new(zoom, 0, *y).unwrap()).south() < 4_601_000.0).unwrap();
        for (x, y) in (first..first + 9).flat_map(|x| (top..top + 9).map(move |y| (x, y))) {
            let tile = TileCoord::new(zoom, x, y).unwrap();
            let Some(stored) = reader.tile(tile).unwrap() else { continue };
            let ours = image::load_from_memory(&stored.bytes).unwrap().to_rgba8();
            assert_eq!((ours.width(), ours.height()), (256, 256));
            let square = corner(&tile);
            let sides = [square.west(), square.north(), square.east(), square.south()].map(|side| side.to_string());
            let mut arguments = vec!["-projwin", &sides[0], &sides[1], &sides[2], &sides[3], "-b", "1", "-b", "2", "-b", "3", "-of", "PNG"];
            if let Some(level) = overview {
                arguments.extend(["-oo", level]);
            }
            arguments.extend([file, "cut.png"]);
            gdal("gdal_translate", folder, &arguments);
            let theirs = image::open(folder.join("cut.png")).unwrap().to_rgb8();
            for (at, pixel) in ours.enumerate_pixels().map(|(x, y, pixel)| ((x, y), pixel)).filter(|(_, pixel)| pixel.0[3] > 0) {
                let other = theirs.get_pixel(at.0, at.1);
                off += (0..3).map(|i| u64::from(pixel.0[i].abs_diff(other.0[i]))).max().unwrap();
                compared += 1;
            }
        }
        assert!(about.zooms.0 <= zoom && zoom <= about.zooms.1, "{about:?}");
        // two decoders of JPEG smooth edges of colour differently: these are told by the mean
        let mean = off as f64 / compared as f64;
        assert!(mean <= tolerance, "{file}: pixels differ by {mean}");
        compared
    }

    const NEAREST: [&str; 6] =
        ["-co", "WARP_RESAMPLING=NEAREST", "-co", "OVERVIEW_RESAMPLING=NEAREST", "-co", "TILING_SCHEME=GoogleMapsCompatible"];

    #[test]
    fn tiles_are_what_gdal_cuts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        base(folder);
        for (packing, file, tolerance) in [("DEFLATE", "d.tif", 0.0), ("LZW", "l.tif", 0.0), ("JPEG", "j.tif", 3.0)] {
            let packing = format!("COMPRESS={packing}");
            gdal("gdal_translate", folder, &[&["-of", "COG", "-co", &packing][..], &NEAREST[..], &["base.tif", file]].concat());
            // 700 by 600 m at some 1.19 m a pixel, and half of that
            assert!(compared(folder, file, 17, None, tolerance) > 280_000, "{file}");
            assert!(compared(folder, file, 16, Some("OVERVIEW_LEVEL=0"), tolerance) > 70_000, "{file}");
        }
        let (reader, about) = Reader::open(&folder.join("d.tif")).unwrap();
        assert_eq!((about.format, about.zooms.1, about.name.as_deref()), (Format::Png, 17, Some("d")));
        assert_eq!(reader.tile(TileCoord::new(17, 0, 0).unwrap()), Ok(None));
    }

    #[test]
    fn what_is_in_no_grid_is_refused_with_the_way_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        base(folder);
        let refused = |file: &str| Reader::open(&folder.join(file)).map(|_| ()).unwrap_err().to_string();
        let tiled = ["-co", "TILED=YES"];
        assert!(refused("base.tif").contains("no zoom"), "{}", refused("base.tif"));
        gdal("gdalwarp", folder, &["-t_srs", "EPSG:7792", "-co", "TILED=YES", "base.tif", "utm.tif"]);
        let utm = refused("utm.tif");
        assert!(utm.contains("EPSG:7792") && utm.contains("gdalwarp -of COG"), "{utm}");
        gdal("gdal_translate", folder, &[&tiled[..], &["base.ppm", "nowhere.tif"]].concat());
        assert!(refused("nowhere.tif").contains("where it lies"));
        gdal("gdal_translate", folder, &[&["-of", "COG", "-ot", "UInt16"][..], &NEAREST[..], &["base.tif", "deep.tif"]].concat());
        assert!(refused("deep.tif").contains("not drawn"), "{}", refused("deep.tif"));
        assert!(refused("base.ppm").contains("no GeoTIFF"));
        let whole = std::fs::read(folder.join("deep.tif")).unwrap();
        std::fs::write(folder.join("cut.tif"), &whole[..whole.len() / 3]).unwrap();
        assert!(!refused("cut.tif").is_empty());
        for packing in ["DEFLATE", "JPEG"] {
            let packing = format!("COMPRESS={packing}");
            gdal("gdal_translate", folder, &[&["-of", "COG", "-co", &packing][..], &NEAREST[..], &["base.tif", "whole.tif"]].concat());
            let whole = std::fs::read(folder.join("whole.tif")).unwrap();
            for left in [whole.len() - 10, whole.len() / 2] {
                std::fs::write(folder.join("cut.tif"), &whole[..left]).unwrap();
                assert!(refused("cut.tif").contains("cut short"), "{packing} {left}: {}", refused("cut.tif"));
            }
        }
    }

    #[test]
    fn corners_are_told_in_degrees() {
        let bbox = degrees((1_739_706.763_770_61, 4_600_286.110_315_047), (1_741_235.504, 4_599_063.118)).unwrap();
        // 15d37'40.99"E, 38d 8'51.06"N and 15d38'30.42"E, 38d 8'19.96"N by GDAL
        assert!((bbox.west() - 15.628_053).abs() < 1e-5 && (bbox.north() - 38.147_517).abs() < 1e-5, "{bbox:?}");
        assert!((bbox.east() - 15.641_783).abs() < 1e-5 && (bbox.south() - 38.138_878).abs() < 1e-5, "{bbox:?}");
    }
}
