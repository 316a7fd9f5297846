//! Folders and addresses that are looked at every so often: what is new there is loaded by its plan, and somebody is told when that
//! can't be done. They are listed in the configuration file; what became of them is in the database.

mod allowed;
mod fetch;
mod incoming;
mod load;
mod look;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ingest::Mode;
use kernel::Principal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use crate::Deliveries;

pub use allowed::{Allowed, parse};

/// How often a source is asked whether it is due.
const AT_LEAST: Duration = Duration::from_millis(500);
const AT_MOST: Duration = Duration::from_secs(5);

/// What is looked at, and whom to tell.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Each of them.
    pub all: Vec<Source>,
    /// Where may be fetched from.
    pub allowed: Allowed,
    /// The address that is told, as JSON, when a source begins to fail and when it is well again.
    pub tell: Option<Url>,
}

/// Something that is looked at.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is called: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// How often.
    pub every: Duration,
    /// The plan that it is loaded by, which names the layer; read at each load.
    pub plan: PathBuf,
    /// What happens to the layer that is there: `Update` or `Replace`. One that is not is made.
    pub mode: Mode,
}

/// Where a source is.
#[derive(Clone, Debug)]
pub enum Place {
    /// Files in a folder whose names fit.
    Folder {
        /// The folder; those in it are not looked at.
        folder: PathBuf,
        /// Which files.
        files: glob::Pattern,
    },
    /// One address.
    Url(Url),
}

impl Place {
    /// For people.
    pub fn shown(&self) -> String {
        match self {
            Self::Folder { folder, files } => folder.join(files.as_str()).display().to_string(),
            Self::Url(url) => allowed::shown(url),
        }
    }
}

/// A source as JSON.
pub fn document(source: &Source, state: Option<&store::State>, runs: &[store::Run]) -> Value {
    json!({ "name": source.name, "place": source.place.shown(), "every_s": source.every.as_secs_f64(), "plan": source.plan.display().to_string(),
            "mode": source.mode, "state": state, "runs": runs })
}

impl Deliveries {
    /// Looks at each source when it is due, for ever; whichever server comes first does it. One file is loaded at a time.
    pub async fn watch(self) {
        let loading = Arc::new(Semaphore::new(1));
        let mut watching = JoinSet::new();
        for source in self.0.settings.sources.all.clone() {
            watching.spawn(watch(self.clone(), source, Arc::clone(&loading)));
        }
        while let Some(ended) = watching.join_next().await {
            if let Err(error) = ended {
                tracing::error!(cause = %error, "a source is not looked at any more, until the program is started again");
            }
        }
    }
}

async fn watch(deliveries: Deliveries, source: Source, loading: Arc<Semaphore>) {
    let pause = (source.every / 2).clamp(AT_LEAST, AT_MOST);
    loop {
        match standing(&deliveries, &source).await {
            Ok(true) => {
                if let Err(error) = look::look(&deliveries, &source, &loading).await {
                    tracing::warn!(source = source.name, cause = %error, "what became of a source can't be written down; it is looked at again");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(source = source.name, cause = %error, "the database does not say whether a source is due"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whether a source is due. What is known of it is told to who measures, by every server alike.
async fn standing(deliveries: &Deliveries, source: &Source) -> Result<bool, sqlx::Error> {
    let mut session = deliveries.0.context.database.session(&Principal::operator()).await?;
    let state = store::state(&mut session, source).await?;
    metrics::gauge!("source_failures", "source" => source.name.clone()).set(state.as_ref().map_or(0.0, |state| state.failures.into()));
    if let Some(at) = state.as_ref().and_then(|state| state.succeeded_at) {
        metrics::gauge!("source_last_success_timestamp_seconds", "source" => source.name.clone()).set(at.timestamp() as f64);
    }
    Ok(state.is_none_or(|state| state.due))
}

/// A hash as text.
fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
