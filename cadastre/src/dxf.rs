//! Drawings in AutoCAD's exchange format (DXF) as text: what is drawn, on which layer, and nothing of what it means.
//!
//! "DXF Reference", Autodesk: pairs of lines, a group code and a value. The section ENTITIES alone is read. Lengths are taken for metres, east
//! before north, and are held in whole millimetres; angles, which are degrees from the east against the clock, in whole thousandths.

mod pairs;
mod read;

pub use read::Reader;

use crate::cxf::Position;

/// What a drawing in the binary variant begins with.
pub(crate) const BINARY: &[u8] = b"AutoCAD Binary DXF";

/// Something that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Its layer.
    pub layer: String,
    /// What it is.
    pub shape: Shape,
}

/// What can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `LINE`, `LWPOLYLINE`, `POLYLINE`.
    Line {
        /// Its vertices; the first is not repeated at the end of a closed one.
        vertices: Vec<Position>,
        /// Whether it ends where it began.
        closed: bool,
        /// Its type of line: `CONTINUOUS`, `DASHED`; empty if it is the layer's.
        line_type: String,
    },
    /// `TEXT`, `MTEXT`.
    Text {
        /// The text, without what formats it.
        text: String,
        /// Its height on the ground.
        height: i64,
        /// Its angle.
        angle: i64,
        /// Where it stands: left below, or where it is justified to.
        position: Position,
        /// Whether that is its middle.
        centred: bool,
    },
    /// `INSERT`, `POINT`, `CIRCLE`: what stands at one place.
    Mark {
        /// The name of the symbol (block) that is inserted; empty of points and circles.
        block: String,
        /// Its angle.
        angle: i64,
        /// Where it is.
        position: Position,
    },
    /// Something that nobody reads.
    Other {
        /// Its name: `HATCH`, `SPLINE`.
        kind: String,
    },
}

/// Whether these are the first bytes of a drawing: a section begins, after comments if there are any.
pub(crate) fn is_drawing(head: &[u8]) -> bool {
    if head.starts_with(BINARY) {
        return true;
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    while let (Some(code), Some(value)) = (lines.next(), lines.next()) {
        match code {
            b"999" => {}
            b"0" => return value == b"SECTION",
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests;
