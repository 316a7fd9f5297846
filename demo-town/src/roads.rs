//! The lines that faces are cut along: streets, tracks and the railway.

use crate::plane::V;
use crate::records::StreetKind;
use crate::ring::Edge;

/// What part a road plays in the town; names, widths and trees follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Lungomare,
    Promenade,
    Corso,
    Upper(u8),
    RingRoad,
    Motorway,
    HillRoad(u8),
    Avenue(u8),
    /// Avenue's continuation in the hills.
    Climb(u8),
    Rail,
    /// Along a river: its number, right-hand bank or not.
    Bank(u8, bool),
    /// From the lungomare to the beach.
    BeachLane,
    /// Through road of a quarter.
    Secondary,
    Grid,
    Local,
    Alley,
    Lane,
    Track,
}

impl Class {
    /// Rank on the map; `None` for the railway.
    pub(crate) fn kind(self) -> Option<StreetKind> {
        Some(match self {
            Self::Rail => return None,
            Self::Motorway => StreetKind::Motorway,
            Self::Lungomare | Self::Corso | Self::RingRoad => StreetKind::Main,
            Self::Upper(_) | Self::Avenue(_) | Self::Secondary | Self::HillRoad(_) => StreetKind::Secondary,
            Self::Climb(_) | Self::Grid | Self::Local | Self::Lane => StreetKind::Local,
            Self::Bank(_, _) | Self::Track => StreetKind::Track,
            Self::Promenade | Self::BeachLane | Self::Alley => StreetKind::Pedestrian,
        })
    }
}

/// A line with everything that was cut along it.
pub(crate) struct Road {
    pub(crate) class: Class,
    pub(crate) kind: Option<StreetKind>,
    /// From the axis to the property line, metres.
    pub(crate) half: f64,
    /// Index of the comune.
    pub(crate) comune: usize,
    /// The road that it starts from, if it is a side street.
    pub(crate) parent: Option<Edge>,
    pub(crate) pieces: Vec<Vec<V>>,
    pub(crate) name: String,
}

/// Every road; its index is the number that edges carry.
#[derive(Default)]
pub(crate) struct Roads(pub(crate) Vec<Road>);

impl Roads {
    pub(crate) fn add(&mut self, class: Class, half: f64, comune: usize) -> Edge {
        self.0.push(Road { class, kind: class.kind(), half, comune, parent: None, pieces: Vec::new(), name: String::new() });
        (self.0.len() - 1) as Edge
    }

    pub(crate) fn get(&self, edge: Edge) -> Option<&Road> {
        self.0.get(edge as usize)
    }

    /// How far blocks keep from an edge, metres.
    pub(crate) fn half(&self, edge: Edge) -> f64 {
        match edge {
            crate::ring::COAST => 0.0,
            crate::ring::LIMIT => 1.25,
            _ => self.get(edge).map_or(0.0, |r| r.half),
        }
    }
}
