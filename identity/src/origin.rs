//! Where our own pages come from, and whether a request comes from one of them.

use http::{HeaderMap, Method, header};
use kernel::PublicUrl;
use url::{Host, Url};

use crate::Failure;
use crate::cookie;

/// Scheme, host and port of the public address, as browsers send them in `Origin`.
pub(crate) fn of(public_url: &PublicUrl) -> String {
    Url::parse(&public_url.to_string()).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// Whether browsers keep a `Secure` cookie there: https anywhere, plain http on this machine alone.
pub(crate) fn is_secure(public_url: &PublicUrl) -> bool {
    Url::parse(&public_url.to_string()).is_ok_and(|url| url.scheme() == "https" || is_loopback(&url))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Refuses a request that changes something and was not sent by one of our own pages.
///
/// The browser says where from: `Sec-Fetch-Site`, or `Origin` where there is none. A program that sends neither has no
/// business with cookies. With `strict` a page's plain form does not do either (nothing that can be sent without asking
/// us first): JSON or the header `X-OpenSIT` is needed.
pub(crate) fn check(method: &Method, headers: &HeaderMap, origin: &str, strict: bool) -> Result<(), Failure> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let own = match (single(headers, "sec-fetch-site"), single(headers, "origin")) {
        (Some(site), None | Some("null")) => site == "same-origin",
        (Some(site), Some(from)) => site == "same-origin" && from == origin,
        (None, Some(from)) => from == origin,
        (None, None) => false,
    };
    let asked = !strict || headers.contains_key("x-opensit") || *method == Method::DELETE || !is_simple(headers);
    if own && asked { Ok(()) } else { Err(Failure::foreign()) }
}

/// As [`check`], for whatever address a request with a cookie of ours comes to.
pub(crate) fn check_session(method: &Method, path: &str, headers: &HeaderMap, origin: &str) -> Result<(), Failure> {
    if cookie::read(headers, cookie::SESSION).is_none() {
        return Ok(());
    }
    // what programs are for takes no forms; everything else has pages
    let data = ["/collections/", "/transactions"].iter().any(|prefix| path.starts_with(prefix));
    check(method, headers, origin, data)
}

/// Refuses a request that changes something and that a browser says another site's page sent, whatever it is let in by: a
/// browser adds a password that it was once given (a key, as Basic) to such a request too. A program says neither.
pub fn check_browser(method: &Method, headers: &HeaderMap, public_url: &PublicUrl) -> Result<(), Failure> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let site = single(headers, "sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = single(headers, "origin").is_none_or(|from| from == of(public_url));
    if reads || (site && origin) { Ok(()) } else { Err(Failure::foreign()) }
}

/// A body that any page may send without asking us (Fetch, "CORS-safelisted request-header"), or none.
fn is_simple(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "" | "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain")
}

/// A header that is there exactly once; twice is nobody's word.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { Some("") } else { Some(first.to_str().unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};
    use kernel::PublicUrl;

    use super::{check, check_browser, is_secure, of};

    fn asked(pairs: &[(&str, &str)], strict: bool) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        check(&Method::POST, &headers, "https://sit.example.it", strict).is_ok()
    }

    #[test]
    fn only_our_own_pages_change_things() {
        let own = ("origin", "https://sit.example.it");
        assert!(asked(&[own], false));
        assert!(asked(&[("sec-fetch-site", "same-origin")], false));
        assert!(asked(&[("sec-fetch-site", "same-origin"), ("origin", "null")], false));
        for foreign in [
            vec![],
            vec![("origin", "null")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "https://sit.example.it.evil.example")],
            vec![("origin", "http://sit.example.it")],
            vec![own, ("origin", "https://evil.example")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "cross-site"), own],
            vec![("sec-fetch-site", "none")],
            vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        ] {
            assert!(!asked(&foreign, false), "{foreign:?}");
        }
    }

    #[test]
    fn elsewhere_than_on_our_forms_a_plain_form_does_not_do() {
        let own = ("sec-fetch-site", "same-origin");
        assert!(!asked(&[own], true));
        assert!(!asked(&[own, ("content-type", "text/plain;charset=utf-8")], true));
        assert!(!asked(&[own, ("content-type", "multipart/form-data; boundary=x")], true));
        assert!(asked(&[own, ("content-type", "application/geo+json")], true));
        assert!(asked(&[own, ("x-opensit", "1")], true));
    }

    #[test]
    fn a_password_that_a_browser_keeps_is_not_ridden_on() {
        let url = PublicUrl::parse("https://sit.example.it").unwrap();
        let asked = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect();
            check_browser(&Method::POST, &headers, &url).is_ok()
        };
        assert!(asked(&[]), "a program");
        assert!(asked(&[("sec-fetch-site", "same-origin"), ("origin", "https://sit.example.it")]));
        assert!(
            !asked(&[("sec-fetch-site", "cross-site")]) && !asked(&[("origin", "https://evil.example")]) && !asked(&[("origin", "null")])
        );
    }

    #[test]
    fn plain_http_does_for_this_machine_alone() {
        let url = |text| PublicUrl::parse(text).unwrap();
        for good in ["https://sit.example.it/gis", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80"] {
            assert!(is_secure(&url(good)), "{good}");
        }
        for bad in ["http://10.0.0.5:8080", "http://sit.example.it", "http://localhost.example.it", "http://127.0.0.1.nip.io"] {
            assert!(!is_secure(&url(bad)), "{bad}");
        }
        assert_eq!(of(&url("https://SIT.example.it:443/gis")), "https://sit.example.it");
    }
}
