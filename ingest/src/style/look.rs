use kernel::layer::{GeometryType, Style};
use kernel::{Column, Text};
use serde_json::{Map, Value, json};

/// Some of the rows, drawn in a colour.
#[derive(Clone, Debug)]
pub(super) struct Share {
    /// Its name in the style.
    pub(super) name: String,
    /// Which rows, as an expression of MapLibre; without, all.
    pub(super) filter: Option<Value>,
    /// The colour's name in the palette, `$data1`.
    pub(super) colour: &'static str,
    /// What the legend calls it; without, it is no entry of it.
    pub(super) legend: Option<Text>,
}

/// A quiet look by the kind of geometry, in the palette's colour for data; with the label, once there is room for it.
pub(crate) fn default_style(geometry: GeometryType, label: Option<&Column>, title: &Text) -> Style {
    let name = ["point", "line", "area"][usize::from(dimension(geometry))].to_owned();
    drawn(geometry, label, &[Share { name, filter: None, colour: "$data1", legend: Some(title.clone()) }], 0.25)
}

/// A file's rows are of one kind.
fn dimension(geometry: GeometryType) -> u8 {
    geometry.dimension().unwrap_or(2)
}

/// The shares one by one, areas so opaque with an outline round all of them, and the label over all.
pub(super) fn drawn(geometry: GeometryType, label: Option<&Column>, shares: &[Share], opacity: f64) -> Style {
    let dimension = dimension(geometry);
    let mut parts: Vec<Value> = shares.iter().enumerate().map(|(index, share)| part(dimension, index, share, opacity)).collect();
    if dimension == 2 {
        parts.push(json!({
            "name": "outline", "type": "line", "order": 620,
            "paint": {"line-color": colour(shares), "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 16, 1.5]},
        }));
    }
    parts.extend(label.map(|label| self::label(dimension, label)));
    serde_json::from_value(Value::Array(parts)).unwrap_or_default()
}

fn part(dimension: u8, index: usize, share: &Share, opacity: f64) -> Value {
    let mut part = match dimension {
        0 => json!({
            "type": "circle", "order": 720 + index,
            "paint": {
                "circle-color": share.colour, "circle-stroke-color": "$poi_ring", "circle-stroke-width": 1,
                "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 1.5, 15, 3.5, 18, 6],
            },
        }),
        1 => json!({
            "type": "line", "order": 420 + index, "layout": {"line-cap": "round", "line-join": "round"},
            "paint": {"line-color": share.colour, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.75, 14, 2, 18, 4]},
        }),
        _ => json!({
            "type": "fill", "order": 250 + index,
            "paint": {"fill-color": share.colour, "fill-opacity": opacity},
        }),
    };
    part["name"] = share.name.clone().into();
    let mut more = Map::new();
    if let Some(filter) = &share.filter {
        more.insert("filter".to_owned(), filter.clone());
    }
    if let Some(legend) = &share.legend {
        more.insert("legend".to_owned(), json!(legend));
    }
    part.as_object_mut().into_iter().for_each(|part| part.extend(more.clone()));
    part
}

/// The colour of each row, as an expression: that of the first share that it is in.
fn colour(shares: &[Share]) -> Value {
    let mut cases = vec![json!("case")];
    for share in shares {
        match &share.filter {
            Some(filter) => cases.extend([filter.clone(), share.colour.into()]),
            None => break,
        }
    }
    let last = shares.iter().find(|share| share.filter.is_none()).or(shares.last()).map_or("$data1", |share| share.colour);
    if cases.len() == 1 {
        return last.into();
    }
    cases.push(last.into());
    Value::Array(cases)
}

fn label(dimension: u8, label: &Column) -> Value {
    let (placement, minzoom) = match dimension {
        0 => ("point", 17),
        1 => ("line", 15),
        _ => ("point", 13),
    };
    let offset = if dimension == 0 { json!([0, 1]) } else { json!([0, 0]) };
    json!({
        "name": "label", "type": "symbol", "order": 860, "minzoom": minzoom,
        "layout": {
            "symbol-placement": placement, "text-field": ["get", label.as_str()], "text-font": ["Titillium Web"],
            "text-size": 11, "text-offset": offset, "text-max-width": 8,
        },
        "paint": {"text-color": "$text", "text-halo-color": "$halo_land", "text-halo-width": 1.2},
    })
}

#[cfg(test)]
mod tests {
    use super::{Share, default_style, drawn};
    use kernel::layer::{GeometryType, StyleLayer};
    use kernel::{Column, Text};
    use serde_json::json;

    #[test]
    fn every_kind_of_geometry_has_a_look_with_one_legend_entry() {
        let label = Column::new("nome").unwrap();
        for (geometry, layers) in [(GeometryType::MultiPoint, 2), (GeometryType::LineString, 2), (GeometryType::MultiPolygon, 3)] {
            let style = default_style(geometry, Some(&label), &Text::same("Alberi"));
            assert_eq!(style.0.len(), layers, "{geometry}");
            assert_eq!(style.0.iter().filter_map(|l: &StyleLayer| l.legend.as_ref()).count(), 1, "{geometry}");
        }
    }

    #[test]
    fn an_outline_has_the_colour_of_its_area() {
        let share = |name: &str, filter, colour| Share { name: name.to_owned(), filter, colour, legend: None };
        let shares = [share("a", Some(json!(["has", "x"])), "$category1"), share("b", Some(json!(["!", ["has", "x"]])), "$category_other")];
        let style = drawn(GeometryType::Polygon, None, &shares, 0.4);
        assert_eq!(style.0.len(), 3);
        let expected = json!(["case", ["has", "x"], "$category1", ["!", ["has", "x"]], "$category_other", "$category_other"]);
        assert_eq!(style.0[2].paint["line-color"], expected);
    }
}
