use kernel::{Comuni, Principal, Role};
use uuid::Uuid;

use crate::account::NewAccount;
use crate::link::{OneTimeLink, Purpose};
use crate::{Failure, Identity};

/// Who made the first account.
const BY: &str = "installation";

impl Identity {
    /// As long as there is no administrator who can sign in: a one-time link (7 days) for the first one, whatever links there
    /// were before are void. The server prints it when it starts; there is no default password anywhere.
    pub async fn first_administrator(&self) -> Result<Option<OneTimeLink>, Failure> {
        self.can_sign_in()?;
        let mut tx = self.parts.database.write(&Principal::operator()).await?;
        sqlx::query("select pg_advisory_xact_lock(hashtext('identity.first_administrator'))").execute(&mut *tx).await?;
        let there: bool = sqlx::query_scalar(
            "select exists (select from identity.accounts a where a.role = 'administrator' and a.active and a.demo is null and (
                 exists (select from identity.passwords p where p.account = a.id) or exists (select from identity.passkeys p where p.account = a.id)
                 or exists (select from identity.external e where e.account = a.id)))",
        )
        .fetch_one(&mut *tx)
        .await?;
        if there {
            return Ok(None);
        }
        let waiting: Option<Uuid> = sqlx::query_scalar(
            "select id from identity.accounts where role = 'administrator' and active and demo is null and created_by = $1 order by created_at limit 1",
        )
        .bind(BY)
        .fetch_optional(&mut *tx)
        .await?;
        let account = match waiting {
            Some(account) => account,
            None => {
                let new = NewAccount {
                    name: "Administrator".to_owned(),
                    email: None,
                    role: Role::Administrator,
                    comuni: Comuni::All,
                    offices: [].into(),
                };
                self.insert(&mut tx, &new, BY, None).await?
            }
        };
        let link = self.new_link(&mut tx, account, Purpose::Invitation, BY).await?;
        self.note(&mut tx, &Principal::operator(), "first administrator's link", account).await?;
        tx.commit().await?;
        Ok(Some(link))
    }
}
