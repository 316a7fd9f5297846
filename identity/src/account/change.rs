use std::collections::BTreeSet;

use kernel::{Comuni, Principal, Role};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::create::checked_rights;
use super::{Account, COLUMNS, administer, checked_email, checked_name, read_comuni};
use crate::{Failure, Identity};

/// What is to be different. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// For people.
    pub name: Option<String>,
    /// Where to reach them.
    pub email: Option<String>,
    /// What they are.
    pub role: Option<Role>,
    /// The comuni they work for: codes, or `*`.
    #[serde(deserialize_with = "read_comuni")]
    pub comuni: Option<Comuni>,
    /// The offices they work in.
    pub offices: Option<BTreeSet<String>>,
    /// Whether they may sign in.
    pub active: Option<bool>,
}

impl Identity {
    /// Changes an account. If its rights differ afterwards all its sessions end: nobody goes on with a right that was taken
    /// away, nor with a session from before a right was given. Nobody takes the role of administrator from themselves.
    pub async fn change(&self, who: &Principal, account: Uuid, change: Change) -> Result<Account, Failure> {
        administer(who)?;
        let mut tx = self.parts.database.write(who).await?;
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from identity.accounts a where a.id = $1 for update"));
        let row = sqlx::query(sql).bind(account).fetch_optional(&mut *tx).await?.ok_or_else(Failure::not_found)?;
        let before = Account::read(&row)?;
        let mut after = before.clone();
        after.name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or(after.name);
        after.email = change.email.as_deref().map(checked_email).transpose()?.or(after.email);
        after.role = change.role.unwrap_or(after.role);
        after.comuni = change.comuni.unwrap_or(after.comuni);
        after.active = change.active.unwrap_or(after.active);
        let offices = change.offices.unwrap_or_else(|| after.offices.iter().cloned().collect());
        let (comuni, offices) = checked_rights(after.role, &after.comuni, &offices)?;
        after.offices = offices;
        if who.id() == Some(account) && (after.role != Role::Administrator || !after.active) {
            return Err(Failure::invalid(
                "Nessuno può togliersi da sé l'amministrazione.",
                "Nobody can take administration from themselves.",
            ));
        }
        sqlx::query("update identity.accounts set name = $2, email = $3, role = $4, comuni = $5, offices = $6, active = $7 where id = $1")
            .bind(account)
            .bind(&after.name)
            .bind(&after.email)
            .bind(after.role.name())
            .bind(comuni)
            .bind(&after.offices)
            .bind(after.active)
            .execute(&mut *tx)
            .await
            .map_err(taken)?;
        let rights = |a: &Account| (a.role, a.comuni.clone(), a.offices.clone(), a.active);
        if rights(&before) != rights(&after) {
            self.end_all(&mut tx, account, None).await?;
        }
        self.note(&mut tx, who, "change account", account).await?;
        tx.commit().await?;
        self.sessions.forget_account(account);
        Ok(after)
    }
}

impl Identity {
    /// The address of an account that had none yet.
    pub(crate) async fn set_email(&self, conn: &mut PgConnection, account: Uuid, email: &str) -> Result<(), Failure> {
        sqlx::query("update identity.accounts set email = $2 where id = $1 and email is null")
            .bind(account)
            .bind(email)
            .execute(conn)
            .await
            .map_err(taken)?;
        Ok(())
    }
}

fn taken(error: sqlx::Error) -> Failure {
    match error.as_database_error() {
        Some(e) if e.is_unique_violation() => {
            Failure::invalid("Questo indirizzo ha già un accesso.", "This address has an account already.")
        }
        _ => error.into(),
    }
}
