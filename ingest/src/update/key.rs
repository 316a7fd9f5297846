//! By which column a delivery is compared.

use sqlx::PgConnection;

use super::Kept;
use crate::load::Target;
use crate::plan::FieldPlan;
use crate::source::Source;
use crate::survey::Key;
use crate::{IngestError, Request};

/// What was said, and what is known, of the column that tells rows apart.
#[derive(Clone, Debug)]
pub(crate) struct KeyWish {
    layer: kernel::LayerId,
    said: Option<String>,
    /// The column that the ids of the layer's rows come from.
    known: Option<Known>,
}

/// Where the ids of rows that stay come from.
#[derive(Clone, Debug)]
enum Known {
    /// This column, by which rows are compared.
    Compared(String),
    /// This column, by which more rows are called where the file has it.
    Likely(String),
    /// They are the rows' numbers, and go on so.
    Numbers,
}

impl KeyWish {
    /// What was said alone, of a layer that nobody looked up.
    pub(crate) fn none(request: &Request) -> Self {
        Self { layer: request.layer.clone(), said: request.key.clone(), known: None }
    }

    /// Looks up what the layer's ids come from, if its rows stay.
    pub(crate) async fn find(database: &mut PgConnection, target: &Target, request: &Request) -> Result<Self, IngestError> {
        let wish = Self::none(request);
        let Some(last) = (match target.keeps() {
            Some(layer) => Kept::last(database, layer).await?,
            None => None,
        }) else {
            return Ok(wish);
        };
        let known = match (target, last.key) {
            (Target::Updates(_), Some(key)) => Known::Compared(key),
            (Target::Updates(layer), None) => return Err(IngestError::Numbered(layer.id.clone())),
            (_, Some(key)) => Known::Likely(key),
            (_, None) => Known::Numbers,
        };
        Ok(Self { known: Some(known), ..wish })
    }

    /// The column of these files; `None` if it has to be found.
    pub(crate) fn resolve(&self, fields: &[FieldPlan], sources: &[Source]) -> Result<Option<Key>, IngestError> {
        let said = self.said.as_ref().map(|name| Key::named(name, fields, sources)).transpose()?;
        let known = match &self.known {
            Some(Known::Compared(known)) => known,
            Some(Known::Likely(known)) => return Ok(said.or_else(|| Key::named(known, fields, sources).ok())),
            Some(Known::Numbers) => return Ok(said.or(Some(Key::Sequence))),
            None => return Ok(said),
        };
        let key = Key::named(known, fields, sources)?;
        match (&self.said, said) {
            (Some(name), Some(other)) if other != key => {
                Err(IngestError::OtherKey { layer: self.layer.clone(), said: name.clone(), known: known.clone() })
            }
            _ => Ok(Some(key)),
        }
    }
}
