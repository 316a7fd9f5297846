//! The edge: every router under one roof, and what holds for all of them.

mod after;
mod arriving;
mod compression;
mod cors;
mod edge;
mod errors;
mod headers;
mod health;
mod host;
pub(crate) mod journal;
mod layers;
mod load_reports;
mod metrics;
mod openapi;
mod portal;
mod proxy;
mod publication;
mod purpose;
mod records;
mod request_id;
mod security_txt;
mod shared;
mod sources;
mod streams;
mod version;
pub(crate) mod who;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Router, middleware};
use catalogue::{BaseMap, BaseMapKind, Catalogue, PortalSettings};
use feed::Feed;
use kernel::{Context, Journal, Services, Srid, Text};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;

use crate::config::Config;
use crate::exports;
use crate::failure::Failure;
use crate::http::shared::over;
use crate::http::who::Who;
use crate::imports;
use crate::modules;

/// What the routers are made from.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) context: Context,
    pub(crate) catalogue: Catalogue,
    pub(crate) feed: Feed,
    pub(crate) engine: tiles::Engine,
    pub(crate) archives: tiles::Archives,
    pub(crate) who: Who,
    /// Connections as the owner, for the rare act of an administrator that changes tables.
    pub(crate) owner: PgPool,
    /// Files that are sent, and what becomes of them.
    pub(crate) deliveries: deliveries::Deliveries,
    /// Where sent files of the cadastre lie, and how many bytes are taken at once.
    pub(crate) sent: (PathBuf, u64),
}

impl App {
    /// What the themes' operations and the background work are given.
    pub(crate) fn services(&self) -> Services {
        Services {
            context: self.context.clone(),
            layers: Arc::new(self.catalogue.clone()),
            journal: Arc::new(journal::Audit),
            vault: self.who.vault.clone(),
        }
    }
}

impl App {
    /// What exports are made from.
    pub(crate) fn exports(&self, crs: &crs::Settings) -> exports::Exports {
        let (context, catalogue, owner) = (self.context.clone(), self.catalogue.clone(), self.owner.clone());
        exports::Exports { context, catalogue, owner, crs: crs.clone() }
    }

    /// What imports of the cadastre are made from.
    pub(crate) fn imports(&self, crs: &crs::Settings) -> imports::Imports {
        let (context, owner, vault) = (self.context.clone(), self.owner.clone(), self.who.vault.clone());
        let (folder, bytes) = self.sent.clone();
        imports::Imports { context, owner, crs: crs.clone(), vault, folder, bytes }
    }
}

/// The whole program over HTTP.
pub(crate) fn router(app: App, config: &Config, crs_settings: &crs::Settings) -> Result<Router, Failure> {
    let App { context, catalogue, feed, engine, archives, who, owner, deliveries, .. } = app.clone();
    let wanted = config.modules.as_ref().map(|g| g.value.as_slice());
    let runs = |id: &str| wanted.is_none_or(|ids| ids.iter().any(|w| w == id));
    let themes = modules::all()?;
    check_modules(wanted, &themes)?;
    let martin = martin(config, &themes)?;

    let journal: Arc<dyn Journal> = Arc::new(journal::Audit);
    let mut router = Router::new();
    if runs("ogc") {
        router =
            router.merge(ogc::routes(context.clone(), catalogue.clone(), crs_settings.clone(), Arc::clone(&journal), modules::doors(runs)));
    }
    if runs("tiles") {
        let beside = tiles::Beside { archives, fonts: portal::fonts()?, martin };
        router = router.merge(tiles::routes(
            context.clone(),
            catalogue.clone(),
            crs_settings.clone(),
            feed.clone(),
            Some(engine),
            tiles::Load::here(config.limits.value.tiles_waiting as usize, u64::from(config.limits.value.tiles_cache_mib) << 20),
            beside,
        ));
    }
    let services = app.services();
    for module in themes.iter().filter(|m| runs(m.id)) {
        if let Some(routes) = module.routes {
            // whole addresses, as a page that links to others from where it is must know its own
            router = router.merge(routes(services.clone()));
            let home = format!("{}/", module.id);
            router = router.route(&format!("/{}", module.id), get(move || async move { Redirect::permanent(&home) }));
        }
    }
    if runs("reports") {
        router = router.merge(reports::open311(services.clone()));
    }
    let syntaxes = themes.iter().filter_map(|m| m.search).collect();
    let settings = portal_settings(&app, config, &themes, crs_settings);
    let metrics = metrics::install()?;
    let proxies = proxy::Proxies::new(config.trusted(), context.public_url.clone());
    let headers = headers::Headers { policy: headers::policy(&settings.base_maps), proxies: proxies.clone() };
    let limits = config.limits.value.clone();
    let contacts = config.security_contact.iter().flat_map(|g| &g.value).map(ToString::to_string).collect();
    let security = security_txt::About { contacts, public_url: context.public_url.clone(), clock: Arc::clone(&context.clock) };
    let records = Arc::new(records::Layers { context: context.clone(), catalogue: catalogue.clone() });
    let attachments = attachments::Pages::new(context.clone(), records);
    let title = context.installation.title.clone();
    let jobs = jobs::Pages { database: context.database.clone(), public_url: context.public_url.clone(), title };
    let edge = Arc::new(edge::Edge {
        proxies,
        headers,
        origins: config.cors_origins.value.clone(),
        streams: streams::Streams::new(&limits),
        limits,
        who: Arc::new(who.clone()),
        context: context.clone(),
        feed,
    });
    let edge = over(middleware::from_fn_with_state(edge, edge::through));
    Ok(router
        .merge(who.routes(&context, &catalogue))
        .merge(layers::routes(layers::Layers { catalogue: catalogue.clone(), owner: owner.clone() }))
        .merge(publication::routes(publication::Publications {
            context: context.clone(),
            catalogue: catalogue.clone(),
            owner: owner.clone(),
        }))
        .merge(exports::routes(app.exports(crs_settings)))
        .merge(imports::routes(app.imports(crs_settings)))
        .merge(load_reports::routes(load_reports::Reports { context: context.clone(), owner }))
        .merge(deliveries.routes())
        .merge(sources::routes(sources::Sources { context: context.clone(), all: config.sources.all.clone() }))
        .merge(attachments::routes(attachments))
        .merge(jobs::routes(jobs))
        .merge(catalogue::routes(context.clone(), catalogue, syntaxes, settings))
        .merge(crs::routes(&context, crs_settings.clone()))
        .merge(portal::routes())
        .route(operations::STYLE_SHEET, get(operations::style_sheet))
        .merge(security_txt::routes(security))
        .merge(running(app, metrics))
        .fallback(errors::not_found)
        .method_not_allowed_fallback(errors::method_not_allowed)
        .layer(DefaultBodyLimit::max(config.limits.value.body_bytes as usize))
        .layer(edge))
}

/// What tells how the program runs, and what it can do.
fn running(app: App, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi::handler))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::handler).layer(axum::Extension(metrics)))
        .route("/version", get(version::handler))
        .with_state(app)
}

fn check_modules(wanted: Option<&[String]>, themes: &[kernel::Module]) -> Result<(), Failure> {
    let known: Vec<&str> = ["ogc", "tiles"].into_iter().chain(themes.iter().map(|m| m.id)).collect();
    match wanted.unwrap_or_default().iter().find(|w| !known.contains(&w.as_str())) {
        Some(unknown) => Err(Failure::new(format!("there is no module `{unknown}`; there are {}", known.join(", ")))),
        None => Ok(()),
    }
}

/// Where the addresses of the tile server martin are, if they are to be.
fn martin(config: &Config, themes: &[kernel::Module]) -> Result<Option<tiles::Home>, Failure> {
    let Some(given) = &config.martin_prefix else { return Ok(None) };
    match themes.iter().find(|theme| theme.id == given.value.segment()) {
        Some(theme) => Err(Failure::new(format!("martin-prefix (from {}): `{}` is the theme's; write /martin", given.source, theme.id))),
        None => Ok(Some(given.value.clone())),
    }
}

/// Files of pictures that are to be base maps, as such.
fn base_maps(archives: &tiles::Archives) -> impl Iterator<Item = BaseMap> {
    archives.all().into_iter().filter(|archive| archive.base_map).map(|archive| BaseMap {
        id: archive.id.to_string(),
        title: archive.title,
        kind: BaseMapKind::Xyz,
        url: format!("/xyz/{}/{{z}}/{{x}}/{{y}}", archive.id),
        layers: String::new(),
        attribution: archive.attribution,
    })
}

fn portal_settings(app: &App, config: &Config, themes: &[kernel::Module], crs_settings: &crs::Settings) -> PortalSettings {
    let mut groups: Vec<(String, Text)> = themes.iter().map(|m| (m.id.to_owned(), m.title.clone())).collect();
    groups.push(("published".to_owned(), Text::new("Dati pubblicati", "Published data")));
    PortalSettings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_maps: config.file.base_maps.iter().cloned().chain(base_maps(&app.archives)).collect(),
        groups,
        systems: crs::all().iter().map(|s| system(s, app.context.installation.storage_crs, crs_settings)).collect(),
    }
}

/// A system as the portal lists it. The accuracy is that of the way from storage.
fn system(system: &crs::Crs, storage: Srid, settings: &crs::Settings) -> serde_json::Value {
    let accuracy = crs::Transformer::new(storage, system.srid(), settings).ok().map(|t| t.accuracy().metres);
    serde_json::json!({
        "code": system.srid().to_string(), "title": system.title(), "unit": system.unit().name(),
        "axes": system.axes(), "accuracy_m": accuracy,
    })
}
