//! Looking at what was sent, and importing it, as a job.

use std::sync::Arc;

use cadastre::files::Limits;
use cadastre::register::{self, ImportError, Imported};
use jobs::{Failure, Job, Output};
use kernel::{Language, Principal, Srid};
use serde_json::json;
use sqlx::types::Json;

use super::{Imports, Order, Sent, Words};
use crate::commands::cadastre::Known;

/// How often a job is tried, as long as the database was to blame.
const ATTEMPTS: i32 = 3;

pub(super) async fn work(imports: Imports, job: Job) -> Result<Output, Failure> {
    let order: Order = job.read()?;
    let sent: Option<Sent> = {
        let mut session = imports.context.database.session(&Principal::operator()).await?;
        sqlx::query_as("select * from cadastre.sent where id = $1").bind(order.sent).fetch_optional(&mut *session).await?
    };
    let Some(sent) = sent else { return Err(Failure::Final("the files were removed".to_owned())) };
    let who = identity::standing(&imports.context.database, &job.who).await?;
    let outcome = match who {
        None => Err(Failure::Final("the account that sent them is not active any more".to_owned())),
        Some(who) => import(&imports, &sent, &who, order.only_look).await,
    };
    let (state, values) = match outcome {
        Ok(done) => {
            let words = Words { it: done.text(Language::It), en: done.text(Language::En) };
            let state = if order.only_look { "looked" } else { "imported" };
            (state, (Some(register::document(&done)), Some(register::document(&words)), done.number, None))
        }
        Err(Failure::Again(error)) if job.attempt < ATTEMPTS => return Err(Failure::Again(error)),
        Err(Failure::Cancelled) => return Err(Failure::Cancelled),
        Err(Failure::Again(error) | Failure::Final(error)) => ("failed", (None, None, None, Some(error))),
    };
    let (document, words, number, error) = values;
    let mut transaction = imports.context.database.write(&Principal::operator()).await?;
    sqlx::query("update cadastre.sent set state = $2, outcome = coalesce($3, outcome), words = coalesce($4, words), number = $5, error = $6 where id = $1")
        .bind(sent.id)
        .bind(state)
        .bind(document.map(Json))
        .bind(words)
        .bind(number)
        .bind(&error)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    if state == "imported" {
        let folder = imports.folder.join(sent.id.to_string());
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    match error {
        Some(error) => Err(Failure::Final(error)),
        None => Ok(Output::json(&json!({ "sent": sent.id }))),
    }
}

async fn import(imports: &Imports, sent: &Sent, who: &Principal, only_look: bool) -> Result<Imported, Failure> {
    let systems = Known::read(&imports.owner, imports.context.installation.storage_crs, imports.crs.clone())
        .await
        .map_err(|e| Failure::Again(e.to_string()))?;
    let folder = imports.folder.join(sent.id.to_string());
    let request = register::Request {
        paths: sent.files.iter().map(|file| folder.join(file)).collect(),
        limits: Limits::default(),
        crs: sent.crs.and_then(Srid::new),
        day: sent.day,
        by: sent.by.clone(),
        today: imports.context.clock.now().with_timezone(&chrono_tz::Europe::Rome).date_naive(),
        whole: false,
        whose: who.comuni(),
        only_look,
    };
    let mut owner = imports.owner.acquire().await?;
    register::run(&mut owner, request, Arc::new(systems), &imports.vault).await.map_err(|e| match e {
        ImportError::Database(_) => Failure::Again(e.to_string()),
        ImportError::Future(_) | ImportError::Reading(_) => Failure::Final(e.to_string()),
    })
}
