use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use kernel::Problem;
use zeroize::Zeroizing;

use super::KeyText;

/// The key that a request brings, in `X-API-Key` or as the password of HTTP Basic, whatever the user name. `None`: it brings none.
/// Whoever says in a header who they are, and is not understood, is told so (401): shown what is public they would take it for all there
/// is. With `X-API-Key` that one counts, and what `Authorization` says is for somebody else, for example a proxy. Query parameters are not
/// looked at: addresses end in logs and histories.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<KeyText>, Problem> {
    let mut own = headers.get_all("x-api-key").iter();
    if let Some(value) = own.next() {
        let text = value.to_str().unwrap_or_default().trim();
        return if own.next().is_none() { KeyText::parse(text).map(Some).ok_or_else(refused) } else { Err(refused()) };
    }
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (all.next(), all.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(not_understood()),
    };
    let password = value.to_str().ok().and_then(password).ok_or_else(not_understood)?;
    if !password.starts_with("sit_") {
        return Err(not_understood());
    }
    KeyText::parse(password.trim()).map(Some).ok_or_else(refused)
}

/// Wrong, unknown, revoked, expired: the same words.
pub(super) fn refused() -> Problem {
    let detail = "this key opens nothing: it is wrong, revoked or expired. Ask for a new one, or come without a key for what is public";
    Problem::unauthorized(detail).challenging()
}

fn not_understood() -> Problem {
    let detail = "the header `Authorization` has no key of ours: send the key (`sit_…`) as the password of Basic, with any user name, or in \
                  `X-API-Key`; or come without either for what is public. A proxy that asks for a password of its own must not pass it on";
    Problem::unauthorized(detail).challenging()
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
    use axum::response::IntoResponse;

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
        assert!(super::key(&headers(&[])).unwrap().is_none());
        // a proxy's password beside a key of ours
        let (somebody_elses, bearer) = (basic("proxy", "sesame:x"), format!("Bearer {}", *text));
        assert!(super::key(&headers(&[("authorization", &somebody_elses), ("x-api-key", &text)])).unwrap().is_some());
        let whole = basic("x", &text);
        for bad in [
            vec![("authorization", somebody_elses.as_str())],
            vec![("authorization", &bearer)],
            vec![("authorization", "Basic %%%")],
            vec![("authorization", "Basic")],
            vec![("authorization", "")],
            vec![("authorization", &whole), ("authorization", &whole)],
            vec![("authorization", &somebody_elses), ("x-api-key", "x")],
        ] {
            let response = super::key(&headers(&bad)).map(|_| ()).unwrap_err().into_response();
            assert_eq!(response.status(), 401, "{bad:?}");
            assert_eq!(response.headers()["www-authenticate"], "Basic realm=\"Open SIT\", charset=\"UTF-8\"", "{bad:?}");
        }
        let half = basic("x", "sit_0123456789_short");
        for bad in [vec![("x-api-key", "x")], vec![("x-api-key", &*text), ("x-api-key", &*text)], vec![("authorization", &half)]] {
            assert!(super::key(&headers(&bad)).is_err(), "{bad:?}");
        }
    }
}
