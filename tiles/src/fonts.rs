//! Glyphs of the map's fonts, as distances from their outlines, for map programs that do not draw letters with fonts of their own
//! (`glyphs` in a style): MapLibre's form, 24 pixels high, 256 characters at a time.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use ab_glyph::{Font as _, FontVec, GlyphId, PxScale, ScaleFont};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use kernel::{Params, Problem};
use sdf_glyph_renderer::{BitmapGlyph, clamp_to_u8};
use thiserror::Error;

use crate::engine::protobuf::{field, varint, zigzag};

/// The height that glyphs are drawn for, pixels an em.
const SIZE_PX: f32 = 24.0;
/// How far round a glyph its bitmap reaches, pixels.
const BORDER_PX: usize = 3;
/// How far distances are told, pixels, and which part of them lies inside.
const RADIUS_PX: usize = 8;
const INSIDE: f64 = 0.25;
/// Characters of a range.
const RANGE: u32 = 256;
/// The last character that maps ask for.
const LAST: u32 = 0xFFFF;
/// How many fonts one stack may name.
const MAX_STACK: usize = 16;

/// Why a font can't be drawn from.
#[derive(Debug, Error)]
pub enum FontError {
    /// It is no web font.
    #[error("`{0}` is no WOFF2 font")]
    Packed(String),
    /// It has no outlines.
    #[error("`{0}` can't be read as a font")]
    Font(String),
}

struct Font {
    /// As styles call it.
    names: Vec<String>,
    font: FontVec,
}

/// A glyph, written, with its character.
type Glyph = (u32, Vec<u8>);

/// Glyphs by font and first character.
type Drawn = HashMap<(usize, u32), Arc<Vec<Glyph>>>;

/// Fonts that glyphs are drawn from. Cheap to clone.
#[derive(Clone, Default)]
pub struct Fonts(Arc<Shared>);

#[derive(Default)]
struct Shared {
    fonts: Vec<Font>,
    /// What was drawn: some hundred small lists at most.
    drawn: Mutex<Drawn>,
}

impl Fonts {
    /// From fonts as browsers fetch them (WOFF2), each with its names in styles.
    pub fn new(fonts: impl IntoIterator<Item = (Vec<String>, Vec<u8>)>) -> Result<Self, FontError> {
        let read = |(names, packed): (Vec<String>, Vec<u8>)| {
            let name = || names.first().cloned().unwrap_or_default();
            let bytes = wuff::decompress_woff2(&packed).map_err(|_| FontError::Packed(name()))?;
            let font = FontVec::try_from_vec(bytes).map_err(|_| FontError::Font(name()))?;
            Ok(Font { names, font })
        };
        let fonts = fonts.into_iter().map(read).collect::<Result<_, FontError>>()?;
        Ok(Self(Arc::new(Shared { fonts, drawn: Mutex::default() })))
    }

    /// The names by which they can be asked for, each font's first one first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.fonts.iter().flat_map(|font| font.names.iter().map(String::as_str))
    }

    /// The fonts of a stack that there are, in its order. A stack names others too, for programs that have them.
    fn stack(&self, stack: &str) -> Result<Vec<usize>, Problem> {
        let wanted: Vec<&str> = stack.split(',').map(str::trim).take(MAX_STACK).collect();
        let found: Vec<usize> =
            wanted.iter().filter_map(|name| self.0.fonts.iter().position(|font| font.names.iter().any(|n| n == name))).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
        let there =
            if names.is_empty() { "no fonts were built into this program".to_owned() } else { format!("there are {}", names.join(", ")) };
        Err(Problem::not_found(format!("there is no font `{}`; {there}", stack.chars().take(120).collect::<String>())))
    }

    /// The glyphs from a character on: each from the first font of the stack that has it.
    fn glyphs(&self, name: &str, stack: &[usize], first: u32) -> Vec<u8> {
        let drawn: Vec<Arc<Vec<Glyph>>> = stack.iter().map(|font| self.drawn(*font, first)).collect();
        let mut inner = Vec::new();
        field(1, name.as_bytes(), &mut inner);
        field(2, format!("{first}-{}", first + RANGE - 1).as_bytes(), &mut inner);
        for character in first..first + RANGE {
            let glyph = drawn.iter().find_map(|glyphs| glyphs.iter().find(|(of, _)| *of == character));
            if let Some((_, glyph)) = glyph {
                field(3, glyph, &mut inner);
            }
        }
        let mut out = Vec::with_capacity(inner.len() + 4);
        field(1, &inner, &mut out);
        out
    }

    fn drawn(&self, font: usize, first: u32) -> Arc<Vec<Glyph>> {
        let known = || self.0.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(glyphs) = known().get(&(font, first)) {
            return Arc::clone(glyphs);
        }
        let of = &self.0.fonts[font].font;
        let character = |code: u32| char::from_u32(code).map(|c| (code, of.glyph_id(c))).filter(|(_, id)| *id != GlyphId(0));
        let glyphs: Arc<Vec<Glyph>> =
            Arc::new((first..first + RANGE).filter_map(character).map(|(code, id)| (code, draw(of, code, id))).collect());
        known().insert((font, first), Arc::clone(&glyphs));
        glyphs
    }
}

/// A glyph as maps read it. `top` is counted from the font's ascent, as other makers of such files do.
fn draw(font: &FontVec, character: u32, id: GlyphId) -> Vec<u8> {
    let em = font.units_per_em().unwrap_or(1000.0);
    let scale = PxScale::from(SIZE_PX * font.height_unscaled() / em);
    let scaled = font.as_scaled(scale);
    let (mut width, mut height, mut left, mut top, mut bitmap) = (0, 0, 0, 0, Vec::new());
    if let Some(outline) = font.outline_glyph(id.with_scale(scale)) {
        let bounds = outline.px_bounds();
        (width, height) = (bounds.width() as usize, bounds.height() as usize);
        (left, top) = (bounds.min.x as i64, -bounds.min.y as i64);
        let mut coverage = vec![0u8; width * height];
        outline.draw(|x, y, covered| {
            if let Some(pixel) = coverage.get_mut(y as usize * width + x as usize) {
                *pixel = (covered.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        });
        bitmap = BitmapGlyph::from_unbuffered(&coverage, width, height, BORDER_PX)
            .ok()
            .and_then(|glyph| clamp_to_u8(&glyph.render_sdf(RADIUS_PX), INSIDE).ok())
            .unwrap_or_default();
    }
    let mut out = Vec::with_capacity(bitmap.len() + 24);
    let mut number = |field: u8, value: u64| {
        out.push(field << 3);
        varint(value, &mut out);
    };
    number(1, character.into());
    number(3, width as u64);
    number(4, height as u64);
    number(5, zigzag(left));
    number(6, zigzag(top - scaled.ascent().round() as i64));
    number(7, scaled.h_advance(id).round() as u64);
    if !bitmap.is_empty() {
        field(2, &bitmap, &mut out);
    }
    out
}

/// `/font/{fontstack}/{range}`.
pub(crate) fn routes(fonts: &Fonts) -> Router {
    Router::new().route("/font/{fontstack}/{range}", get(handler)).with_state(fonts.clone())
}

/// `GET /font/{fontstack}/{range}`: glyphs of the map's fonts, `0-255`, `256-511`, …, as a style's `glyphs` asks for them. Fonts of the
/// stack that there are not are passed over; 404 if there is none of them.
#[utoipa::path(
    get,
    path = "/font/{fontstack}/{range}",
    tag = "styles",
    params(
        ("fontstack" = String, Path, description = "Fonts, separated by commas"),
        ("range" = String, Path, description = "Characters: 256 from a multiple of 256 on, as `0-255`"),
    ),
    responses(
        (status = 200, description = "Glyphs, as MapLibre reads them", content_type = "application/x-protobuf"),
        (status = 400, description = "No such range", content_type = "application/problem+json"),
        (status = 404, description = "None of these fonts", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(fonts): State<Fonts>,
    Path((stack, range)): Path<(String, String)>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let first = first_of(range.strip_suffix(".pbf").unwrap_or(&range))?;
    let found = fonts.stack(&stack)?;
    let glyphs = tokio::task::spawn_blocking(move || fonts.glyphs(&stack, &found, first)).await;
    let glyphs = glyphs.map_err(|e| Problem::internal("glyphs", &e))?;
    let mut etag = String::new();
    let _ = write!(etag, "\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&glyphs));
    let headers = [(header::CONTENT_TYPE, "application/x-protobuf"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, [(header::ETAG, etag)], glyphs).into_response())
}

fn first_of(range: &str) -> Result<u32, Problem> {
    let parsed = range.split_once('-').and_then(|(first, last)| Some((first.parse::<u32>().ok()?, last.parse::<u32>().ok()?)));
    match parsed {
        Some((first, last)) if first % RANGE == 0 && first <= LAST && last == first + RANGE - 1 => Ok(first),
        _ => {
            let detail = format!("`{}` is no range of characters", range.chars().take(20).collect::<String>());
            Err(Problem::invalid_parameter("range", detail, "0-255, 256-511, … 65280-65535"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fonts, first_of};

    #[test]
    fn ranges_are_those_that_maps_ask_for() {
        assert_eq!((first_of("0-255").unwrap(), first_of("65280-65535").unwrap()), (0, 65_280));
        for bad in ["", "0", "0-256", "1-256", "65536-65791", "-1-254", "a-b", "4294967040-4294967295"] {
            assert_eq!(first_of(bad).unwrap_err().status(), 400, "{bad}");
        }
    }

    #[test]
    fn what_is_no_font_is_refused_and_none_is_named() {
        assert!(Fonts::new([(vec!["A".to_owned()], b"wOF2 and no more".to_vec())]).is_err());
        assert_eq!(Fonts::default().stack("A,B").unwrap_err().status(), 404);
    }
}
