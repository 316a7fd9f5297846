use super::{Family, Shape, Tidied};
use crate::report::Reason;

/// Checks positions, closes rings and drops rings that have no area to bound, so that PostGIS takes the geometry.
/// Whether polygons cross themselves is seen to in the database.
pub(crate) fn tidy(shape: Shape) -> Result<Tidied, Reason> {
    if shape.positions.is_empty() {
        return Err(Reason::Empty);
    }
    if shape.positions.iter().any(|p| !p[0].is_finite() || !p[1].is_finite()) {
        return Err(Reason::NotFinite);
    }
    match shape.family {
        Family::Point => Ok(Tidied { shape, mended: false }),
        Family::Line => lines(shape),
        Family::Polygon => polygons(shape),
    }
}

fn lines(shape: Shape) -> Result<Tidied, Reason> {
    let sound = |line: &[[f64; 2]]| line.iter().any(|p| p != &line[0]);
    if sequences(&shape).all(sound) {
        return Ok(Tidied { shape, mended: false });
    }
    let mut kept = Shape { multi: shape.multi, ..Shape::new(Family::Line) };
    for line in sequences(&shape).filter(|line| !line.is_empty() && sound(line)) {
        kept.positions.extend(line);
        kept.sequences.push(kept.positions.len());
    }
    if kept.sequences.is_empty() { Err(Reason::TooFewPositions) } else { Ok(Tidied { shape: kept, mended: true }) }
}

fn polygons(shape: Shape) -> Result<Tidied, Reason> {
    if sequences(&shape).all(|ring| ring.len() >= 4 && ring.first() == ring.last()) {
        return Ok(Tidied { shape, mended: false });
    }
    let rings: Vec<&[[f64; 2]]> = sequences(&shape).collect();
    let mut kept = Shape { multi: shape.multi, ..Shape::new(Family::Polygon) };
    let mut first = 0;
    for &end in &shape.parts {
        let before = kept.sequences.len();
        for (index, ring) in rings[first..end].iter().enumerate() {
            let closed = ring.first() == ring.last();
            if ring.len() + usize::from(!closed) < 4 {
                if index == 0 {
                    break;
                }
                continue;
            }
            kept.positions.extend(*ring);
            if !closed {
                kept.positions.push(ring[0]);
            }
            kept.sequences.push(kept.positions.len());
        }
        if kept.sequences.len() > before {
            kept.parts.push(kept.sequences.len());
        }
        first = end;
    }
    if kept.parts.is_empty() { Err(Reason::TooFewPositions) } else { Ok(Tidied { shape: kept, mended: true }) }
}

fn sequences(shape: &Shape) -> impl Iterator<Item = &[[f64; 2]]> {
    let mut first = 0;
    shape.sequences.iter().map(move |&end| {
        let sequence = &shape.positions[first..end];
        first = end;
        sequence
    })
}

#[cfg(test)]
mod tests {
    use super::tidy;
    use crate::geometry::{Family, Shape};
    use crate::report::Reason;

    fn polygon(rings: &[&[[f64; 2]]]) -> Shape {
        let mut shape = Shape::new(Family::Polygon);
        for ring in rings {
            shape.positions.extend(*ring);
            shape.sequences.push(shape.positions.len());
        }
        shape.parts.push(rings.len());
        shape
    }

    const SQUARE: [[f64; 2]; 5] = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]];

    #[test]
    fn an_open_ring_is_closed() {
        let tidied = tidy(polygon(&[&SQUARE[..4]])).unwrap();
        assert!(tidied.mended);
        assert_eq!(tidied.shape.positions, SQUARE);
    }

    #[test]
    fn a_hole_without_area_is_dropped_and_an_outer_ring_without_area_kept_out() {
        let tidied = tidy(polygon(&[&SQUARE, &[[1.0, 1.0], [2.0, 2.0]]])).unwrap();
        assert_eq!((tidied.shape.sequences.len(), tidied.mended), (1, true));
        assert_eq!(tidy(polygon(&[&[[1.0, 1.0], [2.0, 2.0]]])), Err(Reason::TooFewPositions));
    }

    #[test]
    fn a_line_that_stays_in_place_is_none() {
        let line = Shape { positions: vec![[1.0, 1.0]; 3], sequences: vec![3], ..Shape::new(Family::Line) };
        assert_eq!(tidy(line), Err(Reason::TooFewPositions));
    }

    #[test]
    fn positions_must_be_numbers() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let point = Shape { positions: vec![[bad, 1.0]], ..Shape::new(Family::Point) };
            assert_eq!(tidy(point), Err(Reason::NotFinite));
        }
    }
}
