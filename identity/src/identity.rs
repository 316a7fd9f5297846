//! What every operation here is given.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Clock, Database, PublicUrl, Text};

use crate::passkey::RelyingParty;
use crate::password::Hasher;
use crate::session::Cache;
use crate::{Failure, SealingKey, Source, origin};

/// What may be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A session that nobody used for so long ends.
    pub idle: TimeDelta,
    /// A session ends after so long, used or not.
    pub absolute: TimeDelta,
    /// Whether the five invented people can be entered with one click: under `opensit demo` alone.
    pub demo: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { idle: TimeDelta::hours(8), absolute: TimeDelta::days(7), demo: false }
    }
}

/// What [`Identity`] is made of.
pub struct Parts {
    /// Connections as `opensit_app`.
    pub database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where browsers reach us: decides the origin, the passkeys' domain and whether anybody can sign in at all.
    pub public_url: PublicUrl,
    /// The service's name for people.
    pub title: Text,
    /// What may be set.
    pub settings: Settings,
    /// The installation's key.
    pub key: SealingKey,
    /// Other identity sources, in the order in which the page shows them.
    pub sources: Vec<Arc<dyn Source>>,
}

/// Who is asking, as a service: accounts, sign-in, sessions. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub(crate) parts: Arc<Parts>,
    pub(crate) origin: Arc<str>,
    pub(crate) passkeys: Option<Arc<RelyingParty>>,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) sessions: Arc<Cache>,
}

impl Identity {
    /// Opens nothing and asks nobody.
    pub fn new(parts: Parts) -> Self {
        let origin = origin::of(&parts.public_url).into();
        let passkeys = RelyingParty::of(&parts.public_url).map(Arc::new);
        Self { origin, passkeys, hasher: Arc::default(), sessions: Arc::default(), parts: Arc::new(parts) }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    /// Refuses where no cookie of ours would be kept: plain http on anything but this machine.
    pub(crate) fn can_sign_in(&self) -> Result<(), Failure> {
        if origin::is_secure(&self.parts.public_url) { Ok(()) } else { Err(Failure::insecure(&self.parts.public_url.to_string())) }
    }

    pub(crate) fn source(&self, id: &str) -> Option<&Arc<dyn Source>> {
        self.parts.sources.iter().find(|s| s.id() == id)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("origin", &self.origin).finish_non_exhaustive()
    }
}
