use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// An open stream of server-sent events.
#[derive(Debug)]
pub struct Events(Receiver<(String, Value)>);

impl Events {
    pub(crate) fn open(url: &str, last_event_id: Option<&str>) -> Self {
        let mut request = ureq::get(url).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.call().expect("the stream opens");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let (mut id, mut data) = (String::new(), None);
            for line in lines.map_while(Result::ok) {
                if let Some(value) = line.strip_prefix("id:") {
                    id = value.trim().to_owned();
                } else if let Some(value) = line.strip_prefix("data:") {
                    data = serde_json::from_str(value.trim()).ok();
                } else if line.is_empty()
                    && let Some(data) = data.take()
                    && sender.send((id.clone(), data)).is_err()
                {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The id and data of the next event that fits, waited for that long at most.
    pub fn next(&self, within: Duration, fits: impl Fn(&Value) -> bool) -> Option<(String, Value)> {
        let end = Instant::now() + within;
        loop {
            match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((id, data)) if fits(&data) => return Some((id, data)),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}
