use http::HeaderMap;
use kernel::{Assurance, Comuni, Role, Text};

use crate::account::NewAccount;
use crate::session::Opening;
use crate::{Failure, Identity, Token};

/// One of the demo's invented people.
#[derive(Clone, Copy, Debug)]
pub struct DemoPerson {
    /// In the address: `/auth/demo/{id}`.
    pub id: &'static str,
    /// What they are called.
    pub name: &'static str,
    /// What they are.
    pub role: Role,
    comuni: &'static [&'static str],
    offices: &'static [&'static str],
    what: (&'static str, &'static str),
}

/// The comuni of the invented town.
const CASTELMARINA: &str = "080901";
const ROCCA: &str = "080902";

/// All five. Who they are is for show: nobody is protected by them.
pub const PEOPLE: [DemoPerson; 5] = [
    DemoPerson {
        id: "planner",
        name: "Elena Barone",
        role: Role::Planner,
        comuni: &[CASTELMARINA],
        offices: &["urbanistica"],
        what: ("pianificatrice di Castelmarina", "planner of Castelmarina"),
    },
    DemoPerson {
        id: "officer",
        name: "Marco Sgrò",
        role: Role::Officer,
        comuni: &[CASTELMARINA],
        offices: &["tecnico"],
        what: ("funzionario di Castelmarina", "officer of Castelmarina"),
    },
    DemoPerson {
        id: "officer-rocca",
        name: "Rosa Tripodi",
        role: Role::Officer,
        comuni: &[ROCCA],
        offices: &["tecnico"],
        what: ("funzionaria di Rocca Sant'Elia", "officer of Rocca Sant'Elia"),
    },
    DemoPerson { id: "citizen", name: "Nino Laganà", role: Role::Citizen, comuni: &[], offices: &[], what: ("cittadino", "citizen") },
    DemoPerson {
        id: "administrator",
        name: "Ada Lombardi",
        role: Role::Administrator,
        comuni: &["*"],
        offices: &[],
        what: ("amministratrice del servizio", "administrator of the service"),
    },
];

impl DemoPerson {
    /// What they are, in words.
    pub fn title(&self) -> Text {
        Text::new(self.what.0, self.what.1)
    }

    fn account(&self) -> NewAccount {
        let comuni = match self.comuni {
            ["*"] => Comuni::All,
            some => Comuni::Only(some.iter().map(ToString::to_string).collect()),
        };
        let offices = self.offices.iter().map(ToString::to_string).collect();
        NewAccount { name: self.name.to_owned(), email: None, role: self.role, comuni, offices }
    }
}

impl Identity {
    /// Enters as one of them. Outside `opensit demo` there are none.
    pub(crate) async fn demo(&self, person: &str, headers: &HeaderMap) -> Result<Token, Failure> {
        let person = PEOPLE.iter().find(|p| p.id == person).filter(|_| self.parts.settings.demo).ok_or_else(Failure::not_found)?;
        self.can_sign_in()?;
        let mut tx = self.as_nobody().await?;
        let find = "select id from identity.accounts where demo = $1";
        let known = sqlx::query_scalar(find).bind(person.id).fetch_optional(&mut *tx).await?;
        let account = match known {
            Some(account) => account,
            None => match self.insert(&mut tx, &person.account(), "demo", Some(person.id)).await {
                Ok(account) => account,
                // two visitors at once
                Err(_) => sqlx::query_scalar(find).bind(person.id).fetch_one(&mut *tx).await?,
            },
        };
        let token = self.open(&mut tx, Opening { account, method: "demo", assurance: Assurance::Low, headers }).await?;
        tx.commit().await?;
        Ok(token)
    }
}
