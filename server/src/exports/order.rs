//! What somebody wants of a layer, as the job keeps it: as it was asked, since it is looked at anew when the file is written.

use crs::AskedFilter;
use ingest::Format;
use kernel::{Bbox, Filter, Layer, LayerId, Params, Principal, Problem, Srid};
use serde::{Deserialize, Serialize};

/// The body of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Wish {
    format: Format,
    /// CQL2 text.
    #[serde(default)]
    filter: Option<String>,
    /// West, south, east, north in degrees.
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    crs: Option<String>,
}

/// The job's payload.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Order {
    pub(super) layer: LayerId,
    pub(super) wish: Wish,
}

/// A wish that a layer can meet for somebody.
pub(super) struct Checked {
    pub(super) format: Format,
    pub(super) filter: Option<Filter>,
    pub(super) crs: Option<Srid>,
}

impl Wish {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|e| {
            let formats = Format::ALL.map(Format::name).join(", ");
            Problem::bad_request(format!(
                "the body is {{\"format\": one of {formats}}}, and `filter` (CQL2 text), `bbox` ([west, south, east, north] in degrees) and `crs` \
                 (\"EPSG:3004\") where wanted: {e}"
            ))
        })
    }

    /// Looks whether the layer has it for this principal.
    pub(super) fn check(&self, layer: &Layer, who: &Principal, settings: &crs::Settings) -> Result<Checked, Problem> {
        let wrong = |name: &str, detail: String| Problem::bad_request(format!("`{name}`: {detail}")).with("field", name);
        let crs = match &self.crs {
            None => None,
            Some(text) => {
                let short: String = text.chars().take(80).collect();
                Some(crs::Crs::named(&short).map_err(|e| wrong("crs", e.to_string()))?.srid())
            }
        };
        self.format.can_hold(layer, crs).map_err(|e| wrong("format", e.to_string()))?;
        let mut filters = Vec::new();
        if let Some(text) = &self.filter {
            let encoded: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", text).finish();
            let asked = AskedFilter::read(&Params::parse(&encoded)?)?.ok_or_else(|| wrong("filter", "it is empty".to_owned()))?;
            filters.push(asked.over(layer, who, settings)?);
        }
        if let Some([west, south, east, north]) = self.bbox {
            let bbox = Bbox::new(west, south, east, north).map_err(|e| wrong("bbox", e.to_string()))?;
            filters.push(Filter::Intersects(bbox, Srid::CRS84));
        }
        Ok(Checked { format: self.format, filter: (!filters.is_empty()).then_some(Filter::And(filters)), crs })
    }
}
