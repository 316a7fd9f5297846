//! What a transaction touches, gathered from its rows until it commits.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{Bbox, Column, TableName};

use crate::copies::{Copied, Copies, StreamedColumn};
use crate::ewkb;
use crate::pgoutput::{Message, Relation, Tuple, Value};

/// Beyond as many rows of one table, the rectangle round them says little: anywhere.
pub(crate) const MAX_ROWS: u32 = 5_000;

/// Beyond as many kinds of rows of one table they are not told apart.
const MAX_KEYS: usize = 64;

/// The table whose rows are the catalogue.
const CATALOGUE: (&str, &str) = ("opensit", "layers");

/// The tables of the stream by the numbers that it gives them, for as long as a connection lasts.
#[derive(Debug, Default)]
pub(crate) struct Relations(HashMap<u32, Known>);

#[derive(Debug)]
struct Known {
    table: Table,
    columns: Arc<[StreamedColumn]>,
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
        let geometry = relation.columns.iter().position(|c| c.name == "geom");
        let table = if (relation.schema.as_str(), relation.name.as_str()) == CATALOGUE {
            Table::Catalogue
        } else {
            TableName::new(&relation.schema, &relation.name).map_or(Table::Foreign, Table::Named)
        };
        self.0.insert(relation.number, Known { table, columns: relation.columns.into(), geometry });
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
    pub(crate) fn add(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Within(Some(a)), Self::Within(Some(b))) => Self::Within(Some(a.union(b))),
            (Self::Within(a), Self::Within(b)) => Self::Within(a.or(b)),
            _ => Self::Anywhere,
        };
    }
}

/// The values of the columns that decide who sees a row, as the stream writes them; `None` where they are not known.
pub(crate) type Key = Option<Vec<Option<Vec<u8>>>>;

/// What was touched of a table: a place for each key.
#[derive(Debug, PartialEq)]
pub(crate) struct Touched {
    pub(crate) table: TableName,
    /// The columns of the keys; none where everybody sees all rows.
    pub(crate) deciding: Vec<Column>,
    pub(crate) places: Vec<(Key, Place)>,
    /// Which values of a row these columns are; `None` where one of them is not in the stream.
    at: Option<Vec<usize>>,
    rows: u32,
}

impl Touched {
    /// What is known of a table whose rows were not seen. Where not everybody sees all of them it isn't told where they are.
    pub(crate) fn somewhere(table: TableName, deciding: Vec<Column>, place: Place) -> Self {
        let places = if deciding.is_empty() { vec![(Some(Vec::new()), place)] } else { vec![(None, Place::Anywhere)] };
        Self { table, deciding, places, at: None, rows: 0 }
    }

    fn key(&self, row: &Tuple<'_>, before: Option<&Tuple<'_>>) -> Key {
        let value = |at: &usize| match (row.values.get(*at)?, before.and_then(|b| b.values.get(*at))) {
            (Value::Text(text), _) | (Value::Unchanged, Some(Value::Text(text))) => Some(Some(text.to_vec())),
            (Value::Null, _) if row.whole => Some(None),
            _ => None,
        };
        self.at.as_ref()?.iter().map(value).collect()
    }

    fn add(&mut self, key: Key, place: Place) {
        let key = if self.deciding.is_empty() { Some(Vec::new()) } else { key };
        let place = if self.rows > MAX_ROWS { Place::Anywhere } else { place };
        let known = self.places.iter().position(|(k, _)| *k == key);
        match known {
            Some(at) => self.places[at].1.add(place),
            None if self.places.len() < MAX_KEYS => self.places.push((key, place)),
            // too many kinds of rows to tell apart
            None => self.places = vec![(None, Place::Anywhere)],
        }
    }
}

/// What has been touched so far.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// Whether the catalogue was.
    pub(crate) catalogue: bool,
    /// The tables, each once, in the order of first touch.
    pub(crate) tables: Vec<Touched>,
    /// What it did to rows that are kept somewhere, by table.
    pub(crate) copied: Vec<(TableName, Copied)>,
    /// Whether some message of it could not be read.
    pub(crate) unreadable: bool,
    /// The tables by the numbers that the stream gives them.
    known: HashMap<u32, usize>,
}

impl Transaction {
    /// Whether nothing of ours was touched.
    pub(crate) fn is_empty(&self) -> bool {
        !self.catalogue && !self.unreadable && self.tables.is_empty()
    }

    /// Takes in a message; `deciding` says which columns of a table decide who sees a row, `copies` keep rows.
    pub(crate) fn take(
        &mut self,
        message: Message<'_>,
        relations: &mut Relations,
        deciding: &dyn Fn(&TableName) -> Vec<Column>,
        copies: Option<&dyn Copies>,
    ) {
        if let Some(copies) = copies {
            self.copy(&message, relations, copies);
        }
        match message {
            Message::Relation(relation) => {
                // the same number may stand for another name, or another order of columns, from here on
                self.known.remove(&relation.number);
                relations.learn(relation);
            }
            Message::Insert { relation, new } => self.touch(relation, relations, deciding, |known, touched| {
                touched.add(touched.key(&new, None), place(known.geometry, &new));
            }),
            Message::Update { relation, old, new } => self.touch(relation, relations, deciding, |known, touched| {
                let Some(old) = &old else { return touched.add(None, Place::Anywhere) };
                let before = place(known.geometry, old);
                let stays = known.geometry.is_some_and(|g| new.values.get(g) == Some(&Value::Unchanged));
                touched.add(touched.key(old, None), before);
                touched.add(touched.key(&new, Some(old)), if stays { before } else { place(known.geometry, &new) });
            }),
            Message::Delete { relation, old } => self.touch(relation, relations, deciding, |known, touched| {
                touched.add(touched.key(&old, None), place(known.geometry, &old));
            }),
            Message::Truncate(all) => {
                all.into_iter()
                    .for_each(|relation| self.touch(relation, relations, deciding, |_, touched| touched.add(None, Place::Anywhere)));
            }
            Message::Other => {}
        }
    }

    /// Notes what a message says of rows that are kept.
    fn copy(&mut self, message: &Message<'_>, relations: &Relations, copies: &dyn Copies) {
        let mut of = |relation: &u32, note: &dyn Fn(&Known, &mut Copied)| {
            let Some(known) = relations.0.get(relation) else { return };
            let Table::Named(table) = &known.table else { return };
            if !copies.keeps(table) {
                return;
            }
            let at = self.copied.iter().position(|(copied, _)| copied == table).unwrap_or_else(|| {
                self.copied.push((table.clone(), Copied::default()));
                self.copied.len() - 1
            });
            note(known, &mut self.copied[at].1);
        };
        match message {
            Message::Insert { relation, new } => of(relation, &|known, copied| copied.put(&known.columns, new, None)),
            Message::Update { relation, old, new } => of(relation, &|known, copied| copied.put(&known.columns, new, old.as_ref())),
            Message::Delete { relation, old } => of(relation, &|known, copied| copied.gone(&known.columns, old)),
            Message::Truncate(all) => all.iter().for_each(|relation| of(relation, &|_, copied| copied.emptied())),
            Message::Relation(_) | Message::Other => {}
        }
    }

    fn touch(
        &mut self,
        number: u32,
        relations: &Relations,
        deciding: &dyn Fn(&TableName) -> Vec<Column>,
        add: impl FnOnce(&Known, &mut Touched),
    ) {
        let Some(known) = relations.0.get(&number) else { return };
        let table = match &known.table {
            Table::Foreign => return,
            Table::Catalogue => {
                self.catalogue = true;
                return;
            }
            Table::Named(table) => table,
        };
        let at = *self.known.entry(number).or_insert_with(|| {
            let deciding = deciding(table);
            let place = |column: &Column| known.columns.iter().position(|c| c.name == column.as_str());
            let at: Option<Vec<usize>> = deciding.iter().map(place).collect();
            match self.tables.iter().position(|t| &t.table == table) {
                Some(again) => {
                    self.tables[again].at = at;
                    again
                }
                None => {
                    self.tables.push(Touched { table: table.clone(), deciding, places: Vec::new(), at, rows: 0 });
                    self.tables.len() - 1
                }
            }
        });
        let touched = &mut self.tables[at];
        touched.rows = touched.rows.saturating_add(1);
        add(known, touched);
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
    use crate::copies::StreamedColumn;
    use crate::pgoutput::{Message, Relation, Tuple, Value};
    use kernel::Bbox;

    /// `POINT(1 2)` and `POINT(5 0)`, hexadecimal EWKB.
    const A: &[u8] = b"0101000000000000000000F03F0000000000000040";
    const B: &[u8] = b"010100000000000000000014400000000000000000";

    fn relation(number: u32, schema: &str, name: &str) -> Message<'static> {
        let columns = ["fid", "geom"].map(|name| StreamedColumn { name: name.into(), kind: 25 }).into();
        Message::Relation(Relation { number, schema: schema.into(), name: name.into(), columns })
    }

    fn row(geometry: Value<'_>) -> Tuple<'_> {
        Tuple { whole: true, values: vec![Value::Text(b"7"), geometry] }
    }

    fn gather<'a>(messages: impl IntoIterator<Item = Message<'a>>) -> Transaction {
        let (mut transaction, mut relations) = (Transaction::default(), Relations::default());
        for message in messages {
            transaction.take(message, &mut relations, &|_| Vec::new(), None);
        }
        transaction
    }

    fn parcels<'a>(messages: impl IntoIterator<Item = Message<'a>>) -> Place {
        let transaction = gather([relation(1, "cadastre", "parcels")].into_iter().chain(messages));
        transaction.tables[0]
            .places
            .iter()
            .map(|(_, place)| *place)
            .reduce(|mut a, b| {
                a.add(b);
                a
            })
            .unwrap()
    }

    #[test]
    fn rows_that_others_see_are_told_apart() {
        let (mut transaction, mut relations) = (Transaction::default(), Relations::default());
        let published = |_: &kernel::TableName| vec![kernel::Column::new("published").unwrap()];
        let columns = ["fid", "geom", "published"].map(|name| StreamedColumn { name: name.into(), kind: 25 }).into();
        let event = |geometry, published| Tuple { whole: true, values: vec![Value::Text(b"7"), geometry, published] };
        for message in [
            Message::Relation(Relation { number: 1, schema: "tourism".into(), name: "events".into(), columns }),
            Message::Insert { relation: 1, new: event(Value::Text(A), Value::Text(b"f")) },
            Message::Update {
                relation: 1,
                old: Some(event(Value::Text(A), Value::Text(b"f"))),
                new: event(Value::Unchanged, Value::Text(b"t")),
            },
            Message::Insert { relation: 1, new: event(Value::Text(B), Value::Null) },
        ] {
            transaction.take(message, &mut relations, &published, None);
        }
        let at = |x: f64, y: f64| Place::Within(Bbox::new(x, y, x, y).ok());
        let key = |text: &[u8]| Some(vec![Some(text.to_vec())]);
        assert_eq!(transaction.tables[0].places, [(key(b"f"), at(1.0, 2.0)), (key(b"t"), at(1.0, 2.0)), (Some(vec![None]), at(5.0, 0.0))]);
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
        assert_eq!(transaction.tables.iter().map(|t| t.table.to_string()).collect::<Vec<_>>(), ["cadastre.parcels"]);
        assert!(gather([relation(3, "Somebody", "else's table"), insert(3)]).is_empty());
    }
}
