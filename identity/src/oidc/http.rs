use std::io;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use crate::origin;

/// A whole exchange with a provider takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(4);
/// Largest answer that is read.
const MOST_BYTES: u64 = 256 * 1024;

/// Speaks to one provider: https with the system's certificates, no redirects, no proxy, no answer without an end. Plain
/// http is for a provider on this machine, and then for this machine alone.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    local: bool,
}

impl Client {
    pub(super) fn new(local: bool) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .https_only(!local)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT))
            .tls_config(tls)
            .build();
        Self { agent: config.into(), local }
    }

    /// Whether an address that the provider names is one we go to, or send a browser to.
    pub(super) fn allows(&self, url: &Url) -> io::Result<()> {
        if url.scheme() == "https" || (self.local && url.scheme() == "http" && origin::is_loopback(url)) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("the provider names {}, which is not https", url.host_str().unwrap_or("no host")),
        ))
    }

    /// One request, on a thread that may wait.
    pub(super) async fn send(self, request: HttpRequest) -> Result<HttpResponse, io::Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(io::Error::other)?;
        self.allows(&url)?;
        let answer = tokio::task::spawn_blocking(move || {
            let mut response = self.agent.run(request).map_err(io::Error::other)?;
            let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(io::Error::other)?;
            Ok(response.map(|_| body))
        });
        answer.await.map_err(io::Error::other)?
    }
}
