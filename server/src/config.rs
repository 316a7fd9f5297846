//! Configuration, read here and nowhere else: flags beat `OPENSIT_*` variables beat `opensit.toml` beat defaults.

mod contact;
mod file;
mod limits;
mod network;
mod origins;
mod sources;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};
use kernel::{PublicUrl, Srid};
use tiles::Home;

pub(crate) use contact::Contact;
pub(crate) use file::File;
pub(crate) use limits::{Limits, network_of};
pub(crate) use network::Network;
pub(crate) use origins::Origins;
pub(crate) use sources::SourceSettings;

use crate::failure::Failure;

/// What every command takes, each as a flag or as a variable.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Options {
    /// Where the private database and everything else of this installation lives
    #[arg(long, env = "OPENSIT_DATA_DIR", global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Use this database instead of a private one: the owner's connection string
    #[arg(long, env = "DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// With --database-url: the connection string of opensit_app
    #[arg(long, env = "OPENSIT_APP_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub(crate) app_url: Option<String>,
    /// With --database-url: the connection string of opensit_replication
    #[arg(long, env = "OPENSIT_REPLICATION_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub(crate) replication_url: Option<String>,
    /// The configuration file [default: opensit.toml here, else in the data directory]
    #[arg(long, env = "OPENSIT_CONFIG", global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// At first use: the boundary of the comune or comuni (GeoJSON with com_istat_code and com_catasto_code)
    #[arg(long, env = "OPENSIT_BOUNDARY", global = true, value_name = "FILE")]
    pub(crate) boundary: Option<PathBuf>,
    /// At first use: the metric system that layers are stored in [default: EPSG:7792]
    #[arg(long, env = "OPENSIT_STORAGE_CRS", global = true, value_name = "EPSG:CODE", value_parser = srid)]
    pub(crate) storage_crs: Option<Srid>,
    /// What is logged, as `info` or `warn,tiles=debug` [default: info,sqlx=warn]
    #[arg(long, env = "OPENSIT_LOG", global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How it is logged [default: text]
    #[arg(long, env = "OPENSIT_LOG_FORMAT", global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// What a command that serves takes beside [`Options`].
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServerOptions {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "OPENSIT_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// The address that the world reaches us at; every link is made from it [default: http://localhost:PORT]
    #[arg(long, env = "OPENSIT_PUBLIC_URL", value_name = "URL", value_parser = PublicUrl::parse)]
    pub(crate) public_url: Option<PublicUrl>,
    /// Proxies that may state, by Forwarded or X-Forwarded-Proto, -Host and -Prefix, the address that the world reaches us at:
    /// addresses or ranges, separated by commas [default: none]
    #[arg(long, env = "OPENSIT_TRUSTED_PROXIES", value_name = "RANGES", value_delimiter = ',')]
    pub(crate) trusted_proxies: Option<Vec<Network>>,
    /// Whose pages may read with a key or without, and, if listed, change with one: *, none, or origins, separated by commas [default: *]
    #[arg(long, env = "OPENSIT_CORS_ORIGINS", value_name = "ORIGINS")]
    pub(crate) cors_origins: Option<Origins>,
    /// Whom to tell of a hole, in /.well-known/security.txt: addresses as mailto: or https:, separated by commas [default: none]
    #[arg(long, env = "OPENSIT_SECURITY_CONTACT", value_name = "CONTACTS", value_delimiter = ',')]
    pub(crate) security_contact: Option<Vec<Contact>>,
    /// Serve tiles at the addresses of the tile server martin too, below this: /martin [default: none]
    #[arg(long, env = "OPENSIT_MARTIN_PREFIX", value_name = "PREFIX")]
    pub(crate) martin_prefix: Option<Home>,
    /// Open the private database to other programs here, with a password
    #[arg(long, env = "OPENSIT_DB_LISTEN", value_name = "ADDRESS")]
    pub(crate) db_listen: Option<SocketAddr>,
    /// How changes are followed: auto, replication, or journal (by triggers, where logical replication is not allowed) [default: auto]
    #[arg(long, env = "OPENSIT_CHANGE_FEED", value_name = "WAY")]
    pub(crate) change_feed: Option<ChangeFeed>,
    /// The modules to run, separated by commas [default: all]
    #[arg(long, env = "OPENSIT_MODULES", value_name = "IDS", value_delimiter = ',')]
    pub(crate) modules: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How the change feed follows the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChangeFeed {
    /// By logical replication where it is allowed, else by the journal.
    Auto,
    Replication,
    Journal,
}

fn srid(text: &str) -> Result<Srid, String> {
    Srid::parse(text).ok_or_else(|| format!("`{text}` is not a coordinate system; write it as EPSG:7792"))
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) source: String,
}

/// What holds for this run.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data_dir: Given<PathBuf>,
    pub(crate) database_url: Option<Given<String>>,
    pub(crate) app_url: Option<Given<String>>,
    pub(crate) replication_url: Option<Given<String>>,
    pub(crate) boundary: Option<Given<PathBuf>>,
    pub(crate) storage_crs: Option<Given<Srid>>,
    pub(crate) log: Given<String>,
    pub(crate) log_format: Given<LogFormat>,
    pub(crate) listen: Given<SocketAddr>,
    pub(crate) public_url: Option<Given<PublicUrl>>,
    pub(crate) trusted_proxies: Option<Given<Vec<Network>>>,
    pub(crate) cors_origins: Given<Origins>,
    pub(crate) security_contact: Option<Given<Vec<Contact>>>,
    pub(crate) martin_prefix: Option<Given<Home>>,
    pub(crate) db_listen: Option<Given<SocketAddr>>,
    pub(crate) change_feed: Given<ChangeFeed>,
    pub(crate) modules: Option<Given<Vec<String>>>,
    pub(crate) limits: Given<Limits>,
    pub(crate) uploads_dir: Given<PathBuf>,
    pub(crate) sources: deliveries::sources::Sources,
    /// The rest of the file: base maps, files of tiles, coordinate systems.
    pub(crate) file: File,
}

impl Config {
    /// Puts flags, variables, file and defaults together. `matches` are those of the command, for the sources.
    pub(crate) fn resolve(options: &Options, server: &ServerOptions, matches: &ArgMatches, data_dir: &Path) -> Result<Self, Failure> {
        let (path, file) = File::find(options.config.as_deref(), options.data_dir.as_deref().unwrap_or(data_dir))?;
        let pick = Pick { matches, file: path.as_ref().map_or_else(String::new, |p| p.display().to_string()) };
        let listen = ([127, 0, 0, 1], 8080).into();
        let data_dir = pick.or("data_dir", &options.data_dir, &file.data_dir, data_dir.to_owned());
        Ok(Self {
            uploads_dir: pick.or("uploads_dir", &None, &file.uploads_dir, data_dir.value.join("uploads")),
            data_dir,
            database_url: pick.of("database_url", &options.database_url, &file.database_url),
            app_url: pick.of("app_url", &options.app_url, &file.app_url),
            replication_url: pick.of("replication_url", &options.replication_url, &file.replication_url),
            boundary: pick.of("boundary", &options.boundary, &file.boundary),
            storage_crs: pick.of("storage_crs", &options.storage_crs, &file.storage_crs()?),
            log: pick.or("log", &options.log, &file.log, "info,sqlx=warn,sqlx::query=error".to_owned()),
            log_format: pick.or("log_format", &options.log_format, &file.log_format, LogFormat::Text),
            listen: pick.or("listen", &server.listen, &file.listen, listen),
            public_url: pick.of("public_url", &server.public_url, &file.public_url()?),
            trusted_proxies: pick.of("trusted_proxies", &server.trusted_proxies, &file.trusted_proxies()?),
            cors_origins: pick.or("cors_origins", &server.cors_origins, &file.cors_origins()?, Origins::default()),
            security_contact: pick.of("security_contact", &server.security_contact, &file.security_contact()?),
            martin_prefix: pick.of("martin_prefix", &server.martin_prefix, &file.martin_prefix()?),
            db_listen: pick.of("db_listen", &server.db_listen, &file.db_listen),
            change_feed: pick.or("change_feed", &server.change_feed, &file.change_feed, ChangeFeed::Auto),
            modules: pick.of("modules", &server.modules, &file.modules),
            sources: file.sources()?,
            limits: pick.or("limits", &None, &file.limits()?, Limits::default()),
            file,
        })
    }

    /// The proxies whose word is taken.
    pub(crate) fn trusted(&self) -> &[Network] {
        self.trusted_proxies.as_ref().map(|g| g.value.as_slice()).unwrap_or_default()
    }

    /// Every value with its source, for `opensit config show`. Passwords are not shown.
    pub(crate) fn rows(&self) -> Vec<(String, String, String)> {
        let mut rows = vec![("data-dir", self.data_dir.value.display().to_string(), self.data_dir.source.clone())];
        let mut optional = |name, value: Option<(String, &String)>, otherwise: &str| {
            let (value, source) = value.map_or_else(|| (otherwise.to_owned(), "default".to_owned()), |(v, s)| (v, s.clone()));
            rows.push((name, value, source));
        };
        let url = |g: &Option<Given<String>>| g.as_ref().map(|g| (without_password(&g.value), g.source.clone()));
        for (name, given, otherwise) in [
            ("database-url", url(&self.database_url), "a private database in the data directory"),
            ("app-url", url(&self.app_url), "made from database-url"),
            ("replication-url", url(&self.replication_url), "made from database-url"),
        ] {
            optional(name, given.as_ref().map(|(v, s)| (v.clone(), s)), otherwise);
        }
        optional("boundary", self.boundary.as_ref().map(|g| (g.value.display().to_string(), &g.source)), "set at first use");
        optional("storage-crs", self.storage_crs.as_ref().map(|g| (g.value.to_string(), &g.source)), "EPSG:7792, or as set at first use");
        optional("public-url", self.public_url.as_ref().map(|g| (g.value.to_string(), &g.source)), "http://localhost:PORT");
        let networks = |networks: &[Network]| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let contacts = |contacts: &[Contact]| contacts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        optional("security-contact", self.security_contact.as_ref().map(|g| (contacts(&g.value), &g.source)), "none");
        optional("trusted-proxies", self.trusted_proxies.as_ref().map(|g| (networks(&g.value), &g.source)), "none");
        optional("martin-prefix", self.martin_prefix.as_ref().map(|g| (g.value.to_string(), &g.source)), "none");
        optional("db-listen", self.db_listen.as_ref().map(|g| (g.value.to_string(), &g.source)), "closed");
        optional("modules", self.modules.as_ref().map(|g| (g.value.join(","), &g.source)), "all");
        rows.push(("uploads-dir", self.uploads_dir.value.display().to_string(), self.uploads_dir.source.clone()));
        rows.push(("change-feed", format!("{:?}", self.change_feed.value).to_lowercase(), self.change_feed.source.clone()));
        rows.push(("listen", self.listen.value.to_string(), self.listen.source.clone()));
        rows.push(("log", self.log.value.clone(), self.log.source.clone()));
        rows.push(("log-format", format!("{:?}", self.log_format.value).to_lowercase(), self.log_format.source.clone()));
        rows.push(("cors-origins", self.cors_origins.value.to_string(), self.cors_origins.source.clone()));
        let rows = rows.into_iter().map(|(name, value, source)| (name.to_owned(), value, source));
        let file = "configuration file";
        let sources = self.sources.all.iter().map(|source| (format!("sources.{}", source.name), source.place.shown(), file.to_owned()));
        rows.chain(sources).chain(self.limit_rows()).collect()
    }

    fn limit_rows(&self) -> impl Iterator<Item = (String, String, String)> {
        let row = |name: &str, value: u64, source: &str| (format!("limits.{name}"), value.to_string(), source.to_owned());
        let own = self.limits.value.values().into_iter().zip(Limits::default().values());
        let own =
            own.map(move |((name, value), (_, default))| row(&name, value, if value == default { "default" } else { &self.limits.source }));
        own.chain(limits::FIXED.iter().map(move |(name, value)| row(name, *value, "fixed")))
    }
}

/// The connection string with its password replaced.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("…"));
            url.to_string()
        }
        Ok(url) => url.to_string(),
        Err(_) => "(set; not shown)".to_owned(),
    }
}

/// Picks a value by rank.
struct Pick<'a> {
    matches: &'a ArgMatches,
    file: String,
}

impl Pick<'_> {
    fn of<T: Clone>(&self, id: &str, given: &Option<T>, file: &Option<T>) -> Option<Given<T>> {
        let own = given.as_ref().map(|value| Given { value: value.clone(), source: self.source(id) });
        own.or_else(|| file.as_ref().map(|value| Given { value: value.clone(), source: self.file.clone() }))
    }

    fn or<T: Clone>(&self, id: &str, given: &Option<T>, file: &Option<T>, default: T) -> Given<T> {
        self.of(id, given, file).unwrap_or(Given { value: default, source: "default".to_owned() })
    }

    fn source(&self, id: &str) -> String {
        let known = self.matches.try_contains_id(id).is_ok();
        let source = if known { self.matches.value_source(id) } else { None };
        match source {
            Some(ValueSource::EnvVariable) => "environment".to_owned(),
            _ => "command line".to_owned(),
        }
    }
}
