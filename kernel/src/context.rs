use std::fmt;
use std::sync::Arc;

use sqlx::PgPool;
use url::Url;
use uuid::Uuid;

use crate::{Bbox, Clock, Srid, Text};

/// What an operation is given: the database as the application's role, the time, who we are. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Connections as `opensit_app`, for everything but tiles.
    pub database: PgPool,
    /// Connections as `opensit_app` that only tiles use, so that tiles can't starve the rest.
    pub tiles_database: PgPool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the world reaches us.
    pub public_url: PublicUrl,
    /// What was fixed when the installation was made.
    pub installation: Arc<Installation>,
}

/// What is fixed at the first use of an installation (table `opensit.installation`).
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// Names this installation, in slots and logs.
    pub instance: Uuid,
    /// The name that people see.
    pub title: Text,
    /// The metric system that every layer is stored in.
    pub storage_crs: Srid,
    /// The rectangle round its comuni, CRS84.
    pub bbox: Bbox,
    /// Whether this is the invented town of `opensit demo`.
    pub demo: bool,
}

/// The address that every link begins with: configured, never taken from `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// From an absolute `http` or `https` address; what follows a `?` or `#`, and a final `/`, is dropped.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("`{text}` is not an address: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("`{text}` is not an http or https address"));
        }
        let base = text.split(['?', '#']).next().unwrap_or(text);
        Ok(Self(base.trim_end_matches('/').to_owned()))
    }

    /// An absolute link; `path` begins with `/`.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn links_keep_the_prefix_and_have_one_slash() {
        assert_eq!(PublicUrl::parse("https://sit.example.it/gis/").unwrap().link("/api"), "https://sit.example.it/gis/api");
        for bad in ["", "localhost:8080", "ftp://x/", "/gis"] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
