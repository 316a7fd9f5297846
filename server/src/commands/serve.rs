use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use catalogue::Catalogue;
use clap::Args;
use deliveries::Deliveries;
use feed::{Feed, FeedConfig, Tls, Way};
use identity::audit;
use kernel::{Context, Principal, PublicUrl, SystemClock};
use sqlx::PgPool;
use tokio::sync::watch;
use url::Url;

use crate::config::{Config, Given, ServerOptions};
use crate::database::Database;
use crate::failure::Failure;
use crate::http::App;
use crate::http::who::Who;
use crate::listen::Bound;
use crate::workers::Working;
use crate::{following, http, imports, installation, listen, migrate, workers};

/// How long open requests and jobs may go on after the signal to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit serve --data-dir /srv/sit --boundary comune.geojson --public-url https://sit.comune.example.it
  DATABASE_URL=postgresql://opensit_owner@db/sit opensit serve --listen 0.0.0.0:8080")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
}

pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    let bound = Bound::take(config)?;
    installation::check_boundary(config).await?;
    let database = Database::open(config, Some(address(config))).await?;
    let owner = migrate::run(&database, config).await?;
    let (installed, _) = installation::read(&owner).await?;
    installation::take_boundary(&owner, config, installed.storage_crs).await?;
    serve(bound, database, owner, config, Serving::Installation).await
}

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serving {
    /// An installation.
    Installation,
    /// The invented town, whose invented people can be entered with one click; `open`: in a browser, too.
    Demo { open: bool },
}

/// The public address, as far as it is known before listening.
pub(crate) fn address(config: &Config) -> String {
    config.public_url.as_ref().map_or_else(|| format!("http://localhost:{}", config.listen.value.port()), |g| g.value.to_string())
}

/// After this the database has noticed that a program is gone, and lets go of what it held: it looks every two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// Serves until a signal, at an address that was taken, on a database that is ready.
pub(crate) async fn serve(bound: Bound, database: Database, owner: PgPool, config: &Config, what: Serving) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let port = bound.port();
    let listener = bound.listen()?;
    let public_url = match &config.public_url {
        Some(given) => given.value.clone(),
        None => PublicUrl::parse(&format!("http://localhost:{port}")).map_err(Failure::new)?,
    };
    let (installed, _) = installation::read(&owner).await?;
    let crs_settings = installation::crs_settings(&owner, config).await?;
    let following = following::choose(&owner, &database, config).await?;
    following::prepare(&owner, &following).await?;
    owner.close().await;
    let context = Context {
        database: database.app().await?,
        tiles_database: database.tiles().await?,
        clock: Arc::new(SystemClock),
        public_url: public_url.clone(),
        installation: Arc::new(installed),
    };
    let catalogue = Catalogue::load(&context.database).await?;
    let feed_config = feed_config(&database, &context, following.way)?;
    let limits = &config.limits.value;
    let engine = tiles::Engine::new(feed_config.sql(), limits.tiles_memory_mib as usize * 1024 * 1024)
        .generalising_beyond(limits.tiles_layer_features as usize, limits.tiles_layer_kib as usize * 1024);
    let (archives, bad) = tiles::Archives::open(&config.file.archives).await;
    for bad in bad {
        tracing::warn!(archive = %bad.id, file = %bad.file.display(), cause = %bad.error, "a file of tiles is not served");
    }
    for archive in archives.all().iter().filter(|archive| catalogue.layer(&Principal::operator(), archive.id.as_str()).is_some()) {
        tracing::warn!(archive = %archive.id, "a file of tiles is not served, since there is a layer of that name: give it another one");
    }
    let feed = Feed::start(feed_config, catalogue.clone(), context.database.clone(), Some(engine.copies()));
    let keeping = tokio::spawn(engine.clone().run(catalogue.clone(), feed.clone(), Arc::clone(&context.clock)));
    let keeper = keep_cluster(&database);
    let who = Who::new(config, &context, what != Serving::Installation)?;
    let invitation = if what == Serving::Installation { invitation(&who).await } else { None };
    let sweeper = tokio::spawn(sweep(who.identity.clone()));
    let deliveries = sent_files(&context, &database, config, &crs_settings)?;
    let sweeping = tokio::spawn(deliveries.clone().sweep());
    let owner = database.owner_at_need()?;
    let sent = (config.uploads_dir.value.join("cadastre"), config.limits.value.cadastre_bytes());
    let app =
        App { context: context.clone(), catalogue, feed: feed.clone(), engine, archives, who, owner, deliveries: deliveries.clone(), sent };
    let (services, exports, imports) = (app.services(), app.exports(&crs_settings), app.imports(&crs_settings));
    let freeing = tokio::spawn(imports::sweep(imports.clone()));
    let router = http::router(app, config, &crs_settings)?;

    if let Some(cluster) = database.cluster() {
        cluster.announce(&public_url.to_string())?;
    }
    tracing::info!(address = %public_url, "serving");
    println!("\n  Open SIT is at {public_url}/portal/\n  Stop it with Ctrl-C.\n");
    if let Some(link) = invitation {
        println!("  Nobody administers this installation yet. Whoever opens this address does; it works once, for seven days:\n  {link}\n");
    }
    if let Some(url) = database.cluster().and_then(|c| c.tcp_url()) {
        println!("  Other programs reach the database at {url}\n");
    }
    if what == (Serving::Demo { open: true }) {
        open_browser(&public_url.link("/portal/"));
    }
    let (stop_sealing, sealing) = tokio::sync::oneshot::channel::<()>();
    let sealer = tokio::spawn(audit::Sealer::new(context.database.clone()).run(async { sealing.await.unwrap_or_default() }));
    if database.cluster().is_some() {
        // one server a directory, by its lock: whoever held jobs of a database in it is dead
        jobs::take_over(&context.database, SETTLED).await.map_err(Failure::database("taking over jobs"))?;
    }
    let mut working = Working::start(workers::worker(&services), signals.stop());
    let loader = workers::loader(context.database.clone(), &deliveries, config.limits.value.loads as usize);
    let mut loading = Working::start(loader, signals.stop());
    let mut exporting = Working::start(workers::exporter(exports), signals.stop());
    let mut importing = Working::start(workers::importer(imports), signals.stop());
    let watching = tokio::spawn(deliveries.watch());
    let served = async {
        listen::serve(listener, router, &config.limits.value, config.trusted(), signals.stop()).await;
        // what is being loaded is told to stop, and taken up again by the next look
        watching.abort();
        let _ = watching.await;
        working.ended().await;
        loading.ended().await;
        exporting.ended().await;
        importing.ended().await;
    };
    within_grace(served, &signals).await;
    drop((working, loading, exporting, importing));
    sweeping.abort();
    freeing.abort();

    tracing::info!("stopping");
    if let Some(keeper) = keeper {
        keeper.abort();
        let _ = keeper.await;
    }
    sweeper.abort();
    keeping.abort();
    drop(stop_sealing);
    let _ = sealer.await;
    feed.stop().await;
    context.database.close().await;
    context.tiles_database.close().await;
    database.close().await
}

/// What is sent to become layers, and where it lies.
fn sent_files(context: &Context, database: &Database, config: &Config, crs: &crs::Settings) -> Result<Deliveries, Failure> {
    let limits = &config.limits.value;
    let Given { value: folder, source } = &config.uploads_dir;
    deliveries::prepare(folder).map_err(|e| {
        Failure::new(format!("the folder for files that are sent, {} (from {source}), can't be made: {e}", folder.display()))
    })?;
    let mebibytes = |n: u32| u64::from(n) << 20;
    let settings = deliveries::Settings {
        folder: folder.clone(),
        upload_bytes: mebibytes(limits.upload_mib),
        person_bytes: mebibytes(limits.uploads_person_mib),
        person_files: limits.uploads_person_files.into(),
        all_bytes: mebibytes(limits.uploads_mib),
        free_bytes: mebibytes(limits.uploads_free_mib),
        upload_seconds: u64::from(limits.upload_hours) * 3600,
        delivery_seconds: u64::from(limits.delivery_days) * 24 * 3600,
        ingest: ingest::Settings {
            storage: context.installation.storage_crs,
            crs: crs.clone(),
            limits: ingest::Limits::default(),
            reader: super::read_file::process()?,
            // each load has a folder of its own
            temporary: folder.clone(),
            clock: Arc::clone(&context.clock),
        },
        sources: config.sources.clone(),
    };
    Ok(Deliveries::new(context.clone(), settings, database.owner_for_loads()?))
}

/// The first administrator's link, where there is none yet; none either where nobody could sign in.
async fn invitation(who: &Who) -> Option<String> {
    match who.identity.first_administrator().await {
        Ok(link) => link.map(|link| link.reveal().to_owned()),
        Err(failure) => {
            tracing::warn!(cause = failure.text(kernel::Language::En), "no administrator can be invited");
            None
        }
    }
}

/// Drops ended sessions and links every hour.
async fn sweep(identity: identity::Identity) {
    loop {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        if let Err(failure) = identity.sweep().await {
            tracing::warn!(cause = failure.text(kernel::Language::En), "ended sessions stay for now");
        }
    }
}

/// Ends when the server has ended, or a while after the second signal or the grace ran out.
async fn within_grace(server: impl Future<Output = ()>, signals: &Signals) {
    let overdue = async {
        signals.stop().await;
        tokio::select! {
            () = tokio::time::sleep(GRACE) => {}
            () = signals.came(2) => {}
        }
    };
    tokio::select! {
        () = server => {}
        () = overdue => {}
    }
}

/// Ctrl-C, or what `kill` and systemd send: how many of them came since they are listened for. None is missed.
struct Signals(watch::Receiver<usize>);

impl Signals {
    fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |e| Failure::new(format!("signals can't be listened for: {e}"));
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?);
        let (count, counted) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    () = count.closed() => return,
                }
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(counted))
    }

    /// Ends when the first one has come.
    fn stop(&self) -> impl Future<Output = ()> + Send + use<> {
        self.came(1)
    }

    fn came(&self, many: usize) -> impl Future<Output = ()> + Send + use<> {
        let mut counted = self.0.clone();
        async move {
            // nobody stops counting while there is one who waits
            let _ = counted.wait_for(|count| *count >= many).await;
        }
    }
}

/// Ends when a command is to stop.
pub(crate) async fn stop_signal() {
    match Signals::listen() {
        Ok(signals) => signals.stop().await,
        // then a signal ends the program as it ends any
        Err(_) => std::future::pending().await,
    }
}

/// Where the feed connects, from a connection string: `host` as a parameter is the directory of a socket.
pub(crate) fn feed_config(database: &Database, context: &Context, way: Way) -> Result<FeedConfig, Failure> {
    let url = Url::parse(database.replication_url())
        .map_err(|e| Failure::new(format!("the connection string of opensit_replication can't be read: {e}")))?;
    let parameter = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let port = parameter("port").and_then(|p| p.parse().ok()).or(url.port()).unwrap_or(5432);
    Ok(FeedConfig {
        host_or_socket_dir: parameter("host").or_else(|| url.host_str().map(decoded)).unwrap_or_else(|| "localhost".to_owned()),
        port,
        user: decoded(url.username()),
        password: decoded(url.password().unwrap_or_default()),
        database: decoded(url.path().trim_start_matches('/')),
        tls: match parameter("sslmode").as_deref() {
            Some("require") => Tls::Required,
            Some("verify-ca" | "verify-full") => Tls::Verified { authorities: parameter("sslrootcert").map(Into::into) },
            _ => Tls::Off,
        },
        instance: context.installation.instance,
        publication: "opensit".to_owned(),
        way,
        clock: Arc::clone(&context.clock),
    })
}

/// Starts the private database again if it dies under us.
fn keep_cluster(database: &Database) -> Option<tokio::task::JoinHandle<()>> {
    let cluster = Arc::downgrade(database.cluster()?);
    Some(tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let Some(cluster) = cluster.upgrade() else { return };
            match tokio::task::spawn_blocking(move || cluster.revive()).await {
                Ok(Ok(true)) => tracing::warn!("the private database had died and was started again"),
                Ok(Err(error)) => tracing::error!(%error, "the private database can't be started again"),
                _ => {}
            }
        }
    }))
}

/// Opens the system's browser, if there is a screen to open it on. That it fails is no failure of ours.
#[allow(clippy::disallowed_methods, reason = "asks for the screen, not for configuration")]
fn open_browser(address: &str) {
    let has_screen = std::env::var("DISPLAY").is_ok() || std::env::var("WAYLAND_DISPLAY").is_ok();
    if has_screen {
        let quiet = std::process::Stdio::null;
        let _ = std::process::Command::new("xdg-open").arg(address).stdout(quiet()).stderr(quiet()).spawn();
    }
}
