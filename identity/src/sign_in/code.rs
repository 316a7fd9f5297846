use http::HeaderMap;
use kernel::Assurance;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::flow::Flow;
use crate::secret::Base64;
use crate::session::Opening;
use crate::throttle::Client;
use crate::totp::Authenticator;
use crate::{Failure, Identity, Token, cookie, password};

impl Identity {
    /// The second step: a code of the app, each once. The session, and where the browser wanted to go.
    pub(crate) async fn code(&self, code: &str, headers: &HeaderMap, client: Option<Client>) -> Result<(Token, String), Failure> {
        self.can_sign_in()?;
        let Flow::Code { account, email, password, next } = self.try_once(headers).await? else { return Err(Failure::stale()) };
        self.attempt(client, Some(&email)).await?;
        let mut tx = self.as_nobody().await?;
        if !self.use_code(&mut tx, account, &password, code).await? {
            tx.rollback().await?;
            self.failed("code", Some(account)).await?;
            return Err(Failure::wrong());
        }
        if let Some(flow) = cookie::read(headers, cookie::FLOW) {
            sqlx::query("delete from identity.flows where hash = $1").bind(flow.hash().to_vec()).execute(&mut *tx).await?;
        }
        let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers };
        let token = self.open(&mut tx, opening).await?;
        tx.commit().await?;
        self.forgive(client, Some(&email)).await?;
        Ok((token, next))
    }

    /// Uses a code of the app up, if it is one, was not used before, and the password is still the one with this mark.
    pub(crate) async fn use_code(&self, conn: &mut PgConnection, account: Uuid, mark: &Base64, code: &str) -> Result<bool, Failure> {
        let row = sqlx::query(
            "select t.sealed, t.last_step, p.phc
               from identity.authenticators t
               join identity.accounts a on a.id = t.account
               join identity.passwords p on p.account = t.account
              where t.account = $1 and a.active for update of t, p",
        )
        .bind(account)
        .fetch_optional(&mut *conn)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let (sealed, last_step, phc): (Vec<u8>, i64, String) = (row.try_get("sealed")?, row.try_get("last_step")?, row.try_get("phc")?);
        let app = self
            .parts
            .key
            .open_sealed(&format!("totp of {account}"), &sealed)
            .and_then(|bytes| Authenticator::from_bytes(&bytes))
            .ok_or_else(|| Failure::internal("reading an authenticator's secret", &"the installation's key is another"))?;
        let step = app.step(code, self.now()).filter(|step| *step > last_step && password::mark(&phc) == *mark);
        let Some(step) = step else { return Ok(false) };
        sqlx::query("update identity.authenticators set last_step = $2 where account = $1").bind(account).bind(step).execute(conn).await?;
        Ok(true)
    }
}
