use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Spot;
use super::key::{Cells, Key};
use crate::IngestError;
use crate::report::{Note, Reason};
use crate::source::{DeclaredCrs, RawGeometry, Reader, Row, SourceLayer};

/// A table whose rows have the places that the register has for what they say.
pub(super) struct PlacedReader {
    inner: Box<dyn Reader>,
    layer: SourceLayer,
    cells: Cells,
    spots: Arc<HashMap<Key, Spot>>,
}

impl PlacedReader {
    pub(super) fn new(inner: Box<dyn Reader>, cells: Cells, spots: Arc<HashMap<Key, Spot>>, crs: DeclaredCrs) -> Self {
        let layer = SourceLayer { crs, placed: true, ..inner.layer().clone() };
        Self { inner, layer, cells, spots }
    }
}

impl Reader for PlacedReader {
    fn layer(&self) -> &SourceLayer {
        &self.layer
    }

    fn as_text(&mut self, field: usize) {
        self.inner.as_text(field);
    }

    fn note(&mut self, note: Note) {
        self.layer.notes.push(note);
    }

    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError> {
        let (cells, spots) = (&self.cells, &self.spots);
        self.inner.read(&mut |row| {
            // a row of which more is wrong (too many values, a text too long) stays so
            let geometry = match row.geometry {
                broken @ RawGeometry::Broken(_) => broken,
                _ => match cells.key(&row.values).map(|key| spots.get(&key)) {
                    Ok(Some(Spot::Point(at))) => RawGeometry::Position(*at),
                    Ok(Some(Spot::Area(wkb))) => RawGeometry::Wkb(wkb.clone()),
                    Ok(Some(Spot::Nowhere(reason))) => RawGeometry::Broken(*reason),
                    Err(reason) => RawGeometry::Broken(reason),
                    // somebody wrote the file meanwhile: the second reading finds out
                    Ok(None) => RawGeometry::Broken(Reason::NoGeometry),
                },
            };
            each(Row { geometry, ..row })
        })
    }
}
