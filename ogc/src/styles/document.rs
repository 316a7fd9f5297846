//! Putting a style together.

use kernel::layer::StyleLayer;
use kernel::{AddressToken, Bbox, Installation, Language, Layer, PublicUrl};
use serde_json::{Map, Value, json};

use super::palette::Theme;
use super::words;

/// How a map is to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The palette.
    pub(super) theme: Theme,
    /// The language of its names.
    pub(super) language: Language,
}

/// Whose map it is, and where it is reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home<'a> {
    pub(super) installation: &'a Installation,
    pub(super) public_url: &'a PublicUrl,
    /// What let the reader in, and is to let the sources in.
    pub(super) token: Option<&'a AddressToken>,
}

impl Home<'_> {
    /// Where the TileJSON of these layers is.
    fn source(self, ids: &[&str]) -> String {
        let address = self.public_url.link(&format!("/xyz/{}", ids.join(",")));
        self.token.map_or(address.clone(), |token| token.onto(&address))
    }
}

/// The source that the layers of the ground share.
const SHARED: &str = "map";

/// The style of a map of these layers, in the order of the catalogue.
pub(super) fn of_map(home: Home<'_>, layers: &[&Layer], look: Look) -> Value {
    let parts = layers.iter().map(|layer| (*layer, if layer.base && layer.visible { SHARED } else { layer.id.as_str() }, layer.visible));
    document(home, home.installation.title.get(look.language), parts, look)
}

/// The style of one layer, shown whether the map shows it at first or not, over its own rows (`extent`, where that may be told).
pub(super) fn of_layer(home: Home<'_>, layer: &Layer, extent: Option<Bbox>, look: Look) -> Value {
    let mut style = document(home, layer.title.get(look.language), std::iter::once((layer, layer.id.as_str(), true)), look);
    if let Some(extent) = extent {
        style["center"] = json!(extent.centre());
        style["zoom"] = json!(zoom_of(extent));
    }
    style
}

/// The parts of one layer's drawing in their order, shown.
pub(super) fn of_parts(layer: &Layer, look: Look) -> Vec<Value> {
    let mut parts: Vec<&StyleLayer> = layer.style.0.iter().collect();
    parts.sort_by_key(|part| part.order);
    parts.into_iter().map(|part| style_layer(layer, part, layer.id.as_str(), true, look)).collect()
}

/// A complete style of layers, each with the name of its source and whether it is shown.
fn document<'a>(home: Home<'_>, name: &str, parts: impl Iterator<Item = (&'a Layer, &'a str, bool)> + Clone, look: Look) -> Value {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for (layer, source, _) in parts.clone().filter(|(layer, ..)| !layer.style.0.is_empty()) {
        match sources.iter_mut().find(|(name, _)| *name == source) {
            Some((_, ids)) => ids.push(layer.id.as_str()),
            None => sources.push((source, vec![layer.id.as_str()])),
        }
    }
    let sources: Map<String, Value> =
        sources.into_iter().map(|(source, ids)| (source.to_owned(), json!({ "type": "vector", "url": home.source(&ids) }))).collect();

    let mut drawn: Vec<(u16, Value)> = parts
        .flat_map(|(layer, source, shown)| {
            layer.style.0.iter().map(move |part| (part.order, style_layer(layer, part, source, shown, look)))
        })
        .collect();
    // equal places keep the order of the catalogue
    drawn.sort_by_key(|(order, _)| *order);
    let ground = json!({ "id": "ground", "type": "background", "paint": { "background-color": look.theme.colour("land") } });
    let layers: Vec<Value> = std::iter::once(ground).chain(drawn.into_iter().map(|(_, layer)| layer)).collect();

    let bbox = home.installation.bbox;
    json!({
        "version": 8,
        "name": name,
        "metadata": { "opensit:theme": look.theme.name(), "opensit:lang": look.language.tag() },
        "center": bbox.centre(),
        "zoom": zoom_of(bbox),
        "glyphs": home.public_url.link("/font/{fontstack}/{range}"),
        "sources": sources,
        "layers": layers,
    })
}

fn style_layer(layer: &Layer, part: &StyleLayer, source: &str, shown: bool, look: Look) -> Value {
    let mut metadata = json!({ "opensit:layer": layer.id, "opensit:order": part.order });
    if layer.base {
        metadata["opensit:base"] = true.into();
    }
    if let Some(legend) = &part.legend {
        metadata["opensit:legend"] = json!(legend);
    }
    let on_point = part.is_label_of_area() && layer.label_points().is_some();
    let mut out = json!({
        "id": format!("{}/{}", layer.id, part.name),
        "type": part.kind,
        "metadata": metadata,
        "source": source,
        "source-layer": if on_point { layer.label_points_id() } else { layer.id.to_string() },
        // tiles have nothing of it below
        "minzoom": part.minzoom.unwrap_or(0.0).max(f64::from(layer.zoom.0)),
    });
    if let Some(maxzoom) = part.maxzoom {
        out["maxzoom"] = json!(maxzoom);
    }
    if let Some(filter) = &part.filter {
        out["filter"] = filter.clone();
    }
    let mut layout = part.layout.clone();
    if look.language == Language::En
        && let Some(text) = layout.get_mut("text-field")
    {
        words::prefer_english(text, layer);
    }
    if !shown {
        layout.insert("visibility".to_owned(), "none".into());
    }
    for (member, mut properties) in [("layout", layout), ("paint", part.paint.clone())] {
        properties.values_mut().for_each(|value| look.theme.paint(value));
        if !properties.is_empty() {
            out[member] = properties.into();
        }
    }
    out
}

/// The zoom at which a rectangle of CRS84 fills a window of about 1,000 by 700 pixels (512 pixel tiles).
fn zoom_of(bbox: Bbox) -> f64 {
    let wide = (360.0 / bbox.width().max(1e-6) * 1000.0 / 512.0).log2();
    let stretch = 1.0 / bbox.centre().1.to_radians().cos().max(0.01);
    let high = (360.0 / (bbox.height().max(1e-6) * stretch) * 700.0 / 512.0).log2();
    (wide.min(high).clamp(0.0, 18.0) * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
