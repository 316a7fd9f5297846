use kernel::layer::FieldType;
use kernel::{Column, Layer, Principal, Problem};
use sqlx::{Postgres, QueryBuilder};

use super::cursor::{Cursor, Direction};
use crate::fields::sortables;

/// Keys that a page can be sorted by, at most.
pub(crate) const MAX_KEYS: usize = 4;

/// Texts are sorted by so many characters: keys stand in links, which must stay short enough for every client.
const MAX_CHARACTERS: usize = 100;

/// The order of a collection's features (draft "OGC API Features: Sorting", parameter `sortby`): keys, the first one weighing
/// most, and `fid` last, so that no two rows are in the same place. Without keys it is by `fid` alone.
///
/// A row without a value comes after those that have one, whichever the direction. Texts are sorted as Italians do, with the
/// numbers in them by their value: 9 before 10, 10 before 10/a.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sort(Vec<Key>);

/// One of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    column: Column,
    kind: FieldType,
    descending: bool,
}

impl Sort {
    /// Reads `sortby`: names separated by commas, each after `+` (or nothing) for ascending or `-` for descending.
    pub(crate) fn parse(text: &str, layer: &Layer, who: &Principal) -> Result<Self, Problem> {
        let sortables = sortables(layer, who);
        let wrong = |detail: String| {
            let names: Vec<&str> = sortables.iter().map(|s| s.name).collect();
            Problem::invalid_parameter("sortby", detail, names)
        };
        let mut keys: Vec<Key> = Vec::new();
        for part in text.split(',') {
            // A `+` in a query is a blank, unless it is written `%2B`.
            let (name, descending) =
                part.strip_prefix('-').map_or((part.strip_prefix(['+', ' ']).unwrap_or(part), false), |name| (name, true));
            let shown: String = name.chars().take(80).collect();
            let Some(property) = sortables.iter().find(|s| s.name == name) else {
                return Err(wrong(format!(
                    "`{layer_id}` can't be sorted by `{shown}`; `allowed` lists what it can be",
                    layer_id = layer.id
                )));
            };
            if keys.iter().any(|k| k.column.as_str() == name) {
                return Err(wrong(format!("`{shown}` is named twice")));
            }
            if keys.len() == MAX_KEYS {
                return Err(wrong(format!("there are more than {MAX_KEYS} names")));
            }
            let column = Column::new(name).map_err(|e| Problem::internal("name of a column", &e))?;
            keys.push(Key { column, kind: property.kind, descending });
        }
        Ok(Self(keys))
    }

    /// Whether a position in this order has keys beside the `fid`.
    pub(crate) fn has_keys(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a position has as many keys as this order.
    pub(crate) fn fits(&self, cursor: &Cursor) -> bool {
        self.0.len() == cursor.keys.len()
    }

    /// The direction of a field, if it is one of the keys: true for descending.
    pub(crate) fn descending(&self, name: &str) -> Option<bool> {
        self.0.iter().find(|k| k.column.as_str() == name).map(|k| k.descending)
    }

    /// Writes ` order by …`, or its reverse.
    pub(crate) fn write_order(&self, backwards: bool, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" order by ");
        for key in &self.0 {
            let descending = key.descending != backwards;
            sql.push(key.expression()).push(if descending { " desc" } else { " asc" });
            sql.push(if backwards { " nulls first, " } else { " nulls last, " });
        }
        sql.push(if backwards { "fid desc" } else { "fid" });
    }

    /// The keys of a row as a column of type `text[]`, as [`Sort::write_from`] takes them back.
    pub(crate) fn keys_column(&self) -> String {
        let texts: Vec<String> = self.0.iter().map(|k| format!("({})::text", k.value())).collect();
        format!("array[{}]::text[]", texts.join(", "))
    }

    /// Writes the condition, after an `and`, that a row lies at the cursor or beyond it in the cursor's direction.
    pub(crate) fn write_from(&self, cursor: &Cursor, sql: &mut QueryBuilder<Postgres>) {
        let backwards = cursor.direction == Direction::UpTo;
        sql.push(" and (");
        for (index, (key, value)) in self.0.iter().zip(&cursor.keys).enumerate() {
            // Beyond by this key, and the same by those before it.
            self.write_same(index, cursor, sql);
            key.write_beyond(value.as_deref(), backwards, sql);
            sql.push(" or ");
        }
        self.write_same(self.0.len(), cursor, sql);
        sql.push(if backwards { "fid <= " } else { "fid >= " }).push_bind(cursor.fid).push(")");
    }

    /// Writes that the first keys are those of the cursor, with an `and` after each.
    fn write_same(&self, first: usize, cursor: &Cursor, sql: &mut QueryBuilder<Postgres>) {
        for (key, value) in self.0.iter().zip(&cursor.keys).take(first) {
            sql.push(key.expression());
            match value {
                Some(value) => key.write_value(" = ", value, sql),
                None => {
                    sql.push(" is null");
                }
            }
            sql.push(" and ");
        }
    }
}

impl Key {
    /// What is compared. Names are checked: letters, digits and `_`.
    fn value(&self) -> String {
        let column = self.column.sql();
        match self.kind {
            FieldType::Text => format!("left({column}, {MAX_CHARACTERS})"),
            kind => format!("{column}::{}", type_of(kind)),
        }
    }

    /// How it is compared.
    fn expression(&self) -> String {
        let value = self.value();
        if self.kind == FieldType::Text { format!("{value} collate opensit.natural_order") } else { value }
    }

    fn write_value(&self, operator: &str, value: &str, sql: &mut QueryBuilder<Postgres>) {
        sql.push(operator).push_bind(value.to_owned()).push("::text::").push(type_of(self.kind));
    }

    /// Nulls come last, so that nothing is after them, and everything else before.
    fn write_beyond(&self, value: Option<&str>, backwards: bool, sql: &mut QueryBuilder<Postgres>) {
        let expression = self.expression();
        match (value, backwards) {
            (None, false) => {
                sql.push("false");
            }
            (None, true) => {
                sql.push(expression).push(" is not null");
            }
            (Some(value), _) => {
                sql.push("(").push(&expression);
                self.write_value(if self.descending == backwards { " > " } else { " < " }, value, sql);
                if !backwards {
                    sql.push(" or ").push(expression).push(" is null");
                }
                sql.push(")");
            }
        }
    }
}

/// The type in which a key is compared, whatever the table has it in.
fn type_of(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Integer => "bigint",
        FieldType::Number => "double precision",
        kind => kind.sql(),
    }
}

#[cfg(test)]
mod tests {
    use super::Sort;
    use crate::items::cursor::{Cursor, Direction};
    use crate::testing::parcels;
    use kernel::Principal;
    use sqlx::QueryBuilder;

    fn parse(text: &str) -> Result<Sort, kernel::Problem> {
        Sort::parse(text, &parcels(), &Principal::anonymous())
    }

    fn order(text: &str, backwards: bool) -> String {
        let mut sql = QueryBuilder::new("");
        parse(text).unwrap().write_order(backwards, &mut sql);
        sql.sql().as_str().to_owned()
    }

    fn from(text: &str, direction: Direction, keys: &[Option<&str>]) -> String {
        let keys = keys.iter().map(|k| k.map(str::to_owned)).collect();
        let mut sql = QueryBuilder::new("");
        parse(text).unwrap().write_from(&Cursor { direction, fid: 4711, keys, instant: None }, &mut sql);
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn keys_in_their_order_and_fid_last() {
        assert_eq!(
            order("sheet,-area_m2", false),
            " order by \"sheet\"::bigint asc nulls last, \"area_m2\"::double precision desc nulls last, fid"
        );
        assert_eq!(
            order("sheet,-area_m2", true),
            " order by \"sheet\"::bigint desc nulls first, \"area_m2\"::double precision asc nulls first, fid desc"
        );
        for ascending in ["+sheet", " sheet"] {
            assert_eq!(parse(ascending), parse("sheet"), "`+` is read as a blank from a query");
        }
    }

    #[test]
    fn beyond_a_row_values_are_bound_and_nulls_are_last() {
        assert_eq!(
            from("sheet", Direction::From, &[Some("12")]),
            " and ((\"sheet\"::bigint > $1::text::bigint or \"sheet\"::bigint is null) or \"sheet\"::bigint = $2::text::bigint and fid >= $3)"
        );
        assert_eq!(
            from("-sheet", Direction::UpTo, &[Some("12")]),
            " and ((\"sheet\"::bigint > $1::text::bigint) or \"sheet\"::bigint = $2::text::bigint and fid <= $3)"
        );
        assert_eq!(from("sheet", Direction::From, &[None]), " and (false or \"sheet\"::bigint is null and fid >= $1)");
        assert_eq!(
            from("sheet", Direction::UpTo, &[None]),
            " and (\"sheet\"::bigint is not null or \"sheet\"::bigint is null and fid <= $1)"
        );
    }

    #[test]
    fn only_declared_fields_each_once() {
        for bad in ["", ",", "nothing", "owner", "fid", "--sheet", "sheet,", "sheet,-sheet", "sheet desc", "sheet;drop table x"] {
            let problem = parse(bad).err().unwrap_or_else(|| panic!("{bad} was taken")).to_json();
            assert_eq!((&problem["status"], &problem["parameter"]), (&400.into(), &"sortby".into()), "{bad}");
            assert_eq!(problem["allowed"], serde_json::json!(["sheet", "kind", "area_m2", "updated_on", "limit"]), "{bad}");
        }
        assert!(parse("sheet,kind,area_m2,updated_on").is_ok());
        assert!(parse("sheet,kind,area_m2,updated_on,limit").is_err());
    }
}
