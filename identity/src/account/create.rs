use std::collections::BTreeSet;

use kernel::{Comuni, Principal, Role};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{administer, checked_email, checked_name, comuni_to};
use crate::link::{OneTimeLink, Purpose};
use crate::{Failure, Identity};

/// Somebody who is to have an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// For people.
    pub name: String,
    /// Where to reach them; needed to sign in with a password.
    pub email: Option<String>,
    /// Citizen, officer, planner or administrator.
    pub role: Role,
    /// The comuni they work for.
    pub comuni: Comuni,
    /// The offices they work in.
    pub offices: BTreeSet<String>,
}

impl Identity {
    /// Makes an account that nobody can enter yet, and the one-time link (7 days) by which its person chooses how to sign in.
    /// The link is for whoever gets it: hand it over by a way you trust.
    ///
    /// An address that has an account is refused: only administrators come here, who may know.
    pub async fn invite(&self, who: &Principal, new: NewAccount) -> Result<(Uuid, OneTimeLink), Failure> {
        let by = administer(who)?;
        let mut tx = self.parts.database.write(who).await?;
        let id = self.insert(&mut tx, &new, &by, None).await?;
        let link = self.new_link(&mut tx, id, Purpose::Invitation, &by).await?;
        self.note(&mut tx, who, "invite", id).await?;
        tx.commit().await?;
        Ok((id, link))
    }

    pub(crate) async fn insert(&self, conn: &mut PgConnection, new: &NewAccount, by: &str, demo: Option<&str>) -> Result<Uuid, Failure> {
        let (comuni, offices) = checked_rights(new.role, &new.comuni, &new.offices)?;
        let inserted = sqlx::query(
            "insert into identity.accounts (name, email, role, comuni, offices, demo, created_at, created_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id",
        )
        .bind(checked_name(&new.name)?)
        .bind(new.email.as_deref().map(checked_email).transpose()?)
        .bind(new.role.name())
        .bind(comuni)
        .bind(offices)
        .bind(demo)
        .bind(self.now())
        .bind(by)
        .fetch_optional(conn)
        .await?;
        let row =
            inserted.ok_or_else(|| Failure::invalid("Questo indirizzo ha già un accesso.", "This address has an account already."))?;
        Ok(row.try_get("id")?)
    }
}

/// What an account may be given: a role of persons, comuni by ISTAT code, offices without commas.
pub(super) fn checked_rights(role: Role, comuni: &Comuni, offices: &BTreeSet<String>) -> Result<(Vec<String>, Vec<String>), Failure> {
    let comuni = comuni_to(comuni);
    let is_code = |code: &String| code == "*" || (code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    if super::role_named(role.name()).is_none() || !comuni.iter().all(is_code) || comuni.len() > 8000 {
        return Err(Failure::invalid("Ruolo o comune sconosciuto.", "Unknown role or comune."));
    }
    let offices = offices.iter().map(|office| checked_name(office)).collect::<Result<Vec<_>, _>>()?;
    if offices.len() > 100 || offices.iter().any(|office| office.contains(',')) {
        return Err(Failure::invalid(
            "Un ufficio non ha virgole nel nome, e sono al più 100.",
            "An office has no comma in its name, and there are at most 100.",
        ));
    }
    Ok((comuni, offices))
}
