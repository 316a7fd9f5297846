use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use kernel::Problem;
use zeroize::Zeroizing;

use super::KeyText;

/// The key that a request brings, in `X-API-Key` or as the password of HTTP Basic, whatever the user name. `None`: it brings none;
/// a password that does not begin like a key is somebody else's, for example a proxy's. Query parameters are not looked at:
/// addresses end in logs and histories.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<KeyText>, Problem> {
    let mut own = headers.get_all("x-api-key").iter();
    if let Some(value) = own.next() {
        let text = value.to_str().unwrap_or_default().trim();
        return if own.next().is_none() { KeyText::parse(text).map(Some).ok_or_else(refused) } else { Err(refused()) };
    }
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return Ok(None) };
    let Some(password) = value.to_str().ok().and_then(password) else { return Ok(None) };
    if password.starts_with("sit_") { KeyText::parse(password.trim()).map(Some).ok_or_else(refused) } else { Ok(None) }
}

/// Wrong, unknown, revoked, expired: the same words.
pub(super) fn refused() -> Problem {
    Problem::unauthorized(
        "this key opens nothing: it is wrong, revoked or expired. Ask for a new one, or come without a key for what is public",
    )
}

fn password(authorization: &str) -> Option<Zeroizing<String>> {
    let (scheme, value) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || value.len() > 1024 {
        return None;
    }
    let text = Zeroizing::new(String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?);
    text.split_once(':').map(|(_, password)| Zeroizing::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_key_comes_in_one_of_two_ways() {
        let key = KeyText::new().unwrap();
        let basic = |user: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let text = key.reveal();
        for good in [
            vec![("x-api-key", text.as_str())],
            vec![("authorization", &basic("anybody", &text))],
            vec![("authorization", &basic("", &text))],
        ] {
            assert!(super::key(&headers(&good)).unwrap() == Some(key.clone()));
        }
        let (somebody_elses, bearer) = (basic("proxy", "sesame:x"), format!("Bearer {}", *text));
        for none in [
            vec![],
            vec![("authorization", somebody_elses.as_str())],
            vec![("authorization", &bearer)],
            vec![("authorization", "Basic %%%")],
        ] {
            assert!(super::key(&headers(&none)).unwrap().is_none(), "{none:?}");
        }
        let half = basic("x", "sit_0123456789_short");
        for bad in [vec![("x-api-key", "x")], vec![("x-api-key", &*text), ("x-api-key", &*text)], vec![("authorization", &half)]] {
            assert!(super::key(&headers(&bad)).is_err(), "{bad:?}");
        }
    }
}
