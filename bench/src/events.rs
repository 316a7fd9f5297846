use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

/// An open stream of changes: for each, when it came and the layer it is of.
pub(crate) struct Events(Receiver<(Instant, String)>);

impl Events {
    /// Opens `/xyz/{ids}/changes`.
    pub(crate) fn open(url: &str, ids: &str) -> Result<Self> {
        let response = ureq::get(format!("{url}/xyz/{ids}/changes")).header("accept", "text/event-stream").call()?;
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Some(data) = line.strip_prefix("data:") else { continue };
                let layer = serde_json::from_str::<Value>(data).ok().and_then(|d| d["layer"].as_str().map(str::to_owned));
                if sender.send((Instant::now(), layer.unwrap_or_default())).is_err() {
                    return;
                }
            }
        });
        Ok(Self(receiver))
    }

    /// When the next change of a layer came; `None` if none came in that time or the stream has ended.
    pub(crate) fn next(&self, layer: &str, within: Duration) -> Option<Instant> {
        let end = Instant::now() + within;
        loop {
            let (at, of) = self.0.recv_timeout(end.saturating_duration_since(Instant::now())).ok()?;
            if of == layer {
                return Some(at);
            }
        }
    }

    /// Forgets what has come so far.
    pub(crate) fn drain(&self) {
        while self.0.try_recv().is_ok() {}
    }
}
