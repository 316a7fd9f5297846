use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::filter::Value as FilterValue;
use kernel::{Action, Column, Edit, Filter, Layer, Principal, Problem, Services, idempotency};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Transaction};

use crate::answer::Answer;
use crate::ask::Ask;

/// The layer of a theme's own, as the catalogue has it for them. "Absent" and "not for you" read the same.
pub fn layer(services: &Services, who: &Principal, id: &str) -> Result<Arc<Layer>, Problem> {
    services.layers.layer(who, id).ok_or_else(|| Problem::not_found("there is nothing here, or nothing for you"))
}

/// How a change begins.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub enum Begun {
    /// Its key was used for the same before: this is the answer that it got.
    Again(Response),
    /// Nothing is done yet.
    New(Change),
}

/// A transaction at work, as the principal who asked. Dropped, nothing of it was done.
pub struct Change {
    transaction: Transaction<'static, Postgres>,
    services: Services,
    ask: Ask,
    now: DateTime<Utc>,
}

/// A row that is changed: found as its editor sees it, and locked until the transaction ends.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Row {
    /// Never reused.
    pub fid: i64,
    /// As it is before the change.
    pub version: i64,
    /// For outsiders.
    pub id: String,
    /// ISTAT code.
    pub comune: String,
}

impl Row {
    /// The tag of a record's state (`ETag`, `If-Match`): a theme's record is changed with its row or not at all.
    pub fn tag(&self) -> String {
        format!("\"{}.{}\"", self.fid, self.version)
    }
}

impl Change {
    /// Begins, unless the key of the request was used before. `body` is what was sent, which the key stands for.
    pub async fn begin(services: &Services, ask: &Ask, body: &[u8]) -> Result<Begun, Problem> {
        let failed = |e| Problem::database("change of a record", &e);
        let who = &ask.request.who;
        let mut transaction = services.context.database.write(who).await.map_err(failed)?;
        if let Some(key) = &ask.key
            && let Some(answer) = idempotency::begin(&mut transaction, who, key, &ask.fingerprint(body)).await?
        {
            let answer: Answer = answer;
            return Ok(Begun::Again(answer.send(&services.context, &ask.request).await));
        }
        if let Some(reason) = &ask.reason {
            sqlx::query("select set_config('opensit.reason', $1, true)").bind(reason).execute(&mut *transaction).await.map_err(failed)?;
        }
        let now = services.context.clock.now();
        Ok(Begun::New(Self { transaction, services: services.clone(), ask: ask.clone(), now }))
    }

    /// The connection, in the transaction.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// When it began.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Who asked.
    pub fn who(&self) -> &Principal {
        &self.ask.request.who
    }

    /// The row that is meant, locked; where the layer has validity, the one valid now, or else the latest: 404 if there is none for them, 403 if it is not theirs to change, 428 if they don't say which
    /// state they mean, 412 if it is not that one any more.
    pub async fn lock(&mut self, layer: &Layer, id: &str) -> Result<Row, Problem> {
        let who = self.ask.request.who.clone();
        let Some(row) = self.find(layer, &who, id, true).await? else {
            return Err(match self.find(layer, &who, id, false).await? {
                Some(_) if who.id().is_none() => Problem::unauthorized("this is changed by the staff of its comune, who have signed in"),
                Some(row) => {
                    let detail =
                        format!("`{}` is not yours to change: it is of a comune that you do not work for, or for others to change", row.id);
                    Problem::not_editable(detail)
                }
                None => absent(layer, id),
            });
        };
        if self.ask.state.admits(&row.tag(), &who)? {
            return Ok(row);
        }
        let detail = "it was changed since you read it, and nothing was changed now. Look at it as it is, and do it again with its new tag";
        Err(Problem::changed_meanwhile(detail).with("etag", row.tag()))
    }

    async fn find(&mut self, layer: &Layer, who: &Principal, id: &str, editable: bool) -> Result<Option<Row>, Problem> {
        if id.is_empty() || id.len() > 1_000 || id.contains('\0') {
            return Ok(None);
        }
        let column = Column::new("id").map_err(|e| Problem::internal("change of a record", &e))?;
        let mut sql = QueryBuilder::new("select fid, version, id, comune from ");
        sql.push(layer.seen_by(who, "seen")).push(" where ");
        Filter::Equal(column, FilterValue::Text(id.to_owned())).write(layer.srid, &mut sql);
        if editable {
            sql.push(" and ").push(layer.editable_rows(who).policy_sql(layer.srid));
        }
        if layer.validity {
            // one of several instants: what is valid now, or else the latest, so that what begins tomorrow can be changed today
            sql.push(" order by ");
            Filter::ValidAt(self.now).write(layer.srid, &mut sql);
            sql.push(" desc, valid_from desc limit 1");
        }
        if editable {
            sql.push(" for update of seen");
        }
        sql.build_query_as().fetch_optional(&mut *self.transaction).await.map_err(|e| refused(&e))
    }

    /// Tells the journal. `changed` names what is different, never values.
    pub async fn tell(&mut self, action: Action, layer: &Layer, row: &Row, changed: &[&str]) -> Result<(), Problem> {
        let changed: Vec<String> = changed.iter().map(|name| (*name).to_owned()).collect();
        let edit = Edit { action, layer: &layer.id, fid: row.fid, id: &row.id, version: row.version, changed: &changed, restored: None };
        self.services.journal.wrote(&mut self.transaction, &self.ask.request.who, edit).await.map_err(|e| refused(&e))
    }

    /// Keeps the answer for its key, commits, and answers.
    pub async fn finish(mut self, answer: Answer) -> Result<Response, Problem> {
        if let Some(key) = &self.ask.key {
            idempotency::keep(&mut self.transaction, &self.ask.request.who, key, &answer).await?;
        }
        self.transaction.commit().await.map_err(|e| refused(&e))?;
        Ok(answer.send(&self.services.context, &self.ask.request).await)
    }
}

/// 404 for a record. "Absent" and "not for you" read the same.
pub fn absent(layer: &Layer, id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    Problem::not_found(format!("`{}` has no record `{shown}`, or none for you", layer.id))
}

/// What the client is told of a statement that the database refused: what a table's own rules say (`raise`, SQLSTATE P0001) word for
/// word, other rules by their name.
pub fn refused(error: &sqlx::Error) -> Problem {
    let Some(found) = error.as_database_error() else { return Problem::database("change of a record", error) };
    let found = found.downcast_ref::<sqlx::postgres::PgDatabaseError>();
    let nothing = Vec::<Value>::new;
    match found.code() {
        "P0001" => {
            let hint = found.hint().map(|hint| format!(". {hint}")).unwrap_or_default();
            Problem::invalid_feature(format!("{}{hint}; nothing was changed", found.message()), nothing())
        }
        "42501" => Problem::not_editable("this is not yours to change; nothing was changed"),
        "23505" | "23P01" => Problem::conflict("another record has the same; nothing was changed"),
        "23502" | "23503" | "23514" => {
            let rule = found.constraint().or(found.column()).unwrap_or("a rule of the table");
            Problem::invalid_feature(format!("`{rule}` is not met; nothing was changed"), nothing())
        }
        _ => Problem::database("change of a record", error),
    }
}
