//! Points in whole millimetres and the few exact predicates that everything stands on.

/// East and north in millimetres from the town's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct V {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// A point or direction in metres.
pub(crate) type M = [f64; 2];

impl V {
    /// The nearest millimetre to a point in metres.
    pub(crate) fn round(p: M) -> Self {
        Self { x: (p[0] * 1000.0).round() as i32, y: (p[1] * 1000.0).round() as i32 }
    }

    /// Metres.
    pub(crate) fn m(self) -> M {
        [f64::from(self.x) / 1000.0, f64::from(self.y) / 1000.0]
    }

    /// Square of the distance, square metres.
    pub(crate) fn distance2(self, other: Self) -> f64 {
        let d = sub(self.m(), other.m());
        dot(d, d)
    }
}

/// Twice the signed area of the triangle, exact: positive when `c` is left of `a`→`b`.
pub(crate) fn orient(a: V, b: V, c: V) -> i64 {
    let (bx, by) = (i64::from(b.x) - i64::from(a.x), i64::from(b.y) - i64::from(a.y));
    let (cx, cy) = (i64::from(c.x) - i64::from(a.x), i64::from(c.y) - i64::from(a.y));
    bx * cy - by * cx
}

/// Do two segments share a point? Exact; ends count.
pub(crate) fn meet(a: V, b: V, c: V, d: V) -> bool {
    let apart = |p: i32, q: i32, r: i32, s: i32| p.max(q) < r.min(s) || r.max(s) < p.min(q);
    if apart(a.x, b.x, c.x, d.x) || apart(a.y, b.y, c.y, d.y) {
        return false;
    }
    let (o1, o2) = (orient(a, b, c).signum(), orient(a, b, d).signum());
    let (o3, o4) = (orient(c, d, a).signum(), orient(c, d, b).signum());
    o1 * o2 <= 0 && o3 * o4 <= 0
}

pub(crate) fn add(a: M, b: M) -> M {
    [a[0] + b[0], a[1] + b[1]]
}

pub(crate) fn sub(a: M, b: M) -> M {
    [a[0] - b[0], a[1] - b[1]]
}

/// `a + k·d`.
pub(crate) fn along(a: M, d: M, k: f64) -> M {
    [a[0] + d[0] * k, a[1] + d[1] * k]
}

pub(crate) fn dot(a: M, b: M) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub(crate) fn cross(a: M, b: M) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(crate) fn length(a: M) -> f64 {
    dot(a, a).sqrt()
}

pub(crate) fn distance(a: M, b: M) -> f64 {
    length(sub(a, b))
}

/// Length one; east for a null vector.
pub(crate) fn unit(a: M) -> M {
    let l = length(a);
    if l > 0.0 { [a[0] / l, a[1] / l] } else { [1.0, 0.0] }
}

/// A quarter turn to the left.
pub(crate) fn left(a: M) -> M {
    [-a[1], a[0]]
}

pub(crate) fn lerp(a: M, b: M, t: f64) -> M {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

/// From a point to a segment.
pub(crate) fn to_segment(p: M, a: M, b: M) -> f64 {
    let d = sub(b, a);
    let l2 = dot(d, d);
    let t = if l2 > 0.0 { (dot(sub(p, a), d) / l2).clamp(0.0, 1.0) } else { 0.0 };
    distance(p, along(a, d, t))
}

/// Drops points that stray less than `tolerance` metres from the line without them (Douglas-Peucker).
pub(crate) fn simplify(line: &[M], tolerance: f64) -> Vec<M> {
    let mut keep = vec![false; line.len()];
    let mut todo = vec![(0, line.len() - 1)];
    keep[0] = true;
    keep[line.len() - 1] = true;
    while let Some((first, last)) = todo.pop() {
        let mut far = (tolerance, 0);
        for i in first + 1..last {
            let d = to_segment(line[i], line[first], line[last]);
            if d > far.0 {
                far = (d, i);
            }
        }
        if far.1 > 0 {
            keep[far.1] = true;
            todo.push((first, far.1));
            todo.push((far.1, last));
        }
    }
    line.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
}
