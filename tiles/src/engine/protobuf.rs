//! As much of Protocol Buffers as a tile is written with.

/// Appends an integer in base 128.
#[inline]
pub(crate) fn varint(value: u64, out: &mut Vec<u8>) {
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x4000 => out.extend_from_slice(&[value as u8 | 0x80, (value >> 7) as u8]),
        _ => long_varint(value, out),
    }
}

fn long_varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`varint`] takes.
pub(crate) fn varint_length(value: u64) -> usize {
    // a seventh of its bits, rounded up
    ((64 - (value | 1).leading_zeros() as usize) * 9 + 64) >> 6
}

/// An integer of either sign as one that is small if it is near nought.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The integer at the beginning, and what follows it.
pub(crate) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

/// Appends a field of bytes: its number (below 16), its length, itself.
pub(crate) fn field(number: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// Bytes that are written one after the other, many times a tile: there is always room ahead, so that most integers are written without
/// asking how long they are.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    length: usize,
}

/// As much is ahead of what is written, at least.
const AHEAD: usize = 32;

impl Out {
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// What was written from a place on, and [`SLACK`] behind it.
    #[inline]
    pub(crate) fn from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).filter(|rest| rest.len() >= SLACK).unwrap_or(&[0; SLACK])
    }

    /// Room for so many bytes and some more, which are to be written from its beginning on.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        let most = self.length + bytes + AHEAD;
        if self.bytes.len() < most {
            self.grow(most);
        }
        &mut self.bytes[self.length..most]
    }

    #[cold]
    fn grow(&mut self, most: usize) {
        self.bytes.resize(most.max(self.bytes.len() * 2), 0);
    }

    /// Says that so many bytes of the room were written.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.length += bytes;
    }

    #[inline]
    pub(crate) fn varint(&mut self, value: u64) {
        self.length += put(value, self.room(10));
    }

    /// Appends a field of bytes, as [`field`] does.
    pub(crate) fn field(&mut self, number: u8, content: &[u8]) {
        let wrote = put_field(number, content, self.room(content.len() + 11));
        self.length += wrote;
    }
}

/// Copies the first bytes to the beginning of some room; both are longer by [`SLACK`] at least, so that few are copied without a call.
#[inline]
pub(crate) fn copy_short(from: &[u8], length: usize, room: &mut [u8]) {
    if length > 8 * SLACK {
        return room[..length].copy_from_slice(&from[..length]);
    }
    let mut at = 0;
    while at < length {
        room[at..at + SLACK].copy_from_slice(&from[at..at + SLACK]);
        at += SLACK;
    }
}

/// What is copied at once.
pub(crate) const SLACK: usize = 16;

/// Writes an integer in base 128 at the beginning of some room of ten bytes at least; how many it took.
#[inline]
pub(crate) fn put(value: u64, room: &mut [u8]) -> usize {
    let Ok(short @ 0..0x1000_0000) = u32::try_from(value) else { return put_long(value, room) };
    let (bytes, length) = spread(short);
    room[..4].copy_from_slice(&bytes.to_le_bytes());
    length
}

/// An integer below 2^28 in base 128, the first byte the lowest; and how many bytes it has.
#[inline]
fn spread(short: u32) -> (u32, usize) {
    // seven bits a byte, and the eighth of all but the last
    let bits = short & 0x7F | (short & 0x3F80) << 1 | (short & 0x1F_C000) << 2 | (short & 0xFE0_0000) << 3;
    let length = 1 + usize::from(short > 0x7F) + usize::from(short > 0x3FFF) + usize::from(short > 0x1F_FFFF);
    (bits | 0x80_8080 >> (8 * (4 - length) as u32) & 0x80_8080, length)
}

/// The number of a key as it is written before that of a value (Mapbox Vector Tile 2.1, 4.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    bytes: u64,
    length: usize,
}

impl Key {
    /// No layer has more than 16,384 of them.
    pub(crate) fn new(number: usize) -> Self {
        let (bytes, length) = spread(number as u32 & 0x3FFF);
        Self { bytes: bytes.into(), length }
    }

    /// Writes it and a value's number at the beginning of some room of [`TAG`] bytes at least; how many they took.
    #[inline]
    pub(crate) fn put(self, number: u32, room: &mut [u8]) -> usize {
        if number >= 0x1000_0000 {
            room[..4].copy_from_slice(&(self.bytes as u32).to_le_bytes());
            return self.length + put_long(number.into(), &mut room[self.length..]);
        }
        let (bytes, length) = spread(number);
        room[..8].copy_from_slice(&(self.bytes | u64::from(bytes) << (8 * self.length)).to_le_bytes());
        self.length + length
    }
}

/// A key and the number of a value take no more room.
pub(crate) const TAG: usize = 8;

/// Writes a field of bytes at the beginning of some room for eleven bytes more; how many it took.
pub(crate) fn put_field(number: u8, content: &[u8], room: &mut [u8]) -> usize {
    room[0] = number << 3 | 2;
    let at = 1 + put(content.len() as u64, &mut room[1..]);
    room[at..at + content.len()].copy_from_slice(content);
    at + content.len()
}

fn put_long(mut value: u64, room: &mut [u8]) -> usize {
    let mut at = 0;
    while value > 0x7F {
        room[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    room[at] = value as u8;
    at + 1
}

#[cfg(test)]
mod tests {
    use super::{Key, Out, TAG, field, read_varint, varint, varint_length, zigzag};

    #[test]
    fn with_room_ahead_it_is_the_same() {
        let mut values: Vec<u64> = (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]).collect();
        values.push(u64::MAX);
        let (mut plain, mut out) = (Vec::new(), Out::default());
        for value in values {
            varint(value, &mut plain);
            out.varint(value);
            let content = vec![7; (value % 300) as usize];
            field(3, &content, &mut plain);
            out.field(3, &content);
        }
        assert_eq!(out.written(), plain);
    }

    #[test]
    fn a_key_and_a_value_are_two_integers() {
        for key in [0, 1, 127, 128, 300, 16_383] {
            for bit in 0..32 {
                for number in [(1u32 << bit) - 1, 1 << bit, u32::MAX] {
                    let (mut plain, mut room) = (Vec::new(), [0xFF; TAG]);
                    varint(key as u64, &mut plain);
                    varint(number.into(), &mut plain);
                    let length = Key::new(key).put(number, &mut room);
                    assert_eq!(room[..length], plain, "{key} {number}");
                }
            }
        }
    }

    #[test]
    fn integers() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            varint(value, &mut out);
            assert_eq!(out.len(), varint_length(value), "{value}");
            out.push(9);
            assert_eq!(read_varint(&out), Some((value, &[9][..])));
        }
        assert_eq!(read_varint(&[0x80]), None);
        assert_eq!([0, -1, 1, -2, i64::MIN].map(zigzag), [0, 1, 2, 3, u64::MAX]);
        let mut out = Vec::new();
        field(3, b"ab", &mut out);
        assert_eq!(out, [0x1A, 2, b'a', b'b']);
    }
}
