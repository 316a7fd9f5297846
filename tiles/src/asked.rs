use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use catalogue::Entry;
use http::request::Parts;
use kernel::{Principal, Problem};

use crate::{App, ids};

/// The layers that an address names, as the catalogue has them for who asks: what every operation here begins with.
pub(crate) struct Asked {
    pub(crate) who: Principal,
    pub(crate) entries: Vec<Arc<Entry>>,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Ok(who) = Principal::from_request_parts(parts, app).await;
        let path = RawPathParams::from_request_parts(parts, app).await.map_err(|e| Problem::bad_request(e.to_string()))?;
        let ids = path.iter().find(|(name, _)| *name == "ids").map_or("", |(_, ids)| ids);
        Ok(Self { entries: ids::resolve(app, &who, ids).await?, who })
    }
}

impl Asked {
    /// Those of the layers that can be read; 503 if there are none. A map of several layers goes on without a damaged one.
    pub(crate) fn sound(&self) -> Result<Vec<Arc<Entry>>, Problem> {
        let sound: Vec<Arc<Entry>> = self.entries.iter().filter(|e| e.damage.is_none()).cloned().collect();
        match self.entries.first() {
            Some(first) if sound.is_empty() => first.sound().map(|()| sound),
            _ => Ok(sound),
        }
    }

    /// The same layers after the tables were looked at again; those that have gone meanwhile are left out.
    pub(crate) async fn again(self, app: &App) -> Self {
        app.catalogue.look_again(&app.context.database).await;
        let entries = self.entries.iter().filter_map(|e| app.catalogue.layer(&self.who, e.layer.id.as_str())).collect();
        Self { entries, ..self }
    }

    /// Whether what is made of them is for everybody.
    pub(crate) fn public(&self) -> bool {
        self.entries.iter().all(|e| e.layer.is_open())
    }
}
