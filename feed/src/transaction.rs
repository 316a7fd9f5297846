//! What a transaction touches, gathered from its rows until it commits.

use std::collections::HashMap;

use kernel::{Bbox, TableName};

use crate::ewkb;
use crate::pgoutput::{Message, Relation, Tuple, Value};

/// Beyond as many rows of one table, the rectangle round them says little: anywhere.
const MAX_ROWS: u32 = 5_000;

/// The table whose rows are the catalogue.
const CATALOGUE: (&str, &str) = ("opensit", "layers");

/// The tables of the stream by the numbers that it gives them, for as long as a connection lasts.
#[derive(Debug, Default)]
pub(crate) struct Relations(HashMap<u32, Known>);

#[derive(Debug)]
struct Known {
    table: Table,
    /// Which value of a row is `geom`.
    geometry: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
enum Table {
    Catalogue,
    Named(TableName),
    /// A table whose name no layer can have.
    Foreign,
}

impl Relations {
    fn learn(&mut self, relation: Relation) {
        let geometry = relation.columns.iter().position(|c| c == "geom");
        let table = if (relation.schema.as_str(), relation.name.as_str()) == CATALOGUE {
            Table::Catalogue
        } else {
            TableName::new(&relation.schema, &relation.name).map_or(Table::Foreign, Table::Named)
        };
        self.0.insert(relation.number, Known { table, geometry });
    }
}

/// Where rows were and are, in the system they are stored in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// Within the rectangle; `None`: they have no place at all.
    Within(Option<Bbox>),
    /// Not known, or not worth saying.
    Anywhere,
}

impl Place {
    fn add(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Within(Some(a)), Self::Within(Some(b))) => Self::Within(Some(a.union(b))),
            (Self::Within(a), Self::Within(b)) => Self::Within(a.or(b)),
            _ => Self::Anywhere,
        };
    }
}

/// What has been touched so far.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// Whether the catalogue was.
    pub(crate) catalogue: bool,
    /// The tables, each once, in the order of first touch.
    pub(crate) tables: Vec<(TableName, Place)>,
    /// Whether some message of it could not be read.
    pub(crate) unreadable: bool,
    rows: HashMap<u32, (usize, u32)>,
}

impl Transaction {
    /// Whether nothing of ours was touched.
    pub(crate) fn is_empty(&self) -> bool {
        !self.catalogue && !self.unreadable && self.tables.is_empty()
    }

    /// Takes in a message.
    pub(crate) fn take(&mut self, message: Message<'_>, relations: &mut Relations) {
        match message {
            Message::Relation(relation) => {
                // the same number may stand for another name from here on
                self.rows.remove(&relation.number);
                relations.learn(relation);
            }
            Message::Insert { relation, new } => self.touch(relation, relations, |g| place(g, &new)),
            Message::Update { relation, old, new } => self.touch(relation, relations, |g| {
                let mut both = old.as_ref().map_or(Place::Anywhere, |old| place(g, old));
                if g.is_none_or(|g| new.values.get(g) != Some(&Value::Unchanged)) {
                    both.add(place(g, &new));
                }
                both
            }),
            Message::Delete { relation, old } => self.touch(relation, relations, |g| place(g, &old)),
            Message::Truncate(all) => all.into_iter().for_each(|relation| self.touch(relation, relations, |_| Place::Anywhere)),
            Message::Other => {}
        }
    }

    fn touch(&mut self, number: u32, relations: &Relations, place: impl FnOnce(Option<usize>) -> Place) {
        let Some(known) = relations.0.get(&number) else { return };
        let table = match &known.table {
            Table::Foreign => return,
            Table::Catalogue => {
                self.catalogue = true;
                return;
            }
            Table::Named(table) => table,
        };
        let (at, rows) = self.rows.entry(number).or_insert_with(|| {
            let at = self.tables.iter().position(|(t, _)| t == table).unwrap_or_else(|| {
                self.tables.push((table.clone(), Place::Within(None)));
                self.tables.len() - 1
            });
            (at, 0)
        });
        *rows = rows.saturating_add(1);
        let whole = &mut self.tables[*at].1;
        if *whole != Place::Anywhere {
            whole.add(if *rows > MAX_ROWS { Place::Anywhere } else { place(known.geometry) });
        }
    }
}

/// Where a row is. A key without the row, or a geometry that we can't read, is anywhere.
fn place(geometry: Option<usize>, row: &Tuple<'_>) -> Place {
    match geometry.and_then(|g| row.values.get(g)) {
        Some(Value::Text(hex)) => ewkb::bbox_of_hex(hex).map_or(Place::Anywhere, Place::Within),
        Some(Value::Null) if row.whole => Place::Within(None),
        _ => Place::Anywhere,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ROWS, Place, Relations, Transaction};
    use crate::pgoutput::{Message, Relation, Tuple, Value};
    use kernel::Bbox;

    /// `POINT(1 2)` and `POINT(5 0)`, hexadecimal EWKB.
    const A: &[u8] = b"0101000000000000000000F03F0000000000000040";
    const B: &[u8] = b"010100000000000000000014400000000000000000";

    fn relation(number: u32, schema: &str, name: &str) -> Message<'static> {
        let columns = vec!["fid".to_owned(), "geom".to_owned()];
        Message::Relation(Relation { number, schema: schema.into(), name: name.into(), columns })
    }

    fn row(geometry: Value<'_>) -> Tuple<'_> {
        Tuple { whole: true, values: vec![Value::Text(b"7"), geometry] }
    }

    fn gather<'a>(messages: impl IntoIterator<Item = Message<'a>>) -> Transaction {
        let (mut transaction, mut relations) = (Transaction::default(), Relations::default());
        for message in messages {
            transaction.take(message, &mut relations);
        }
        transaction
    }

    fn parcels<'a>(messages: impl IntoIterator<Item = Message<'a>>) -> Place {
        gather([relation(1, "cadastre", "parcels")].into_iter().chain(messages)).tables[0].1
    }

    #[test]
    fn the_place_it_left_and_the_place_it_came_to() {
        let moved = Message::Update { relation: 1, old: Some(row(Value::Text(A))), new: row(Value::Text(B)) };
        assert_eq!(parcels([moved]), Place::Within(Bbox::new(1.0, 0.0, 5.0, 2.0).ok()));
        let gone = Message::Delete { relation: 1, old: row(Value::Text(A)) };
        let come = Message::Insert { relation: 1, new: row(Value::Text(B)) };
        assert_eq!(parcels([gone, come]), Place::Within(Bbox::new(1.0, 0.0, 5.0, 2.0).ok()));
    }

    #[test]
    fn a_long_geometry_that_stays_is_where_it_was() {
        let renamed = Message::Update { relation: 1, old: Some(row(Value::Text(A))), new: row(Value::Unchanged) };
        assert_eq!(parcels([renamed]), Place::Within(Bbox::new(1.0, 2.0, 1.0, 2.0).ok()));
    }

    #[test]
    fn without_the_old_row_it_may_have_been_anywhere() {
        assert_eq!(parcels([Message::Update { relation: 1, old: None, new: row(Value::Text(A)) }]), Place::Anywhere);
        let key = Tuple { whole: false, values: vec![Value::Text(b"7"), Value::Null] };
        assert_eq!(parcels([Message::Delete { relation: 1, old: key }]), Place::Anywhere);
        assert_eq!(parcels([Message::Insert { relation: 1, new: row(Value::Text(b"nonsense")) }]), Place::Anywhere);
        assert_eq!(parcels([Message::Truncate(vec![1])]), Place::Anywhere);
    }

    #[test]
    fn many_rows_are_anywhere() {
        let rows = |n| (0..n).map(|_| Message::Insert { relation: 1, new: row(Value::Text(A)) });
        assert!(matches!(parcels(rows(MAX_ROWS)), Place::Within(Some(_))));
        assert_eq!(parcels(rows(MAX_ROWS + 1)), Place::Anywhere);
    }

    #[test]
    fn each_table_once_the_catalogue_apart_and_no_others() {
        let insert = |relation| Message::Insert { relation, new: row(Value::Text(A)) };
        let transaction = gather([
            relation(1, "cadastre", "parcels"),
            relation(2, "opensit", "layers"),
            relation(3, "Somebody", "else's table"),
            insert(1),
            insert(2),
            insert(3),
            insert(4),
            insert(1),
        ]);
        assert!(transaction.catalogue);
        assert_eq!(transaction.tables.iter().map(|(t, _)| t.to_string()).collect::<Vec<_>>(), ["cadastre.parcels"]);
        assert!(gather([relation(3, "Somebody", "else's table"), insert(3)]).is_empty());
    }
}
