use kernel::Layer;
use kernel::layer::FieldType;
use maud::{Markup, html};
use operations::{Request, say};

use crate::fields::{Property, queryables};

/// A form that asks for features by the values of their properties: the same parameters as a program's, and no script.
pub(crate) fn form(layer: &Layer, request: &Request) -> Markup {
    let l = request.language;
    let properties = queryables(layer, &request.who);
    let given = |name: &str| request.params.get(name).filter(|value| !value.is_empty());
    let asked = properties.iter().any(|p| given(p.name).is_some()) || given("datetime").is_some() || given("filter").is_some();
    let kept = request
        .params
        .iter()
        .filter(|(name, _)| ["bbox", "bbox-crs", "crs", "filter-crs", "filter-lang", "lang", "properties", "sortby"].contains(name));
    html! {
        details open[asked] {
            summary { (say(l, "Filtri", "Filters")) }
            form.filters method="get" {
                input type="hidden" name="f" value="html";
                @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
                @for property in &properties { (field(property, given(property.name), request)) }
                @if layer.validity {
                    p.field {
                        label for="f-datetime" { (say(l, "Valido il", "Valid on")) }
                        input id="f-datetime" type="date" name="datetime" value=[given("datetime")];
                    }
                }
                p.field {
                    label for="f-filter" { (say(l, "Condizione (CQL2)", "Condition (CQL2)")) }
                    input id="f-filter" type="text" name="filter" value=[given("filter")] autocomplete="off" spellcheck="false" placeholder=(example(&properties));
                }
                p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
                @if asked { p.field { a href="?f=html" { (say(l, "Togli i filtri", "Remove the filters")) } } }
            }
        }
    }
}

/// A condition as one might write it.
fn example(properties: &[Property<'_>]) -> String {
    let of = |kind: &[FieldType]| properties.iter().find(|p| kind.contains(&p.kind)).map(|p| p.name);
    match (of(&[FieldType::Integer, FieldType::Number]), of(&[FieldType::Text])) {
        (Some(number), _) => format!("{number} > 10 AND {number} < 20"),
        (None, Some(text)) => format!("{text} LIKE 'A%'"),
        (None, None) => "id LIKE 'A%'".to_owned(),
    }
}

fn field(property: &Property<'_>, given: Option<&str>, request: &Request) -> Markup {
    let l = request.language;
    let id = format!("f-{}", property.name);
    let codes: Vec<(&str, &str)> = match property.kind {
        FieldType::Boolean => vec![("true", say(l, "sì", "yes")), ("false", "no")],
        _ => property.field.iter().flat_map(|f| &f.codes).map(|c| (c.value.as_str(), c.label.get(l))).collect(),
    };
    let kind = match property.kind {
        FieldType::Date => "date",
        FieldType::Integer | FieldType::Number => "number",
        _ => "text",
    };
    html! {
        p.field {
            label for=(id) { (property.label.get(l)) }
            @if codes.is_empty() {
                input id=(id) type=(kind) name=(property.name) value=[given] step=[(kind == "number").then_some("any")] autocomplete="off";
            } @else {
                select id=(id) name=(property.name) {
                    option value="" { (say(l, "tutti", "all")) }
                    @for (value, label) in &codes { option value=(value) selected[given == Some(value)] { (label) } }
                }
            }
        }
    }
}
