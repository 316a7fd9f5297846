//! What kind of quarter a place is in.

use crate::frame::Frame;
use crate::layout::Layout;
use crate::plane::{M, distance};
use crate::ring::Ring;
use crate::rng::{Noise, smooth};

/// A kind of quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Sand, quays and what stands on them.
    Beach,
    Harbour,
    /// Strip between promenade and lungomare.
    Seafront,
    /// The old town of this nucleus.
    Old(u8),
    /// The regular plan of this nucleus.
    Grid(u8),
    /// Expansions of the last century.
    Town,
    /// Houses in gardens.
    Suburb,
    /// Workshops and stores.
    Works,
    /// Village inland; the last is Rocca Sant'Elia's.
    Hamlet(u8),
    Field,
    River(u8),
}

impl Zone {
    pub(crate) fn is_urban(self) -> bool {
        !matches!(self, Self::Field | Self::River(_) | Self::Beach | Self::Harbour)
    }

    /// Parcels to expect on a square metre of the ground, streets included.
    pub(crate) fn density(self, field: f64) -> f64 {
        match self {
            Self::Old(_) => 1.0 / 240.0,
            Self::Hamlet(_) => 1.0 / 300.0,
            Self::Grid(_) => 1.0 / 510.0,
            Self::Town => 1.0 / 560.0,
            Self::Suburb => 1.0 / 820.0,
            Self::Works => 1.0 / 2200.0,
            Self::Beach | Self::Harbour | Self::Seafront => 1.0 / 2500.0,
            Self::River(_) => 0.0,
            Self::Field => field,
        }
    }
}

/// Tells the zone of a place.
pub(crate) struct Zoning<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) layout: &'static Layout,
    edge: Noise,
    fine: Noise,
}

impl<'a> Zoning<'a> {
    pub(crate) fn new(seed: u64, frame: &'a Frame, layout: &'static Layout) -> Self {
        Self { frame, layout, edge: Noise::new(seed, 21, 0.11 * layout.length.min(9000.0)), fine: Noise::new(seed, 22, 210.0) }
    }

    /// Inner zones by distance from the sea, outer ones by villages.
    pub(crate) fn at(&self, p: M) -> Zone {
        let [u, v] = self.frame.plan(p);
        let layout = self.layout;
        if u < layout.lungomare {
            return Zone::Beach;
        }
        for (i, nucleus) in layout.nuclei.iter().enumerate() {
            if nucleus.old.holds(u, v) {
                return Zone::Old(i as u8);
            }
            if nucleus.grid.holds(u, v) && u < self.depth(v) {
                return Zone::Grid(i as u8);
            }
        }
        if layout.works.iter().any(|a| a.holds(u, v)) && u < self.depth(v) + 200.0 {
            return Zone::Works;
        }
        for (i, hamlet) in layout.hamlets.iter().chain([&layout.village]).enumerate() {
            let ragged = hamlet.radius * (1.0 + 0.35 * self.fine.at(u, v));
            if distance([u, v], [hamlet.u, hamlet.v]) < ragged {
                return Zone::Hamlet(i as u8);
            }
        }
        let depth = self.depth(v);
        if u > depth + 90.0 * self.fine.at(u, v) {
            return Zone::Field;
        }
        if u > 0.6 * depth || self.town_length(v) < 0.2 { Zone::Suburb } else { Zone::Town }
    }

    /// The village whose heart is in the ring.
    pub(crate) fn village_in(&self, ring: &Ring) -> Option<Zone> {
        let hamlets = self.layout.hamlets.iter().chain([&self.layout.village]);
        let found = hamlets.enumerate().find(|(_, h)| ring.contains(self.frame.ground(h.u, h.v)));
        found.map(|(i, _)| Zone::Hamlet(i as u8))
    }

    /// How far inland the town reaches.
    pub(crate) fn depth(&self, v: f64) -> f64 {
        let swell: f64 = self.layout.swell.iter().map(|(at, half, more)| more * smooth(1.0 - ((v - at) / half).abs())).sum();
        let full = self.layout.shallow + swell;
        full * (1.0 + 0.22 * self.edge.at(v, 0.0))
    }

    /// 0 away from every swelling of the town, 1 in the middle of one.
    fn town_length(&self, v: f64) -> f64 {
        self.layout.swell.iter().map(|(at, half, _)| smooth(1.0 - ((v - at) / half).abs())).fold(0.0, f64::max)
    }
}
