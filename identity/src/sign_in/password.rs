use kernel::Principal;
use serde_json::json;
use sqlx::Row;
use uuid::Uuid;

use crate::account::checked_email;
use crate::audit::{self, Action, Event};
use crate::flow::Flow;
use crate::throttle::Client;
use crate::{Failure, Identity, Secret, Token, password};

impl Identity {
    /// The first of two steps: address and password. Whether the address is unknown, has no password, is locked or the
    /// password is wrong: the same answer after the same work.
    pub(crate) async fn password(&self, email: &str, typed: Secret, client: Option<Client>, next: String) -> Result<Token, Failure> {
        self.can_sign_in()?;
        let email = checked_email(email).unwrap_or_default();
        self.attempt(client, Some(&email)).await?;
        let (account, phc) = match self.with_password(&email).await? {
            Some((account, phc)) => (Some(account), Some(phc)),
            None => (None, None),
        };
        let mark = phc.as_deref().map(password::mark).unwrap_or_default();
        let right = self.hasher.verify(typed, phc).await?;
        match account {
            Some(account) if right => self.begin(&Flow::Code { account, email, password: mark, next }).await,
            _ => {
                self.failed("password", account).await?;
                Err(Failure::wrong())
            }
        }
    }

    /// Tells the audit log that somebody was not let in. Known or not, the same is written; the address itself never.
    pub(crate) async fn failed(&self, step: &str, account: Option<Uuid>) -> Result<(), Failure> {
        let event = Event::new(Action::SignInFailed).details(json!({"step": step, "account": account}));
        Ok(audit::record_apart(&self.parts.database, &Principal::anonymous(), event).await?)
    }

    async fn with_password(&self, email: &str) -> Result<Option<(Uuid, String)>, Failure> {
        let mut session = self.parts.database.session(&Principal::anonymous()).await?;
        let row = sqlx::query(
            "select a.id, p.phc from identity.accounts a
             join identity.passwords p on p.account = a.id
             join identity.authenticators t on t.account = a.id
             where lower(a.email) = $1 and a.active and a.demo is null",
        )
        .bind(email)
        .fetch_optional(&mut *session)
        .await?;
        row.map(|row| Ok((row.try_get("id")?, row.try_get("phc")?))).transpose()
    }
}
