#![doc = include_str!("../README.md")]

mod deliveries;
mod folder;
pub mod sources;
mod sweep;
mod uploads;
mod words;
mod work;
mod writing;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use kernel::{Context, Principal, Problem, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::folder::Folder;
use crate::uploads::held::Held;

pub use crate::folder::prepare;
pub use crate::work::{KINDS, work};

/// Bytes of a plan, or of another order, at most: a plan tells of each column of a file what was found in it.
pub const MAX_BODY_BYTES: usize = 8 << 20;

/// What is the same for every upload and delivery.
#[derive(Clone)]
pub struct Settings {
    /// Where files lie; made if it is not there.
    pub folder: std::path::PathBuf,
    /// Bytes of one file at most.
    pub upload_bytes: u64,
    /// Bytes of all files of a person at most.
    pub person_bytes: u64,
    /// Files of a person at most.
    pub person_files: u64,
    /// Bytes of all files at most.
    pub all_bytes: u64,
    /// Bytes of the disk that stay free.
    pub free_bytes: u64,
    /// Seconds that a file is kept that nobody goes on with.
    pub upload_seconds: u64,
    /// Seconds that a delivery is kept that nobody goes on with.
    pub delivery_seconds: u64,
    /// How a load goes.
    pub ingest: ingest::Settings,
    /// The folders and addresses that are looked at every so often.
    pub sources: sources::Sources,
}

/// Uploads and deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries(Arc<Parts>);

struct Parts {
    context: Context,
    settings: Settings,
    folder: Folder,
    held: Held,
    /// Makes connections as the owner for one load: three, closed when the pool is dropped.
    owner: Box<dyn Fn() -> PgPool + Send + Sync>,
}

impl Deliveries {
    /// `owner` makes a pool of three connections as the owner for each load.
    pub fn new(context: Context, settings: Settings, owner: impl Fn() -> PgPool + Send + Sync + 'static) -> Self {
        let folder = Folder::new(&settings.folder);
        Self(Arc::new(Parts { context, settings, folder, held: Held::default(), owner: Box::new(owner) }))
    }

    /// Frees what nobody goes on with, and what a killed program left, now and every ten minutes.
    pub async fn sweep(self) {
        sweep::forever(self).await;
    }

    /// The routes. The edge puts the principal into each request and refuses forged ones.
    pub fn routes(self) -> Router {
        use deliveries::{cancel, changes, compare, create, list, load, look, one, plan, preview, remove, undo};
        let uploads = Router::new()
            .route("/admin/uploads", post(uploads::create::handler).options(uploads::options::handler))
            .route(
                "/admin/uploads/{id}",
                axum::routing::head(uploads::status::handler).patch(uploads::append::handler).delete(uploads::remove::handler),
            )
            .layer(axum::middleware::map_response(uploads::version))
            .with_state(self.clone());
        Router::new()
            .route("/admin/deliveries", get(list::handler).post(create::handler))
            .route("/admin/deliveries/{id}", get(one::handler).delete(remove::handler))
            .route("/admin/deliveries/{id}/plan", get(plan::get).put(plan::put))
            .route("/admin/deliveries/{id}/look", post(look::handler))
            .route("/admin/deliveries/{id}/preview", get(preview::handler))
            .route("/admin/deliveries/{id}/compare", post(compare::handler))
            .route("/admin/deliveries/{id}/changes", get(changes::handler))
            .route("/admin/deliveries/{id}/load", post(load::handler))
            .route("/admin/deliveries/{id}/cancel", post(cancel::handler))
            .route("/admin/layers/{id}/undo", post(undo::handler))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(self)
            .merge(uploads)
    }
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    uploads::create::handler,
    uploads::append::handler,
    uploads::remove::handler,
    deliveries::list::handler,
    deliveries::create::handler,
    deliveries::one::handler,
    deliveries::remove::handler,
    deliveries::plan::get,
    deliveries::plan::put,
    deliveries::look::handler,
    deliveries::preview::handler,
    deliveries::compare::handler,
    deliveries::changes::handler,
    deliveries::load::handler,
    deliveries::cancel::handler,
    deliveries::undo::handler
))]
pub struct Api;

/// The account of somebody of the comune's own people. For everybody else nothing is here: not for programs either, which have
/// the command line.
fn person(who: &Principal) -> Result<Uuid, Problem> {
    let staff = who.is_staff() && who.role() != Role::Machine && who.key().is_none();
    who.id().filter(|_| staff).ok_or_else(|| Problem::not_found("there is nothing here, or nothing for you"))
}
