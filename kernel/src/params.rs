use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::{Bbox, Problem};

/// The query parameters of a request, read strictly: each name at most once, and none that the address does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// The longest query read.
const MAX_QUERY_BYTES: usize = 16 * 1024;

impl Params {
    /// Reads a query string (`application/x-www-form-urlencoded`).
    pub fn parse(query: &str) -> Result<Self, Problem> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(Problem::too_large(format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are read", query.len())));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if pairs.iter().any(|(n, _)| *n == name) {
                return Err(Problem::invalid_parameter(&name, format!("`{name}` is given more than once"), "once"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Refuses names that are not among those allowed.
    pub fn only(self, allowed: &[&str]) -> Result<Self, Problem> {
        match self.0.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            Some((name, _)) => Err(Problem::unknown_parameter(name, allowed.iter().copied())),
            None => Ok(self),
        }
    }

    /// Those that have a value: a page's form sends each of its fields, also those left empty.
    #[must_use]
    pub fn filled(self) -> Self {
        Self(self.0.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str, allowed: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::invalid_parameter(name, format!("`{name}` is missing"), allowed))
    }

    /// Names and values in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An integer in a range.
    pub fn integer(&self, name: &str, range: std::ops::RangeInclusive<u32>, default: u32) -> Result<u32, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
            let allowed = format!("an integer from {} to {}", range.start(), range.end());
            Problem::invalid_parameter(name, format!("`{}` is not {allowed}", shortened(text)), allowed)
        })
    }

    /// A position `longitude,latitude` in degrees (CRS84).
    pub fn position(&self, name: &str) -> Result<[f64; 2], Problem> {
        let allowed = "longitude,latitude in degrees, as `15.65,38.11`";
        let text = self.required(name, allowed)?;
        let wrong = || Problem::invalid_parameter(name, format!("`{}` is not {allowed}", shortened(text)), allowed);
        let (lon, lat) = text.split_once(',').ok_or_else(wrong)?;
        let (lon, lat): (f64, f64) = (lon.trim().parse().map_err(|_| wrong())?, lat.trim().parse().map_err(|_| wrong())?);
        if lon.abs() <= 180.0 && lat.abs() <= 90.0 { Ok([lon, lat]) } else { Err(wrong()) }
    }

    /// A rectangle `west,south,east,north` in degrees (CRS84), if given.
    pub fn bbox(&self, name: &str) -> Result<Option<Bbox>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        Bbox::parse_numbers(text)
            .and_then(|[west, south, east, north]| Bbox::new(west, south, east, north))
            .map(Some)
            .map_err(|e| Problem::invalid_parameter(name, e.to_string(), "west,south,east,north in degrees"))
    }
}

/// The beginning of a text, short enough to be quoted in an answer.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| Problem::bad_request("the query is not UTF-8"))?;
    if decoded.contains('\0') {
        return Err(Problem::bad_request("the query has a NUL character"));
    }
    Ok(decoded.into_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn each_name_once_and_none_unknown() {
        let params = Params::parse("q=via+roma%2012&limit=5").unwrap().only(&["q", "limit"]).unwrap();
        assert_eq!(params.get("q"), Some("via roma 12"));
        assert_eq!(params.integer("limit", 1..=50, 10), Ok(5));
        assert!(Params::parse("a=1&a=2").is_err());
        assert!(Params::parse("x=1").unwrap().only(&["q"]).is_err());
        assert!(Params::parse("x=%00").is_err());
        assert!(Params::parse("x=%ff").is_err());
    }

    #[test]
    fn positions_lie_on_the_globe() {
        assert_eq!(Params::parse("p=15.65,38.1").unwrap().position("p"), Ok([15.65, 38.1]));
        for bad in ["p=", "p=1", "p=181,0", "p=0,91", "p=NaN,0", "p=1,2,3"] {
            assert!(Params::parse(bad).unwrap().position("p").is_err(), "{bad}");
        }
    }
}
