use kernel::Assurance;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Purpose;
use crate::passkey::NewPasskey;
use crate::totp::Authenticator;
use crate::{Failure, Identity};

/// How the person of a link will sign in from now on.
pub(crate) enum Chosen {
    /// A password with an authenticator app, one of whose codes (of this time step) was just shown.
    Password { phc: String, app: Authenticator, step: i64 },
    /// A passkey.
    Passkey(NewPasskey),
    /// Another source: its issuer, and who they are there.
    Source { source: String, subject: String },
}

impl Identity {
    /// Uses a link up, in the caller's transaction: of two that use it at once one is refused. The credential goes into the
    /// account; with a recovery all others, and every session, are gone.
    pub(crate) async fn redeem(&self, conn: &mut PgConnection, hash: &[u8], chosen: &Chosen) -> Result<Uuid, Failure> {
        let used = sqlx::query("update identity.links set used_at = $2 where hash = $1 and used_at is null and expires_at > $2")
            .bind(hash)
            .bind(self.now())
            .execute(&mut *conn)
            .await?;
        if used.rows_affected() != 1 {
            return Err(Failure::no_such_link());
        }
        let (account, purpose): (Uuid, String) = sqlx::query_as(
            "select l.account, l.purpose from identity.links l join identity.accounts a on a.id = l.account and a.active where l.hash = $1",
        )
        .bind(hash)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or_else(Failure::no_such_link)?;
        if purpose == Purpose::Recovery.name() {
            self.remove_credentials(conn, account).await?;
        }
        self.add(conn, account, chosen).await?;
        let who = self.account(conn, account).await?.principal(Assurance::Low);
        self.note(conn, &who, &format!("use {purpose} link"), account).await?;
        self.end_all(conn, account, None).await?;
        Ok(account)
    }

    async fn remove_credentials(&self, conn: &mut PgConnection, account: Uuid) -> Result<(), Failure> {
        for sql in [
            "delete from identity.passwords where account = $1",
            "delete from identity.authenticators where account = $1",
            "delete from identity.passkeys where account = $1",
            "delete from identity.external where account = $1",
        ] {
            sqlx::query(sql).bind(account).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Gives an account a credential.
    pub(crate) async fn add(&self, conn: &mut PgConnection, account: Uuid, chosen: &Chosen) -> Result<(), Failure> {
        let now = self.now();
        match chosen {
            Chosen::Password { phc, app, step } => {
                sqlx::query(
                    "insert into identity.passwords (account, phc, changed_at) values ($1, $2, $3)
                     on conflict (account) do update set phc = excluded.phc, changed_at = excluded.changed_at",
                )
                .bind(account)
                .bind(phc)
                .bind(now)
                .execute(&mut *conn)
                .await?;
                sqlx::query(
                    "insert into identity.authenticators (account, sealed, last_step) values ($1, $2, $3)
                     on conflict (account) do update set sealed = excluded.sealed, last_step = excluded.last_step",
                )
                .bind(account)
                .bind(self.parts.key.seal(&format!("totp of {account}"), app.bytes())?)
                .bind(step)
                .execute(conn)
                .await?;
            }
            Chosen::Passkey(passkey) => self.add_passkey(conn, account, passkey).await?,
            Chosen::Source { source, subject } => {
                let sql =
                    "insert into identity.external (source, subject, account, linked_at) values ($1, $2, $3, $4) on conflict do nothing";
                let added = sqlx::query(sql).bind(source).bind(subject).bind(account).bind(now).execute(conn).await?;
                if added.rows_affected() == 0 {
                    return Err(Failure::invalid("Questa identità ha già un accesso qui.", "This identity has an account here already."));
                }
            }
        }
        Ok(())
    }
}
