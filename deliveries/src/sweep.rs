//! What nobody goes on with is removed; and files whose row is gone, as a killed program leaves them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::Principal;
use uuid::Uuid;

use crate::Deliveries;
use crate::folder::{remove, remove_file};

const EVERY: Duration = Duration::from_secs(600);
/// After something went wrong.
const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn forever(deliveries: Deliveries) {
    loop {
        let outcome = once(&deliveries).await;
        if let Err(error) = &outcome {
            tracing::warn!(cause = %error, "files that nobody needs stay for now");
        }
        tokio::time::sleep(if outcome.is_ok() { EVERY } else { SOON }).await;
    }
}

#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Files(#[from] std::io::Error),
    #[error("{0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Looks at the folder first and asks for the rows then: a file comes after its row, and goes after it.
async fn once(deliveries: &Deliveries) -> Result<(), SweepError> {
    let parts = &deliveries.0;
    let mut transaction = parts.context.database.write(&Principal::operator()).await?;
    sqlx::query("delete from deliveries.uploads where delivery is null and expires_at < clock_timestamp()")
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "delete from deliveries.deliveries
          where touched_at < clock_timestamp() - make_interval(secs => $1)
            and coalesce(deliveries.state_of(job) not in ('queued', 'running'), true)",
    )
    .bind(parts.settings.delivery_seconds as f64)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let (uploads, folders) = (parts.folder.uploads(), parts.folder.deliveries());
    let listing = tokio::task::spawn_blocking(move || Ok::<_, std::io::Error>((list(&uploads)?, list(&folders)?)));
    let (files, folders) = listing.await??;
    let (uploads, kept, working): (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) = {
        let mut session = parts.context.database.session(&Principal::operator()).await?;
        sqlx::query_as(
            "select (select coalesce(array_agg(id), '{}') from deliveries.uploads),
                    (select coalesce(array_agg(id) filter (where not freed), '{}') from deliveries.deliveries),
                    (select coalesce(array_agg(id) filter (where deliveries.state_of(job) in ('queued', 'running')), '{}') from deliveries.deliveries)",
        )
        .fetch_one(&mut *session)
        .await?
    };
    let (uploads, kept, working): (BTreeSet<_>, BTreeSet<_>, BTreeSet<_>) =
        (uploads.into_iter().collect(), kept.into_iter().collect(), working.into_iter().collect());
    let mut gone: Vec<PathBuf> = Vec::new();
    for (path, name) in files {
        let of = name.split('.').next().and_then(|id| Uuid::try_parse(id).ok());
        // a piece that was being checked when the program was killed
        let piece = name.contains('.') && of.is_some_and(|id| !parts.held.is_held(id));
        if of.is_some_and(|id| !uploads.contains(&id)) || piece {
            gone.push(path);
        }
    }
    for (path, name) in folders {
        let Ok(id) = Uuid::try_parse(&name) else { continue };
        if !kept.contains(&id) && !working.contains(&id) {
            gone.push(path);
        } else if !working.contains(&id) && is_old(&parts.folder.unpacked(id)) {
            gone.push(parts.folder.unpacked(id));
        }
    }
    let removing =
        tokio::task::spawn_blocking(move || gone.iter().try_for_each(|path| if path.is_dir() { remove(path) } else { remove_file(path) }));
    Ok(removing.await??)
}

/// Whether nobody can just have made it: a job may have begun since the rows were read.
fn is_old(folder: &Path) -> bool {
    folder.metadata().and_then(|data| data.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > SOON))
}

/// What is in a folder, with its names.
fn list(folder: &Path) -> std::io::Result<Vec<(PathBuf, String)>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.into_iter().filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?))).collect())
}
