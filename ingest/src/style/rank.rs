//! Which field deserves to be drawn by.

use kernel::layer::{Field, FieldType};
use kernel::{Column, Layer};

use super::figures::Figures;

/// Categories that are told apart at most; the rest are others.
pub(super) const CATEGORIES: usize = 7;
/// Different values beyond which a field has no categories.
const KINDS: i64 = 24;
/// Words in the names of fields that sort things.
const SORTING: &[&str] = &[
    "tipo", "class", "categ", "stato", "stat", "zona", "uso", "destin", "genere", "specie", "funzion", "natura", "livello", "grado",
    "type", "kind", "use", "level", "species",
];

/// How a field is drawn by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Categories,
    Classes,
}

/// The fields that can be drawn by: what everybody who sees the rows sees, and tiles have; not what names a row.
pub(super) fn candidates(layer: &Layer) -> impl Iterator<Item = &Field> {
    layer.fields.iter().filter(|field| {
        !field.private
            && !field.personal
            && !matches!(field.kind, FieldType::Date | FieldType::DateTime)
            && layer.label.as_ref() != Some(&field.name)
    })
}

/// In which ways, the better first; none for keys, free text and what is the same everywhere.
pub(super) fn ways(field: &Field, figures: &Figures) -> Vec<Way> {
    if figures.distinct < 2 {
        return Vec::new();
    }
    let of_few = figures.distinct <= KINDS && figures.length <= 60.0 && figures.distinct * 2 <= figures.filled.max(4);
    let is_number = matches!(field.kind, FieldType::Number | FieldType::Integer);
    let has_classes = is_number && figures.distinct > 2 && !is_key(&field.name, figures, field.kind);
    let is_code = !field.codes.is_empty() || sorts(&field.name);
    match field.kind {
        FieldType::Boolean => vec![Way::Categories],
        FieldType::Text if of_few => vec![Way::Categories],
        FieldType::Integer if of_few && has_classes && (is_code || figures.distinct <= 3) => vec![Way::Categories, Way::Classes],
        FieldType::Integer if of_few && figures.distinct <= CATEGORIES as i64 && has_classes => vec![Way::Classes, Way::Categories],
        FieldType::Integer if of_few && !has_classes => vec![Way::Categories],
        FieldType::Integer | FieldType::Number if has_classes => vec![Way::Classes],
        _ => Vec::new(),
    }
}

/// How much it deserves it, from 0 to about 2.
pub(super) fn worth(field: &Field, figures: &Figures, way: Way) -> f64 {
    let filled = figures.filled as f64 / figures.rows.max(1) as f64;
    let told = if field.codes.is_empty() { 0.0 } else { 0.5 } + if sorts(&field.name) { 0.4 } else { 0.0 };
    let by_way = match way {
        Way::Categories if figures.distinct <= CATEGORIES as i64 + 1 => 0.8,
        Way::Categories => 0.5,
        Way::Classes if field.unit.is_some() => 0.7,
        Way::Classes => 0.55,
    };
    (by_way + told) * filled
}

fn sorts(name: &Column) -> bool {
    SORTING.iter().any(|word| name.as_str().contains(word))
}

/// Whether its numbers only name rows: nearly each row has one of its own, and they are whole, or its name says so.
fn is_key(name: &Column, figures: &Figures, kind: FieldType) -> bool {
    let name = name.as_str();
    let is_called = ["id", "fid", "gid", "objectid", "ogc_fid", "codice", "cod", "code"].contains(&name)
        || name.ends_with("_id")
        || name.starts_with("id_")
        || name.starts_with("cod_");
    let is_own = kind == FieldType::Integer && figures.filled > 20 && figures.distinct * 100 > figures.filled * 95;
    is_called || is_own
}

#[cfg(test)]
mod tests {
    use super::{Way, ways, worth};
    use crate::style::figures::Figures;
    use kernel::Text;
    use kernel::layer::{Code, Field, FieldType};

    fn field(name: &str, kind: FieldType) -> Field {
        Field::new(name, kind, Text::same(name)).unwrap()
    }

    fn figures(distinct: i64, length: f64) -> Figures {
        Figures { rows: 1_000, filled: 1_000, distinct, length }
    }

    #[test]
    fn keys_free_text_and_constants_are_not_drawn_by() {
        for (name, kind, distinct, length) in [
            ("numero", FieldType::Integer, 1_000, 4.0),
            ("gid", FieldType::Integer, 900, 4.0),
            ("cod_via", FieldType::Number, 200, 4.0),
            ("note", FieldType::Text, 900, 80.0),
            ("note", FieldType::Text, 12, 200.0),
            ("nome", FieldType::Text, 400, 12.0),
            ("stato", FieldType::Text, 1, 5.0),
            ("niente", FieldType::Number, 0, 0.0),
        ] {
            assert!(ways(&field(name, kind), &figures(distinct, length)).is_empty(), "{name} with {distinct}");
        }
    }

    #[test]
    fn categories_and_classes_are_told_apart() {
        for (name, kind, distinct, expected) in [
            ("specie", FieldType::Text, 12, vec![Way::Categories]),
            ("pubblico", FieldType::Boolean, 2, vec![Way::Categories]),
            ("altezza", FieldType::Number, 300, vec![Way::Classes]),
            ("anno", FieldType::Integer, 90, vec![Way::Classes]),
            ("piani", FieldType::Integer, 6, vec![Way::Classes, Way::Categories]),
            ("classe", FieldType::Integer, 4, vec![Way::Categories, Way::Classes]),
        ] {
            assert_eq!(ways(&field(name, kind), &figures(distinct, 6.0)), expected, "{name}");
        }
    }

    #[test]
    fn what_sorts_things_comes_before_what_measures_them() {
        let of = |field: &Field, distinct, way| worth(field, &figures(distinct, 5.0), way);
        let kind = field("tipo", FieldType::Text);
        let height = field("altezza", FieldType::Number);
        let coded = Field { codes: vec![Code { value: "a".to_owned(), label: Text::same("A") }], ..field("x", FieldType::Text) };
        assert!(of(&kind, 5, Way::Categories) > of(&height, 300, Way::Classes));
        assert!(of(&coded, 5, Way::Categories) > of(&field("y", FieldType::Text), 5, Way::Categories));
        let empty = Figures { filled: 100, ..figures(5, 5.0) };
        assert!(worth(&kind, &empty, Way::Categories) < of(&height, 300, Way::Classes), "a field that is mostly empty says little");
    }
}
