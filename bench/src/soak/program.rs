use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::expected::Expected;
use crate::seeded::Seeded;

/// Random edits over HTTP, as a program with a key makes them.
pub(super) struct Program {
    agent: ureq::Agent,
    url: String,
    key: String,
    random: Seeded,
    extent: [f64; 4],
    rows: Vec<Expected>,
    beds: u32,
}

const ITEMS: &str = "/collections/lodgings/items";

impl Program {
    pub(super) fn open(url: &str, key: &str, extent: [f64; 4], random: Seeded) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().into(), url: url.to_owned(), key: key.to_owned(), random, extent, rows: Vec::new(), beds: 1_000_000 }
    }

    /// One edit: what readers must see, and from which position on.
    pub(super) fn edit(&mut self) -> Result<(Expected, String)> {
        self.beds += 1;
        let kind = if self.rows.len() < 5 { 0 } else { self.random.below(6) };
        match kind {
            0 | 1 => self.create(),
            2 => self.delete(),
            _ => self.change(kind == 3),
        }
    }

    fn somewhere(&mut self) -> (f64, f64) {
        let [west, south, east, north] = self.extent;
        (self.random.between(west, east), self.random.between(south, north))
    }

    fn create(&mut self) -> Result<(Expected, String)> {
        let place = self.somewhere();
        let feature = json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": [place.0, place.1]},
            "properties": {"name": format!("Soak {}", self.beds), "kind": "rooms", "beds": self.beds}});
        let (body, position) = self.send("POST", ITEMS, "application/geo+json", &feature)?;
        let id = body["id"].as_str().context("a feature that was made has an id")?.to_owned();
        let made = Expected { layer: "lodgings", column: "beds", id, place, value: Some(self.beds) };
        self.rows.push(made.clone());
        Ok((made, position))
    }

    fn change(&mut self, moved: bool) -> Result<(Expected, String)> {
        let (at, place) = (self.random.below(self.rows.len() as u64) as usize, self.somewhere());
        let mut patch = json!({"properties": {"beds": self.beds}});
        if moved {
            patch["geometry"] = json!({"type": "Point", "coordinates": [place.0, place.1]});
            self.rows[at].place = place;
        }
        self.rows[at].value = Some(self.beds);
        let changed = self.rows[at].clone();
        let (_, position) = self.send("PATCH", &format!("{ITEMS}/{}", changed.id), "application/merge-patch+json", &patch)?;
        Ok((changed, position))
    }

    fn delete(&mut self) -> Result<(Expected, String)> {
        let at = self.random.below(self.rows.len() as u64) as usize;
        let gone = Expected { value: None, ..self.rows.swap_remove(at) };
        let (_, position) = self.send("DELETE", &format!("{ITEMS}/{}", gone.id), "application/json", &Value::Null)?;
        Ok((gone, position))
    }

    fn send(&self, method: &str, path: &str, media_type: &str, body: &Value) -> Result<(Value, String)> {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("x-api-key", &self.key).header("content-type", media_type).header("accept", "application/geo+json");
        // nobody else edits these
        let request = if method == "POST" { request } else { request.header("if-match", "*") };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut response = self.agent.run(request.body(body)?).with_context(|| format!("{method} {path}"))?;
        let position = response.headers().get("change-position").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = response.body_mut().read_to_string().unwrap_or_default();
        ensure!(response.status().is_success(), "{method} {path}: {} {text}", response.status());
        Ok((serde_json::from_str(&text).unwrap_or(Value::Null), position.context("an answer to a change has a position")?))
    }
}
