//! What personal data are read for. Who states a purpose, in `Access-Purpose` or `?access-purpose=`, sees the personal fields of the rows that they
//! see; that they asked is in the audit log before an answer is made, or there is no answer.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, header};
use identity::audit::{self, Action, Event};
use kernel::{Context, Principal, Problem};
use percent_encoding::percent_decode_str;
use serde_json::json;

/// The header: percent-encoded UTF-8, since a header has no letters beyond ASCII.
const HEADER: &str = "access-purpose";
/// The parameter, for pages: a form can't set headers.
const PARAMETER: &str = "access-purpose";
/// How long a purpose may be, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 4..=200;

pub(super) async fn read(context: &Context, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let said = match said(request.headers(), request.uri()) {
        Ok(Some(said)) => said,
        Ok(None) => return next(request).await,
        Err(problem) => return problem.into_response(),
    };
    if let Some(rest) = said.rest {
        *request.uri_mut() = rest;
    }
    let who = request.extensions().get::<Principal>().cloned().unwrap_or_else(Principal::anonymous);
    if !who.is_staff() {
        // there is nothing more to see for them, and what they type is not kept
        return next(request).await;
    }
    let names = names(request.uri());
    let details = json!({ "method": request.method().as_str(), "path": request.uri().path(), "parameters": names });
    let event = Event::new(Action::Read).details(details).purpose(&said.purpose);
    if let Err(error) = audit::record_apart(&context.database, &who, event).await {
        return Problem::database("telling the audit log of a reading", &error).into_response();
    }
    request.extensions_mut().insert(who.with_purposes([said.purpose]));
    let mut response = next(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

struct Said {
    purpose: String,
    /// The address without the parameter, if it was there.
    rest: Option<Uri>,
}

fn said(headers: &HeaderMap, uri: &Uri) -> Result<Option<Said>, Problem> {
    let wrong = |what: &str| {
        let allowed = "4 to 200 characters that say what the personal data are read for, once; in the header percent-encoded UTF-8";
        Problem::invalid_parameter(PARAMETER, format!("the purpose {what}"), allowed)
    };
    let mut given = headers.get_all(HEADER).iter();
    let header = given.next().map(|value| value.to_str().map_err(|_| wrong("is no ASCII"))).transpose()?;
    let parts: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()).collect();
    let is_ours = |part: &&str| part.split('=').next() == Some(PARAMETER);
    let mut asked = parts.iter().filter(|part| is_ours(part));
    let parameter = asked.next().map(|part| part.split_once('=').map_or("", |(_, value)| value).replace('+', " "));
    if given.next().is_some() || asked.next().is_some() || (header.is_some() && parameter.is_some()) {
        return Err(wrong("is given twice"));
    }
    let Some(text) = header.map(str::to_owned).or_else(|| parameter.clone()) else { return Ok(None) };
    let text = percent_decode_str(&text).decode_utf8().map_err(|_| wrong("is not UTF-8"))?;
    let purpose = text.trim().to_owned();
    if !LENGTH.contains(&purpose.chars().count()) || purpose.chars().any(char::is_control) {
        return Err(wrong("is too short, too long, or has control characters"));
    }
    let rest = parameter.is_some().then(|| without(uri, &parts.into_iter().filter(|part| !is_ours(part)).collect::<Vec<_>>()));
    Ok(Some(Said { purpose, rest: rest.flatten() }))
}

/// The address with these parts of its query alone.
fn without(uri: &Uri, parts: &[&str]) -> Option<Uri> {
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    let mut all = uri.clone().into_parts();
    all.path_and_query = Some(PathAndQuery::try_from(format!("{}{query}", uri.path())).ok()?);
    Uri::from_parts(all).ok()
}

/// The names of the parameters: values may be names of people.
fn names(uri: &Uri) -> Vec<String> {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split('=').next().unwrap_or_default().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::said;
    use http::{HeaderMap, HeaderValue, Uri};

    fn read(header: Option<&'static str>, uri: &str) -> Result<Option<(String, String)>, u16> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert("access-purpose", HeaderValue::from_static(value));
        }
        let uri: Uri = uri.parse().unwrap();
        match said(&headers, &uri) {
            Ok(found) => Ok(found.map(|said| (said.purpose, said.rest.unwrap_or(uri).to_string()))),
            Err(problem) => Err(problem.status().as_u16()),
        }
    }

    #[test]
    fn said_once_in_a_header_or_in_the_address_from_which_it_is_taken() {
        let some = |purpose: &str, uri: &str| Ok(Some((purpose.to_owned(), uri.to_owned())));
        assert_eq!(read(None, "/x?a=1"), Ok(None));
        assert_eq!(read(Some("istruttoria%20%C3%A8"), "/x?a=1"), some("istruttoria è", "/x?a=1"));
        assert_eq!(read(None, "/x?a=1&access-purpose=accesso+agli%20atti&b=2"), some("accesso agli atti", "/x?a=1&b=2"));
        assert_eq!(read(None, "/x?access-purpose=verifica"), some("verifica", "/x"));
        for (header, uri) in [
            (Some("verifica"), "/x?access-purpose=verifica"),
            (None, "/x?access-purpose=abcd&access-purpose=abcd"),
            (None, "/x?access-purpose=abc"),
            (None, "/x?access-purpose=ab%00cd"),
            (None, "/x?access-purpose=%ff%ff%ff%ff"),
        ] {
            assert_eq!(read(header, uri), Err(400), "{uri}");
        }
    }
}
