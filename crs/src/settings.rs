use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{CrsError, Region};

/// What an installation fixes about datum shifts. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    region: Region,
    monte_mario_grid: Option<Arc<str>>,
    ed50_grid: Option<Arc<str>>,
}

impl Settings {
    /// The region's parameters, no grids.
    pub fn new(region: Region) -> Self {
        Self { region, ..Self::default() }
    }

    /// With IGM's NTv2 grid from Monte Mario to RDN2008 (`…_R40_F00.gsb`, EPSG:9734), which the operator has bought.
    pub fn with_monte_mario_grid(self, file: PathBuf) -> Result<Self, CrsError> {
        Ok(Self { monte_mario_grid: Some(checked(&file)?), ..self })
    }

    /// With IGM's NTv2 grid from ED50 to RDN2008 (`…_E50_F00.gsb`, EPSG:9736).
    pub fn with_ed50_grid(self, file: PathBuf) -> Result<Self, CrsError> {
        Ok(Self { ed50_grid: Some(checked(&file)?), ..self })
    }

    /// The region.
    pub fn region(&self) -> Region {
        self.region
    }

    pub(crate) fn monte_mario_grid(&self) -> Option<&str> {
        self.monte_mario_grid.as_deref()
    }

    pub(crate) fn ed50_grid(&self) -> Option<&str> {
        self.ed50_grid.as_deref()
    }
}

/// A path that can stand in a pipeline: PROJ splits at blanks and commas, and gives `+` and `@` a meaning.
fn checked(file: &Path) -> Result<Arc<str>, CrsError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | ',' | '+' | '@' | '=' | '#');
    match file.to_str() {
        Some(text) if !text.is_empty() && !text.contains(bad) => Ok(text.into()),
        _ => Err(CrsError::GridPath(file.display().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_path_can_not_bring_in_another_step() {
        for bad in ["", "/a b.gsb", "/a.gsb,null", "@a.gsb", "/x +step +proj=noop"] {
            assert!(Settings::default().with_monte_mario_grid(bad.into()).is_err(), "{bad}");
        }
        assert!(Settings::default().with_ed50_grid("/srv/grids/E50.gsb".into()).is_ok());
    }
}
