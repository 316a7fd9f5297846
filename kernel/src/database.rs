//! Connections as `opensit_app`, for somebody.

mod reach;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use crate::{Comuni, Principal};
use reach::Reach;

/// The database as `opensit_app`. The only way to a connection is to say who asks, so that row-level security, the second
/// wall, knows it too. Where the database is gone, those who ask for a connection are told so (`sqlx::Error::PoolTimedOut`) within about
/// a second, whatever the pool's own patience. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database(PgPool, Arc<Reach>);

impl Database {
    /// Over a pool of connections as `opensit_app`.
    pub fn new(pool: PgPool) -> Self {
        Self(pool, Arc::default())
    }

    /// A connection to read with, as this principal. What is not public is read in a read-only transaction whose settings
    /// end with it: whoever gets the connection next is nobody again.
    pub async fn session(&self, who: &Principal) -> Result<Session, sqlx::Error> {
        if *who == Principal::anonymous() {
            // what the pool does takes kilobytes, which would be part of all that waits for it, also where nobody asks the database
            let connection = Box::pin(self.1.wait(&self.0, self.0.acquire())).await?;
            return Ok(Session(Kind::Nobody(connection)));
        }
        let begin = format!("begin read only; {}", settings(who));
        Ok(Session(Kind::Somebody(self.begin(begin).await?)))
    }

    /// A repeatable-read, read-only transaction as this principal: several questions that see the same rows.
    pub async fn snapshot(&self, who: &Principal) -> Result<Session, sqlx::Error> {
        let begin = format!("begin isolation level repeatable read read only; {}", settings(who));
        Ok(Session(Kind::Somebody(self.begin(begin).await?)))
    }

    /// A transaction to write in, as this principal. Nothing is written unless it is committed.
    pub async fn write(&self, who: &Principal) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.begin(format!("begin; {}", settings(who))).await
    }

    async fn begin(&self, begin: String) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        Box::pin(self.1.wait(&self.0, self.0.begin_with(AssertSqlSafe(begin)))).await
    }

    /// How many connections there are, and how many of them idle.
    pub fn connections(&self) -> (u32, usize) {
        (self.0.size(), self.0.num_idle())
    }

    /// How many connections there may be.
    pub fn most_connections(&self) -> u32 {
        self.0.options().get_max_connections()
    }

    /// Waits for those in use, then closes all.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// A connection that reads as somebody. Dropped, it goes back to the pool.
#[derive(Debug)]
pub struct Session(Kind);

#[derive(Debug)]
enum Kind {
    Nobody(PoolConnection<Postgres>),
    Somebody(Transaction<'static, Postgres>),
}

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &self.0 {
            Kind::Nobody(connection) => connection,
            Kind::Somebody(transaction) => transaction,
        }
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.0 {
            Kind::Nobody(connection) => connection,
            Kind::Somebody(transaction) => transaction,
        }
    }
}

/// What the policies read (migration `opensit_access`), for the transaction that has just begun.
fn settings(who: &Principal) -> String {
    let comuni = match who.comuni() {
        Comuni::All => "*".to_owned(),
        Comuni::Only(some) => join(some.iter()),
    };
    let values = [
        ("role", who.role().name().to_owned()),
        ("subject", who.id().map(|id| id.to_string()).unwrap_or_default()),
        ("actor", who.name().unwrap_or_default().to_owned()),
        ("comuni", comuni),
        ("offices", join(who.offices().iter())),
        ("purpose", if who.purposes().is_empty() { String::new() } else { "stated".to_owned() }),
    ];
    values.iter().map(|(name, value)| format!("set local opensit.{name} = {}; ", literal(value))).collect()
}

/// A comma is how the policies split them: a name with one in it is nobody's.
fn join<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.filter(|name| !name.contains(',')).map(String::as_str).collect::<Vec<_>>().join(",")
}

/// A text as an SQL literal. `E''` means the same whatever `standard_conforming_strings` is set to.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\0', "").replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{literal, settings};
    use crate::{Assurance, Comuni, Principal, Role};
    use uuid::Uuid;

    #[test]
    fn nothing_in_a_name_ends_the_literal() {
        assert_eq!(literal("d'Elia\\'; drop table x; --\0"), "E'd''Elia\\\\''; drop table x; --'");
    }

    #[test]
    fn the_settings_say_who_it_is() {
        let who = Principal::known(Role::Officer, Uuid::nil(), "Ada", Assurance::Low)
            .with_comuni(Comuni::Only(["080901".to_owned(), "x,*".to_owned()].into()))
            .with_offices(["sue".to_owned()]);
        let text = settings(&who);
        assert!(text.contains("set local opensit.comuni = E'080901';"), "{text}");
        assert!(text.contains("set local opensit.role = E'officer';"), "{text}");
        assert!(text.contains("set local opensit.purpose = E'';"), "{text}");
        assert!(settings(&who.with_purposes(["visura".to_owned()])).contains("set local opensit.purpose = E'stated';"));
        let citizen = Principal::known(Role::Citizen, Uuid::nil(), "Ivo", Assurance::Low).with_comuni(Comuni::All);
        assert!(settings(&citizen).contains("set local opensit.comuni = E'';"), "scope counts for staff only");
    }
}
