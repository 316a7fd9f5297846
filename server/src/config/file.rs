use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use catalogue::BaseMap;
use identity::OidcSettings;
use kernel::{LayerId, PublicUrl, Srid};
use serde::Deserialize;
use tiles::{ArchiveSettings, Home};

use super::{ChangeFeed, Contact, Limits, LogFormat, Network, Origins, SourceSettings, sources};
use crate::failure::Failure;

/// `opensit.toml`. Names are those of the flags.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) database_url: Option<String>,
    pub(crate) app_url: Option<String>,
    pub(crate) replication_url: Option<String>,
    pub(crate) boundary: Option<PathBuf>,
    storage_crs: Option<String>,
    pub(crate) log: Option<String>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) listen: Option<SocketAddr>,
    public_url: Option<String>,
    #[serde(alias = "trusted_proxies")]
    trusted_proxies: Option<Vec<String>>,
    cors_origins: Option<Vec<String>>,
    security_contact: Option<Vec<String>>,
    martin_prefix: Option<String>,
    pub(crate) db_listen: Option<SocketAddr>,
    pub(crate) change_feed: Option<ChangeFeed>,
    pub(crate) modules: Option<Vec<String>>,
    limits: Option<Limits>,
    /// Where files lie that are sent to become layers.
    pub(crate) uploads_dir: Option<PathBuf>,
    /// Base maps to choose from in the portal.
    #[serde(default)]
    pub(crate) base_maps: Vec<BaseMap>,
    /// Files of tiles that are served beside the layers, by their names.
    #[serde(default)]
    pub(crate) archives: BTreeMap<LayerId, ArchiveSettings>,
    /// Providers of identities that speak OpenID Connect, in the order of the sign-in page.
    #[serde(default)]
    pub(crate) oidc: Vec<OidcSettings>,
    /// Folders and addresses that are looked at every so often.
    #[serde(default)]
    sources: Vec<SourceSettings>,
    /// The beginnings of addresses that may be fetched.
    #[serde(default)]
    sources_allow: Vec<String>,
    /// The same, of servers on one's own network.
    #[serde(default)]
    sources_allow_private: Vec<String>,
    /// The address that is told when a source fails, and when it is well again.
    sources_tell: Option<String>,
    /// ISTAT code of the region, for the datum of Gauss-Boaga coordinates (crate `crs`).
    pub(crate) region: Option<u8>,
    /// IGM's NTv2 grid from Monte Mario to RDN2008, if the operator has it.
    pub(crate) monte_mario_grid: Option<PathBuf>,
    /// IGM's NTv2 grid from ED50 to RDN2008, if the operator has it.
    pub(crate) ed50_grid: Option<PathBuf>,
}

impl File {
    /// Reads the file that was named, else `opensit.toml` here, else the one in the data directory, else nothing.
    pub(crate) fn find(named: Option<&Path>, data_dir: &Path) -> Result<(Option<PathBuf>, Self), Failure> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => {
                let candidates = [PathBuf::from("opensit.toml"), data_dir.join("opensit.toml")];
                match candidates.into_iter().find(|p| p.is_file()) {
                    Some(path) => path,
                    None => return Ok((None, Self::default())),
                }
            }
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Failure::new(format!("the configuration file {} can't be read: {e}", path.display())))?;
        let file = toml::from_str(&text).map_err(|e| Failure::new(format!("the configuration file {} is wrong:\n{e}", path.display())))?;
        Ok((Some(path), file))
    }

    pub(crate) fn storage_crs(&self) -> Result<Option<Srid>, Failure> {
        let read = |text: &String| {
            Srid::parse(text)
                .ok_or_else(|| Failure::new(format!("storage-crs in the configuration file: `{text}` is no system; write EPSG:7792")))
        };
        self.storage_crs.as_ref().map(read).transpose()
    }

    pub(crate) fn trusted_proxies(&self) -> Result<Option<Vec<Network>>, Failure> {
        let read = |text: &String| text.parse().map_err(|e| Failure::new(format!("trusted-proxies in the configuration file: {e}")));
        self.trusted_proxies.as_ref().map(|networks| networks.iter().map(read).collect()).transpose()
    }

    pub(crate) fn cors_origins(&self) -> Result<Option<Origins>, Failure> {
        let read =
            |all: &Vec<String>| all.join(",").parse().map_err(|e| Failure::new(format!("cors-origins in the configuration file: {e}")));
        self.cors_origins.as_ref().map(read).transpose()
    }

    pub(crate) fn security_contact(&self) -> Result<Option<Vec<Contact>>, Failure> {
        let read = |text: &String| text.parse().map_err(|e| Failure::new(format!("security-contact in the configuration file: {e}")));
        self.security_contact.as_ref().map(|contacts| contacts.iter().map(read).collect()).transpose()
    }

    pub(crate) fn martin_prefix(&self) -> Result<Option<Home>, Failure> {
        let read = |text: &String| text.parse().map_err(|e| Failure::new(format!("martin-prefix in the configuration file: {e}")));
        self.martin_prefix.as_ref().map(read).transpose()
    }

    pub(crate) fn sources(&self) -> Result<deliveries::sources::Sources, Failure> {
        sources::read(&self.sources, &self.sources_allow, &self.sources_allow_private, self.sources_tell.as_deref())
    }

    pub(crate) fn limits(&self) -> Result<Option<Limits>, Failure> {
        self.limits.clone().map(Limits::check).transpose()
    }

    pub(crate) fn public_url(&self) -> Result<Option<PublicUrl>, Failure> {
        let read = |text: &String| PublicUrl::parse(text).map_err(|e| Failure::new(format!("public-url in the configuration file: {e}")));
        self.public_url.as_ref().map(read).transpose()
    }
}
