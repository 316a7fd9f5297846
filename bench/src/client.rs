use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A client with one connection that is kept open.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    headers: Vec<(&'static str, String)>,
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
        Self { agent: config.build().into(), url: url.to_owned(), headers: Vec::new() }
    }

    /// The same with a header on each request.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Enters as one of the demo's people: the cookie.
    pub(crate) fn sign_in(&self, path: &str) -> Result<String> {
        let response =
            self.agent.post(format!("{}{path}", self.url)).header("sec-fetch-site", "same-origin").send_empty().context("signing in")?;
        let cookies = response.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()?.split(';').next());
        cookies.into_iter().find(|cookie| cookie.starts_with("__Host-opensit=")).map(str::to_owned).context("no cookie was given")
    }

    /// Puts a document, and takes no error for an answer.
    pub(crate) fn put(&self, path: &str, body: &str) -> Result<()> {
        let mut request = self.agent.put(format!("{}{path}", self.url)).header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = request.send(body).with_context(|| path.to_owned())?;
        ensure!(response.status().is_success(), "{path}: {}", response.body_mut().read_to_string().unwrap_or_default());
        Ok(())
    }

    /// Posts a document, and takes no error for an answer.
    pub(crate) fn post(&self, path: &str, body: &str) -> Result<()> {
        self.send(path, "application/json", body.as_bytes())
    }

    /// Posts something of a media type, and takes no error for an answer.
    pub(crate) fn send(&self, path: &str, media_type: &str, body: &[u8]) -> Result<()> {
        let mut request =
            self.agent.post(format!("{}{path}", self.url)).header("content-type", media_type).header("accept", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = request.send(body).with_context(|| path.to_owned())?;
        let text = response.body_mut().read_to_string().unwrap_or_default();
        ensure!(response.status().is_success(), "{path}: {text}");
        Ok(())
    }

    /// Changes a part of a feature whose state has this tag: its new tag, and the position from which on readers know of it.
    pub(crate) fn patch(&self, path: &str, etag: &str, body: &str) -> Result<(String, String)> {
        let mut request = self.agent.patch(format!("{}{path}", self.url)).header("if-match", etag);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.header("content-type", "application/merge-patch+json").header("accept-encoding", "identity");
        let mut response = request.send(body).with_context(|| path.to_owned())?;
        let text = response.body_mut().read_to_string().with_context(|| path.to_owned())?;
        ensure!(response.status().is_success(), "{path}: {text}");
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok((header("etag").context("no ETag")?, header("change-position").context("no Change-Position")?))
    }

    /// Asks for an address that begins with `/`, uncompressed, whatever the status of the answer.
    pub(crate) fn ask(&self, path: &str) -> Result<Answer> {
        self.ask_with(path, None)
    }

    /// Asks for what there is after a change at this position.
    pub(crate) fn ask_after(&self, path: &str, position: &str) -> Result<Answer> {
        self.ask_with(path, Some(("after-position", position)))
    }

    fn ask_with(&self, path: &str, header: Option<(&str, &str)>) -> Result<Answer> {
        let mut request = self.agent.get(format!("{}{path}", self.url)).header("accept-encoding", "identity");
        for (name, value) in self.headers.iter().map(|(name, value)| (*name, value.as_str())).chain(header) {
            request = request.header(name, value);
        }
        let mut response = request.call().with_context(|| path.to_owned())?;
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
