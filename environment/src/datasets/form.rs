//! A form with files: without a script there is no other way to send one.

use axum::body::Body;
use http::HeaderMap;
use kernel::Problem;
use multer::{Constraints, Multipart, SizeLimit};
use operations::{Ask, Sent, State, checked_reason, header};
use serde_json::{Map, Value};

/// The largest form.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Reads JSON or a form, with or without files. A file stands as the text it holds under its field's name, where the field was not typed in.
pub(crate) async fn read(ask: &mut Ask, headers: &HeaderMap, body: Body) -> Result<Sent, Problem> {
    if ask.media_type != "multipart/form-data" {
        return ask.read(body).await;
    }
    let kind = header(headers, "content-type")?.unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Problem::bad_request("the form has no boundary"))?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(MAX_BYTES));
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let mut fields = Map::new();
    while let Some(field) = form.next_field().await.map_err(|e| unreadable(&e))? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let bytes = field.bytes().await.map_err(|e| unreadable(&e))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request(format!("`{name}` is not UTF-8")))?;
        if text.contains('\0') {
            return Err(Problem::bad_request(format!("`{name}` has the character U+0000")));
        }
        if !text.trim().is_empty() && !fields.contains_key(&name) {
            fields.insert(name, Value::from(text.trim_start_matches('\u{feff}').replace("\r\n", "\n")));
        }
    }
    take_hidden(ask, &mut fields)?;
    Ok(Sent::of(fields))
}

/// What a form says instead of headers.
fn take_hidden(ask: &mut Ask, fields: &mut Map<String, Value>) -> Result<(), Problem> {
    let mut hidden = |name: &str| fields.shift_remove(name).and_then(|value| value.as_str().map(str::to_owned));
    if let Some(tag) = hidden("_tag") {
        ask.state = State::Tagged(tag);
    }
    if let Some(key) = hidden("_key") {
        if !(1..=64).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::invalid_parameter("_key", "`_key` is none", "1 to 64 visible ASCII characters"));
        }
        ask.key = Some(key);
    }
    if let Some(reason) = hidden("_reason") {
        ask.reason = checked_reason(&reason).map_err(Problem::bad_request)?;
    }
    Ok(())
}

fn unreadable(error: &multer::Error) -> Problem {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Problem::too_large(format!("the form is larger than {MAX_BYTES} bytes"))
        }
        _ => Problem::bad_request("the form can't be read: it is not whole, or not multipart/form-data"),
    }
}
