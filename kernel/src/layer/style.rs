use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Text;

/// How a layer is drawn: a subset of MapLibre style layers, in any order; each says its own place in the drawing.
///
/// Colours may be tokens, `"$water"`: the palette of the theme asked for (light, dark, contrast) replaces them, so that
/// a dark map is the same style with other tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Style(pub Vec<StyleLayer>);

/// One MapLibre style layer without its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StyleLayer {
    /// Its name within the layer: the style's id is `{layer}/{name}`.
    pub name: String,
    /// `fill`, `line`, `circle` or `symbol`.
    #[serde(rename = "type")]
    pub kind: StyleType,
    /// Its place in the drawing over all layers, the lowest first: ground to 99, areas to 299, lines to 499, buildings and
    /// outlines to 699, points to 799, labels from 800.
    pub order: u16,
    /// The zoom from which it is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minzoom: Option<f64>,
    /// The zoom from which it is drawn no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxzoom: Option<f64>,
    /// A MapLibre filter expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Value>,
    /// MapLibre layout properties.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub layout: Map<String, Value>,
    /// MapLibre paint properties.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub paint: Map<String, Value>,
    /// What the legend calls it; without, it is no entry of the legend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legend: Option<Text>,
}

/// The kinds of style layer in the subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StyleType {
    /// Areas.
    Fill,
    /// Lines.
    Line,
    /// Points as discs.
    Circle,
    /// Labels and signs.
    Symbol,
}

/// Why a text is no style.
#[derive(Debug, Error)]
#[error("the style can't be read: {0}")]
pub struct StyleError(#[from] serde_json::Error);

impl StyleLayer {
    /// Whether it is a label or sign that is placed at a point, not along a line.
    pub fn is_label_of_area(&self) -> bool {
        self.kind == StyleType::Symbol && self.layout.get("symbol-placement").is_none_or(|placement| placement == "point")
    }
}

impl Style {
    /// Reads a JSON array of style layers, as themes keep beside their code.
    pub fn parse(json: &str) -> Result<Self, StyleError> {
        Ok(serde_json::from_str(json)?)
    }
}
