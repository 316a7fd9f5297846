use std::sync::Arc;

use kernel::layer::Accuracy;
use kernel::{Bbox, Srid, Text};

use crate::datum::Datum;
use crate::pipeline::Pipeline;
use crate::{Crs, CrsError, Settings, engine};

/// The pinned way from one system to another. Cheap to make and to clone, and free to cross threads: PROJ's own objects
/// are kept by each thread that converts.
#[derive(Clone, Debug)]
pub struct Transformer {
    from: &'static Crs,
    to: &'static Crs,
    /// `None`: the numbers are the same.
    pipeline: Option<Arc<str>>,
    accuracy: Accuracy,
}

/// Points along each side of a rectangle whose outline is transformed.
const STEPS: usize = 21;

impl Transformer {
    /// The way between two systems of the register.
    pub fn new(from: Srid, to: Srid, settings: &Settings) -> Result<Self, CrsError> {
        let (from, to) = (Crs::require(from)?, Crs::require(to)?);
        let (steps, accuracy) = way(from, to, settings);
        let pipeline: Option<Arc<str>> = steps.text().map(Into::into);
        if let Some(pipeline) = &pipeline {
            engine::prepare(pipeline)?;
        }
        Ok(Self { from, to, pipeline, accuracy })
    }

    /// The system it starts from.
    pub fn from(&self) -> &'static Crs {
        self.from
    }

    /// The system it leads to.
    pub fn to(&self) -> &'static Crs {
        self.to
    }

    /// How sure the result is because of the change of datum alone, in metres, and the operation that says so.
    pub fn accuracy(&self) -> &Accuracy {
        &self.accuracy
    }

    /// The PROJ pipeline, east first and degrees on both sides; `None` if the numbers stay as they are.
    pub fn pipeline(&self) -> Option<&str> {
        self.pipeline.as_deref()
    }

    /// Converts positions in place, `[east, north]` in degrees or metres.
    ///
    /// An error names the first position that has no place in the other system, and then the slice's contents are not to
    /// be used.
    pub fn convert(&self, positions: &mut [[f64; 2]]) -> Result<(), CrsError> {
        let refused = match (positions.iter().find(|p| !self.from.holds(**p)), &self.pipeline) {
            (Some(position), _) => Some(*position),
            (None, Some(pipeline)) => engine::run(pipeline, positions, |p| self.to.holds(p))?.err(),
            (None, None) => None,
        };
        refused.map_or(Ok(()), |position| Err(self.refuse(position)))
    }

    /// Converts one position.
    pub fn convert_one(&self, position: [f64; 2]) -> Result<[f64; 2], CrsError> {
        let mut one = [position];
        self.convert(&mut one)?;
        Ok(one[0])
    }

    /// The smallest rectangle round a rectangle's image; its sides are followed by points, since they become curves.
    pub fn transform_bbox(&self, bbox: &Bbox) -> Result<Bbox, CrsError> {
        let mut outline: Vec<[f64; 2]> = bbox.outline(STEPS).into_iter().map(|(x, y)| [x, y]).collect();
        self.convert(&mut outline)?;
        Bbox::around(outline.iter().map(|p| (p[0], p[1]))).ok_or_else(|| self.refuse([bbox.west(), bbox.south()]))
    }

    fn refuse(&self, [x, y]: [f64; 2]) -> CrsError {
        CrsError::Position { from: self.from.srid(), to: self.to.srid(), x, y }
    }
}

/// Off the projection, from datum to datum, onto the projection; steps that cancel are left out.
fn way(from: &Crs, to: &Crs, settings: &Settings) -> (Pipeline, Accuracy) {
    let (shift, accuracy) = shift(from.datum(), to.datum(), settings);
    let nothing = shift == Pipeline::default() && from.projection() == to.projection();
    let steps = if nothing { shift } else { from.unproject().join(shift).join(to.unproject().inverse()) };
    (steps, accuracy)
}

/// To the hub and from the hub: longitude and latitude in radians on both sides.
pub(crate) fn shift(from: Datum, to: Datum, settings: &Settings) -> (Pipeline, Accuracy) {
    let same_datum = from == to;
    let (there, back) = (from.to_hub(settings), to.to_hub(settings));
    let accuracy = if same_datum {
        Accuracy { metres: 0.0, source: Text::new("stesso datum, nessuno spostamento", "same datum, no shift") }
    } else if there.metres >= back.metres {
        // EPSG publishes each of these operations with the same accuracy towards ETRS89, RDN2008 and WGS 84.
        Accuracy { metres: there.metres, source: there.source }
    } else {
        Accuracy { metres: back.metres, source: back.source }
    };
    let steps = if same_datum { Pipeline::default() } else { there.steps.join(back.steps.inverse()) };
    (steps, accuracy)
}

#[cfg(test)]
mod tests;
