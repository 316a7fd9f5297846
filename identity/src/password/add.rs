use http::HeaderMap;
use kernel::Assurance;

use super::OwnPassword;
use crate::link::Chosen;
use crate::passkey::lock;
use crate::session::{Current, Opening};
use crate::{Failure, Identity, Token};

impl Identity {
    /// Gives somebody who has passkeys alone a password with an app, as a link would; their passkeys stay. It takes a session that was
    /// just opened with one of them. All sessions end; the one that is given goes on in this browser.
    pub(crate) async fn add_password(&self, current: &Current, chosen: &Chosen, headers: &HeaderMap) -> Result<Token, Failure> {
        self.freshly_signed_in(current)?;
        let account = current.account;
        let mut tx = self.parts.database.write(&current.principal).await?;
        lock(&mut tx, account).await?;
        let lives: bool =
            sqlx::query_scalar("select exists (select from identity.sessions where id = $1)").bind(current.id).fetch_one(&mut *tx).await?;
        let there: bool = sqlx::query_scalar("select exists (select from identity.passwords where account = $1)")
            .bind(account)
            .fetch_one(&mut *tx)
            .await?;
        if there || !lives {
            return Err(Failure::not_found());
        }
        self.add(&mut tx, account, chosen).await?;
        self.end_all(&mut tx, account, None).await?;
        self.note(&mut tx, &current.principal, "add password", account).await?;
        let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers };
        let token = self.open(&mut tx, opening).await?;
        tx.commit().await?;
        self.sessions.forget_account(account);
        Ok(token)
    }

    /// Whether they may have one, and just signed in.
    pub(crate) async fn may_add_password(&self, current: &Current) -> Result<(), Failure> {
        self.can_sign_in()?;
        if self.own_password(current).await? != OwnPassword::Wanting {
            return Err(Failure::not_found());
        }
        self.freshly_signed_in(current)
    }
}
