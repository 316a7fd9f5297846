//! One look at a source, by one server of several: what is new there is loaded, and how it ended written down and told.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Semaphore;

use super::fetch::{Fetched, Known, fetch, post};
use super::incoming::{Incoming, list};
use super::load::{New, load};
use super::store::{self, Ended, Seen};
use super::{Place, Source};
use crate::Deliveries;
use crate::folder::{make, remove};

/// Seconds for which a file must stay as it is, at most: then it is whole.
const SETTLED: f64 = 10.0;

/// What a look finds.
enum Found {
    /// Somebody still writes.
    Unfinished,
    Ended(Box<Ended>),
}

/// Looks, unless another server does or just did.
pub(super) async fn look(deliveries: &Deliveries, source: &Source, loading: &Semaphore) -> Result<(), sqlx::Error> {
    let owner = (deliveries.0.owner)();
    let looked = locked(deliveries, source, &owner, loading).await;
    // which gives the lock up
    owner.close().await;
    looked
}

async fn locked(deliveries: &Deliveries, source: &Source, owner: &PgPool, loading: &Semaphore) -> Result<(), sqlx::Error> {
    let mut held = owner.acquire().await?;
    let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(lock(&source.name)).fetch_one(&mut *held).await?;
    if !ours || store::state(&mut held, source).await?.is_some_and(|state| !state.due) {
        return Ok(());
    }
    store::begin(&mut held, &source.name).await?;
    store::settle(&mut held, &source.name).await?;
    let folder = deliveries.0.folder.source(&source.name);
    let prepared = blocking({
        let folder = folder.clone();
        move || remove(&folder).and_then(|()| make(&folder)).map_err(|e| format!("no room can be made for what comes: {e}"))
    });
    let found = match prepared.await {
        Err(words) => Found::Ended(Box::new(ended("failed", None, words))),
        Ok(()) => match &source.place {
            Place::Folder { .. } => in_folder(deliveries, source, owner, &mut held, &folder, loading).await?,
            Place::Url(_) => at_url(deliveries, source, owner, &mut held, &folder, loading).await?,
        },
    };
    match found {
        Found::Unfinished => store::wait(&mut held, &source.name, SETTLED.min(source.every.as_secs_f64())).await?,
        Found::Ended(ended) => {
            if ended.outcome == "failed" {
                let (place, file) = (source.place.shown(), ended.file.as_deref().unwrap_or_default());
                tracing::warn!(source = source.name, place, file, cause = ended.words, "a source fails; its layer stays as it is");
            }
            store::end(&mut held, &source.name, &ended).await?;
            tell(deliveries, source, &mut held, &ended).await?;
        }
    }
    if let Err(words) = blocking(move || remove(&folder).map_err(|e| e.to_string())).await {
        tracing::warn!(source = source.name, cause = words, "what was fetched for a source can't be removed yet");
    }
    Ok(())
}

/// A lock of the database for each source: given up when the connection ends, however it does.
fn lock(name: &str) -> i64 {
    let hash = Sha256::digest(format!("opensit source {name}"));
    hash.iter().take(8).fold(0, |all, byte| all << 8 | i64::from(*byte))
}

fn ended(outcome: &'static str, file: Option<&str>, words: impl Into<String>) -> Ended {
    Ended { outcome, run: None, file: file.map(str::to_owned), words: words.into(), number: None, difference: None, again: None }
}

/// On a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(format!("it broke off: {e}")))
}

async fn in_folder(
    deliveries: &Deliveries,
    source: &Source,
    owner: &PgPool,
    held: &mut PgConnection,
    own: &Path,
    loading: &Semaphore,
) -> Result<Found, sqlx::Error> {
    let Place::Folder { folder, files } = source.place.clone() else { return Ok(Found::Unfinished) };
    let done = |ended| Ok(Found::Ended(Box::new(ended)));
    let all = match blocking(move || list(&folder, &files)).await {
        Ok(all) => all,
        Err(words) => return done(ended("failed", None, words)),
    };
    let seen = store::seen(held, &source.name).await?;
    let of = |file: &Incoming| seen.iter().find(|seen| seen.file == file.name);
    let fresh = all.iter().filter(|file| of(file).and_then(|seen| seen.done.as_ref()) != Some(&file.changed));
    let (whole, written): (Vec<&Incoming>, Vec<&Incoming>) =
        fresh.partition(|file| of(file).and_then(|seen| seen.changed.as_ref()) == Some(&file.changed));
    for file in &written {
        let now = Seen { file: file.name.clone(), changed: Some(file.changed.clone()), ..Seen::default() };
        store::remember(held, &source.name, &now).await?;
    }
    let mut passed = whole.iter();
    for &file in passed.by_ref() {
        if let Err(words) = room(deliveries, file.bytes) {
            return done(ended("failed", Some(&file.name), words));
        }
        let (copied, into) = (file.clone(), own.to_owned());
        let (path, content) = match blocking(move || copied.copy(&into)).await {
            Ok(Some(copy)) => copy,
            Ok(None) => return Ok(Found::Unfinished),
            Err(words) => return done(ended("failed", Some(&file.name), words)),
        };
        let mut now = Seen { file: file.name.clone(), done: Some(file.changed.clone()), ..Seen::default() };
        let before = of(file).and_then(|seen| seen.content.as_ref());
        // a name that has another content is another delivery, even if that content once was; another name for the same is none
        let known = if before.is_some() { before == Some(&content) } else { seen.iter().any(|s| s.content.as_ref() == Some(&content)) };
        if known {
            store::remember(held, &source.name, &now).await?;
            continue;
        }
        let _turn = loading.acquire().await;
        let older: Vec<&Incoming> = passed.copied().collect();
        let remark = match older.len() {
            0 => String::new(),
            number => format!("; passed over as older: {number}, {} among them", older[0].name),
        };
        let ended = load(deliveries, source, owner, held, own, New { path, name: &file.name, content: &content, remark }).await?;
        if ended.outcome == "loaded" {
            now.content = Some(content);
            store::remember(held, &source.name, &now).await?;
            for file in older {
                let now = Seen { file: file.name.clone(), done: Some(file.changed.clone()), ..Seen::default() };
                store::remember(held, &source.name, &now).await?;
            }
        }
        return done(ended);
    }
    if !written.is_empty() {
        return Ok(Found::Unfinished);
    }
    let words = if all.is_empty() { "no such file is there" } else { "nothing new" };
    done(ended("nothing", None, words))
}

async fn at_url(
    deliveries: &Deliveries,
    source: &Source,
    owner: &PgPool,
    held: &mut PgConnection,
    own: &Path,
    loading: &Semaphore,
) -> Result<Found, sqlx::Error> {
    let Place::Url(url) = source.place.clone() else { return Ok(Found::Unfinished) };
    let done = |ended| Ok(Found::Ended(Box::new(ended)));
    let file = url.to_string();
    let before = store::seen(held, &source.name).await?.into_iter().find(|seen| seen.file == file).unwrap_or_default();
    let most = match room(deliveries, 0) {
        Ok(most) => most,
        Err(words) => return done(ended("failed", None, words)),
    };
    let known = Known { etag: before.etag, modified: before.modified };
    let (allowed, into) = (deliveries.0.settings.sources.allowed.clone(), own.to_owned());
    let (path, name, content, known) = match blocking(move || fetch(&url, &allowed, &known, &into, most)).await {
        Ok(Fetched::File { path, name, content, known }) => (path, name, content, known),
        Ok(Fetched::Same) => return done(ended("nothing", None, "nothing new")),
        Err(words) => return done(ended("failed", None, words)),
    };
    let now = Seen { file, content: Some(content.clone()), etag: known.etag, modified: known.modified, ..Seen::default() };
    if before.content.as_ref() == Some(&content) {
        store::remember(held, &source.name, &now).await?;
        return done(ended("nothing", None, "nothing new"));
    }
    let _turn = loading.acquire().await;
    let new = New { path: PathBuf::from(&path), name: &name, content: &content, remark: String::new() };
    let ended = load(deliveries, source, owner, held, own, new).await?;
    if ended.outcome == "loaded" {
        store::remember(held, &source.name, &now).await?;
    }
    done(ended)
}

/// How many bytes may come; refuses what is larger.
fn room(deliveries: &Deliveries, bytes: u64) -> Result<u64, String> {
    let settings = &deliveries.0.settings;
    if bytes > settings.upload_bytes {
        return Err(format!(
            "the file has {bytes} bytes; more than {} MiB are not loaded (limits.upload-mib)",
            settings.upload_bytes >> 20
        ));
    }
    let free = deliveries.0.folder.free_bytes().map_err(|e| format!("the disk does not say how much room it has: {e}"))?;
    let spare = free.saturating_sub(settings.free_bytes);
    if spare <= bytes {
        return Err("the server's disk is full: make room, or lower limits.uploads-free-mib".to_owned());
    }
    Ok(settings.upload_bytes.min(spare))
}

/// Tells who wants to be told that a source begins to fail, and that it is well again. What did not arrive is told after the next look.
async fn tell(deliveries: &Deliveries, source: &Source, held: &mut PgConnection, ended: &Ended) -> Result<(), sqlx::Error> {
    let sources = &deliveries.0.settings.sources;
    let (Some(url), Some(state)) = (sources.tell.clone(), store::state(held, source).await?) else { return Ok(()) };
    let fails = state.failures > 0;
    if fails == state.told {
        return Ok(());
    }
    let document = json!({
        "source": source.name, "fails": fails, "since": state.failing_since, "place": source.place.shown(), "file": ended.file,
        "words": ended.words, "see": deliveries.0.context.public_url.link("/admin/sources"),
    });
    let allowed = sources.allowed.clone();
    match blocking(move || post(&url, &allowed, &document)).await {
        Ok(()) => store::told(held, &source.name, fails).await,
        Err(words) => {
            tracing::warn!(source = source.name, cause = words, "nobody could be told how a source is; trying again after the next look");
            Ok(())
        }
    }
}
