use std::sync::Arc;

use catalogue::Entry;
use kernel::{Principal, Problem};
use serde_json::Value;
use sqlx::PgConnection;

use crate::App;
use operations::Faults;

/// Why a change is given up; the transaction goes with it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client is told this.
    Problem(Problem),
    /// The database refused a statement on this layer, or on none.
    Database(sqlx::Error, Option<Arc<Entry>>),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error, None)
    }
}

impl From<kernel::idempotency::Error> for Failure {
    fn from(error: kernel::idempotency::Error) -> Self {
        match error {
            kernel::idempotency::Error::Database(error) => Self::Database(error, None),
            kernel::idempotency::Error::Problem(problem) => Self::Problem(problem),
        }
    }
}

impl Failure {
    /// What the client is told. Asks the database on a connection of its own what a constraint says.
    pub(crate) async fn explain(self, app: &App) -> Problem {
        let (error, entry) = match self {
            Self::Problem(problem) => return problem,
            Self::Database(error, entry) => (error, entry),
        };
        let (Some(found), Some(entry)) = (error.as_database_error(), entry) else {
            return plain(&error);
        };
        let found = found.downcast_ref::<sqlx::postgres::PgDatabaseError>();
        match found.code() {
            // the policies, or that nobody edits the layer since a moment ago
            "42501" => Problem::not_editable("it would be a row that is not yours to change; nothing was changed"),
            "23502" => Faults::one(found.column(), "must have a value"),
            "23505" | "23P01" => Problem::conflict("another feature of the layer has the same; nothing was changed"),
            "23514" if found.constraint() == Some("geometry_is_sound") => Faults::one(None, "the geometry has no place"),
            "23514" | "23503" => constraint(app, &entry, found.constraint().unwrap_or_default()).await,
            // what a layer's own trigger has to say
            "P0001" => Problem::invalid_feature(found.message().to_owned(), Vec::<Value>::new()),
            code if code.starts_with("22") => {
                app.columns.forget(&entry);
                let detail = format!("the layer's table does not take a value: {}; nothing was changed", found.message());
                Problem::invalid_feature(detail, Vec::<Value>::new())
            }
            _ => {
                app.columns.forget(&entry);
                plain(&error)
            }
        }
    }
}

fn plain(error: &sqlx::Error) -> Problem {
    let code = error.as_database_error().and_then(|e| e.code());
    // deadlock, serialization, lock not available
    if matches!(code.as_deref(), Some("40P01" | "40001" | "55P03")) {
        return Problem::unavailable("others are changing the same; nothing was changed. Try again", 1);
    }
    Problem::database("change of a feature", error)
}

/// Names the columns that a constraint is about, and what it says.
async fn constraint(app: &App, entry: &Entry, name: &str) -> Problem {
    let Ok(mut session) = app.context.database.session(&Principal::anonymous()).await else {
        return Faults::one(Some(name), "a rule of the layer is not met");
    };
    let (columns, rule) = said(&mut session, entry, name).await.unwrap_or_default();
    let mut faults = Faults::default();
    for column in &columns {
        faults.field(column, format!("must meet the layer's rule {rule}"));
    }
    match faults.check() {
        Err(problem) => problem,
        Ok(()) => Faults::one(Some(name), "a rule of the layer is not met"),
    }
}

async fn said(conn: &mut PgConnection, entry: &Entry, name: &str) -> Result<(Vec<String>, String), sqlx::Error> {
    sqlx::query_as(
        "select array(select attname::text from pg_attribute where attrelid = conrelid and attnum = any(conkey) order by attnum),
                pg_get_constraintdef(oid, true)
           from pg_constraint where conrelid = to_regclass($1) and conname = $2",
    )
    .bind(entry.layer.table.sql())
    .bind(name)
    .fetch_one(conn)
    .await
}
