use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text can't be a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// It has characters outside the alphabet of names, or a length out of range.
    #[error("`{0}` is not a name: up to 48 lower-case letters, digits and `_`, beginning with a letter")]
    Alphabet(String),
    /// It is the first segment of one of our URLs.
    #[error("`{0}` is reserved: it is the first segment of an address of this program; choose another word")]
    Reserved(String),
}

/// First segments of our URLs (docs/ARCHITECTURE.md, the URL map): no layer may be called so.
const RESERVED: [&str; 28] = [
    "admin",
    "api",
    "attachments",
    "auth",
    "catalogue",
    "changes",
    "collections",
    "conformance",
    "coordinates",
    "healthz",
    "identify",
    "jobs",
    "layers",
    "map",
    "metrics",
    "openapi",
    "opensit",
    "portal",
    "processes",
    "public",
    "readyz",
    "search",
    "static",
    "styles",
    "tiles",
    "transactions",
    "version",
    "xyz",
];

fn check(text: &str) -> Result<(), NameError> {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if first && rest && text.len() <= 48 { Ok(()) } else { Err(NameError::Alphabet(text.chars().take(60).collect())) }
}

/// The name of a layer: a short plural noun, `parcels`; in URLs, tiles, collections and the change feed alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayerId(String);

impl LayerId {
    /// A checked name.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(&text)?;
        if RESERVED.contains(&text.as_str()) { Err(NameError::Reserved(text)) } else { Ok(Self(text)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A column of a layer's table, which is also the name of the property in every output.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Column(String);

impl Column {
    /// The columns that every layer has beside its fields.
    pub const SYSTEM: [&str; 7] = ["fid", "id", "comune", "version", "geom", "valid_from", "valid_to"];

    /// A checked name.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(&text).map(|()| Self(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The column that every layer has with the ISTAT code of the comune.
    pub fn comune() -> Self {
        Self("comune".to_owned())
    }

    /// The name as an SQL identifier, in double quotes.
    pub fn sql(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// A table with its schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    schema: String,
    name: String,
}

impl TableName {
    /// A checked pair of names.
    pub fn new(schema: &str, name: &str) -> Result<Self, NameError> {
        check(schema)?;
        check(name)?;
        Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
    }

    /// The schema: the theme's folder name, or `published`.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The table's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `"schema"."name"`, for SQL.
    pub fn sql(&self) -> String {
        format!("\"{}\".\"{}\"", self.schema, self.name)
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl From<LayerId> for String {
    fn from(name: LayerId) -> Self {
        name.0
    }
}

impl TryFrom<String> for LayerId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<Column> for String {
    fn from(name: Column) -> Self {
        name.0
    }
}

impl TryFrom<String> for Column {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for TableName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        let (schema, name) = text.split_once('.').ok_or_else(|| NameError::Alphabet(text.clone()))?;
        Self::new(schema, name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, LayerId, NameError, TableName};

    #[test]
    fn a_name_can_be_put_into_sql_and_urls_as_it_is() {
        assert!(LayerId::new("house_numbers").is_ok());
        for bad in ["", "Parcels", "1st", "a-b", "a\"b", "a;b", "città", &"a".repeat(49)] {
            assert!(matches!(LayerId::new(bad), Err(NameError::Alphabet(_))), "{bad}");
            assert!(Column::new(bad).is_err(), "{bad}");
        }
        assert!(matches!(LayerId::new("tiles"), Err(NameError::Reserved(_))));
        assert_eq!(TableName::try_from("cadastre.parcels".to_owned()).unwrap().sql(), "\"cadastre\".\"parcels\"");
    }
}
