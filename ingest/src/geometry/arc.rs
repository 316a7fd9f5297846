//! Arcs of circles as lines, in steps as GDAL makes them.

/// Degrees between two positions of an arc, at most: GDAL's `OGR_ARC_STEPSIZE`, by which curves of other formats become lines.
const STEP_DEGREES: f64 = 4.0;

/// Appends arcs, each from a position through the next to the one after it, where the next arc begins (ISO 13249-3, circular string). The first
/// position is appended only to an empty line. `None` if their number is even, so that one has no end.
pub(super) fn append(line: &mut Vec<[f64; 2]>, through: &[[f64; 2]]) -> Option<()> {
    if through.is_empty() {
        return Some(());
    }
    if through.len() < 3 || through.len().is_multiple_of(2) {
        return None;
    }
    join(line, &through[..1]);
    for arc in through.windows(3).step_by(2) {
        one(line, [arc[0], arc[1], arc[2]]);
    }
    Some(())
}

/// Appends positions, the first only if the line does not end there.
pub(super) fn join(line: &mut Vec<[f64; 2]>, positions: &[[f64; 2]]) {
    let known = usize::from(line.last().is_some_and(|last| positions.first() == Some(last)));
    line.extend(&positions[known..]);
}

/// An arc whose beginning is in the line already.
fn one(line: &mut Vec<[f64; 2]>, [from, through, to]: [[f64; 2]; 3]) {
    let Some(centre) = centre(from, through, to) else {
        // three on a line
        line.extend([through, to]);
        return;
    };
    let angle = |[x, y]: [f64; 2]| (y - centre[1]).atan2(x - centre[0]);
    let radius = (from[0] - centre[0]).hypot(from[1] - centre[1]);
    let turn = std::f64::consts::TAU;
    let (begin, middle) = (angle(from), angle(through));
    // a whole circle may go either way round
    let end = if from == to { begin + turn } else { angle(to) };
    let counter = from == to || (middle - begin).rem_euclid(turn) < (end - begin).rem_euclid(turn);
    for (a, b, last) in [(begin, middle, through), (middle, end, to)] {
        let sweep = if counter { (b - a).rem_euclid(turn) } else { -((a - b).rem_euclid(turn)) };
        let steps = (sweep.abs().to_degrees() / STEP_DEGREES).ceil().max(1.0);
        for step in 1..steps as u32 {
            let at = a + sweep * f64::from(step) / steps;
            line.push([centre[0] + radius * at.cos(), centre[1] + radius * at.sin()]);
        }
        line.push(last);
    }
}

/// The centre of the circle through three positions; of a whole circle, which ends where it begins, the middle of two. `None` on a line.
fn centre([ax, ay]: [f64; 2], [bx, by]: [f64; 2], [cx, cy]: [f64; 2]) -> Option<[f64; 2]> {
    if [ax, ay] == [cx, cy] {
        return ([ax, ay] != [bx, by]).then_some([f64::midpoint(ax, bx), f64::midpoint(ay, by)]);
    }
    // from the first position, where numbers are small
    let [bx, by, cx, cy] = [bx - ax, by - ay, cx - ax, cy - ay];
    let twice = 2.0 * (bx * cy - by * cx);
    let (b, c) = (bx * bx + by * by, cx * cx + cy * cy);
    let centre = [ax + (cy * b - by * c) / twice, ay + (bx * c - cx * b) / twice];
    // as good as straight: a circle larger than the Earth
    (centre.iter().all(|n| n.is_finite()) && (centre[0] - ax).hypot(centre[1] - ay) < 1e8).then_some(centre)
}

#[cfg(test)]
mod tests {
    use super::append;

    fn arc(through: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut line = Vec::new();
        append(&mut line, through).unwrap();
        line
    }

    /// The length of a line.
    fn length(line: &[[f64; 2]]) -> f64 {
        line.windows(2).map(|edge| (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1])).sum()
    }

    #[test]
    fn positions_lie_on_the_circle_no_farther_apart_than_a_step() {
        let (east, north) = (552_400.0, 4_205_600.0);
        let at = |degrees: f64| [east + 10.0 * degrees.to_radians().cos(), north + 10.0 * degrees.to_radians().sin()];
        for (through, sweep) in
            [([0.0, 45.0, 90.0], 90.0), ([90.0, 45.0, 0.0], 90.0), ([350.0, 10.0, 20.0], 30.0), ([0.0, 350.0, 90.0], 270.0)]
        {
            let line = arc(&through.map(at));
            assert_eq!((line[0], *line.last().unwrap()), (at(through[0]), at(through[2])), "{through:?}");
            assert!(line.contains(&at(through[1])), "{through:?}");
            assert!(line.iter().all(|[x, y]| ((x - east).hypot(y - north) - 10.0).abs() < 1e-6), "{line:?}");
            let longest = line.windows(2).map(length).fold(0.0, f64::max);
            assert!(longest < 2.0 * 10.0 * 2.01_f64.to_radians().sin(), "{longest}");
            assert!((length(&line) - 10.0 * f64::to_radians(sweep)).abs() < 0.01 * sweep, "{through:?}: {}", length(&line));
        }
    }

    #[test]
    fn circles_straight_ones_and_several_in_a_row() {
        let circle = arc(&[[0.0, 0.0], [2.0, 0.0], [0.0, 0.0]]);
        assert!((length(&circle) - std::f64::consts::TAU).abs() < 0.01 && circle.len() == 91 && circle.first() == circle.last());
        assert_eq!(arc(&[[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]), [[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]);
        assert_eq!(arc(&[[3.0, 3.0]; 3]), [[3.0, 3.0]; 3]);
        let wave = arc(&[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, -1.0], [4.0, 0.0]]);
        assert!((length(&wave) - std::f64::consts::TAU).abs() < 0.01, "{}", length(&wave));
        for broken in [&[[0.0, 0.0], [1.0, 1.0]][..], &[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]] {
            assert_eq!(append(&mut Vec::new(), broken), None);
        }
    }
}
