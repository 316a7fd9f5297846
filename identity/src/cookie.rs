//! Our two cookies. The prefix `__Host-` makes browsers refuse them from another host, path or an unencrypted answer.

use http::{HeaderMap, HeaderValue, header};

use crate::{Failure, Token};

/// Which session this browser has.
pub(crate) const SESSION: &str = "__Host-opensit";
/// Which sign-in this browser is in the middle of.
pub(crate) const FLOW: &str = "__Host-opensit-flow";

/// The token in a cookie. Two cookies of one name, or what is no token, are none.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<Token> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name);
    let (_, value) = found.next()?;
    if found.next().is_some() { None } else { Token::parse(value) }
}

/// Tells the browser to keep it for so many seconds.
pub(crate) fn set(name: &str, token: &Token, seconds: i64) -> Result<HeaderValue, Failure> {
    let text = format!("{name}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", token.reveal(), seconds.max(0));
    let mut value = HeaderValue::try_from(text).map_err(|e| Failure::internal("writing a cookie", &e))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Tells the browser to forget it.
pub(crate) fn forget(name: &'static str) -> HeaderValue {
    let text = match name {
        SESSION => "__Host-opensit=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        _ => "__Host-opensit-flow=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    };
    HeaderValue::from_static(text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{SESSION, forget, read, set};
    use crate::Token;

    #[test]
    fn one_cookie_is_read_and_two_are_none() {
        let token = Token::new().unwrap();
        let mut headers = HeaderMap::new();
        let pair = format!("a=b; {SESSION}={}", token.reveal());
        headers.append(header::COOKIE, HeaderValue::from_str(&pair).unwrap());
        assert!(read(&headers, SESSION) == Some(token.clone()));
        headers.append(header::COOKIE, HeaderValue::from_str(&pair).unwrap());
        assert!(read(&headers, SESSION).is_none());
        let sent = set(SESSION, &token, 60).unwrap();
        assert!(sent.is_sensitive() && sent.to_str().unwrap().ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60"));
        assert!(forget(SESSION).to_str().unwrap().contains("Max-Age=0"));
    }
}
