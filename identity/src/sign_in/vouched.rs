use kernel::{Comuni, Principal, Role};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::account::{NewAccount, checked_name};
use crate::link::Chosen;
use crate::source::{Evidence, Source, SourceError, Unknown};
use crate::{Failure, Identity};

impl Identity {
    /// The account of somebody whom a source vouches for: the one tied to who they are there; where the source is trusted
    /// with addresses, the one with theirs, which is tied from then on; where anybody may come, a new citizen.
    pub(crate) async fn vouched(&self, conn: &mut PgConnection, source: &dyn Source, evidence: &Evidence) -> Result<Uuid, Failure> {
        let tied = sqlx::query("select a.id, a.active and a.demo is null as open from identity.external e join identity.accounts a on a.id = e.account where e.source = $1 and e.subject = $2")
            .bind(&evidence.issuer)
            .bind(&evidence.subject)
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(row) = tied {
            return if row.try_get("open")? { Ok(row.try_get("id")?) } else { Err(Failure::no_account()) };
        }
        let account = match self.with_email(conn, source, evidence).await? {
            Some(account) => account,
            None if source.unknown() == Unknown::Citizen => self.new_citizen(conn, evidence).await?,
            None => return Err(Failure::no_account()),
        };
        let chosen = Chosen::Source { source: evidence.issuer.clone(), subject: evidence.subject.clone() };
        self.add(conn, account, &chosen).await?;
        Ok(account)
    }

    async fn with_email(&self, conn: &mut PgConnection, source: &dyn Source, evidence: &Evidence) -> Result<Option<Uuid>, Failure> {
        let Some(email) = evidence.verified_email.as_ref().filter(|_| source.trusts_email()) else { return Ok(None) };
        let sql = "select id from identity.accounts where lower(email) = lower($1) and active and demo is null";
        Ok(sqlx::query_scalar(sql).bind(email).fetch_optional(conn).await?)
    }

    /// Without an address: that would be a way to sit on somebody else's.
    async fn new_citizen(&self, conn: &mut PgConnection, evidence: &Evidence) -> Result<Uuid, Failure> {
        let name = evidence.name.as_deref().and_then(|name| checked_name(name).ok()).unwrap_or_else(|| "—".to_owned());
        let new = NewAccount { name, email: None, role: Role::Citizen, comuni: Comuni::none(), offices: [].into() };
        self.insert(conn, &new, &evidence.issuer, None).await
    }

    /// What a person is told of a source that did not say who they are; why goes to the log.
    pub(crate) fn source_failed(source: &dyn Source, error: &SourceError) -> Failure {
        tracing::warn!(source = source.id(), cause = %error, "an identity source did not vouch for somebody");
        match error {
            SourceError::Away(_) => Failure::source_away(source.title()),
            SourceError::Refused(_) => Failure::wrong(),
        }
    }

    /// Where sources send browsers back to.
    pub(crate) fn callback(&self) -> String {
        self.parts.public_url.link("/auth/oidc/callback")
    }

    /// A transaction for somebody who is nobody yet.
    pub(crate) async fn as_nobody(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, Failure> {
        Ok(self.parts.database.write(&Principal::anonymous()).await?)
    }
}
