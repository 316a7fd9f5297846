use kernel::{Database, LayerId, Principal, Role};
use serde_json::{Value, json};
use sqlx::PgConnection;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody signed in.
    SignIn,
    /// Somebody tried to.
    SignInFailed,
    /// Somebody signed out.
    SignOut,
    /// Personal data was read, for a purpose.
    Read,
    /// A feature was made.
    Create,
    /// A feature was replaced.
    Replace,
    /// Parts of a feature were changed.
    Update,
    /// A feature was deleted.
    Delete,
    /// Something of the installation was changed: people, keys, audiences, layers.
    Administer,
}

impl Action {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignInFailed => "sign-in-failed",
            Self::SignOut => "sign-out",
            Self::Read => "read",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Administer => "administer",
        }
    }
}

/// What is told of an act; who did it is told by the principal.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    action: Action,
    layer: Option<&'a LayerId>,
    fid: Option<i64>,
    id: Option<&'a str>,
    purpose: Option<&'a str>,
    details: Value,
    request: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An act, with nothing told of it yet.
    pub fn new(action: Action) -> Self {
        Self { action, layer: None, fid: None, id: None, purpose: None, details: json!({}), request: None }
    }

    /// On this row.
    #[must_use]
    pub fn of(mut self, layer: &'a LayerId, fid: Option<i64>, id: &'a str) -> Self {
        (self.layer, self.fid, self.id) = (Some(layer), fid, Some(id));
        self
    }

    /// On a layer as a whole.
    #[must_use]
    pub fn on(mut self, layer: &'a LayerId) -> Self {
        self.layer = Some(layer);
        self
    }

    /// For this purpose.
    #[must_use]
    pub fn purpose(mut self, purpose: &'a str) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// With these details: a JSON object without personal data.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// In this request (its id, as in the server's log).
    #[must_use]
    pub fn request(mut self, request: Option<&'a str>) -> Self {
        self.request = request;
        self
    }
}

/// Adds an entry in the caller's transaction.
pub async fn record(conn: &mut PgConnection, who: &Principal, event: Event<'_>) -> Result<(), sqlx::Error> {
    let via = match (who.role(), who.id(), who.key()) {
        (_, _, Some(_)) => "key",
        (Role::Anonymous, _, _) => "nobody",
        (_, None, _) => "operator",
        _ => "session",
    };
    sqlx::query(
        "insert into identity.audit (subject, name, role, via, event, layer, fid, id, purpose, details, request)
         values ($1, left($2, 300), $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(who.id())
    .bind(who.name())
    .bind(who.role().name())
    .bind(via)
    .bind(event.action.name())
    .bind(event.layer.map(LayerId::as_str))
    .bind(event.fid)
    .bind(event.id)
    .bind(event.purpose)
    .bind(&event.details)
    .bind(event.request)
    .execute(conn)
    .await
    .map(|_| ())
}

/// Adds an entry in a transaction of its own, for what changes nothing itself: a reading of personal data is told before the
/// data is, so that what can't be told is not shown.
pub async fn record_apart(database: &Database, who: &Principal, event: Event<'_>) -> Result<(), sqlx::Error> {
    let mut transaction = database.write(who).await?;
    record(&mut transaction, who, event).await?;
    transaction.commit().await
}
