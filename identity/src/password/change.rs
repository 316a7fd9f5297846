use http::HeaderMap;
use kernel::{Assurance, Principal};
use serde::Deserialize;

use super::{check, mark};
use crate::passkey::lock;
use crate::session::{Current, Opening};
use crate::throttle::Client;
use crate::{Failure, Identity, Secret, Token};

/// Another password, and what proves that its owner asks for it.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    current: Secret,
    new: Secret,
    code: Secret,
}

impl Identity {
    /// Gives who is signed in another password. They prove once more who they are, with what signing in asks: a session that
    /// somebody else got hold of is not enough. What is wrong is not told apart, and counts as an attempt to sign in. All their sessions
    /// end, as do sign-ins that were begun with the old password; the session that is given goes on in this browser.
    pub(crate) async fn change_password(
        &self,
        current: &Current,
        typed: NewPassword,
        headers: &HeaderMap,
        client: Option<Client>,
    ) -> Result<Token, Failure> {
        self.can_sign_in()?;
        self.check_new(current, &typed)?;
        let account = current.account;
        let counted = current.email.clone().unwrap_or_else(|| account.to_string());
        self.attempt(client, Some(&counted)).await?;
        let phc = self.phc(current).await?;
        let right = self.hasher.verify(typed.current, phc.clone()).await?;
        let Some(phc) = phc.filter(|_| right) else {
            self.failed("password", Some(account)).await?;
            return Err(Failure::wrong());
        };
        let new = self.hasher.hash(typed.new).await?;
        let mut tx = self.parts.database.write(&current.principal).await?;
        lock(&mut tx, account).await?;
        if !self.use_code(&mut tx, account, &mark(&phc), typed.code.reveal()).await? {
            tx.rollback().await?;
            self.failed("code", Some(account)).await?;
            return Err(Failure::wrong());
        }
        sqlx::query("update identity.passwords set phc = $2, changed_at = $3 where account = $1")
            .bind(account)
            .bind(new)
            .bind(self.now())
            .execute(&mut *tx)
            .await?;
        self.end_all(&mut tx, account, None).await?;
        self.note(&mut tx, &current.principal, "change password", account).await?;
        let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers };
        let token = self.open(&mut tx, opening).await?;
        tx.commit().await?;
        self.sessions.forget_account(account);
        self.forgive(client, Some(&counted)).await?;
        Ok(token)
    }

    fn check_new(&self, current: &Current, typed: &NewPassword) -> Result<(), Failure> {
        let title = &self.parts.title;
        let known = [current.principal.name(), current.email.as_deref(), Some(&title.it), Some(&title.en)];
        check(&typed.new, &known.into_iter().flatten().collect::<Vec<_>>())?;
        if typed.new.reveal() == typed.current.reveal() {
            return Err(Failure::invalid("La nuova password è quella di prima.", "The new password is the old one."));
        }
        Ok(())
    }

    async fn phc(&self, current: &Current) -> Result<Option<String>, Failure> {
        let mut session = self.parts.database.session(&Principal::anonymous()).await?;
        let sql = "select phc from identity.passwords where account = $1";
        Ok(sqlx::query_scalar(sql).bind(current.account).fetch_optional(&mut *session).await?)
    }
}
