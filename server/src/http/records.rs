//! The rows that attachments belong to: any row of any layer, under the layer's rule.

use attachments::{Access, Change, Pending, Records};
use catalogue::Catalogue;
use identity::audit::{self, Action, Event};
use kernel::{Column, Context, Filter, LayerId, Principal, Problem, filter};
use sqlx::{PgConnection, QueryBuilder};

/// The layers, as the catalogue has them.
pub(super) struct Layers {
    pub(super) context: Context,
    pub(super) catalogue: Catalogue,
}

impl Layers {
    async fn look_up(&self, who: &Principal, layer: &LayerId, id: &str) -> Result<Option<Access>, Problem> {
        let Some(entry) = self.catalogue.layer(who, layer.as_str()) else { return Ok(None) };
        let layer = &entry.layer;
        let failed = |e| Problem::database("attachments", &e);
        let column = Column::new("id").map_err(|e| Problem::internal("attachments", &e))?;
        let mut sql = QueryBuilder::new("select ");
        layer.editable_rows(who).write(layer.srid, &mut sql);
        sql.push(" from ").push(layer.seen_by(who, "seen")).push(" where ");
        Filter::Equal(column, filter::Value::Text(id.to_owned())).write(layer.srid, &mut sql);
        if layer.private_files {
            sql.push(" and ");
            layer.private_rows(who).write(layer.srid, &mut sql);
        }
        // a row that is no longer valid keeps its files
        sql.push(" order by fid desc limit 1");
        let mut session = self.context.database.session(who).await.map_err(failed)?;
        let edit: Option<Option<bool>> = sql.build_query_scalar().fetch_optional(&mut *session).await.map_err(failed)?;
        Ok(edit.map(|edit| Access { edit: edit.unwrap_or(false) }))
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
