use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use kernel::{Assurance, Clock, Comuni, Database, KeyScope, LayerId, Principal, Problem, Role};
use sqlx::Row;
use sqlx::postgres::PgRow;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::KeyText;
use super::presented::{self, refused};
use super::rates::Rates;

/// So many keys are remembered at most.
const ROOM: usize = 10_000;

/// Tells who comes with a key. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Keys(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    rates: Rates,
    /// By the SHA-256 of the whole key: who has only its id finds nothing here.
    right: Mutex<HashMap<[u8; 32], Remembered>>,
    /// Whether accounts and keys that tokens speak for still stand.
    pub(super) standing: Mutex<HashMap<Uuid, (Instant, bool)>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// What a key opened, and when the database was asked.
type Remembered = (Instant, Arc<Found>);

/// What a key opens.
struct Found {
    id: String,
    principal: Principal,
    requests_per_minute: Option<u32>,
    expires_at: Option<DateTime<Utc>>,
}

impl Keys {
    /// How long a key that was right is taken without asking the database again: so soon a revocation holds everywhere.
    pub const REMEMBERED: Duration = Duration::from_secs(2);

    /// Opens nothing and asks nobody.
    pub fn new(database: Database, clock: Arc<dyn Clock>, rates: Rates) -> Self {
        Self(Arc::new(Inner { database, clock, rates, right: Mutex::default(), standing: Mutex::default() }))
    }

    /// Who comes with these headers. `None`: they bring no key. A key that opens nothing is refused (401), one that asks too
    /// often is told when to come again (429).
    pub async fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
        let Some(key) = presented::key(headers)? else { return Ok(None) };
        let found = match self.remembered(&key) {
            Some(found) => found,
            None => self.look_up(&key).await.map_err(|e| Problem::database("looking a key up", &e))?.ok_or_else(refused)?,
        };
        if found.expires_at.is_some_and(|at| at <= self.0.clock.now()) {
            return Err(refused());
        }
        self.0.rates.key(&found.id, found.requests_per_minute)?;
        Ok(Some(found.principal.clone()))
    }

    /// Forgets what is remembered: after a revocation, here.
    pub fn forget(&self) {
        self.0.right.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.standing.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn remembered(&self, key: &KeyText) -> Option<Arc<Found>> {
        let right = self.0.right.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, found) = right.get(&key.fingerprint())?;
        (at.elapsed() < Self::REMEMBERED).then(|| Arc::clone(found))
    }

    /// One query and one comparison, whether there is such a key or not.
    async fn look_up(&self, key: &KeyText) -> Result<Option<Arc<Found>>, sqlx::Error> {
        let begun = Instant::now();
        let mut session = self.0.database.session(&Principal::anonymous()).await?;
        let row = sqlx::query(
            "select k.secret_hash, k.subject, k.name, k.scope, k.layers, k.comuni, k.requests_per_minute, k.expires_at, k.revoked_at,
                    k.last_used_at, k.created_by is not null as has_creator, a.role as creator_role, a.comuni as creator_comuni, a.active
               from identity.keys k left join identity.accounts a on a.id = k.created_by
              where k.id = $1",
        )
        .bind(key.id())
        .fetch_optional(&mut *session)
        .await?;
        drop(session);
        let stored: Vec<u8> = row.as_ref().map_or_else(|| Ok(vec![0; 32]), |row| row.try_get("secret_hash"))?;
        let is_right = bool::from(key.hash().as_slice().ct_eq(&stored));
        let Some(row) = row.filter(|_| is_right) else { return Ok(None) };
        let now = self.0.clock.now();
        let Some(found) = read(key, &row, now)?.map(Arc::new) else { return Ok(None) };
        self.remember(key, begun, &found);
        let last: Option<DateTime<Utc>> = row.try_get("last_used_at")?;
        if last.is_none_or(|at| now - at >= TimeDelta::minutes(1)) {
            self.note_use(key.id().to_owned(), now);
        }
        Ok(Some(found))
    }

    fn remember(&self, key: &KeyText, at: Instant, found: &Arc<Found>) {
        let mut right = self.0.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= ROOM {
            right.retain(|_, (at, _)| at.elapsed() < Self::REMEMBERED);
        }
        if right.len() < ROOM {
            right.insert(key.fingerprint(), (at, Arc::clone(found)));
        }
    }

    /// Written behind the request's back: nobody waits for it, and nothing is lost with it.
    fn note_use(&self, id: String, now: DateTime<Utc>) {
        let database = self.0.database.clone();
        tokio::spawn(async move {
            let noted = async {
                let mut transaction = database.write(&Principal::anonymous()).await?;
                let update = "update identity.keys set last_used_at = $2
                               where id = (select id from identity.keys where id = $1 for update skip locked)";
                sqlx::query(update).bind(id).bind(now).execute(&mut *transaction).await?;
                transaction.commit().await
            };
            if let Err(error) = noted.await {
                tracing::warn!(cause = %error, "the last use of a key can't be written");
            }
        });
    }
}

/// What the row opens now; nothing if it was revoked, has expired, or the account that made it may no longer sign in.
fn read(key: &KeyText, row: &PgRow, now: DateTime<Utc>) -> Result<Option<Found>, sqlx::Error> {
    let (revoked, expires_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.try_get("revoked_at")?, row.try_get("expires_at")?);
    if revoked.is_some() || expires_at.is_some_and(|at| at <= now) {
        return Ok(None);
    }
    let own: Option<Vec<String>> = row.try_get("comuni")?;
    let own = own.map_or(Comuni::All, |some| Comuni::Only(some.into_iter().collect()));
    let comuni = if row.try_get::<bool, _>("has_creator")? {
        let role: Option<&str> = row.try_get("creator_role")?;
        if !row.try_get::<Option<bool>, _>("active")?.unwrap_or(false) || matches!(role, None | Some("citizen")) {
            return Ok(None);
        }
        let theirs: Vec<String> = row.try_get("creator_comuni")?;
        if role == Some("administrator") { own } else { both(own, crate::account::comuni_from(theirs)) }
    } else {
        own
    };
    let layers: Option<Vec<String>> = row.try_get("layers")?;
    let layers: Option<BTreeSet<LayerId>> = layers.map(|some| some.into_iter().filter_map(|l| LayerId::new(l).ok()).collect());
    let scope = KeyScope { layers, edit: row.try_get::<&str, _>("scope")? == "edit" };
    let name: String = row.try_get("name")?;
    let mut principal =
        Principal::known(Role::Machine, row.try_get("subject")?, name, Assurance::Low).with_comuni(comuni).through_key(scope);
    if let Some(role) = row.try_get::<Option<&str>, _>("creator_role")?.and_then(|name| Role::ALL.into_iter().find(|r| r.name() == name)) {
        principal = principal.given_by(role);
    }
    let requests_per_minute: Option<i32> = row.try_get("requests_per_minute")?;
    let requests_per_minute = requests_per_minute.and_then(|n| u32::try_from(n).ok());
    Ok(Some(Found { id: key.id().to_owned(), principal, requests_per_minute, expires_at }))
}

/// The comuni that are in both.
fn both(one: Comuni, other: Comuni) -> Comuni {
    match (one, other) {
        (Comuni::All, other) => other,
        (one, Comuni::All) => one,
        (Comuni::Only(one), Comuni::Only(other)) => Comuni::Only(one.intersection(&other).cloned().collect()),
    }
}
