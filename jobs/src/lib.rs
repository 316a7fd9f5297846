//! Background work in PostgreSQL: one queue for imports, exports and batches of every theme.
//!
//! [`put`] adds a job inside the caller's own transaction: it is there if and only if what it belongs to is. A [`Worker`] takes
//! jobs with `FOR UPDATE SKIP LOCKED`, one worker a job, under a lease that it renews while it works; what a killed worker held is taken
//! up again when its lease has run out, or, by the only program of a database, soon after it began ([`take_over`]). A job runs at most [`NewJob::attempts`] times; whatever happens, it ends once. Its handler gets
//! a [`Progress`], by which it says how far it is, learns that it is cancelled, and makes its own writes depend on still
//! holding the job. Results are kept for some days and forgotten.
//!
//! Why this is not a crate from elsewhere: `docs/adr/0006-a-job-queue-of-our-own.md`.

mod claim;
mod expire;
mod finish;
mod http;
mod job;
mod progress;
mod queue;
mod read;
mod room;
mod who;
mod worker;

pub use expire::take_over;
pub use http::{Api, Pages, routes};
pub use job::{Failure, Job, JobId, Output, State};
pub use progress::{LostLease, Progress};
pub use queue::{JobError, NewJob, cancel, put, put_own};
pub use read::{Summary, find, list};
pub use room::{Room, make_room};
pub use worker::{Settings, Worker};
