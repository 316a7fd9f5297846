//! Pictures, written anew.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::content::{Kept, Kind, Refused};

/// The most pixels decoded.
const MAX_PIXELS: u64 = 50_000_000;
/// The longest side.
const MAX_SIDE: u32 = 20_000;
/// The most memory a decoder may take for one picture: 50 million pixels of four bytes, and some.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Of JPEGs, from 1 to 100: what is lost is not seen.
const QUALITY: u8 = 88;

/// Decodes a picture, turns it upright as its orientation says, and encodes its pixels: nothing else of the file is left, neither
/// metadata nor what was hidden before, between or behind them. Of moving pictures the first one stays; colours are taken for
/// sRGB. WebP becomes JPEG, or PNG where something of it is transparent.
pub(crate) fn anew(kind: Kind, content: &[u8]) -> Result<Kept, Refused> {
    let broken = |e: image::ImageError| Refused::Broken(e.to_string().chars().take(200).collect());
    let format = match kind {
        Kind::Jpeg => ImageFormat::Jpeg,
        Kind::Png => ImageFormat::Png,
        Kind::WebP => ImageFormat::WebP,
        Kind::Pdf => return Err(Refused::Kind),
    };
    if kind == Kind::Jpeg && !jpeg_has_end(content) {
        return Err(Refused::Broken("the JPEG has no end".to_owned()));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits.clone());
    // reads the header alone
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > MAX_SIDE || decoder.total_bytes() > MAX_MEMORY {
        return Err(Refused::Pixels(width, height));
    }
    decoder.set_limits(limits).map_err(broken)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    let kind = match kind {
        Kind::WebP if is_opaque(&picture) => Kind::Jpeg,
        Kind::WebP => Kind::Png,
        kind => kind,
    };
    let mut out = Vec::new();
    if kind == Kind::Jpeg {
        let picture =
            if picture.color().has_color() { DynamicImage::from(picture.to_rgb8()) } else { DynamicImage::from(picture.to_luma8()) };
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY)).map_err(broken)?;
    } else {
        picture.write_with_encoder(PngEncoder::new(&mut out)).map_err(broken)?;
    }
    Ok(Kept { kind, content: out, size: Some((picture.width(), picture.height())) })
}

/// Whether the picture goes on to its end-of-image marker (ITU T.81, B.1.1): the decoder paints what is missing grey and says
/// nothing. Markers in segments, as those of a preview in the metadata, are not looked at.
fn jpeg_has_end(content: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[marker, code]) = content.get(at..).and_then(|rest| rest.first_chunk::<2>()) {
        match (marker, code) {
            (0xff, 0xd9) => return true,
            // stuffed, filling, restart: part of the pixels' data
            (0xff, 0x00 | 0x01 | 0xd0..=0xd7) => at += 2,
            (0xff, 0xff) => at += 1,
            (0xff, _) => match content.get(at + 2..).and_then(|rest| rest.first_chunk::<2>()) {
                Some(length) => at += 2 + usize::from(u16::from_be_bytes(*length)).max(2),
                None => return false,
            },
            _ => at += 1,
        }
    }
    false
}

fn is_opaque(picture: &DynamicImage) -> bool {
    !picture.color().has_alpha() || picture.to_rgba8().pixels().all(|p| p.0[3] == u8::MAX)
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;
    use crate::content::keep;

    /// Red at the left, blue at the right, 64 by 32.
    fn two_halves() -> RgbImage {
        RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
    }

    fn jpeg(exif: Option<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut out, 95);
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(&two_halves(), 64, 32, ExtendedColorType::Rgb8).unwrap();
        out
    }

    /// EXIF (TIFF, little-endian): turned by 90 degrees clockwise to be upright, by somebody's camera, at a latitude.
    fn exif() -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [tag.to_le_bytes().to_vec(), kind.to_le_bytes().to_vec(), count.to_le_bytes().to_vec(), value.to_le_bytes().to_vec()].concat()
        };
        let mut exif = b"II*\0\x08\0\0\0".to_vec();
        exif.extend(3_u16.to_le_bytes());
        exif.extend(entry(0x0112, 3, 1, 6));
        exif.extend(entry(0x013b, 2, 10, 50));
        exif.extend(entry(0x8825, 4, 1, 60));
        exif.extend(0_u32.to_le_bytes());
        exif.extend(b"MARIOROSSI");
        exif.extend(1_u16.to_le_bytes());
        exif.extend(entry(0x0002, 5, 3, 78));
        exif.extend(0_u32.to_le_bytes());
        exif.extend([38_u32, 1, 6, 1, 40, 1].into_iter().flat_map(u32::to_le_bytes));
        exif
    }

    fn contains(content: &[u8], what: &[u8]) -> bool {
        content.windows(what.len()).any(|w| w == what)
    }

    #[test]
    fn position_and_owner_are_gone_and_the_picture_stands_upright() {
        let before = jpeg(Some(exif()));
        assert!(contains(&before, b"Exif") && contains(&before, b"MARIOROSSI"));
        let kept = keep(before).unwrap();
        for gone in [&b"Exif"[..], b"MARIOROSSI", b"II*\0", b"GPS"] {
            assert!(!contains(&kept.content, gone), "{gone:?}");
        }
        assert_eq!((kept.kind, kept.size), (Kind::Jpeg, Some((32, 64))));
        let after = image::load_from_memory(&kept.content).unwrap().to_rgb8();
        let (top, bottom) = (after.get_pixel(16, 8).0, after.get_pixel(16, 56).0);
        assert!(top[0] > 200 && bottom[2] > 200, "{top:?} {bottom:?}");
    }

    #[test]
    fn what_is_hidden_in_a_picture_is_gone() {
        let script = b"<html><script>alert(document.domain)</script>";
        let mut behind = jpeg(None);
        behind.extend_from_slice(script);
        // in a comment, right behind the first marker
        let plain = jpeg(None);
        let comment = [&[0xff, 0xfe], u16::try_from(script.len() + 2).unwrap().to_be_bytes().as_slice(), script].concat();
        let within = [&plain[..2], &comment, &plain[2..]].concat();
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&two_halves(), 64, 32, ExtendedColorType::Rgb8).unwrap();
        png.extend_from_slice(b"PK\x03\x04");
        png.extend_from_slice(script);
        for polyglot in [behind, within, png] {
            assert!(contains(&polyglot, script));
            let kept = keep(polyglot).unwrap();
            assert!(!contains(&kept.content, b"<script") && !contains(&kept.content, b"PK\x03\x04"));
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // a PNG that says it has 50,000 by 50,000 pixels: 45 bytes of it
        let mut bomb = b"\x89PNG\r\n\x1a\n".to_vec();
        let header = [b"IHDR".as_slice(), &50_000_u32.to_be_bytes(), &50_000_u32.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        for chunk in [header, b"IDAT".to_vec(), b"IEND".to_vec()] {
            bomb.extend(u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
            bomb.extend_from_slice(&chunk);
            bomb.extend(crc32(&chunk).to_be_bytes());
        }
        assert_eq!(keep(bomb).unwrap_err(), Refused::Pixels(50_000, 50_000));
        // and a JPEG
        let mut bomb = jpeg(None);
        let frame = bomb.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xc3, 0x50, 0xc3, 0x50]);
        assert_eq!(keep(bomb).unwrap_err(), Refused::Pixels(50_000, 50_000));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&two_halves(), 64, 32, ExtendedColorType::Rgb8).unwrap();
        for whole in [jpeg(None), png] {
            for part in [12, 20, whole.len() / 2] {
                assert!(matches!(keep(whole[..part].to_vec()), Err(Refused::Broken(_))), "{part} of {}", whole.len());
            }
        }
        for noise in [vec![0xff, 0xd8, 0xff, 0xe0], b"RIFF\xff\xff\xff\xffWEBPVP8X".to_vec()] {
            assert!(matches!(keep(noise), Err(Refused::Broken(_))));
        }
    }

    #[test]
    fn webp_is_taken_and_becomes_what_everybody_reads() {
        let encode = |picture: DynamicImage| {
            let mut out = Cursor::new(Vec::new());
            picture.write_to(&mut out, ImageFormat::WebP).unwrap();
            out.into_inner()
        };
        assert_eq!(keep(encode(two_halves().into())).unwrap().kind, Kind::Jpeg);
        let glass = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 90]));
        assert_eq!(keep(encode(glass.into())).unwrap().kind, Kind::Png);
    }

    /// As PNG wants it (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }
}
