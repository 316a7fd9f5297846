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
    known: Option<String>,
}

impl KeyWish {
    /// What was said alone, of a layer that nobody looked up.
    pub(crate) fn none(request: &Request) -> Self {
        Self { layer: request.layer.clone(), said: request.key.clone(), known: None }
    }

    /// Looks up what the layer's ids come from, if its rows stay.
    pub(crate) async fn find(database: &mut PgConnection, target: &Target, request: &Request) -> Result<Self, IngestError> {
        let mut wish = Self { layer: request.layer.clone(), said: request.key.clone(), known: None };
        if let Target::Updates(layer) = target
            && let Some(last) = Kept::last(database, layer).await?
        {
            wish.known = Some(last.key.ok_or_else(|| IngestError::Numbered(layer.id.clone()))?);
        }
        Ok(wish)
    }

    /// The column of these files; `None` if it has to be found.
    pub(crate) fn resolve(&self, fields: &[FieldPlan], sources: &[Source]) -> Result<Option<Key>, IngestError> {
        let said = self.said.as_ref().map(|name| Key::named(name, fields, sources)).transpose()?;
        let Some(known) = &self.known else { return Ok(said) };
        let key = Key::named(known, fields, sources)?;
        match (&self.said, said) {
            (Some(name), Some(other)) if other != key => {
                Err(IngestError::OtherKey { layer: self.layer.clone(), said: name.clone(), known: known.clone() })
            }
            _ => Ok(Some(key)),
        }
    }
}
