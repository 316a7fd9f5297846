use chrono::{DateTime, Utc};

/// Where a page begins or ends. Pages are cut by the sort keys and then by `fid`, which is never reused, so they neither skip
/// nor repeat a row that stays as it is while others come and go.
///
/// As text it is opaque to clients, and carries a sum over the question it belongs to, so that a cursor of another
/// collection or filter, or a mistyped one, is refused instead of answering something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which way.
    pub(crate) direction: Direction,
    /// The row that the page begins with, or ends with, if it is still there.
    pub(crate) fid: i64,
    /// That row's sort keys, in the database's text form; `None` for a key without a value.
    pub(crate) keys: Vec<Option<String>>,
    /// The instant of the first page, for layers with validity, so that all pages see the same versions.
    pub(crate) instant: Option<DateTime<Utc>>,
}

/// Which way a page lies from its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// This row and those after it.
    From,
    /// This row and those before it.
    UpTo,
}

/// The longest cursor: four keys of a hundred characters each, however they are escaped.
pub(crate) const MAX_BYTES: usize = 4_096;

impl Cursor {
    /// The text for a link.
    pub(crate) fn write(&self, question: &str) -> String {
        let letter = if self.direction == Direction::From { 'f' } else { 'u' };
        let instant = self.instant.map_or(0, |i| i.timestamp_micros());
        let keys = if self.keys.is_empty() { String::new() } else { format!(".{}", serde_json::json!(self.keys)) };
        let body = format!("{letter}{:x}.{instant:x}{keys}", self.fid);
        let sum = sum(&body, question);
        format!("{body}.{sum:08x}")
    }

    /// Reads the text; `None` if it was not written for this question.
    pub(crate) fn read(text: &str, question: &str) -> Option<Self> {
        let (body, sum_text) = text.rsplit_once('.').filter(|_| text.len() <= MAX_BYTES)?;
        if format!("{:08x}", sum(body, question)) != sum_text {
            return None;
        }
        let direction = match body.get(..1)? {
            "f" => Direction::From,
            "u" => Direction::UpTo,
            _ => return None,
        };
        let mut parts = body.get(1..)?.splitn(3, '.');
        let (fid, instant) = (parts.next()?, parts.next()?);
        let keys = parts.next().map_or(Some(Vec::new()), |keys| serde_json::from_str(keys).ok())?;
        let micros = i64::from_str_radix(instant, 16).ok()?;
        Some(Self {
            direction,
            fid: i64::from_str_radix(fid, 16).ok()?,
            keys,
            instant: if micros == 0 { None } else { Some(DateTime::from_timestamp_micros(micros)?) },
        })
    }
}

/// FNV-1a over both texts: it tells mistakes, not malice; a made-up cursor could ask for nothing that a filter can't.
fn sum(body: &str, question: &str) -> u32 {
    body.bytes().chain([0]).chain(question.bytes()).fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Direction};
    use chrono::DateTime;

    #[test]
    fn reads_what_it_wrote_for_the_same_question_only() {
        let cursor = Cursor {
            direction: Direction::UpTo,
            fid: 291_583,
            keys: vec![],
            instant: DateTime::from_timestamp_micros(1_790_000_000_000_001),
        };
        let text = cursor.write("parcels\nsheet=12");
        assert_eq!(Cursor::read(&text, "parcels\nsheet=12"), Some(cursor));
        assert_eq!(Cursor::read(&text, "parcels\nsheet=13"), None);
        let first = Cursor { direction: Direction::From, fid: i64::MAX, keys: vec![], instant: None };
        assert_eq!(Cursor::read(&first.write(""), ""), Some(first.clone()));
        let sorted = Cursor { keys: vec![Some("Via S. \"Anna\", 3/b".to_owned()), None, Some(String::new())], ..first };
        assert_eq!(Cursor::read(&sorted.write("q"), "q"), Some(sorted));
    }

    #[test]
    fn refuses_everything_else() {
        let good = Cursor { direction: Direction::From, fid: 7, keys: vec![], instant: None }.write("q");
        for bad in ["", ".", "f7", "f7.0", "f7.0.00000000", "é7.0.0", &good.to_uppercase(), &format!("{good}0"), &"9".repeat(100_000)] {
            assert_eq!(Cursor::read(bad, "q"), None, "{}", bad.chars().take(40).collect::<String>());
        }
    }
}
