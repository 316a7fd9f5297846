//! One look at an address: fetched if it differs from what was loaded last, within limits, on a thread that may wait.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, http};
use url::Url;

use super::allowed::{is_public, shown};
use super::{Allowed, hex};
use crate::uploads::name;

const CONNECT: Duration = Duration::from_secs(15);
/// A whole exchange, the file included, takes no longer.
const PATIENCE: Duration = Duration::from_secs(1800);
/// How often an address may lead to another.
const REDIRECTS: usize = 5;
/// Bytes that are written at once.
const PIECE: usize = 64 * 1024;

/// What the server said of what was loaded last.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The server says that it is the same.
    Same,
    File {
        path: PathBuf,
        name: String,
        content: String,
        known: Known,
    },
}

/// Fetches an address into a folder, unless it is still what is known; in words, why that can't be. At most so many bytes.
pub(super) fn fetch(url: &Url, allowed: &Allowed, known: &Known, folder: &Path, most: u64) -> Result<Fetched, String> {
    let mut at = url.clone();
    for _ in 0..=REDIRECTS {
        let private = allowed.find(&at).is_some_and(|private| private);
        allowed.check(&at).map_err(|why| if at == *url { why } else { format!("{} leads elsewhere: {why}", shown(url)) })?;
        let mut request = http::Request::get(at.as_str());
        for (name, value) in [("if-none-match", &known.etag), ("if-modified-since", &known.modified)] {
            if let Some(value) = value {
                request = request.header(name, value.as_str());
            }
        }
        let request = request.body(()).map_err(|e| format!("{} can't be asked for: {e}", shown(&at)))?;
        let mut response = agent(private, PATIENCE).run(request).map_err(|e| format!("{} does not answer: {e}", shown(&at)))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        match response.status().as_u16() {
            200 => {
                let known = Known { etag: header("etag"), modified: header("last-modified") };
                let name = file_name(url, header("content-type").as_deref().unwrap_or_default());
                let path = folder.join(&name);
                let said = header("content-length").and_then(|length| length.parse::<u64>().ok());
                if said.is_some_and(|length| length > most) {
                    return Err(too_large(&at, most));
                }
                let content = save(&mut response.body_mut().as_reader(), &path, most, &at)?;
                return Ok(Fetched::File { path, name, content, known });
            }
            304 => return Ok(Fetched::Same),
            301 | 302 | 303 | 307 | 308 => {
                let to = header("location").ok_or_else(|| format!("{} leads elsewhere without saying where", shown(&at)))?;
                at = at.join(&to).map_err(|e| format!("{} leads to what is no address: {e}", shown(&at)))?;
            }
            status => return Err(format!("{} answers {status}; look whether the address is still right", shown(&at))),
        }
    }
    Err(format!("{} leads from one address to the next, more than {REDIRECTS} times", shown(url)))
}

/// Tells an address something, as JSON.
pub(super) fn post(url: &Url, allowed: &Allowed, document: &serde_json::Value) -> Result<(), String> {
    allowed.check(url)?;
    let request = http::Request::post(url.as_str()).header("content-type", "application/json");
    let request = request.body(document.to_string()).map_err(|e| e.to_string())?;
    let agent = agent(allowed.find(url).is_some_and(|private| private), CONNECT);
    let response = agent.run(request).map_err(|e| format!("{} does not answer: {e}", shown(url)))?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("{} answers {}", shown(url), status.as_u16())) }
}

/// No redirect is followed by itself, no proxy asked, and names are looked up once, by what decides whether their addresses will do.
fn agent(private: bool, patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(patience))
        .timeout_connect(Some(CONNECT))
        .tls_config(tls)
        .user_agent(concat!("opensit/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Addresses { private })
}

/// Looks names up, and keeps what is not of the internet out unless it is allowed.
#[derive(Debug)]
struct Addresses {
    private: bool,
}

impl Resolver for Addresses {
    fn resolve(&self, uri: &http::Uri, config: &ureq::config::Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut good = self.empty();
        all.iter().filter(|address| self.private || is_public(address.ip())).for_each(|address| good.push(*address));
        if good.is_empty() {
            let why = "its address is not one of the internet; if it is a server of your own, list it in sources-allow-private";
            return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why).into());
        }
        Ok(good)
    }
}

/// Writes what comes into a file; its SHA-256.
fn save(from: &mut impl Read, path: &Path, most: u64, url: &Url) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("what {} sends can't be kept: {e}", shown(url));
    let mut file = File::create(path).map_err(failed)?;
    let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        let read = from.read(&mut piece).map_err(|e| format!("{} breaks off after {bytes} bytes: {e}", shown(url)))?;
        if read == 0 {
            return Ok(hex(hash));
        }
        bytes += read as u64;
        if bytes > most {
            return Err(too_large(url, most));
        }
        hash.update(&piece[..read]);
        file.write_all(&piece[..read]).map_err(failed)?;
    }
}

fn too_large(url: &Url, most: u64) -> String {
    format!("{} sends more than {} MiB, which is what may come (limits.upload-mib, and what the disk can spare)", shown(url), most >> 20)
}

/// What the file is called: as the address ends, with a suffix by its type where it has none.
fn file_name(url: &Url, media_type: &str) -> String {
    let last = url.path_segments().and_then(|mut all| all.next_back()).unwrap_or_default();
    let last = String::from_utf8_lossy(&percent_decoded(last)).into_owned();
    let name = if name::check(&last).is_ok() { last } else { "download".to_owned() };
    if Path::new(&name).extension().is_some() {
        return name;
    }
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffix = match kind.as_str() {
        "application/geo+json" | "application/json" => "geojson",
        "text/csv" => "csv",
        "application/zip" => "zip",
        "application/geopackage+sqlite3" => "gpkg",
        "application/gml+xml" | "text/xml" | "application/xml" => "gml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => return name,
    };
    format!("{name}.{suffix}")
}

fn percent_decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::file_name;

    #[test]
    fn a_file_is_called_as_its_address_ends() {
        let name = |url: &str, media_type: &str| file_name(&Url::parse(url).unwrap(), media_type);
        assert_eq!(name("https://a.example/open/alberi%20di%20via.gpkg?v=2", ""), "alberi di via.gpkg");
        assert_eq!(name("https://a.example/wfs?request=GetFeature", "application/geo+json; charset=utf-8"), "wfs.geojson");
        assert_eq!(name("https://a.example/..%2f..%2fetc", "text/csv"), "download.csv");
        assert_eq!(name("https://a.example/", "application/x-unknown"), "download");
    }
}
