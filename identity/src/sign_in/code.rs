use http::HeaderMap;
use kernel::{Assurance, Principal};
use sqlx::Row;

use crate::flow::Flow;
use crate::session::Opening;
use crate::throttle::Client;
use crate::totp::Authenticator;
use crate::{Failure, Identity, Token, cookie};

impl Identity {
    /// The second step: a code of the app, each once. The session, and where the browser wanted to go.
    pub(crate) async fn code(&self, code: &str, headers: &HeaderMap, client: Option<Client>) -> Result<(Token, String), Failure> {
        self.can_sign_in()?;
        let Flow::Code { account, email, next } = self.try_once(headers).await? else { return Err(Failure::stale()) };
        self.attempt(client, Some(&email)).await?;
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        let row = sqlx::query(
            "select t.sealed, t.last_step from identity.authenticators t join identity.accounts a on a.id = t.account
             where t.account = $1 and a.active for update of t",
        )
        .bind(account)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(Failure::wrong)?;
        let sealed: Vec<u8> = row.try_get("sealed")?;
        let app = self
            .parts
            .key
            .open_sealed(&format!("totp of {account}"), &sealed)
            .and_then(|bytes| Authenticator::from_bytes(&bytes))
            .ok_or_else(|| Failure::internal("reading an authenticator's secret", &"the installation's key is another"))?;
        let last_step: i64 = row.try_get("last_step")?;
        let Some(step) = app.step(code, self.now()).filter(|step| *step > last_step) else {
            tx.rollback().await?;
            self.failed("code", Some(account)).await?;
            return Err(Failure::wrong());
        };
        sqlx::query("update identity.authenticators set last_step = $2 where account = $1")
            .bind(account)
            .bind(step)
            .execute(&mut *tx)
            .await?;
        if let Some(flow) = cookie::read(headers, cookie::FLOW) {
            sqlx::query("delete from identity.flows where hash = $1").bind(flow.hash().to_vec()).execute(&mut *tx).await?;
        }
        let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers };
        let token = self.open(&mut tx, opening).await?;
        tx.commit().await?;
        self.forgive(client, Some(&email)).await?;
        Ok((token, next))
    }
}
