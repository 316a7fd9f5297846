use kernel::layer::{GeometryType, Style};
use kernel::{Column, Text};
use serde_json::json;

/// A quiet look by the kind of geometry, in the palette's colour for data; with the label, once there is room for it.
pub(crate) fn default_style(geometry: GeometryType, label: Option<&Column>, title: &Text) -> Style {
    // a file's rows are of one kind
    let dimension = geometry.dimension().unwrap_or(2);
    let mut layers = match dimension {
        0 => vec![json!({
            "name": "point", "type": "circle", "order": 720, "legend": title,
            "paint": {
                "circle-color": "$data1", "circle-stroke-color": "$poi_ring", "circle-stroke-width": 1,
                "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 1.5, 15, 3.5, 18, 6],
            },
        })],
        1 => vec![json!({
            "name": "line", "type": "line", "order": 420, "legend": title,
            "layout": {"line-cap": "round", "line-join": "round"},
            "paint": {"line-color": "$data1", "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.75, 14, 2, 18, 4]},
        })],
        _ => vec![
            json!({
                "name": "area", "type": "fill", "order": 250, "legend": title,
                "paint": {"fill-color": "$data1", "fill-opacity": 0.25},
            }),
            json!({
                "name": "outline", "type": "line", "order": 620,
                "paint": {"line-color": "$data1", "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 16, 1.5]},
            }),
        ],
    };
    if let Some(label) = label {
        let (placement, minzoom) = match dimension {
            0 => ("point", 17),
            1 => ("line", 15),
            _ => ("point", 13),
        };
        let offset = if dimension == 0 { json!([0, 1]) } else { json!([0, 0]) };
        layers.push(json!({
            "name": "label", "type": "symbol", "order": 860, "minzoom": minzoom,
            "layout": {
                "symbol-placement": placement, "text-field": ["get", label.as_str()], "text-font": ["Titillium Web"],
                "text-size": 11, "text-offset": offset, "text-max-width": 8,
            },
            "paint": {"text-color": "$text", "text-halo-color": "$halo_land", "text-halo-width": 1.2},
        }));
    }
    serde_json::from_value(json!(layers)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::default_style;
    use kernel::layer::{GeometryType, StyleLayer};
    use kernel::{Column, Text};

    #[test]
    fn every_kind_of_geometry_has_a_look_with_one_legend_entry() {
        let label = Column::new("nome").unwrap();
        for (geometry, layers) in [(GeometryType::MultiPoint, 2), (GeometryType::LineString, 2), (GeometryType::MultiPolygon, 3)] {
            let style = default_style(geometry, Some(&label), &Text::same("Alberi"));
            assert_eq!(style.0.len(), layers, "{geometry}");
            assert_eq!(style.0.iter().filter_map(|l: &StyleLayer| l.legend.as_ref()).count(), 1, "{geometry}");
        }
    }
}
