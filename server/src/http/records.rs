//! The rows that attachments belong to: any row of any layer, under the layer's rule.

use attachments::{Access, Change, Pending, Records};
use catalogue::Catalogue;
use identity::audit::{self, Action, Event};
use kernel::{Context, LayerId, Principal, Problem};
use sqlx::PgConnection;

/// The layers, as the catalogue has them.
pub(super) struct Layers {
    pub(super) context: Context,
    pub(super) catalogue: Catalogue,
}

impl Layers {
    async fn look_up(&self, who: &Principal, layer: &LayerId, id: &str) -> Result<Option<Access>, Problem> {
        let Some(entry) = self.catalogue.layer(who, layer.as_str()) else { return Ok(None) };
        let failed = |e| Problem::database("attachments", &e);
        let mut session = self.context.database.session(who).await.map_err(failed)?;
        Access::of(&mut session, &entry.layer, who, id).await.map_err(failed)
    }
}

impl Records for Layers {
    fn access<'a>(&'a self, who: &'a Principal, layer: &'a LayerId, id: &'a str) -> Pending<'a, Result<Option<Access>, Problem>> {
        Box::pin(self.look_up(who, layer, id))
    }

    fn changed<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        who: &'a Principal,
        layer: &'a LayerId,
        id: &'a str,
        change: Change,
        file: uuid::Uuid,
    ) -> Pending<'a, Result<(), sqlx::Error>> {
        let what = match change {
            Change::Added => "attachment added",
            Change::Deleted => "attachment deleted",
        };
        let event = Event::new(Action::Update).of(layer, None, id).details(serde_json::json!({ "what": what, "file": file }));
        Box::pin(audit::record(conn, who, event))
    }
}
