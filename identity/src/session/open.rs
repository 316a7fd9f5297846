use http::{HeaderMap, header};
use kernel::Assurance;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::assurance_name;
use crate::audit::{self, Action, Event};
use crate::{Failure, Identity, Token, cookie};

/// What a session begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) account: Uuid,
    pub(crate) method: &'a str,
    pub(crate) assurance: Assurance,
    /// The request that ends the sign-in: its old session, if it brought one, ends.
    pub(crate) headers: &'a HeaderMap,
}

impl Identity {
    /// A new session with an id that nobody had before, whatever cookie the browser came with (session fixation).
    pub(crate) async fn open(&self, conn: &mut PgConnection, opening: Opening<'_>) -> Result<Token, Failure> {
        let (token, now) = (Token::new()?, self.now());
        if let Some(old) = cookie::read(opening.headers, cookie::SESSION) {
            let ended: Option<Uuid> = sqlx::query_scalar("delete from identity.sessions where hash = $1 returning account")
                .bind(old.hash().to_vec())
                .fetch_optional(&mut *conn)
                .await?;
            if let Some(account) = ended {
                self.sessions.forget_account(account);
            }
        }
        sqlx::query("delete from identity.sessions where account = $1 and (seen_at <= $2 or opened_at <= $3)")
            .bind(opening.account)
            .bind(now - self.parts.settings.idle)
            .bind(now - self.parts.settings.absolute)
            .execute(&mut *conn)
            .await?;
        sqlx::query(
            "insert into identity.sessions (hash, account, method, assurance, agent, opened_at, seen_at) values ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(token.hash().to_vec())
        .bind(opening.account)
        .bind(opening.method)
        .bind(assurance_name(opening.assurance))
        .bind(agent(opening.headers))
        .bind(now)
        .execute(&mut *conn)
        .await?;
        let account = self.account(conn, opening.account).await?;
        let who = account.principal(opening.assurance);
        let event = Event::new(Action::SignIn).details(json!({"method": opening.method, "assurance": assurance_name(opening.assurance)}));
        audit::record(conn, &who, event).await?;
        Ok(token)
    }
}

/// The browser's own name, shortened, so that somebody recognises their sessions.
fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
