//! Names in the language of the map.

use kernel::Layer;
use serde_json::{Value, json};

/// Where an expression reads a field that the layer also has in English (`name` and `name_en`), makes it read the English,
/// and the other only where there is none.
pub(super) fn prefer_english(expression: &mut Value, layer: &Layer) {
    let Value::Array(items) = expression else { return };
    if let [Value::String(get), Value::String(name)] = items.as_slice()
        && get == "get"
    {
        let english = format!("{name}_en");
        if layer.field(&english).is_some() {
            *expression = json!(["coalesce", ["get", english], ["get", name]]);
        }
        return;
    }
    items.iter_mut().for_each(|item| prefer_english(item, layer));
}
