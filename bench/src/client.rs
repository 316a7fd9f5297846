use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A client with one connection that is kept open.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) generalised: bool,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn of(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(1)
            .no_delay(true)
            .timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().into(), url: url.to_owned() }
    }

    /// Asks for an address that begins with `/`, uncompressed, whatever the status of the answer.
    pub(crate) fn ask(&self, path: &str) -> Result<Answer> {
        let mut response =
            self.agent.get(format!("{}{path}", self.url)).header("accept-encoding", "identity").call().with_context(|| path.to_owned())?;
        let generalised = response.headers().contains_key("x-generalised");
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().with_context(|| path.to_owned())?;
        Ok(Answer { status, generalised, body })
    }

    /// Asks, and takes no error for an answer.
    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let answer = self.ask(path)?;
        ensure!(answer.status < 300, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(answer)
    }

    /// Asks for JSON.
    pub(crate) fn json(&self, path: &str) -> Result<Value> {
        serde_json::from_slice(&self.get(path)?.body).with_context(|| path.to_owned())
    }
}

/// A value for a query string.
pub(crate) fn escaped(value: &str) -> String {
    value.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
