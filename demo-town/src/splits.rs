//! Where edges were split later on, so that both sides of a boundary end up with the same vertices.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::plane::V;
use crate::ring::Ring;
use crate::rng::mix;

/// Hashes a few integers quickly and the same everywhere. The maps are looked up, never walked.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        mix(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte).wrapping_mul(0x9e37_79b9);
        }
    }

    fn write_i32(&mut self, value: i32) {
        self.0 = self.0.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(value as u32);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_i32(value as i32);
    }
}

/// A map that is only looked up.
pub(crate) type Lookup<K, T> = HashMap<K, T, BuildHasherDefault<Spread>>;
/// A set that is only looked up.
pub(crate) type Seen<K> = HashSet<K, BuildHasherDefault<Spread>>;

/// Edges that were split, each at one vertex; the halves may be split again.
#[derive(Default)]
pub(crate) struct Splits {
    at: Lookup<(V, V), V>,
    nodes: Seen<V>,
}

impl Splits {
    /// Splits the edge between two vertices.
    pub(crate) fn split(&mut self, a: V, b: V, at: V) {
        if at != a && at != b {
            self.at.insert(if a < b { (a, b) } else { (b, a) }, at);
        }
    }

    /// Says that lines meet at this vertex.
    pub(crate) fn mark(&mut self, node: V) {
        self.nodes.insert(node);
    }

    /// Do lines meet here?
    pub(crate) fn is_node(&self, vertex: V) -> bool {
        self.nodes.contains(&vertex)
    }

    /// Calls `each` for every vertex of the edge as it is now, the last one left out.
    pub(crate) fn walk(&self, a: V, b: V, each: &mut impl FnMut(V)) {
        match self.at.get(&if a < b { (a, b) } else { (b, a) }) {
            Some(&p) => {
                self.walk(a, p, each);
                self.walk(p, b, each);
            }
            None => each(a),
        }
    }

    /// The ring with every vertex that was put on its edges since.
    pub(crate) fn expand(&self, ring: &Ring) -> Ring {
        let mut out = Ring { v: Vec::with_capacity(ring.len() + 8), e: Vec::with_capacity(ring.len() + 8) };
        for i in 0..ring.len() {
            let (a, b) = ring.edge(i);
            self.walk(a, b, &mut |v| {
                out.v.push(v);
                out.e.push(ring.e[i]);
            });
        }
        out
    }

    /// The same for an open line.
    pub(crate) fn expand_line(&self, line: &[V]) -> Vec<V> {
        let mut out = Vec::with_capacity(line.len() + 4);
        for pair in line.windows(2) {
            self.walk(pair[0], pair[1], &mut |v| out.push(v));
        }
        out.extend(line.last());
        out
    }
}
