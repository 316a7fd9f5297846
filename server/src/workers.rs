//! Background work: what the themes and capabilities leave to be done, and by whom.

use jobs::{Settings, Worker};
use kernel::Services;

/// A worker that knows every kind of job.
pub(crate) fn worker(services: &Services) -> Worker {
    let photos = services.clone();
    Worker::new(services.context.database.clone(), Settings::default())
        .on(reports::PHOTO_JOB, move |job, _| reports::write_anew(photos.clone(), job))
}
