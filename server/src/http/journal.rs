//! Changes of features are in the audit log, or they did not happen.

use identity::audit::{self, Event};
use kernel::{Action, Edit, Journal, Pending, Principal};
use serde_json::json;
use sqlx::PgConnection;

/// The audit log, as features' writer knows it.
pub(crate) struct Audit;

impl Journal for Audit {
    fn wrote<'a>(&'a self, conn: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let action = match edit.action {
            Action::Create => audit::Action::Create,
            Action::Replace => audit::Action::Replace,
            Action::Update => audit::Action::Update,
            Action::Delete => audit::Action::Delete,
        };
        // names and numbers, never values
        let details = json!({ "version": edit.version, "changed": edit.changed, "restored": edit.restored });
        Box::pin(async move { audit::record(conn, who, Event::new(action).of(edit.layer, Some(edit.fid), edit.id).details(details)).await })
    }
}
