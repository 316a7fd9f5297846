//! The messages of `pgoutput`, protocol version 1 (PostgreSQL 15, "Logical Replication Message Formats"), as far as the
//! feed needs them: which table, and its rows' values as text.

use thiserror::Error;

use crate::copies::StreamedColumn;

/// A message ended before it was whole, or says something that the protocol does not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a message of the replication stream can't be read")]
pub(crate) struct Malformed;

/// A message about tables or rows.
#[derive(Debug, PartialEq)]
pub(crate) enum Message<'a> {
    Relation(Relation),
    Insert {
        relation: u32,
        new: Tuple<'a>,
    },
    Update {
        relation: u32,
        old: Option<Tuple<'a>>,
        new: Tuple<'a>,
    },
    Delete {
        relation: u32,
        old: Tuple<'a>,
    },
    Truncate(Vec<u32>),
    /// Types and origins: nothing to us.
    Other,
}

/// What a number stands for in the messages that follow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Relation {
    pub(crate) number: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<StreamedColumn>,
}

/// The values of a row, in the order of the relation's columns.
#[derive(Debug, PartialEq)]
pub(crate) struct Tuple<'a> {
    /// Whether it is the whole row (`O`, `N`), not its key alone (`K`).
    pub(crate) whole: bool,
    pub(crate) values: Vec<Value<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    /// A long value that the update did not touch: it is not sent.
    Unchanged,
    Text(&'a [u8]),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(Malformed)?;
        self.0 = rest;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.bytes(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(self.bytes(2)?.try_into().map_err(|_| Malformed)?))
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.bytes(4)?.try_into().map_err(|_| Malformed)?))
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let end = self.0.iter().position(|b| *b == 0).ok_or(Malformed)?;
        let text = self.bytes(end)?;
        self.u8()?;
        String::from_utf8(text.to_vec()).map_err(|_| Malformed)
    }

    fn tuple(&mut self, whole: bool) -> Result<Tuple<'a>, Malformed> {
        let count = usize::from(self.u16()?);
        let mut values = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            values.push(match self.u8()? {
                b'n' => Value::Null,
                b'u' => Value::Unchanged,
                b't' => {
                    let length = self.u32()? as usize;
                    Value::Text(self.bytes(length)?)
                }
                _ => return Err(Malformed),
            });
        }
        Ok(Tuple { whole, values })
    }

    fn relation(&mut self) -> Result<Relation, Malformed> {
        let (number, schema, name) = (self.u32()?, self.string()?, self.string()?);
        self.u8()?; // the replica identity
        let mut columns = Vec::new();
        for _ in 0..self.u16()? {
            self.u8()?; // whether it is of the key
            let (name, kind) = (self.string()?, self.u32()?);
            self.bytes(4)?; // the type's modifier
            columns.push(StreamedColumn { name, kind });
        }
        Ok(Relation { number, schema, name, columns })
    }
}

/// Reads one message.
pub(crate) fn read(bytes: &[u8]) -> Result<Message<'_>, Malformed> {
    let mut reader = Reader(bytes);
    Ok(match reader.u8()? {
        b'R' => Message::Relation(reader.relation()?),
        b'I' => {
            let relation = reader.u32()?;
            match reader.u8()? {
                b'N' => Message::Insert { relation, new: reader.tuple(true)? },
                _ => return Err(Malformed),
            }
        }
        b'U' => {
            let relation = reader.u32()?;
            let (old, tag) = match reader.u8()? {
                tag @ (b'K' | b'O') => (Some(reader.tuple(tag == b'O')?), reader.u8()?),
                tag => (None, tag),
            };
            match tag {
                b'N' => Message::Update { relation, old, new: reader.tuple(true)? },
                _ => return Err(Malformed),
            }
        }
        b'D' => {
            let relation = reader.u32()?;
            match reader.u8()? {
                tag @ (b'K' | b'O') => Message::Delete { relation, old: reader.tuple(tag == b'O')? },
                _ => return Err(Malformed),
            }
        }
        b'T' => {
            let count = reader.u32()? as usize;
            reader.u8()?; // cascade, restart identity
            (0..count.min(reader.0.len())).map(|_| reader.u32()).collect::<Result<_, _>>().map(Message::Truncate)?
        }
        b'B' | b'C' | b'M' | b'O' | b'Y' => Message::Other,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Message, Relation, Tuple, Value, read};
    use crate::copies::StreamedColumn;

    fn relation() -> Vec<u8> {
        let mut b = b"R".to_vec();
        b.extend(16400u32.to_be_bytes());
        b.extend(b"cadastre\0parcels\0f");
        b.extend(2u16.to_be_bytes());
        for column in ["fid", "geom"] {
            b.push(1);
            b.extend(column.as_bytes());
            b.extend([0, 0, 0, 0, 20, 255, 255, 255, 255]);
        }
        b
    }

    fn update() -> Vec<u8> {
        let mut b = b"U".to_vec();
        b.extend(16400u32.to_be_bytes());
        b.extend(b"O\0\x02t\0\0\0\x017t\0\0\0\x02ABN\0\x02t\0\0\0\x017u");
        b
    }

    #[test]
    fn names_and_rows() {
        let columns = ["fid", "geom"].map(|name| StreamedColumn { name: name.into(), kind: 20 }).into();
        let expected = Relation { number: 16400, schema: "cadastre".into(), name: "parcels".into(), columns };
        assert_eq!(read(&relation()), Ok(Message::Relation(expected)));
        let old = Some(Tuple { whole: true, values: vec![Value::Text(b"7"), Value::Text(b"AB")] });
        let new = Tuple { whole: true, values: vec![Value::Text(b"7"), Value::Unchanged] };
        assert_eq!(read(&update()), Ok(Message::Update { relation: 16400, old, new }));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for whole in [relation(), update()] {
            for end in 0..whole.len() {
                assert_eq!(read(&whole[..end]), Err(Malformed), "{end}");
            }
        }
        assert_eq!(read(b"?"), Err(Malformed));
        assert_eq!(read(b"T\xFF\xFF\xFF\xFF\0"), Ok(Message::Truncate(vec![])));
    }
}
