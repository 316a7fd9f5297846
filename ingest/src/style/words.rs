//! What legends and proposals are called.

use kernel::layer::{Field, FieldType};
use kernel::{Language, Text};
use serde_json::Value;

/// Characters of a value in a legend.
const LONG: usize = 60;

pub(super) fn plain() -> Text {
    Text::new("Un solo colore", "One colour")
}

pub(super) fn categories(field: &Field) -> Text {
    named(field, "categorie", "categories")
}

pub(super) fn natural(field: &Field) -> Text {
    named(field, "classi naturali", "natural classes")
}

pub(super) fn equal_counts(field: &Field) -> Text {
    named(field, "classi di pari numerosità", "classes of equal counts")
}

fn named(field: &Field, it: &str, en: &str) -> Text {
    Text::new(format!("{}: {it}", field.label.it), format!("{}: {en}", field.label.en))
}

/// A value as people know it.
pub(super) fn value(field: &Field, value: &Value) -> Text {
    let stored = match value {
        Value::Bool(true) => return Text::new("Sì", "Yes"),
        Value::Bool(false) => return Text::new("No", "No"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let known = field.codes.iter().find(|code| code.value == stored).map(|code| code.label.clone());
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONG).collect::<String>();
    known.unwrap_or_else(|| Text::same(short(&stored)))
}

/// Rows of none of the categories: with another value, or without one.
pub(super) fn others() -> Text {
    Text::new("Altro o senza valore", "Other or no value")
}

pub(super) fn none() -> Text {
    Text::new("Senza valore", "No value")
}

/// A class of numbers: from one break on, below the next.
pub(super) fn class(field: &Field, from: Option<f64>, to: Option<f64>) -> Text {
    let unit = field.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let number = |language, value| number(value, language, field.kind);
    let both = |it: String, en: String| Text::new(it + &unit, en + &unit);
    match (from, to) {
        (None, Some(to)) => both(format!("meno di {}", number(Language::It, to)), format!("less than {}", number(Language::En, to))),
        (Some(from), Some(to)) => {
            let range = |language| format!("{} – {}", number(language, from), number(language, to));
            both(range(Language::It), range(Language::En))
        }
        (Some(from), None) => both(format!("{} o più", number(Language::It, from)), format!("{} or more", number(Language::En, from))),
        (None, None) => both(String::new(), String::new()),
    }
}

/// A number as the language writes it, with thousands set apart; years are not.
fn number(value: f64, language: Language, kind: FieldType) -> String {
    let (point, thousands) = if language == Language::It { (',', '.') } else { ('.', ',') };
    let written = value.abs().to_string();
    let (whole, rest) = written.split_once('.').map_or((written.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let is_year = kind == FieldType::Integer && whole.len() == 4;
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && whole.len() > 3 && !is_year {
            out.push(thousands);
        }
        out.push(digit);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    rest.map_or_else(|| format!("{sign}{out}"), |rest| format!("{sign}{out}{point}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{class, value};
    use kernel::Text;
    use kernel::layer::{Code, Field, FieldType};
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_each_language_does() {
        let field = Field { unit: Some("m²".to_owned()), ..Field::new("area", FieldType::Number, Text::same("a")).unwrap() };
        assert_eq!(class(&field, None, Some(0.5)), Text::new("meno di 0,5 m²", "less than 0.5 m²"));
        assert_eq!(class(&field, Some(0.5), Some(1_250.0)), Text::new("0,5 – 1.250 m²", "0.5 – 1,250 m²"));
        let year = Field::new("anno", FieldType::Integer, Text::same("a")).unwrap();
        assert_eq!(class(&year, Some(1950.0), None), Text::new("1950 o più", "1950 or more"));
        assert_eq!(class(&year, Some(-12_000.0), None).it, "−12.000 o più");
    }

    #[test]
    fn codes_are_called_as_they_are_declared() {
        let codes = vec![Code { value: "2".to_owned(), label: Text::new("Due", "Two") }];
        let field = Field { codes, ..Field::new("x", FieldType::Integer, Text::same("x")).unwrap() };
        assert_eq!(value(&field, &json!(2)), Text::new("Due", "Two"));
        assert_eq!(value(&field, &json!(3)), Text::same("3"));
        assert_eq!(value(&field, &json!(true)), Text::new("Sì", "Yes"));
    }
}
