//! What people said of a layer while files were loaded into it.

use kernel::Layer;

/// The layer as it will be declared, with what was changed of it since the load began (`was`) and is so `now`. Where the load itself says
/// otherwise than it was, as its plan wants, that holds.
pub(crate) fn keep_changes(layer: &Layer, was: &Layer, now: &Layer) -> Layer {
    fn newer<T: Clone + PartialEq>(load: &T, was: &T, now: &T) -> T {
        if load == was { now.clone() } else { load.clone() }
    }
    let mut kept = Layer {
        title: newer(&layer.title, &was.title, &now.title),
        description: newer(&layer.description, &was.description, &now.description),
        visible: newer(&layer.visible, &was.visible, &now.visible),
        zoom: newer(&layer.zoom, &was.zoom, &now.zoom),
        style: newer(&layer.style, &was.style, &now.style),
        licence: newer(&layer.licence, &was.licence, &now.licence),
        attribution: newer(&layer.attribution, &was.attribution, &now.attribution),
        source_date: newer(&layer.source_date, &was.source_date, &now.source_date),
        ..layer.clone()
    };
    for field in &mut kept.fields {
        if let (Some(was), Some(now)) = (was.field(field.name.as_str()), now.field(field.name.as_str())) {
            field.label = newer(&field.label, &was.label, &now.label);
            field.unit = newer(&field.unit, &was.unit, &now.unit);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use kernel::{Layer, Text};
    use serde_json::json;

    use super::keep_changes;

    fn layer(title: &str, licence: &str, label: &str) -> Layer {
        serde_json::from_value(json!({
            "id": "alberi", "module": "published", "title": {"it": title, "en": title}, "table": "published.alberi", "geometry": "Point", "srid": 7792,
            "fields": [{"name": "nome", "label": {"it": label, "en": label}, "type": "text"}], "audience": "public", "zoom": [11, 22],
            "visible": true, "licence": licence
        }))
        .unwrap()
    }

    #[test]
    fn what_changed_meanwhile_stays_unless_the_load_says_otherwise() {
        let was = layer("Alberi", "CC0-1.0", "Nome");
        let now = layer("Alberi monumentali", "CC-BY-4.0", "Nome comune");
        let kept = keep_changes(&was, &was, &now);
        assert_eq!((kept.title, kept.licence.as_deref()), (Text::same("Alberi monumentali"), Some("CC-BY-4.0")));
        assert_eq!(kept.fields[0].label, Text::same("Nome comune"));
        let planned = keep_changes(&layer("Piante", "CC0-1.0", "Pianta"), &was, &now);
        assert_eq!((planned.title, planned.licence.as_deref()), (Text::same("Piante"), Some("CC-BY-4.0")));
        assert_eq!(planned.fields[0].label, Text::same("Pianta"));
        assert_eq!(keep_changes(&was, &was, &was), was);
    }
}
