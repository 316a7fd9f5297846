use kernel::layer::{Field, FieldType};
use kernel::{Layer, Principal, Problem, Text};

/// A property of a feature: one of the layer's own fields, or one of the columns that every layer has.
#[derive(Clone, Debug)]
pub(crate) struct Property<'a> {
    /// Its name, which is the column's.
    pub(crate) name: &'a str,
    /// Its name for people.
    pub(crate) label: Text,
    /// Its type.
    pub(crate) kind: FieldType,
    /// The declaration, if it is one of the layer's own.
    pub(crate) field: Option<&'a Field>,
}

/// The properties that this principal may see, in order: the layer's fields, the comune, the validity.
pub(crate) fn properties<'a>(layer: &'a Layer, who: &Principal) -> Vec<Property<'a>> {
    let own = layer.fields.iter().filter(|f| who.may_read_field(f));
    let mut properties: Vec<Property<'a>> =
        own.map(|f| Property { name: f.name.as_str(), label: f.label.clone(), kind: f.kind, field: Some(f) }).collect();
    properties.push(comune());
    if layer.validity {
        for (name, it, en) in [("valid_from", "Valido dal", "Valid from"), ("valid_to", "Valido fino al", "Valid to")] {
            properties.push(Property { name, label: Text::new(it, en), kind: FieldType::DateTime, field: None });
        }
    }
    properties
}

/// The properties by whose value this principal may ask for features; each is a query parameter of its name.
pub(crate) fn queryables<'a>(layer: &'a Layer, who: &Principal) -> Vec<Property<'a>> {
    let filterable = |p: &Property<'_>| p.field.is_none_or(|f| f.filterable) && p.field.is_some() | (p.name == "comune");
    properties(layer, who).into_iter().filter(|p| filterable(p) && !RESERVED.contains(&p.name)).collect()
}

/// Those of the properties that are named in `properties=a,b`, in the layer's order; all without a parameter. `id`, which every feature
/// has, may be named too.
pub(crate) fn chosen<'a>(layer: &'a Layer, who: &Principal, asked: Option<&str>) -> Result<Vec<Property<'a>>, Problem> {
    let all = properties(layer, who);
    let Some(asked) = asked else { return Ok(all) };
    let names: Vec<&str> = asked.split(',').map(str::trim).collect();
    if let Some(unknown) = names.iter().find(|name| **name != "id" && !all.iter().any(|p| p.name == **name)) {
        let shown: String = unknown.chars().take(60).collect();
        let allowed: Vec<String> = std::iter::once("id").chain(all.iter().map(|p| p.name)).map(str::to_owned).collect();
        return Err(Problem::invalid_parameter("properties", format!("`{shown}` is not a property of this collection"), allowed));
    }
    Ok(all.into_iter().filter(|p| names.contains(&p.name)).collect())
}

/// What features may be asked by in a filter, with its name for people: the queryables, and what every layer has.
pub(crate) fn filterables<'a>(layer: &'a Layer, who: &'a Principal) -> Vec<Property<'a>> {
    let known = properties(layer, who);
    let named = |name: &'a str, kind| {
        let label = match name {
            "id" => Text::new("Identificativo", "Id"),
            "fid" => Text::new("Numero interno, mai riusato", "Internal number, never used again"),
            "version" => Text::new("Versione", "Version"),
            other => Text::same(other),
        };
        known.iter().find(|p| p.name == name).cloned().unwrap_or(Property { name, label, kind, field: None })
    };
    kernel::filter::columns(layer, who).map(|(name, kind)| named(name, kind)).collect()
}

/// The fields by which this principal may have features sorted: those declared so.
pub(crate) fn sortables<'a>(layer: &'a Layer, who: &Principal) -> Vec<Property<'a>> {
    properties(layer, who).into_iter().filter(|p| p.field.is_some_and(|f| f.sortable)).collect()
}

/// Query parameters with a meaning of their own: a field of such a name can't be asked by.
pub(crate) const RESERVED: [&str; 13] =
    ["bbox", "bbox-crs", "crs", "cursor", "datetime", "f", "filter", "filter-crs", "filter-lang", "lang", "limit", "properties", "sortby"];

fn comune() -> Property<'static> {
    Property { name: "comune", label: Text::new("Comune (codice ISTAT)", "Comune (ISTAT code)"), kind: FieldType::Text, field: None }
}

#[cfg(test)]
mod tests {
    use super::{properties, queryables};
    use crate::testing::parcels;
    use kernel::Principal;

    #[test]
    fn private_fields_are_for_officers_and_some_are_not_asked_by() {
        let layer = parcels();
        let names = |who: &Principal| properties(&layer, who).iter().map(|p| p.name.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&Principal::anonymous()), ["sheet", "kind", "area_m2", "updated_on", "limit", "comune", "valid_from", "valid_to"]);
        assert!(names(&Principal::operator()).contains(&"owner".to_owned()));
        let asked: Vec<String> = queryables(&layer, &Principal::anonymous()).iter().map(|p| p.name.to_owned()).collect();
        assert_eq!(asked, ["sheet", "kind", "updated_on", "comune"]);
    }
}
