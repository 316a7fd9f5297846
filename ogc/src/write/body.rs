//! A feature as a client sends it: read once, of bounded size, with nothing believed yet.

use std::fmt;

use kernel::Problem;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};

/// The largest body taken, in bytes.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The most positions that the geometries of a request have.
pub const MAX_POSITIONS: usize = 100_000;

/// A GeoJSON feature, or a part of one. Unknown members (`links`, `bbox`) are passed over.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Given {
    /// `Feature`; a patch need not say it.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// `None`: not there; `Some(None)`: null.
    #[serde(default, deserialize_with = "present")]
    pub(crate) geometry: Option<Option<GivenGeometry>>,
    /// The same.
    #[serde(default, deserialize_with = "present")]
    pub(crate) properties: Option<Option<Properties>>,
}

/// A geometry's type and coordinates. A patch may leave out the type.
#[derive(Debug, Deserialize)]
pub(crate) struct GivenGeometry {
    /// The type's name in GeoJSON.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    /// Numbers in lists.
    #[serde(default)]
    pub(crate) coordinates: Option<Nest>,
}

/// Coordinates before it is known what they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Nest {
    Number(f64),
    List(Vec<Nest>),
    /// What is neither.
    Other,
}

/// Properties in the order given, each once.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Properties(pub(crate) Vec<(String, Scalar)>);

/// A property's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// A list or an object, which no field holds.
    Nested,
}

/// Reads a document. 413 for one with more positions than are taken, whatever else is in it; 400 for what is no JSON.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // before it is read: each costs memory
    let separators = body.iter().filter(|b| matches!(b, b',' | b'[')).count();
    if separators > 5 * MAX_POSITIONS {
        return Err(too_many());
    }
    if body.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::bad_request("the body is to be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|e| {
        let why: String = e.to_string().chars().take(200).collect();
        Problem::bad_request(format!("the body is not JSON of the form expected: {why}"))
    })
}

/// 413: more positions than are taken.
pub(crate) fn too_many() -> Problem {
    Problem::too_large(format!(
        "a request's geometries have {MAX_POSITIONS} positions at most; leave out what is nearer than the survey was sure"
    ))
}

/// Distinguishes `null` from nothing.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Nest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("coordinates")
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Nest, E> {
                Ok(Nest::Number(number))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Nest, E> {
                Ok(Nest::Number(number as f64))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Nest, E> {
                Ok(Nest::Number(number as f64))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Nest, A::Error> {
                let mut all = Vec::new();
                while let Some(element) = list.next_element()? {
                    all.push(element);
                }
                Ok(Nest::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nest, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Nest::Other)
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Nest, E> {
                Ok(Nest::Other)
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Nest, E> {
                Ok(Nest::Other)
            }
            fn visit_unit<E: Error>(self) -> Result<Nest, E> {
                Ok(Nest::Other)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Boolean(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(i64::try_from(value).map_or(Scalar::Number(value as f64), Scalar::Integer))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }
            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nested)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nested)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Properties;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the properties")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut all: Vec<(String, Scalar)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Scalar>()? {
                    if all.len() >= 1_000 {
                        return Err(A::Error::custom("there are more than 1000 properties"));
                    }
                    if all.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a property is given twice"));
                    }
                    all.push((name, value));
                }
                Ok(Properties(all))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, Nest, Scalar, read};

    fn given(text: &str) -> Result<Given, kernel::Problem> {
        read(text.as_bytes())
    }

    #[test]
    fn null_and_absent_are_told_apart() {
        let feature =
            given(r#"{"type":"Feature","geometry":null,"links":[{"a":[1]}],"properties":{"a":null,"b":1,"c":2.5,"d":[1]}}"#).unwrap();
        assert!(matches!(feature.geometry, Some(None)));
        let properties = feature.properties.unwrap().unwrap().0;
        assert_eq!(
            properties.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>(),
            [Scalar::Null, Scalar::Integer(1), Scalar::Number(2.5), Scalar::Nested]
        );
        let patch = given("{}").unwrap();
        assert!(patch.geometry.is_none() && patch.properties.is_none());
        let point = given(r#"{"geometry":{"type":"Point","coordinates":[1,2.5]}}"#).unwrap().geometry.unwrap().unwrap();
        assert_eq!(point.coordinates, Some(Nest::List(vec![Nest::Number(1.0), Nest::Number(2.5)])));
    }

    #[test]
    fn what_is_no_json_or_too_much_of_it_is_refused_before_it_costs_anything() {
        let deep = format!("{{\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{}", "[".repeat(100_000));
        let collection = format!("{{\"geometry\":{}", "{\"type\":\"GeometryCollection\",\"geometries\":[".repeat(100_000));
        for (bad, status) in [
            ("", 400),
            ("[]", 400),
            ("{\"geometry\":{\"coordinates\":[NaN,1]}}", 400),
            ("{\"geometry\":{\"coordinates\":[1e309,1]}}", 400),
            ("{\"properties\":{\"a\":1,\"a\":2}}", 400),
            ("{\"properties\":[]}", 400),
            ("{\"type\":\"Feature\",\"type\":\"Feature\"}", 400),
            ("{\"properties\":{\"a\":\"\u{0}\"}}", 400),
            (&deep, 400),
            (&collection, 400),
            (&format!("{{\"geometry\":{{\"coordinates\":[{}", "[1,2],".repeat(10_000_000)), 413),
        ] {
            assert_eq!(given(bad).unwrap_err().status(), status, "{}", bad.chars().take(60).collect::<String>());
        }
    }
}
