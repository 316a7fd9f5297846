//! What one server takes from the world. Each limit is here with its reason; an operator changes them under `[limits]` in the
//! configuration file, and `opensit config show` says which hold.
//!
//! What a filter, a geometry, a tile or a picture may be is fixed beside the code that reads it, since what fits is known there and
//! not in an office; [`FIXED`] lists those too.

use std::net::IpAddr;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Limits that an operator may change. All are whole numbers above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Limits {
    /// Connections at once, and fewer where the system lets the program open fewer files. Beyond them the one that rests longest is
    /// closed for a new one, so that idle ones shut nobody out. One costs some 10 KiB.
    pub(crate) connections: u32,
    /// Connections at once from one network (an IPv4 address, the first 64 bits of an IPv6 one). A browser opens six, and a town hall sits behind
    /// one address. This machine and trusted proxies are not counted.
    pub(crate) connections_per_network: u32,
    /// Open streams of events. Each holds a connection for as long as a map is open: half of them, so that requests find one.
    pub(crate) streams: u32,
    /// Open streams of events of one network: a map each.
    pub(crate) streams_per_network: u32,
    /// Bytes of a request's first line and headers. An address may have 16 KiB of parameters; cookies and a token come on top.
    pub(crate) head_bytes: u32,
    /// Seconds until a request's head is there, from the connection's begin or the last answer's end: who sends a byte now and then
    /// is gone after them, and so is who only holds a connection. Browsers open them ahead of need.
    pub(crate) head_seconds: u32,
    /// Bytes of a request's body where nothing larger is expected. Forms of ours have some hundred.
    pub(crate) body_bytes: u32,
    /// Seconds in which something of a body must come.
    pub(crate) body_seconds: u32,
    /// Bytes a second of a body, after `body-seconds` without a rule: a photo over a bad mobile line comes with 10,000.
    pub(crate) body_bytes_per_second: u32,
    /// Seconds from a request's last byte to the beginning of its answer. Statements in the database end after ten.
    pub(crate) request_seconds: u32,
    /// Seconds in which a client must take something of its answer.
    pub(crate) answer_seconds: u32,
    /// Requests a minute of one network. A map asks for some tens of tiles at each move. This machine is not counted.
    pub(crate) network_requests_per_minute: u32,
    /// Requests a minute with one key that says nothing else itself.
    pub(crate) key_requests_per_minute: u32,
    /// Mebibytes that layers may take in memory for tiles: some 120 bytes a parcel. What does not fit is served by the database.
    pub(crate) tiles_memory_mib: u32,
    /// Requests for large tiles that may wait for a processor, and as many for tiles of the database that may wait for a connection. Beyond
    /// them, or after five seconds, it is 503 with `Retry-After`: some ten maps that are moved at once.
    pub(crate) tiles_waiting: u32,
    /// Mebibytes of tiles from memory that are kept as they went out, until something changes in them: mostly for their compression.
    pub(crate) tiles_cache_mib: u32,
    /// Features of a layer in a tile from memory, beyond which it is generalised. A browser draws some ten thousand at once; a measurement
    /// beside a server that does not generalise raises this and the next.
    pub(crate) tiles_layer_features: u32,
    /// Kibibytes of a layer in a tile from memory, uncompressed, beyond which it is generalised.
    pub(crate) tiles_layer_kib: u32,
    /// Mebibytes of a file that is sent to become a layer. What is larger is loaded at the command line.
    pub(crate) upload_mib: u32,
    /// Mebibytes of all files of one person that wait to be loaded.
    pub(crate) uploads_person_mib: u32,
    /// Files of one person that wait to be loaded, whole or not.
    pub(crate) uploads_person_files: u32,
    /// Mebibytes of all files that wait to be loaded.
    pub(crate) uploads_mib: u32,
    /// Mebibytes of the disk that stay free, whatever is sent.
    pub(crate) uploads_free_mib: u32,
    /// Hours after which a file is removed with which nobody goes on.
    pub(crate) upload_hours: u32,
    /// Days after which a delivery is removed with which nobody goes on. What was loaded stays, and its report with it.
    pub(crate) delivery_days: u32,
    /// Deliveries that are looked at, compared or loaded at the same time; others wait. Each takes a processor of the server and one of the database.
    pub(crate) loads: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_network: 1_000,
            streams: 5_000,
            streams_per_network: 500,
            head_bytes: 32 * 1024,
            head_seconds: 30,
            body_bytes: 64 * 1024,
            body_seconds: 20,
            body_bytes_per_second: 1_000,
            request_seconds: 60,
            answer_seconds: 60,
            network_requests_per_minute: 12_000,
            key_requests_per_minute: 3_000,
            tiles_memory_mib: 1_024,
            tiles_waiting: 256,
            tiles_cache_mib: 64,
            tiles_layer_features: 20_000,
            tiles_layer_kib: 960,
            upload_mib: 4_096,
            uploads_person_mib: 16_384,
            uploads_person_files: 500,
            uploads_mib: 65_536,
            uploads_free_mib: 1_024,
            upload_hours: 48,
            delivery_days: 7,
            loads: 2,
        }
    }
}

/// A form's own bytes around the file in it.
const FORM_BYTES: usize = 64 * 1024;

/// Bytes of a feature, or of several changes in one transaction.
const FEATURE_BODY: usize = ogc::MAX_BODY_BYTES;
/// Bytes of a file for a record.
const FILE_BODY: usize = attachments::MAX_BYTES + FORM_BYTES;
/// A browser reads an answer once it has sent all: a file that is too large is read to its end, up to this, and told so by its own crate.
const REFUSED_ON_A_PAGE: usize = 4 * FILE_BODY;

/// Limits that are not an operator's to change.
pub(crate) const FIXED: [(&str, u64); 7] = [
    ("feature-body-bytes", FEATURE_BODY as u64),
    ("file-body-bytes", FILE_BODY as u64),
    ("filter-bytes", kernel::Filter::MAX_BYTES as u64),
    ("filter-depth", kernel::Filter::MAX_DEPTH as u64),
    ("filter-terms", kernel::Filter::MAX_TERMS as u64),
    ("filter-positions", kernel::filter::Shape::MAX_POSITIONS as u64),
    ("feature-positions", ogc::MAX_POSITIONS as u64),
];

impl Limits {
    /// None may be zero, which would shut everybody out; but no tile needs to be kept.
    pub(crate) fn check(self) -> Result<Self, Failure> {
        match self.values().into_iter().find(|(name, value)| *value == 0 && name.as_str() != "tiles-cache-mib") {
            Some((name, _)) => Err(Failure::new(format!("limits.{name} in the configuration file is 0; it must be above"))),
            None => Ok(self),
        }
    }

    /// Name and value of each.
    pub(crate) fn values(&self) -> Vec<(String, u64)> {
        let Ok(serde_json::Value::Object(all)) = serde_json::to_value(self) else { return Vec::new() };
        all.into_iter().map(|(name, value)| (name, value.as_u64().unwrap_or_default())).collect()
    }

    /// What files of the cadastre may have that are sent at once: they don't resume, as other uploads do.
    pub(crate) fn cadastre_bytes(&self) -> u64 {
        u64::from(self.upload_mib.min(512)) << 20
    }

    /// What a body at an address may have. `path` as the program is asked, without a proxy's prefix.
    pub(crate) fn body_bytes_at(&self, method: &Method, path: &str) -> usize {
        let sends = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
        let below = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
        if sends && below(&["/admin/uploads"]) {
            (u64::from(self.upload_mib) << 20) as usize
        } else if sends && path == "/cadastre/imports" {
            self.cadastre_bytes() as usize
        } else if sends && below(&["/attachments/"]) {
            REFUSED_ON_A_PAGE
        } else if sends && below(&["/reports/", "/open311/"]) {
            FILE_BODY
        } else if sends && below(&["/admin/deliveries"]) {
            deliveries::MAX_BODY_BYTES
        } else if sends && below(&["/collections/", "/transactions", "/permits", "/public-works", "/environment"]) {
            FEATURE_BODY
        } else {
            self.body_bytes as usize
        }
    }
}

/// The network of an address, as limits count them: the IPv4 address, or the first 64 bits of an IPv6 one.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Limits, network_of};

    #[test]
    fn a_file_changes_some_and_shuts_nobody_out() {
        let limits: Limits = toml::from_str("connections = 50\nhead-seconds = 2").unwrap();
        assert_eq!((limits.connections, limits.head_seconds, limits.body_bytes), (50, 2, 65_536));
        assert!(toml::from_str::<Limits>("conections = 50").is_err() && toml::from_str::<Limits>("connections = -1").is_err());
        let none = Limits { streams: 0, ..Limits::default() };
        assert!(none.check().unwrap_err().to_string().contains("limits.streams"));
    }

    #[test]
    fn large_bodies_are_taken_where_they_are_expected() {
        let limits = Limits::default();
        let most = |method: Method, path| limits.body_bytes_at(&method, path);
        assert_eq!(most(Method::POST, "/collections/trees/items"), ogc::MAX_BODY_BYTES);
        assert_eq!(most(Method::POST, "/transactions"), ogc::MAX_BODY_BYTES);
        assert_eq!(most(Method::PUT, "/admin/deliveries/1/plan"), deliveries::MAX_BODY_BYTES);
        assert!(most(Method::POST, "/attachments/trees/1") > attachments::MAX_BYTES);
        assert_eq!(most(Method::POST, "/cadastre/imports"), 512 << 20);
        for (method, path) in
            [(Method::GET, "/collections/trees/items"), (Method::POST, "/auth/password"), (Method::DELETE, "/attachments/1")]
        {
            assert_eq!(most(method, path), 65_536, "{path}");
        }
    }

    #[test]
    fn a_network_is_what_one_subscriber_has() {
        let network = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!((network("198.51.100.7"), network("::ffff:198.51.100.7")), ("198.51.100.7".into(), "198.51.100.7".into()));
    }
}
