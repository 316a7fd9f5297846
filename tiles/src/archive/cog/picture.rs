//! A picture in a TIFF, and windows of it.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::read::ZlibDecoder;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use tiff::ColorType;
use tiff::decoder::{ChunkType, DecodingResult, Limits};
use tiff::tags::Tag;

use super::CURE;
use crate::archive::{ArchiveError, Format, file};

/// How a JPEG is written, of 100: as map tiles usually are.
const QUALITY: u8 = 85;
/// Bytes of the list of a picture's blocks: those of a picture of a million by a million pixels.
const MAX_LIST_BYTES: usize = 256 * 1024 * 1024;
/// Ways of packing, as TIFF numbers them.
const JPEG: u16 = 7;
const DEFLATE: u16 = 8;
/// The side of the largest block, pixels.
const MAX_BLOCK: u32 = 4096;

pub(super) type Decoder = tiff::decoder::Decoder<BufReader<File>>;

pub(super) fn decoder(path: &Path) -> Result<Decoder, ArchiveError> {
    let opened = file::open(path)?;
    let mut limits = Limits::default();
    limits.ifd_value_size = MAX_LIST_BYTES;
    tiff::decoder::Decoder::new(BufReader::new(opened))
        .map(|decoder| decoder.with_limits(limits))
        .map_err(|e| ArchiveError::new(format!("it is no GeoTIFF: {e}"), "Is `file` right?"))
}

/// What a pixel is, each part a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Grey,
    Rgb,
    Rgba,
    /// A bit that says whether the pixel is there.
    Mask,
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Self::Grey | Self::Mask => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    /// Its place in the file.
    pub(super) index: usize,
    pub(super) width: u32,
    pub(super) height: u32,
    block: (u32, u32),
    pub(super) kind: Kind,
    pub(super) is_jpeg: bool,
    /// Whether its pixels are brightness and two differences of colour, as in most JPEGs.
    is_ycbcr: bool,
    /// Of a mask, where its blocks lie in the file and how many bytes they have: the crate for TIFF does not read it.
    blocks: Option<Arc<[(u64, u64)]>>,
}

impl Picture {
    /// Reads what the picture is at which a decoder stands.
    pub(super) fn read(decoder: &mut Decoder, index: usize, is_mask: bool) -> Result<Self, ArchiveError> {
        let (width, height) = decoder.dimensions().map_err(ArchiveError::broken)?;
        if decoder.get_chunk_type() != ChunkType::Tile {
            return Err(ArchiveError::new("it is not laid out in blocks", CURE));
        }
        let block = decoder.chunk_dimensions();
        if block.0 == 0 || block.1 == 0 || block.0 > MAX_BLOCK || block.1 > MAX_BLOCK || width == 0 || height == 0 {
            return Err(ArchiveError::new(format!("its blocks are {} by {} pixels", block.0, block.1), CURE));
        }
        let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression).ok().flatten();
        let blocks = blocks(decoder)?;
        let end = blocks.iter().map(|(offset, length)| offset.saturating_add(*length)).max().unwrap_or_default();
        file::reaches(decoder.inner().get_ref(), end)?;
        if is_mask {
            let blocks = Some(blocks);
            let bits = decoder.find_tag_unsigned::<u16>(Tag::BitsPerSample).ok().flatten();
            if (bits, compression) != (Some(1), Some(DEFLATE)) {
                return Err(ArchiveError::new("its mask is not packed bits", CURE));
            }
            return Ok(Self { index, width, height, block, kind: Kind::Mask, is_jpeg: false, is_ycbcr: false, blocks });
        }
        let kind = match decoder.colortype().map_err(ArchiveError::broken)? {
            ColorType::Gray(8) => Kind::Grey,
            ColorType::RGB(8) => Kind::Rgb,
            ColorType::YCbCr(8) if compression == Some(JPEG) => Kind::Rgb,
            ColorType::RGBA(8) => Kind::Rgba,
            other => {
                let cure = "Make it red, green, blue and alpha, a byte each, before: `gdal_translate` with `-expand rgba` for a palette, \
                            `-scale -ot Byte` for more bits, `-b 1 -b 1 -b 1 -b 2 -colorinterp red,green,blue,alpha` for grey with alpha";
                return Err(ArchiveError::new(format!("its pixels are not drawn ({other:?})"), cure));
            }
        };
        if decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).ok().flatten() == Some(2) {
            return Err(ArchiveError::new("its colours lie apart from each other (INTERLEAVE=BAND)", CURE));
        }
        let is_ycbcr = matches!(decoder.colortype(), Ok(ColorType::YCbCr(_)));
        Ok(Self { index, width, height, block, kind, is_jpeg: compression == Some(JPEG), is_ycbcr, blocks: None })
    }

    /// Whether a window with this north-western corner has a pixel of it.
    pub(super) fn meets(&self, west: i64, north: i64, side: u32) -> bool {
        let meets = |from: i64, length: u32| from < i64::from(length) && from + i64::from(side) > 0;
        meets(west, self.width) && meets(north, self.height)
    }

    /// A square of it, `side` pixels wide, from this pixel on; what lies beyond its sides is not there.
    pub(super) fn window(&self, decoder: &mut Decoder, west: i64, north: i64, side: u32) -> Result<Window, ArchiveError> {
        let mut window = Window::blank(self.kind, side);
        let blocks = |from: i64, length: u32, block: u32| {
            let first = from.max(0) as u32 / block;
            let last = ((from + i64::from(side)).min(i64::from(length)) - 1) as u32 / block;
            first..=last
        };
        let across = self.width.div_ceil(self.block.0);
        for row in blocks(north, self.height, self.block.1) {
            for column in blocks(west, self.width, self.block.0) {
                let index = row * across + column;
                let at = (i64::from(column * self.block.0) - west, i64::from(row * self.block.1) - north);
                if let Some(blocks) = &self.blocks {
                    window.place(&self.mask(decoder, blocks, index)?, self.block, at);
                    continue;
                }
                let (width, height) = decoder.chunk_data_dimensions(index);
                let mut bytes = match decoder.read_chunk(index) {
                    Ok(DecodingResult::U8(bytes)) => bytes,
                    Ok(_) => return Err(ArchiveError::broken("its pixels are not bytes")),
                    // a block that was never written
                    Err(_) if self.is_absent(decoder, index) => continue,
                    Err(error) => return Err(ArchiveError::broken(error)),
                };
                if self.is_ycbcr {
                    bytes.chunks_exact_mut(3).for_each(to_rgb);
                }
                window.place(&bytes, (width, height), at);
            }
        }
        Ok(window)
    }

    /// A block of a mask: its bits, none of them set where the file leaves it out.
    fn mask(&self, decoder: &mut Decoder, blocks: &[(u64, u64)], index: u32) -> Result<Vec<u8>, ArchiveError> {
        let mut bits = vec![0; (self.block.0.div_ceil(8) * self.block.1) as usize];
        let Some((offset, length)) = blocks.get(index as usize).filter(|(_, length)| *length > 0) else { return Ok(bits) };
        let file = decoder.inner();
        file.seek(SeekFrom::Start(*offset)).map_err(ArchiveError::broken)?;
        ZlibDecoder::new(file.take(*length)).read_exact(&mut bits).map_err(ArchiveError::broken)?;
        Ok(bits)
    }

    /// Whether the file leaves this block out, as GDAL does with those that have nothing in them.
    fn is_absent(&self, decoder: &mut Decoder, index: u32) -> bool {
        let lengths: Option<Vec<u64>> = decoder.find_tag_unsigned_vec(Tag::TileByteCounts).ok().flatten();
        lengths.and_then(|lengths| lengths.get(index as usize).copied()) == Some(0)
    }
}

/// Brightness and two differences of colour (ITU-T T.871) to red, green and blue.
fn to_rgb(pixel: &mut [u8]) {
    let [y, blue, red] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
    let (blue, red) = (blue - 128.0, red - 128.0);
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    let rgb = [byte(y + 1.402 * red), byte(y - 0.344_136 * blue - 0.714_136 * red), byte(y + 1.772 * blue)];
    pixel.copy_from_slice(&rgb);
}

/// Where the blocks of a picture lie, and how long they are.
fn blocks(decoder: &mut Decoder) -> Result<Arc<[(u64, u64)]>, ArchiveError> {
    let mut list = |tag| decoder.find_tag_unsigned_vec::<u64>(tag).map_err(ArchiveError::broken).map(Option::unwrap_or_default);
    let (offsets, lengths) = (list(Tag::TileOffsets)?, list(Tag::TileByteCounts)?);
    Ok(offsets.into_iter().zip(lengths).collect())
}

/// A square of pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    kind: Kind,
    side: u32,
    pixels: Vec<u8>,
    /// Whether each pixel is there.
    there: Vec<bool>,
}

impl Window {
    fn blank(kind: Kind, side: u32) -> Self {
        let pixels = side as usize * side as usize;
        Self { kind, side, pixels: vec![0; pixels * kind.bytes()], there: vec![false; pixels] }
    }

    /// Puts a block in, whose first pixel comes to lie at `at`.
    fn place(&mut self, block: &[u8], (width, height): (u32, u32), at: (i64, i64)) {
        let each = self.kind.bytes();
        let side = i64::from(self.side);
        for y in 0..i64::from(height) {
            let to_y = at.1 + y;
            if !(0..side).contains(&to_y) {
                continue;
            }
            for x in at.0.max(0)..(at.0 + i64::from(width)).min(side) {
                let (from_x, to) = ((x - at.0) as usize, (to_y * side + x) as usize);
                self.there[to] = true;
                let pixel = &mut self.pixels[to * each..(to + 1) * each];
                if self.kind == Kind::Mask {
                    let row = (width as usize).div_ceil(8) * y as usize;
                    pixel[0] = block.get(row + from_x / 8).map_or(0, |byte| byte >> (7 - from_x % 8) & 1);
                } else if let Some(found) = block.get((y as usize * width as usize + from_x) * each..).and_then(|rest| rest.get(..each)) {
                    pixel.copy_from_slice(found);
                }
            }
        }
    }

    /// Takes out what a mask does not show.
    pub(super) fn hide(&mut self, mask: &Self) {
        for (there, (covered, shown)) in self.there.iter_mut().zip(mask.there.iter().zip(&mask.pixels)) {
            *there &= *covered && *shown != 0;
        }
    }

    /// Whether nothing of it is to be seen.
    pub(super) fn is_blank(&self) -> bool {
        let seen = |at: usize| match self.kind {
            Kind::Rgba => self.pixels[at * 4 + 3] > 0,
            _ => true,
        };
        !self.there.iter().enumerate().any(|(at, there)| *there && seen(at))
    }

    /// The picture. A JPEG has no transparency: what is not there is white in it.
    pub(super) fn encode(&self, format: Format) -> Result<Vec<u8>, ArchiveError> {
        let mut out = Cursor::new(Vec::new());
        let whole = self.there.iter().all(|there| *there);
        let written = if format == Format::Jpeg {
            let pixels = self.pixels.chunks_exact(self.kind.bytes()).zip(&self.there);
            let rgb: Vec<u8> = pixels.flat_map(|(pixel, there)| if *there { [pixel[0], pixel[1], pixel[2]] } else { [255; 3] }).collect();
            JpegEncoder::new_with_quality(&mut out, QUALITY).write_image(&rgb, self.side, self.side, ExtendedColorType::Rgb8)
        } else {
            let encoder = PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Adaptive);
            match (self.kind, whole) {
                (Kind::Rgb, true) => encoder.write_image(&self.pixels, self.side, self.side, ExtendedColorType::Rgb8),
                (Kind::Grey, true) => encoder.write_image(&self.pixels, self.side, self.side, ExtendedColorType::L8),
                _ => encoder.write_image(&self.rgba(), self.side, self.side, ExtendedColorType::Rgba8),
            }
        };
        written.map_err(ArchiveError::broken)?;
        Ok(out.into_inner())
    }

    fn rgba(&self) -> Vec<u8> {
        let pixels = self.pixels.chunks_exact(self.kind.bytes()).zip(&self.there);
        let whole = |pixel: &[u8]| match self.kind {
            Kind::Grey | Kind::Mask => [pixel[0], pixel[0], pixel[0], 255],
            Kind::Rgb => [pixel[0], pixel[1], pixel[2], 255],
            Kind::Rgba => [pixel[0], pixel[1], pixel[2], pixel[3]],
        };
        pixels.flat_map(|(pixel, there)| if *there { whole(pixel) } else { [0; 4] }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Window, to_rgb};
    use crate::archive::Format;

    #[test]
    fn blocks_come_to_lie_where_they_belong() {
        let mut window = Window::blank(Kind::Grey, 4);
        window.place(&[1, 2, 3, 4], (2, 2), (-1, -1));
        window.place(&[5, 6, 7, 8], (2, 2), (3, 3));
        assert_eq!(window.pixels, [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
        assert_eq!(window.there.iter().filter(|there| **there).count(), 2);
        assert!(!window.is_blank());
    }

    #[test]
    fn a_mask_of_bits_hides_what_it_does_not_show() {
        let mut picture = Window::blank(Kind::Rgb, 2);
        picture.place(&[9; 12], (2, 2), (0, 0));
        let mut mask = Window::blank(Kind::Mask, 2);
        mask.place(&[0b0100_0000, 0b0000_0000], (2, 2), (0, 0));
        picture.hide(&mask);
        assert_eq!(picture.there, [false, true, false, false]);
        let png = image::load_from_memory(&picture.encode(Format::Png).unwrap()).unwrap().to_rgba8();
        assert_eq!((png.get_pixel(0, 0).0[3], png.get_pixel(1, 0).0), (0, [9, 9, 9, 255]));
    }

    #[test]
    fn colours_of_a_jpeg_are_told_as_red_green_and_blue() {
        let rgb = |ycc: [u8; 3]| {
            let mut pixel = ycc;
            to_rgb(&mut pixel);
            pixel
        };
        // black, white, red, green and blue by ITU-T T.871
        assert_eq!([rgb([0, 128, 128]), rgb([255, 128, 128])], [[0; 3], [255; 3]]);
        assert_eq!([rgb([76, 85, 255]), rgb([150, 44, 21]), rgb([29, 255, 107])], [[254, 0, 0], [0, 255, 1], [0, 0, 254]]);
    }

    #[test]
    fn what_is_clear_is_blank() {
        let mut window = Window::blank(Kind::Rgba, 1);
        window.place(&[9, 9, 9, 0], (1, 1), (0, 0));
        assert!(window.is_blank());
    }
}
