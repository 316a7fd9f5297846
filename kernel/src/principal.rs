//! Who is asking.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::layer::{Audience, Field};
use crate::{Layer, LayerId};

/// How surely we know who somebody is (SPID and eIDAS levels; CAD art. 64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// Nobody said who they are.
    #[default]
    None,
    /// One factor.
    Low,
    /// Two factors.
    Substantial,
    /// Two factors, one bound to hardware.
    High,
}

/// What somebody is to the comune.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nobody said who they are.
    Anonymous,
    /// A person who signed in, and works for no comune.
    Citizen,
    /// Works for a comune: reads what officers read, edits what the layer says.
    Officer,
    /// Works for a comune on plans and works.
    Planner,
    /// Looks after the installation: people, keys, audiences of layers.
    Administrator,
    /// A program with a key that somebody answers for.
    Machine,
}

impl Role {
    /// All of them, the least entitled first.
    pub const ALL: [Self; 6] = [Self::Anonymous, Self::Citizen, Self::Officer, Self::Planner, Self::Administrator, Self::Machine];

    /// Whether it is a role of the comune's own people and programs.
    pub fn is_staff(self) -> bool {
        !matches!(self, Self::Anonymous | Self::Citizen)
    }

    /// Its name in settings, JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Citizen => "citizen",
            Self::Officer => "officer",
            Self::Planner => "planner",
            Self::Administrator => "administrator",
            Self::Machine => "machine",
        }
    }
}

/// The comuni that somebody works for, by ISTAT code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comuni {
    /// Every comune of the installation.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Comuni {
    /// None at all.
    pub fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether this comune is one of them.
    pub fn contains(&self, istat: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(istat),
        }
    }
}

/// What a key opens, at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyScope {
    /// Only these layers; `None`: those that its principal may read.
    pub layers: Option<BTreeSet<LayerId>>,
    /// Whether it may also edit.
    pub edit: bool,
}

/// Who is asking. Every operation takes one: without it there is no connection to the database
/// ([`Database::session`](crate::Database::session)). It is made where a request comes in and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    role: Role,
    id: Option<Uuid>,
    name: Option<String>,
    assurance: Assurance,
    offices: BTreeSet<String>,
    comuni: Comuni,
    purposes: BTreeSet<String>,
    key: Option<KeyScope>,
    /// Whose rights a key has, if somebody made it for themselves.
    giver: Option<Role>,
}

impl Principal {
    /// Somebody who has not said who they are.
    pub fn anonymous() -> Self {
        Self::new(Role::Anonymous, None, None, Assurance::None)
    }

    /// The operator of the installation, at its own command line, who owns the database anyway.
    pub fn operator() -> Self {
        Self::new(Role::Administrator, None, Some("operator".to_owned()), Assurance::High).with_comuni(Comuni::All)
    }

    /// A person or program that an identity source vouches for: the account, its name for people, how surely it is known.
    /// Without further words it works for no comune and no office.
    pub fn known(role: Role, id: Uuid, name: impl Into<String>, assurance: Assurance) -> Self {
        Self::new(role, Some(id), Some(name.into()), assurance)
    }

    fn new(role: Role, id: Option<Uuid>, name: Option<String>, assurance: Assurance) -> Self {
        let (offices, purposes) = (BTreeSet::new(), BTreeSet::new());
        Self { role, id, name, assurance, offices, comuni: Comuni::none(), purposes, key: None, giver: None }
    }

    /// With these comuni in scope. They count for staff only.
    #[must_use]
    pub fn with_comuni(mut self, comuni: Comuni) -> Self {
        self.comuni = comuni;
        self
    }

    /// In these offices.
    #[must_use]
    pub fn with_offices(mut self, offices: impl IntoIterator<Item = String>) -> Self {
        self.offices = offices.into_iter().collect();
        self
    }

    /// With these purposes stated for reading personal data.
    #[must_use]
    pub fn with_purposes(mut self, purposes: impl IntoIterator<Item = String>) -> Self {
        self.purposes = purposes.into_iter().collect();
        self
    }

    /// Through a key that opens no more than this.
    #[must_use]
    pub fn through_key(mut self, scope: KeyScope) -> Self {
        self.key = Some(scope);
        self
    }

    /// With a key that somebody of this role made for themselves: it edits what they may edit, and ceases to when they do.
    #[must_use]
    pub fn given_by(mut self, role: Role) -> Self {
        self.giver = Some(role);
        self
    }

    /// What they are.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The account; none for the anonymous and the operator.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// Their name for people.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How surely we know.
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// The offices they work in.
    pub fn offices(&self) -> &BTreeSet<String> {
        &self.offices
    }

    /// The comuni they work for: none unless they are staff.
    pub fn comuni(&self) -> Comuni {
        if self.role.is_staff() { self.comuni.clone() } else { Comuni::none() }
    }

    /// The purposes they stated.
    pub fn purposes(&self) -> &BTreeSet<String> {
        &self.purposes
    }

    /// What their key opens, if they came with one.
    pub fn key(&self) -> Option<&KeyScope> {
        self.key.as_ref()
    }

    /// Whether they work for the comune.
    pub fn is_staff(&self) -> bool {
        self.role.is_staff()
    }

    /// Whether they look after the installation: people, keys, rights. A key never does.
    pub fn may_administer(&self) -> bool {
        self.role == Role::Administrator && self.key.is_none()
    }

    /// Whether this layer exists for them. If it does not, the answer is the same as for a layer that nobody has.
    pub fn may_read(&self, layer: &Layer) -> bool {
        self.key_opens(layer)
            && !layer.is_hidden_draft(self)
            && match layer.audience {
                Audience::Public => true,
                Audience::Citizens => self.role != Role::Anonymous,
                Audience::Officers => self.is_staff(),
            }
    }

    /// Whether they may change rows of this layer: those of their comuni.
    pub fn may_edit(&self, layer: &Layer) -> bool {
        let entitled = match &self.key {
            Some(key) => key.edit && self.giver.map_or(!layer.editors.is_empty(), |role| layer.editors.contains(&role)),
            None => layer.editors.contains(&self.role),
        };
        entitled && self.may_read(layer)
    }

    /// Whether they may ever see this field of a layer they may read: a private one is seen by staff, in the rows of their
    /// comuni, and a personal one only by those who said what for.
    pub fn may_read_field(&self, field: &Field) -> bool {
        !(field.private || field.personal) || self.is_staff() && (!field.personal || !self.purposes.is_empty())
    }

    fn key_opens(&self, layer: &Layer) -> bool {
        self.key.as_ref().and_then(|key| key.layers.as_ref()).is_none_or(|layers| layers.contains(&layer.id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    /// The principal that the edge put into the request; without one, nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::anonymous))
    }
}
