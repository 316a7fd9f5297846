use std::collections::HashMap;

use kernel::layer::FieldType;
use kernel::{Column, Layer, Text};

/// How a layer's table is no longer what the layer declares: a column was renamed, dropped or given another type, the geometries
/// another kind or system, or the table itself is gone. Nothing of the layer can be read then; all others are served as before.
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
    /// A statement that mends it; names no private column.
    cure: String,
}

/// Columns of a table with the category of their type (`pg_type.typcategory`), a geometry's with its kind and system
/// (`Point,7792`; `Geometry,0` where the table does not say).
pub(crate) type Columns = HashMap<String, String>;

impl Damage {
    /// Compares a declaration with the table; `None` there: no table of this name. `None` here: all is well. Types are compared
    /// by category, since a cast does the rest, and geometries exactly, since a place in another system is another place.
    pub(crate) fn of(layer: &Layer, table: Option<&Columns>) -> Option<Self> {
        let Some(columns) = table else {
            let (en, it) = (format!("there is no table {}", layer.table), format!("non c'è la tabella {}", layer.table));
            let cure = format!("alter table … rename to {}", layer.table.name());
            return Some(Self(vec![Fault { column: None, private: false, en, it, cure }]));
        };
        let system = Column::SYSTEM.into_iter().filter(|name| layer.validity || !name.starts_with("valid_"));
        let system = system.map(|name| (name, system_type(name, layer), false));
        let own = layer.fields.iter().map(|f| (f.name.as_str(), category(f.kind).to_owned(), f.private || f.personal));
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
    pub fn cure(&self, layer: &Layer) -> String {
        let mut statements: Vec<String> = self.0.iter().map(|f| format!("`{}`", f.cure)).collect();
        statements.dedup();
        let again = if layer.module == "published" { ", or publish its file again with `opensit ingest --replace`" } else { "" };
        format!(
            "Give {} back what it had ({}, or a backup){again}. The layer is served again within seconds",
            layer.table,
            statements.join(", ")
        )
    }
}

fn fault(layer: &Layer, columns: &Columns, (name, wanted, private): (&str, String, bool)) -> Option<Fault> {
    let table = &layer.table;
    let (en, it, cure) = match columns.get(name) {
        None => (
            format!("{table} has no column `{name}`"),
            format!("{table} non ha la colonna `{name}`"),
            format!("alter table {table} rename column … to …"),
        ),
        Some(found) if *found == wanted => return None,
        Some(found) if name == "geom" => {
            let (kind, srid) = (layer.geometry.sql(), layer.srid.postgis());
            let (en, it) = match found.split_once(',') {
                Some((found, system)) => (format!("geometry({found}, {system})"), format!("geometry({found}, {system})")),
                None => ("no geometry".to_owned(), "non è una geometria".to_owned()),
            };
            (
                format!("column `geom` of {table} is {en}, not geometry({kind}, {srid})"),
                format!("la colonna `geom` di {table}: {it}, non geometry({kind}, {srid})"),
                format!("alter table {table} alter column geom type geometry({kind}, {srid}) using …"),
            )
        }
        Some(_) => {
            let kind = layer.field(name).map_or("of the kind every layer has", |f| f.kind.sql());
            (
                format!("column `{name}` of {table} is not {kind}"),
                format!("la colonna `{name}` di {table} non è {kind}"),
                format!("alter table {table} alter column … type … using …"),
            )
        }
    };
    Some(Fault { column: Some(name.to_owned()), private, en, it, cure })
}

/// The category of a field's type. What is declared as text must be text: a comparison with a text is refused by any other.
fn category(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "S",
        FieldType::Integer | FieldType::Number => "N",
        FieldType::Boolean => "B",
        FieldType::Date | FieldType::DateTime => "D",
    }
}

fn system_type(name: &str, layer: &Layer) -> String {
    match name {
        "fid" | "version" => "N".to_owned(),
        "id" | "comune" => "S".to_owned(),
        "geom" => format!("{},{}", layer.geometry.sql(), layer.srid.postgis()),
        _ => "D".to_owned(),
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
            ("geom", "Point,7792"),
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
    }

    #[test]
    fn a_text_that_became_a_number_is_named() {
        let mut other = columns();
        other.insert("name".to_owned(), "N".to_owned());
        let damage = Damage::of(&layer(), Some(&other)).unwrap();
        assert_eq!(damage.in_full(), "column `name` of published.leases is not text");
        assert!(damage.cure(&layer()).contains("`alter table published.leases alter column … type … using …`"));
    }

    #[test]
    fn geometries_of_another_system_or_kind_are_named_with_their_cure() {
        for (found, said) in [
            ("Point,3003", "is geometry(Point, 3003), not"),
            ("Point,0", "is geometry(Point, 0), not"),
            ("PointZ,7792", "is geometry(PointZ, 7792), not"),
            ("Geometry,0", "is geometry(Geometry, 0), not"),
            ("S", "is no geometry, not"),
        ] {
            let mut other = columns();
            other.insert("geom".to_owned(), found.to_owned());
            let damage = Damage::of(&layer(), Some(&other)).unwrap();
            assert!(damage.in_full().contains(said), "{found}: {}", damage.in_full());
            assert!(damage.cure(&layer()).contains("alter column geom type geometry(Point, 7792) using …"), "{found}");
        }
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
