//! Who may sign in.

mod change;
mod create;
mod list;
mod standing;

use kernel::{Assurance, Comuni, Principal, Role};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

pub use change::Change;
pub use create::NewAccount;
pub(crate) use list::MOST;
pub use standing::standing;

use crate::audit::{self, Action, Event};
use crate::{Failure, Identity};

/// An account as its administrator sees it. How it signs in is not part of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// For ever.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// Where its mail goes, and what it signs in with if it has a password.
    pub email: Option<String>,
    /// What it is.
    pub role: Role,
    /// The comuni it works for; in JSON their codes, or `*`.
    #[serde(serialize_with = "write_comuni")]
    pub comuni: Comuni,
    /// The offices it works in.
    pub offices: Vec<String>,
    /// Whether it may sign in.
    pub active: bool,
    /// Which of the demo's invented people it is.
    pub demo: Option<String>,
}

/// The columns that [`Account::read`] reads.
pub(crate) const COLUMNS: &str = "a.id, a.name, a.email, a.role, a.comuni, a.offices, a.active, a.demo";

impl Account {
    pub(crate) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let role: &str = row.try_get("role")?;
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            role: role_named(role).ok_or_else(|| sqlx::Error::Decode(format!("no role `{role}`").into()))?,
            comuni: comuni_from(row.try_get("comuni")?),
            offices: row.try_get("offices")?,
            active: row.try_get("active")?,
            demo: row.try_get("demo")?,
        })
    }
}

impl Account {
    /// Who they are when they are known so surely.
    pub(crate) fn principal(&self, assurance: Assurance) -> Principal {
        Principal::known(self.role, self.id, &self.name, assurance)
            .with_comuni(self.comuni.clone())
            .with_offices(self.offices.iter().cloned())
    }
}

impl Identity {
    /// The account; it must be there.
    pub(crate) async fn account(&self, conn: &mut PgConnection, id: Uuid) -> Result<Account, Failure> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from identity.accounts a where a.id = $1"));
        let row = sqlx::query(sql).bind(id).fetch_one(conn).await?;
        Ok(Account::read(&row)?)
    }

    /// Writes into the audit log what was done to an account, in the transaction that does it.
    pub(crate) async fn note(&self, conn: &mut PgConnection, who: &Principal, act: &str, account: Uuid) -> Result<(), Failure> {
        let event = Event::new(Action::Administer).details(json!({"act": act, "account": account}));
        Ok(audit::record(conn, who, event).await?)
    }
}

/// The roles that an account can have.
pub(crate) fn role_named(name: &str) -> Option<Role> {
    [Role::Citizen, Role::Officer, Role::Planner, Role::Administrator].into_iter().find(|role| role.name() == name)
}

pub(crate) fn comuni_from(codes: Vec<String>) -> Comuni {
    if codes.iter().any(|c| c == "*") { Comuni::All } else { Comuni::Only(codes.into_iter().collect()) }
}

fn write_comuni<S: Serializer>(comuni: &Comuni, serializer: S) -> Result<S::Ok, S::Error> {
    match comuni {
        Comuni::All => serializer.serialize_str("*"),
        Comuni::Only(some) => some.serialize(serializer),
    }
}

/// Codes, or `*`.
pub(crate) fn read_comuni<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Comuni>, D::Error> {
    match Option::<serde_json::Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(serde_json::Value::String(all)) if all == "*" => Ok(Some(Comuni::All)),
        Some(some) => serde_json::from_value(some).map(|codes| Some(Comuni::Only(codes))).map_err(serde::de::Error::custom),
    }
}

pub(crate) fn comuni_to(comuni: &Comuni) -> Vec<String> {
    match comuni {
        Comuni::All => vec!["*".to_owned()],
        Comuni::Only(some) => some.iter().cloned().collect(),
    }
}

/// For administrators; to others it is as if there were nothing.
pub(crate) fn administer(who: &Principal) -> Result<String, Failure> {
    if !who.may_administer() {
        return Err(Failure::not_found());
    }
    Ok(who.id().map_or_else(|| who.name().unwrap_or("operator").to_owned(), |id| id.to_string()))
}

/// A name for people: trimmed, 1 to 200 characters, none of them a control or one that turns the direction of writing.
pub(crate) fn checked_name(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let bad = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.is_empty() || text.chars().count() > 200 || text.chars().any(bad) {
        return Err(Failure::invalid(
            "Il nome ha da 1 a 200 caratteri, senza caratteri di controllo.",
            "A name has 1 to 200 characters, none of them a control character.",
        ));
    }
    Ok(text.to_owned())
}

/// An e-mail address, as narrowly as mail is really sent: ASCII, one `@`, a dot in the domain; in lower case.
pub(crate) fn checked_email(text: &str) -> Result<String, Failure> {
    let text = text.trim().to_ascii_lowercase();
    let well = |(local, domain): (&str, &str)| {
        let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b);
        let in_domain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
        !local.is_empty() && local.len() <= 64 && local.bytes().all(in_local) && domain.contains('.') && domain.bytes().all(in_domain)
    };
    if text.len() <= 254 && text.split_once('@').is_some_and(well) {
        return Ok(text);
    }
    Err(Failure::invalid("Questo non è un indirizzo di posta.", "This is no e-mail address."))
}

#[cfg(test)]
mod tests {
    use super::{checked_email, checked_name};

    #[test]
    fn names_are_text_and_nothing_else() {
        for good in ["Ada", " José Núñez-Łódź ", "Иван", "<script>alert(1)</script>", "d'Elia; drop table x"] {
            assert_eq!(checked_name(good).unwrap(), good.trim());
        }
        for bad in ["", "  ", "a\0b", "a\nb", "a\u{202e}b", "a\u{2066}b", &"x".repeat(201), &"x".repeat(1 << 20)] {
            assert!(checked_name(bad).is_err());
        }
    }

    #[test]
    fn addresses_are_ascii() {
        assert_eq!(checked_email(" Ada.Lombardi+sit@Comune.example.IT ").unwrap(), "ada.lombardi+sit@comune.example.it");
        for bad in
            ["", "a", "a@b", "a b@c.it", "a@b@c.it", "а@c.it", "a\0@c.it", "a@c.it\n", "a\n@c.it", &format!("{}@c.it", "x".repeat(65))]
        {
            assert!(checked_email(bad).is_err() || bad.ends_with('\n'), "{bad:?}");
        }
    }
}
