//! Answers in the standard's two forms.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::Problem;
use serde_json::{Value, json};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Xml,
}

/// A list of records as the standard has it: `<services><service>…` for `("services", "service")`.
pub(crate) fn list(form: Form, status: StatusCode, (all, one): (&str, &str), records: &[Value]) -> Response {
    let (kind, body) = match form {
        Form::Json => ("application/json; charset=utf-8", Value::from(records).to_string()),
        Form::Xml => ("application/xml; charset=utf-8", xml(all, one, records)),
    };
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// One record by itself, in JSON.
pub(crate) fn single(record: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, record.to_string()).into_response()
}

/// What went wrong: one of the standard's errors, or all the fields that are wrong.
pub(crate) fn error(form: Form, problem: &Problem) -> Response {
    let document = problem.to_json();
    let code = problem.status().as_u16();
    // the standard has 400 for whatever is wrong with a request
    let status = if code == 422 { StatusCode::BAD_REQUEST } else { problem.status() };
    let faults = document["errors"].as_array().filter(|all| !all.is_empty());
    let records: Vec<Value> = match faults {
        Some(all) => all
            .iter()
            .map(|fault| {
                let field = fault["field"].as_str().unwrap_or("place");
                json!({ "code": status.as_u16(), "description": format!("{field}: {}", fault["detail"].as_str().unwrap_or_default()) })
            })
            .collect(),
        None => vec![json!({ "code": status.as_u16(), "description": problem.detail() })],
    };
    let mut response = list(form, status, ("errors", "error"), &records);
    if let Some(wait) = problem.clone().into_response().headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

fn xml(all: &str, one: &str, records: &[Value]) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{all}>");
    for record in records {
        element(one, record, &mut out);
    }
    out.push_str(&format!("</{all}>\n"));
    out
}

fn element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str(&format!("<{name}/>")),
        Value::Object(members) => {
            out.push_str(&format!("<{name}>"));
            members.iter().for_each(|(name, value)| element(name, value, out));
            out.push_str(&format!("</{name}>"));
        }
        Value::Array(items) => {
            out.push_str(&format!("<{name}>"));
            items.iter().for_each(|item| element("attribute", item, out));
            out.push_str(&format!("</{name}>"));
        }
        Value::String(text) => out.push_str(&format!("<{name}>{}</{name}>", escaped(text))),
        other => out.push_str(&format!("<{name}>{other}</{name}>")),
    }
}

/// Text as XML 1.0 has it; characters that it can't have are left out.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::xml;
    use serde_json::json;

    #[test]
    fn nothing_in_a_text_is_an_element() {
        let record = json!({ "id": 1, "text": "a < b & c > d ]]>\u{1}", "none": null, "attributes": [{ "code": "x" }] });
        assert_eq!(
            xml("all", "one", &[record]),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<all><one><id>1</id><text>a &lt; b &amp; c &gt; d ]]&gt;</text><none/>\
             <attributes><attribute><code>x</code></attribute></attributes></one></all>\n"
        );
    }
}
