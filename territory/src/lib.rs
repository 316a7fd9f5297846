#![doc = include_str!("../README.md")]

pub mod demo;
mod layers;

use kernel::{Module, Text};

/// The theme: layers alone, no routes.
///
/// Fails only if a declaration beside this code is not what [`kernel::Layer`] reads; a test holds that it is.
pub fn module() -> Result<Module, serde_json::Error> {
    Ok(Module { id: "territory", title: Text::new("Territorio", "Territory"), layers: layers::all()?, routes: None, search: None })
}

#[cfg(test)]
mod tests {
    use super::module;

    #[test]
    fn every_declaration_is_read_and_tells_people_what_it_is() {
        let module = module().unwrap();
        for layer in &module.layers {
            assert_eq!((layer.module.as_str(), layer.table.schema(), layer.table.name()), (module.id, module.id, layer.id.as_str()));
            assert!(!layer.style.0.is_empty(), "{} is not drawn", layer.id);
            assert!(layer.licence.is_some() && layer.attribution.is_some(), "{}", layer.id);
            for text in [&layer.title, &layer.description].into_iter().chain(layer.fields.iter().map(|f| &f.label)) {
                assert!(!text.it.is_empty() && !text.en.is_empty(), "{}: {text:?}", layer.id);
            }
            for column in layer.label.iter().chain(&layer.aggregate_by) {
                assert!(layer.field(column.as_str()).is_some(), "{} has no column {column}", layer.id);
            }
        }
    }
}
