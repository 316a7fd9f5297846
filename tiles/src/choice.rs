//! Which rows and which of their properties an address asks for: `filter`, with its language and system, and `properties`.

use std::sync::Arc;

use catalogue::Entry;
use crs::{AskedFilter, FILTER_PARAMETERS, Settings};
use kernel::layer::Field;
use kernel::{Filter, Layer, Params, Principal, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The names of the parameters.
pub(crate) const PARAMETERS: [&str; 4] = [FILTER_PARAMETERS[0], FILTER_PARAMETERS[1], FILTER_PARAMETERS[2], "properties"];

/// What stays as it is in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

/// What is asked for of all layers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    filter: Option<AskedFilter>,
    properties: Option<Vec<String>>,
    /// The parameters as an address has them, one after the other behind `&`.
    address: String,
}

/// What is asked for of one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    /// The rows; without, all. It speaks of what the principal sees only.
    pub(crate) filter: Option<Filter>,
    /// The names of the properties, `id` among them if it is wanted; without, all.
    pub(crate) properties: Option<Vec<String>>,
}

impl Choice {
    pub(crate) fn read(params: &Params) -> Result<Self, Problem> {
        let filter = AskedFilter::read(params)?;
        let properties = params.get("properties").map(|text| text.split(',').map(|name| name.trim().to_owned()).collect());
        let given = PARAMETERS.iter().filter_map(|name| Some((name, params.get(name)?)));
        let address = given.map(|(name, value)| format!("&{name}={}", utf8_percent_encode(value, PLAIN))).collect();
        Ok(Self { filter, properties, address })
    }

    /// Whether nothing is left out.
    pub(crate) fn is_everything(&self) -> bool {
        self.filter.is_none() && self.properties.is_none()
    }

    /// The parameters as an address has them, behind `?`; empty if there are none.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What is asked for of each of the layers. A filter must be one that every layer can be asked by: a layer that does not know one
    /// of its properties would have to show all of its rows or none, and either would look like an answer. A property must be one of
    /// at least one layer. Fields that tell of a person are none in tiles.
    pub(crate) fn over(&self, entries: &[Arc<Entry>], who: &Principal, settings: &Settings) -> Result<Vec<Selection>, Problem> {
        if self.filter.is_none() && self.properties.is_none() {
            return Ok(vec![Selection::default(); entries.len()]);
        }
        let who = who.clone().with_purposes([]);
        if let Some(unknown) = self.properties.iter().flatten().find(|name| !entries.iter().any(|e| has(&e.layer, &who, name))) {
            let shown: String = unknown.chars().take(60).collect();
            let mut allowed = vec!["id".to_owned()];
            for field in entries.iter().flat_map(|e| fields(&e.layer, &who)) {
                if !allowed.iter().any(|name| name == field.name.as_str()) {
                    allowed.push(field.name.to_string());
                }
            }
            return Err(Problem::invalid_parameter("properties", format!("no layer of this tile has a property `{shown}`"), allowed));
        }
        let selection = |entry: &Arc<Entry>| {
            let over = |asked: &AskedFilter| {
                asked.over(&entry.layer, &who, settings).map_err(|mut error| {
                    error.what = format!("of layer `{}`: {}", entry.layer.id, error.what);
                    Problem::from(error).with("layer", entry.layer.id.to_string())
                })
            };
            Ok(Selection { filter: self.filter.as_ref().map(over).transpose()?, properties: self.properties.clone() })
        };
        entries.iter().map(selection).collect()
    }
}

impl Selection {
    /// Whether the property is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.properties.as_ref().is_none_or(|names| names.iter().any(|n| n == name))
    }
}

/// The fields that this principal may see in tiles of the layer.
fn fields<'a>(layer: &'a Layer, who: &'a Principal) -> impl Iterator<Item = &'a Field> {
    layer.fields.iter().filter(|f| !f.personal && who.may_read_field(f))
}

fn has(layer: &Layer, who: &Principal, name: &str) -> bool {
    name == "id" || fields(layer, who).any(|f| f.name.as_str() == name)
}
