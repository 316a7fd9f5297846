use std::collections::HashMap;

use kernel::layer::FieldType;
use kernel::{Column, Layer, Text};

/// How a layer's table is no longer what the layer declares: a column was renamed, dropped or given another type, or the table
/// itself is gone. Nothing of the layer can be read then; all others are served as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage(Vec<Fault>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// None: the table.
    column: Option<String>,
    /// Whether the column's name is for officers alone.
    private: bool,
    en: String,
    it: String,
}

/// Columns of a table with the category of their type (`pg_type.typcategory`).
pub(crate) type Columns = HashMap<String, String>;

impl Damage {
    /// Compares a declaration with the table; `None` there: no table of this name. `None` here: all is well. Types are compared
    /// by category, since a cast does the rest: what is declared as text may be of any type.
    pub(crate) fn of(layer: &Layer, table: Option<&Columns>) -> Option<Self> {
        let Some(columns) = table else {
            let (en, it) = (format!("there is no table {}", layer.table), format!("non c'è la tabella {}", layer.table));
            return Some(Self(vec![Fault { column: None, private: false, en, it }]));
        };
        let system = Column::SYSTEM.into_iter().filter(|name| layer.validity || !name.starts_with("valid_"));
        let system = system.map(|name| (name, system_category(name), false));
        let own = layer.fields.iter().map(|f| (f.name.as_str(), category(f.kind), f.private));
        let faults: Vec<Fault> = system.chain(own).filter_map(|column| fault(layer, columns, column)).collect();
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// What is wrong, for everybody: private columns are not named.
    pub fn told(&self) -> Text {
        let (mut en, mut it): (Vec<_>, Vec<_>) = self.0.iter().filter(|f| !f.private).map(|f| (f.en.as_str(), f.it.as_str())).unzip();
        if en.len() < self.0.len() {
            en.push("a private column is missing or of another type");
            it.push("una colonna riservata manca o è di altro tipo");
        }
        Text::new(it.join("; "), en.join("; "))
    }

    /// What is wrong, in English, for those who run it.
    pub fn in_full(&self) -> String {
        self.0.iter().map(|f| f.en.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// The columns that are missing or of another type and may be named to everybody.
    pub fn columns(&self) -> Vec<&str> {
        self.0.iter().filter(|f| !f.private).filter_map(|f| f.column.as_deref()).collect()
    }

    /// What to do about it, in English.
    pub fn cure(layer: &Layer) -> String {
        let again = if layer.module == "published" { ", or publish its file again with `opensit ingest`" } else { "" };
        format!(
            "Give {} back what it had (`alter table {0} rename column … to …`, or a backup){again}. The layer is served again within seconds",
            layer.table
        )
    }
}

fn fault(layer: &Layer, columns: &Columns, (name, wanted, private): (&str, Option<char>, bool)) -> Option<Fault> {
    let table = &layer.table;
    let (en, it) = match (columns.get(name), wanted) {
        (None, _) => (format!("{table} has no column `{name}`"), format!("{table} non ha la colonna `{name}`")),
        (Some(found), Some(wanted)) if !found.starts_with(wanted) => {
            let kind = layer.field(name).map_or("of the kind every layer has", |f| f.kind.sql());
            (format!("column `{name}` of {table} is not {kind}"), format!("la colonna `{name}` di {table} non è {kind}"))
        }
        _ => return None,
    };
    Some(Fault { column: Some(name.to_owned()), private, en, it })
}

/// The category of a field's type; `None`: any.
fn category(kind: FieldType) -> Option<char> {
    match kind {
        FieldType::Text => None,
        FieldType::Integer | FieldType::Number => Some('N'),
        FieldType::Boolean => Some('B'),
        FieldType::Date | FieldType::DateTime => Some('D'),
    }
}

fn system_category(name: &str) -> Option<char> {
    match name {
        "fid" | "version" => Some('N'),
        "id" | "comune" => Some('S'),
        "geom" => Some('U'),
        _ => Some('D'),
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, Damage};
    use kernel::Layer;
    use serde_json::json;

    fn layer() -> Layer {
        let field = |name: &str, kind: &str, private: bool| json!({"name": name, "label": {"it": name, "en": name}, "type": kind, "private": private});
        serde_json::from_value(json!({
            "id": "leases", "module": "published", "title": {"it": "", "en": ""}, "table": "published.leases", "geometry": "Point", "srid": 7792,
            "fields": [field("name", "text", false), field("floors", "integer", false), field("owner", "text", true)]
        }))
        .unwrap()
    }

    fn columns() -> Columns {
        let all = [
            ("fid", "N"),
            ("id", "S"),
            ("comune", "S"),
            ("version", "N"),
            ("geom", "U"),
            ("name", "S"),
            ("floors", "N"),
            ("owner", "S"),
            ("more", "A"),
        ];
        all.map(|(name, category)| (name.to_owned(), category.to_owned())).into()
    }

    #[test]
    fn a_table_that_has_what_is_declared_is_sound_whatever_else_it_has() {
        assert_eq!(Damage::of(&layer(), Some(&columns())), None);
        let mut other = columns();
        other.insert("name".to_owned(), "E".to_owned());
        assert_eq!(Damage::of(&layer(), Some(&other)), None, "anything can be written as text");
    }

    #[test]
    fn what_is_missing_or_other_is_named_but_for_what_is_private() {
        let mut other = columns();
        other.insert("floors".to_owned(), "S".to_owned());
        other.remove("name");
        other.remove("owner");
        let damage = Damage::of(&layer(), Some(&other)).unwrap();
        assert_eq!(damage.columns(), ["name", "floors"]);
        assert_eq!(
            damage.told().en,
            "published.leases has no column `name`; column `floors` of published.leases is not bigint; a private column is missing or of another type"
        );
        assert!(damage.in_full().contains("`owner`"));
        let validity = Layer { validity: true, ..layer() };
        assert_eq!(Damage::of(&validity, Some(&columns())).unwrap().columns(), ["valid_from", "valid_to"]);
        assert_eq!(Damage::of(&layer(), None).unwrap().told().en, "there is no table published.leases");
    }
}
