//! A layer as somebody sees it: one piece of SQL that every output reads from.

use crate::{Column, Filter, Layer, Principal};

impl Layer {
    /// What stands after `from` or `join` in every query for this principal, under the name `alias`: the layer's table, or
    /// where they don't see all of it a select of the rows they see, with null for the private values they don't. The columns
    /// keep their names.
    ///
    /// Conditions, orders and counts over it can't tell what it leaves out. The planner reads through it: the spatial index
    /// serves it as it serves the table. It has no bind parameters; its values come from the principal and the declaration.
    pub fn seen_by(&self, who: &Principal, alias: &str) -> String {
        if self.is_open_to(who) {
            return format!("{} as {alias}", self.table.sql());
        }
        let rows = self.readable_rows(who);
        let system = Column::SYSTEM.iter().filter(|name| self.validity || !name.starts_with("valid_")).map(|name| format!("\"{name}\""));
        let fields = self.fields.iter().map(|field| match self.field_sql(field, who) {
            plain if plain == field.name.sql() => plain,
            masked => format!("{masked} as {}", field.name.sql()),
        });
        let columns: Vec<String> = system.chain(fields).collect();
        let mut sql = format!("(select {} from {}", columns.join(", "), self.table.sql());
        if !rows.is_everything() {
            sql.push_str(" where ");
            sql.push_str(&rows.policy_sql(self.srid));
        }
        sql + ") as " + alias
    }

    /// Whether this principal sees every row and every value of the layer.
    pub fn is_open_to(&self, who: &Principal) -> bool {
        self.readable_rows(who).is_everything() && self.fields.iter().all(|field| self.rows_with(field, who).is_everything())
    }

    /// Whether everybody sees the same of it: then an answer made from it is nobody's secret.
    pub fn is_open(&self) -> bool {
        self.is_open_to(&Principal::anonymous())
    }

    /// The columns that decide who sees a row; none if all who see the layer see all of it.
    pub fn deciding_columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        collect(&self.visibility(), &mut columns);
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

fn collect(filter: &Filter, columns: &mut Vec<Column>) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| collect(part, columns)),
        Filter::Not(part) => collect(part, columns),
        single => columns.extend(single.column().cloned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::layer::{Audience, Field, FieldType};
    use crate::{Assurance, Column, Comuni, Filter, Layer, Principal, Role, Text, filter};
    use uuid::Uuid;

    fn layer() -> Layer {
        let mut layer: Layer = serde_json::from_value(serde_json::json!({
            "id": "events", "module": "tourism", "title": {"it": "e", "en": "e"}, "table": "tourism.events", "geometry": "Point", "srid": 7792, "fields": []
        }))
        .unwrap();
        layer.fields.push(Field::new("name", FieldType::Text, Text::same("n")).unwrap());
        layer
    }

    fn officer() -> Principal {
        Principal::known(Role::Officer, Uuid::nil(), "x", Assurance::Low).with_comuni(Comuni::Only(["080901".to_owned()].into()))
    }

    #[test]
    fn an_open_layer_is_its_table() {
        assert_eq!(layer().seen_by(&Principal::anonymous(), "t"), "\"tourism\".\"events\" as t");
        assert!(layer().deciding_columns().is_empty());
    }

    #[test]
    fn rows_and_private_values_are_left_out() {
        let mut layer = layer();
        layer.fields.push(Field { private: true, ..Field::new("budget", FieldType::Integer, Text::same("b")).unwrap() });
        let published = Filter::Equal(Column::new("published").unwrap(), filter::Value::Boolean(true));
        layer.rows = Some(Filter::Or(vec![published, Filter::InScope(Column::comune())]));
        let columns = "\"fid\", \"id\", \"comune\", \"version\", \"geom\", \"name\"";
        assert_eq!(
            layer.seen_by(&Principal::anonymous(), "seen"),
            format!(
                "(select {columns}, case when false then \"budget\" end as \"budget\" from \"tourism\".\"events\" where \"published\" = true) as seen"
            )
        );
        let seen = layer.seen_by(&officer(), "r");
        assert!(seen.contains("case when \"comune\" = any(array[E'080901'::text]) then \"budget\" end as \"budget\""), "{seen}");
        assert_eq!(layer.deciding_columns().iter().map(Column::as_str).collect::<Vec<_>>(), ["comune", "published"]);
    }

    #[test]
    fn of_an_officers_layer_others_see_nothing_at_all() {
        let mut layer = layer();
        layer.audience = Audience::Officers;
        assert!(layer.seen_by(&Principal::anonymous(), "r").ends_with("where false) as r"));
        assert!(!layer.is_open_to(&officer()));
        assert_eq!(layer.deciding_columns().iter().map(Column::as_str).collect::<Vec<_>>(), ["comune"]);
    }
}
