use serde::{Deserialize, Serialize};

use crate::{Column, NameError, Text};

/// A column of a layer's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The column, which is the property's name in every output.
    pub name: Column,
    /// Its name for people.
    pub label: Text,
    /// What kind of value it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The unit of a number, as it is written after it: `m`, `m²`, `€`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The values it may have, if they are listed, with what they mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Whether the search box looks into it.
    #[serde(default)]
    pub searchable: bool,
    /// Whether items can be asked by its value.
    #[serde(default)]
    pub filterable: bool,
    /// Whether items can be put in its order.
    #[serde(default)]
    pub sortable: bool,
    /// Whether those entitled may change it.
    #[serde(default)]
    pub editable: bool,
    /// Whether only officers see it.
    #[serde(default)]
    pub private: bool,
    /// Whether it tells of a person (GDPR, art. 4): a private field that is read for a stated purpose alone, each such reading
    /// being in the audit log. It is in no tile.
    #[serde(default)]
    pub personal: bool,
}

/// A value of a code list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What is stored.
    pub value: String,
    /// What it means.
    pub label: Text,
}

/// What kind of value a field holds, and the column type that stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// `text`
    Text,
    /// `bigint` (a declared table may have `integer`)
    Integer,
    /// `double precision`
    Number,
    /// `boolean`
    Boolean,
    /// `date`
    Date,
    /// `timestamptz`
    DateTime,
}

impl FieldType {
    /// The column type that stores it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "bigint",
            Self::Number => "double precision",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "timestamptz",
        }
    }
}

impl Field {
    /// A field that can be filtered by and sorted by, and is neither searched, edited nor private.
    pub fn new(name: &str, kind: FieldType, label: Text) -> Result<Self, NameError> {
        Ok(Self {
            name: Column::new(name)?,
            label,
            kind,
            unit: None,
            codes: Vec::new(),
            searchable: false,
            filterable: true,
            sortable: true,
            editable: false,
            private: false,
            personal: false,
        })
    }
}
