use kernel::Principal;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Current;
use crate::audit::{self, Action, Event};
use crate::{Failure, Identity};

impl Identity {
    /// Signs out of this session.
    pub async fn sign_out(&self, current: &Current) -> Result<(), Failure> {
        self.end_session(current, current.id).await
    }

    /// Ends one of one's own sessions. Somebody else's is as one that does not exist.
    pub async fn end_session(&self, current: &Current, session: Uuid) -> Result<(), Failure> {
        let mut tx = self.parts.database.write(&current.principal).await?;
        let ended = sqlx::query("delete from identity.sessions where id = $1 and account = $2")
            .bind(session)
            .bind(current.account)
            .execute(&mut *tx)
            .await?;
        if ended.rows_affected() > 0 {
            audit::record(&mut tx, &current.principal, Event::new(Action::SignOut)).await?;
        }
        tx.commit().await?;
        self.sessions.forget_account(current.account);
        if ended.rows_affected() == 0 { Err(Failure::not_found()) } else { Ok(()) }
    }

    /// Ends all of one's own sessions, this one too.
    pub async fn sign_out_everywhere(&self, current: &Current) -> Result<(), Failure> {
        let mut tx = self.parts.database.write(&current.principal).await?;
        self.end_all(&mut tx, current.account, None).await?;
        let event = Event::new(Action::SignOut).details(json!({"everywhere": true}));
        audit::record(&mut tx, &current.principal, event).await?;
        tx.commit().await?;
        self.sessions.forget_account(current.account);
        Ok(())
    }

    /// Ends all sessions of an account but perhaps one. After the commit the caller has the cache forget the account; it is
    /// done here too, so that nobody can forget to.
    pub(crate) async fn end_all(&self, conn: &mut PgConnection, account: Uuid, but: Option<Uuid>) -> Result<(), Failure> {
        sqlx::query("delete from identity.sessions where account = $1 and id is distinct from $2")
            .bind(account)
            .bind(but)
            .execute(conn)
            .await?;
        self.sessions.forget_account(account);
        Ok(())
    }

    /// Deletes what expired long ago. The server calls it now and then.
    pub async fn sweep(&self) -> Result<(), Failure> {
        let (settings, now) = (&self.parts.settings, self.now());
        let mut tx = self.parts.database.write(&Principal::operator()).await?;
        sqlx::query("delete from identity.sessions where seen_at <= $1 or opened_at <= $2")
            .bind(now - settings.idle)
            .bind(now - settings.absolute)
            .execute(&mut *tx)
            .await?;
        sqlx::query("delete from identity.flows where expires_at < $1").bind(now).execute(&mut *tx).await?;
        sqlx::query("delete from identity.attempts where since < $1").bind(now - chrono::TimeDelta::hours(1)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
