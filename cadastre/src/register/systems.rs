use kernel::Srid;

use crate::check::{NoFit, SystemFit};
use crate::{MapName, Origin};

/// What knows coordinate systems, and where the comuni are. This crate knows neither.
pub trait Systems: Send + Sync {
    /// The systems that the positions of a map (as they stand in it) may be in, the likeliest first.
    fn fit(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit>;

    /// What brings positions, east first, from a system into the one that layers are stored in; why that can't be.
    fn converter(&self, from: Srid) -> Result<Converter, String>;

    /// What brings positions that are counted from an origin into a system; why that can't be.
    fn origin_converter(&self, origin: &Origin, to: Srid) -> Result<Converter, String>;

    /// How much of a map lies in its comune, positions being in the system that layers are stored in.
    fn inside(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<SystemFit, NoFit>;

    /// The system that layers are stored in.
    fn storage(&self) -> Srid;
}

/// Brings positions into the system that layers are stored in; whether all of them have a place there.
pub type Converter = Box<dyn Fn(&mut [[f64; 2]]) -> bool + Send>;
