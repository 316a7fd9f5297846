//! Where the server may fetch from: scheme, host, port and the beginning of the path, and on which networks the host may be.

use std::net::{IpAddr, Ipv4Addr};

use url::Url;

/// The addresses that the operator lists.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    url: Url,
    /// Whether the host may be this machine, or on a network that is not the internet.
    private: bool,
}

impl Allowed {
    /// Adds the beginning of addresses: `https://dati.regione.example.it/opendata/`. `private`: its host may be on one's own network.
    /// The error says what is wrong with it.
    pub fn add(&mut self, text: &str, private: bool) -> Result<(), String> {
        let url = parse(text)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{text}`: an entry is the beginning of addresses, without `?` and `#`"));
        }
        self.0.push(Entry { url, private });
        Ok(())
    }

    /// Whether an address may be fetched; if so, whether its host may be on one's own network.
    pub(super) fn find(&self, url: &Url) -> Option<bool> {
        let fits: Vec<&Entry> = self.0.iter().filter(|entry| entry.holds(url)).collect();
        (!fits.is_empty()).then(|| fits.iter().any(|entry| entry.private))
    }

    /// Refuses an address that is not listed, with what to do.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        if self.find(url).is_some() {
            return Ok(());
        }
        let host = format!("{}/", url.origin().ascii_serialization());
        Err(format!(
            "{} is not among the addresses that may be fetched; if you trust it, list it: sources-allow = [\"{host}\"] (sources-allow-private, if it is on your own network)",
            shown(url)
        ))
    }
}

impl Entry {
    fn holds(&self, url: &Url) -> bool {
        let own = self.url.path();
        let rest = url.path().strip_prefix(own);
        // `/open` does not stand for `/opendoor`
        let below = rest.is_some_and(|rest| own.ends_with('/') || rest.is_empty() || rest.starts_with('/'));
        // a slash that a server may take for one
        let hidden = ["%2f", "%5c"].iter().any(|code| url.path().to_ascii_lowercase().contains(code));
        self.url.origin() == url.origin() && below && !hidden && url.username().is_empty() && url.password().is_none()
    }
}

/// An address that can be fetched.
pub fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("`{text}` is no address ({e}); write it as https://dati.example.it/alberi.geojson"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(format!("`{text}`: only https and http can be fetched"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{}`: an address with a password in it is not fetched, since addresses are logged", shown(&url)));
    }
    Ok(url)
}

/// An address for people and logs: what follows `?` may be a secret.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let asked = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    if asked { format!("{url}?…") } else { url.to_string() }
}

/// Whether an address is one of the internet (registries of special-purpose addresses, RFC 6890 and its updates).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            match (first, second) {
                // NAT64 and 6to4 lead to an IPv4 address
                (0x64, 0xff9b) => {
                    let [.., a, b, c, d] = v6.octets();
                    is_public_v4(Ipv4Addr::new(a, b, c, d))
                }
                (0x2002, _) => {
                    let [_, _, a, b, c, d, ..] = v6.octets();
                    is_public_v4(Ipv4Addr::new(a, b, c, d))
                }
                (0x2001, 0..=0x1ff | 0xdb8) => false,
                (0x2000..=0x3fff, _) => true,
                _ => false,
            }
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224.., ..)
    );
    !special
}

#[cfg(test)]
mod tests {
    use super::{Allowed, is_public, parse, shown};

    #[test]
    fn only_what_is_listed_may_be_fetched() {
        let mut allowed = Allowed::default();
        allowed.add("https://dati.example.it/open", false).unwrap();
        allowed.add("http://10.0.0.7:8080/export/", true).unwrap();
        let find = |url: &str| allowed.find(&parse(url).unwrap());
        assert_eq!(find("https://dati.example.it/open"), Some(false));
        assert_eq!(find("https://DATI.example.it:443/open/a.gpkg?x=1"), Some(false));
        assert_eq!(find("http://10.0.0.7:8080/export/a.csv"), Some(true));
        for other in [
            "http://dati.example.it/open/a.gpkg",
            "https://dati.example.it/opendoor",
            "https://dati.example.it/open/../secret",
            "https://dati.example.it/open/%2e%2e/secret",
            "https://dati.example.it/open/..%2fsecret",
            "https://dati.example.it.evil.example/open/",
            "https://dati.example.it:8443/open/",
            "http://10.0.0.7/export/a.csv",
            "http://10.0.0.8:8080/export/a.csv",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
        let words = allowed.check(&parse("https://other.example/x?key=secret").unwrap()).unwrap_err();
        assert!(words.contains("sources-allow = [\"https://other.example/\"]") && !words.contains("secret"), "{words}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "dati.example.it", "file:///etc/passwd", "ftp://a.example/x", "https://me:secret@a.example/"] {
            let words = parse(bad).unwrap_err();
            assert!(!words.contains("secret"), "{words}");
        }
        assert!(Allowed::default().add("https://a.example/?x", false).is_err());
        assert_eq!(shown(&parse("https://a.example/x?key=1").unwrap()), "https://a.example/x?…");
    }

    #[test]
    fn addresses_of_the_internet_are_told_from_others() {
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }
}
