//! Who sees which rows of a layer and what in them, and who changes them: one rule, for queries and for the policies of
//! row-level security alike.

use crate::filter::resolve::{all, any};
use crate::{Column, Filter, Layer, Principal, Role, TableName};

use super::{Audience, Field};

/// A policy of row-level security `to opensit_app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `select`, `insert`, `update` or `delete`.
    pub command: &'static str,
    /// Which rows there are to the command, as SQL.
    pub using: Option<String>,
    /// Which rows the command may leave, as SQL.
    pub check: Option<String>,
}

impl Policy {
    /// The names of all that a layer's table may have, one for each command.
    pub const NAMES: [&str; 4] = ["app", "app_insert", "app_update", "app_delete"];

    /// The name of this one.
    pub fn name(&self) -> &'static str {
        match self.command {
            "insert" => Self::NAMES[1],
            "update" => Self::NAMES[2],
            "delete" => Self::NAMES[3],
            _ => Self::NAMES[0],
        }
    }

    /// The statement that makes it.
    pub fn create(&self, table: &TableName) -> String {
        let mut sql = format!("create policy {} on {} for {} to opensit_app", self.name(), table.sql(), self.command);
        for (word, condition) in [(" using (", &self.using), (" with check (", &self.check)] {
            if let Some(condition) = condition {
                sql.push_str(word);
                sql.push_str(condition);
                sql.push(')');
            }
        }
        sql
    }
}

impl Layer {
    /// The rows that this principal may see; none if the layer does not exist for them. Without tests on who asks.
    pub fn readable_rows(&self, who: &Principal) -> Filter {
        if who.may_read(self) { self.visibility().for_principal(who) } else { Filter::nothing() }
    }

    /// The rows that this principal may change: those of their comuni that they may see. A new row, and a row after a
    /// change, must be one of them too.
    pub fn editable_rows(&self, who: &Principal) -> Filter {
        if !who.may_edit(self) {
            return Filter::nothing();
        }
        all([Filter::InScope(Column::comune()).for_principal(who), self.readable_rows(who)])
    }

    /// The rows in which this principal sees the private fields: for staff, those of their comuni; for others none.
    pub fn private_rows(&self, who: &Principal) -> Filter {
        if who.may_read(self) { Filter::InScope(Column::comune()).for_principal(who) } else { Filter::nothing() }
    }

    /// The rows in which this principal sees this field.
    pub fn rows_with(&self, field: &Field, who: &Principal) -> Filter {
        match (field.private || field.personal, who.may_read_field(field)) {
            (false, _) => Filter::everything(),
            (true, true) => self.private_rows(who),
            (true, false) => Filter::nothing(),
        }
    }

    /// What a field is to this principal, as an SQL expression over the row: the column, or null where it is private and
    /// not theirs to see.
    pub fn field_sql(&self, field: &Field, who: &Principal) -> String {
        let column = field.name.sql();
        let rows = self.rows_with(field, who);
        if rows.is_everything() {
            return column;
        }
        format!("case when {} then {column} end", rows.policy_sql(self.srid))
    }

    /// The second wall: what the database lets `opensit_app` do with the table, whoever asks. As wide as the widest of what
    /// [`Self::readable_rows`] and [`Self::editable_rows`] give; what a key leaves out of its principal's rights is not known
    /// there. A layer that nobody edits has a policy to read with alone.
    pub fn policies(&self) -> Vec<Policy> {
        let readable = all([self.entitled(), self.visibility()]);
        let draft = self.draft_sql().map(|draft| format!("{draft} and ")).unwrap_or_default();
        let sql = |rows: &Filter| format!("{draft}{}", rows.policy_sql(self.srid));
        let select = Policy { command: "select", using: Some(sql(&readable)), check: None };
        if self.editors.is_empty() {
            return vec![select];
        }
        let mut editors = self.editors.clone();
        editors.push(Role::Machine);
        let editable = sql(&all([Filter::HasRole(editors), Filter::InScope(Column::comune()), readable]));
        let editable = || Some(editable.clone());
        vec![
            select,
            Policy { command: "insert", using: None, check: editable() },
            Policy { command: "update", using: editable(), check: editable() },
            Policy { command: "delete", using: editable(), check: None },
        ]
    }

    /// The rule on rows: what the layer says, and in their comuni administrators see all of it; without a word from the
    /// layer, everything, or if it is for officers, what is in their comuni.
    pub(super) fn visibility(&self) -> Filter {
        match &self.rows {
            Some(rows) => {
                let administered = Filter::And(vec![Filter::HasRole(vec![Role::Administrator]), Filter::InScope(Column::comune())]);
                any([rows.clone(), administered])
            }
            None if self.audience == Audience::Officers => Filter::InScope(Column::comune()),
            None => Filter::everything(),
        }
    }

    /// The audience, as a test on who asks.
    fn entitled(&self) -> Filter {
        let roles = |entitled: fn(Role) -> bool| Filter::HasRole(Role::ALL.into_iter().filter(|role| entitled(*role)).collect());
        match self.audience {
            Audience::Public => Filter::everything(),
            Audience::Citizens => roles(|role| role != Role::Anonymous),
            Audience::Officers => roles(Role::is_staff),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::Value;
    use crate::layer::{Audience, Field, FieldType};
    use crate::{Assurance, Column, Comuni, Filter, KeyScope, Layer, Principal, Role, Text};
    use uuid::Uuid;

    fn layer(audience: Audience, rows: Option<Filter>, editors: &[Role]) -> Layer {
        let text = serde_json::json!({
            "id": "permits", "module": "published", "title": {"it": "p", "en": "p"}, "table": "published.permits", "geometry": "Point", "srid": 7792,
            "fields": [], "audience": audience, "editors": editors, "rows": rows
        });
        let mut layer: Layer = serde_json::from_value(text).unwrap();
        layer.fields.push(Field { private: true, ..Field::new("owner", FieldType::Text, Text::same("o")).unwrap() });
        layer.fields.push(Field::new("kind", FieldType::Text, Text::same("k")).unwrap());
        layer
    }

    fn as_role(role: Role) -> Principal {
        let comuni = if role == Role::Administrator { Comuni::All } else { Comuni::Only(["080901".to_owned()].into()) };
        match role {
            Role::Anonymous => Principal::anonymous(),
            role => Principal::known(role, Uuid::nil(), "x", Assurance::Low).with_comuni(comuni),
        }
    }

    fn ours() -> Filter {
        Filter::In(Column::comune(), vec![Value::Text("080901".to_owned())])
    }

    fn public() -> Filter {
        Filter::Equal(Column::new("public").unwrap(), Value::Boolean(true))
    }

    #[test]
    fn each_role_reads_its_rows() {
        let (everything, nothing) = (Filter::everything, Filter::nothing);
        let open = layer(Audience::Public, None, &[]);
        let citizens = layer(Audience::Citizens, None, &[]);
        let officers = layer(Audience::Officers, None, &[]);
        let some = layer(Audience::Public, Some(Filter::Or(vec![public(), Filter::InScope(Column::comune())])), &[]);
        let mine = layer(Audience::Citizens, Some(Filter::SubjectIs(Column::new("applicant").unwrap())), &[]);
        let me = || Filter::Equal(Column::new("applicant").unwrap(), Value::Text(Uuid::nil().to_string()));
        let staff = Filter::Or(vec![public(), ours()]);
        for (role, expected) in [
            (Role::Anonymous, [everything(), nothing(), nothing(), public(), nothing()]),
            (Role::Citizen, [everything(), everything(), nothing(), public(), me()]),
            (Role::Officer, [everything(), everything(), ours(), staff.clone(), me()]),
            (Role::Planner, [everything(), everything(), ours(), staff.clone(), me()]),
            (Role::Administrator, [everything(), everything(), everything(), everything(), everything()]),
            (Role::Machine, [everything(), everything(), ours(), staff, me()]),
        ] {
            let found = [&open, &citizens, &officers, &some, &mine].map(|l| l.readable_rows(&as_role(role)));
            assert_eq!(found, expected, "{role:?}");
        }
        let key = as_role(Role::Administrator).through_key(KeyScope { layers: Some([].into()), edit: true });
        assert!(open.readable_rows(&key).is_nothing(), "a key opens what it says and no more");
    }

    #[test]
    fn staff_see_private_fields_in_their_comuni() {
        let layer = layer(Audience::Public, None, &[]);
        let sql = |field: &str, role| layer.field_sql(layer.field(field).unwrap(), &as_role(role));
        for role in Role::ALL {
            assert_eq!(sql("kind", role), "\"kind\"");
        }
        assert_eq!(sql("owner", Role::Anonymous), "case when false then \"owner\" end");
        assert_eq!(sql("owner", Role::Citizen), "case when false then \"owner\" end");
        assert_eq!(sql("owner", Role::Officer), "case when \"comune\" = any(array[E'080901'::text]) then \"owner\" end");
        assert_eq!(sql("owner", Role::Administrator), "\"owner\"");
    }

    #[test]
    fn nobody_finds_out_by_asking() {
        let layer = layer(Audience::Public, None, &[]);
        let owner = || Filter::Equal(Column::new("owner").unwrap(), Value::Text("Ada".to_owned()));
        let none = || Filter::IsNull(Column::new("owner").unwrap());
        let officer = as_role(Role::Officer);
        assert_eq!(owner().as_seen_by(&layer, &officer), Filter::And(vec![ours(), owner()]));
        let not = Filter::Not(Box::new(Filter::Or(vec![owner(), none()])));
        let parts = [owner(), ours(), none()].map(|f| Filter::Not(Box::new(f)));
        let [not_owner, not_ours, not_none] = parts;
        assert_eq!(not.as_seen_by(&layer, &officer), Filter::And(vec![ours(), not_owner, ours(), not_none]));
        assert_eq!(none().as_seen_by(&layer, &officer), Filter::Or(vec![not_ours, none()]));
        assert!(owner().as_seen_by(&layer, &Principal::anonymous()).is_nothing());
        assert!(none().as_seen_by(&layer, &Principal::anonymous()).is_everything());
        assert_eq!(owner().as_seen_by(&layer, &as_role(Role::Administrator)), owner());
    }

    #[test]
    fn editors_change_what_they_see_in_their_comuni() {
        let layer = layer(Audience::Public, Some(public()), &[Role::Officer, Role::Administrator]);
        for role in Role::ALL {
            let expected = match role {
                Role::Officer => Filter::And(vec![ours(), public()]),
                Role::Administrator => Filter::everything(),
                _ => Filter::nothing(),
            };
            assert_eq!(layer.editable_rows(&as_role(role)), expected, "{role:?}");
        }
        let key = |edit| as_role(Role::Machine).through_key(KeyScope { layers: None, edit });
        assert_eq!(layer.editable_rows(&key(true)), Filter::And(vec![ours(), public()]));
        assert!(layer.editable_rows(&key(false)).is_nothing());
    }

    #[test]
    fn an_open_layer_has_one_open_policy() {
        let policies = layer(Audience::Public, None, &[]).policies();
        let table = layer(Audience::Public, None, &[]).table;
        let statements: Vec<String> = policies.iter().map(|p| p.create(&table)).collect();
        assert_eq!(statements, ["create policy app on \"published\".\"permits\" for select to opensit_app using (true)"]);
    }
}
