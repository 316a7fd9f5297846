use serde_json::Value;
use ureq::http::Response;

/// An answer over HTTP, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Answer {
    /// `bodiless`: the answer to a `HEAD`, which has none whatever its headers say.
    pub(crate) fn read(mut response: Response<ureq::Body>, bodiless: bool) -> Self {
        let headers = response.headers().iter().map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap_or_default().to_owned())).collect();
        let status = response.status().as_u16();
        let body = match bodiless {
            true => Vec::new(),
            false => response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("the body is readable"),
        };
        Self { status, headers, body }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in the JSON of status {}: {}", self.status, self.text()))
    }
}
