//! One-time links: how somebody without a credential gets one.

mod redeem;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Principal;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

pub(crate) use redeem::Chosen;

use crate::account::{Account, COLUMNS, administer};
use crate::{Failure, Identity, Token};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new account's first credential.
    Invitation,
    /// A new credential for one that lost its own.
    Recovery,
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Recovery => "recovery",
        }
    }

    fn life(self) -> TimeDelta {
        match self {
            Self::Invitation => TimeDelta::days(7),
            Self::Recovery => TimeDelta::hours(1),
        }
    }
}

/// An address that opens an account once. Shown once, to who asked for it.
#[derive(Clone)]
pub struct OneTimeLink {
    token: Token,
    address: String,
    /// Not good after that.
    pub expires_at: DateTime<Utc>,
}

impl OneTimeLink {
    /// The whole address.
    pub fn reveal(&self) -> &str {
        &self.address
    }

    /// The secret part of it.
    pub fn token(&self) -> &Token {
        &self.token
    }
}

impl fmt::Debug for OneTimeLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneTimeLink(… until {})", self.expires_at)
    }
}

/// A link that is good, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) account: Account,
    pub(crate) purpose: Purpose,
}

impl Identity {
    /// A link (1 hour) by which its person chooses anew how to sign in. Using it removes what they signed in with before and
    /// ends their sessions; until then both go on.
    pub async fn recover(&self, who: &Principal, account: Uuid) -> Result<OneTimeLink, Failure> {
        let by = administer(who)?;
        let mut tx = self.parts.database.write(who).await?;
        let active: Option<bool> = sqlx::query_scalar("select active from identity.accounts where id = $1 and demo is null")
            .bind(account)
            .fetch_optional(&mut *tx)
            .await?;
        if active != Some(true) {
            return Err(Failure::not_found());
        }
        let link = self.new_link(&mut tx, account, Purpose::Recovery, &by).await?;
        self.note(&mut tx, who, "recovery link", account).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// The newest link of an account is the only one.
    pub(crate) async fn new_link(
        &self,
        conn: &mut PgConnection,
        account: Uuid,
        purpose: Purpose,
        by: &str,
    ) -> Result<OneTimeLink, Failure> {
        let (token, now) = (Token::new()?, self.now());
        let expires_at = now + purpose.life();
        sqlx::query("delete from identity.links where account = $1").bind(account).execute(&mut *conn).await?;
        sqlx::query(
            "insert into identity.links (hash, account, purpose, created_at, created_by, expires_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(token.hash().to_vec())
        .bind(account)
        .bind(purpose.name())
        .bind(now)
        .bind(by)
        .bind(expires_at)
        .execute(conn)
        .await?;
        let address = self.parts.public_url.link(&format!("/auth/link/{}", token.reveal()));
        Ok(OneTimeLink { token, address, expires_at })
    }

    /// Looks at a link without using it: mail programs fetch addresses too.
    pub(crate) async fn look_at(&self, token: &Token) -> Result<Opened, Failure> {
        let mut session = self.parts.database.session(&Principal::anonymous()).await?;
        self.link(&mut session, &token.hash()).await
    }

    /// The link by its hash, if it is good.
    pub(crate) async fn link(&self, conn: &mut PgConnection, hash: &[u8]) -> Result<Opened, Failure> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, l.purpose from identity.links l join identity.accounts a on a.id = l.account
             where l.hash = $1 and l.used_at is null and l.expires_at > $2 and a.active and a.demo is null"
        ));
        let row = sqlx::query(sql).bind(hash).bind(self.now()).fetch_optional(conn).await?.ok_or_else(Failure::no_such_link)?;
        let purpose = if row.try_get::<&str, _>("purpose")? == "recovery" { Purpose::Recovery } else { Purpose::Invitation };
        Ok(Opened { account: Account::read(&row)?, purpose })
    }
}
