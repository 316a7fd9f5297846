//! The geometries of a tile of many rows: another thread draws them ahead of the one that writes the features, which draws too where it would
//! have to wait. What comes out is the same to the byte.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::draw::Pen;
use super::protobuf::{Out, SLACK, copy_short};

/// From as many rows on a second thread is worth its beginning.
pub(super) const MANY: usize = 600;
/// As many are drawn before they are handed over.
pub(super) const CHUNK: usize = 256;

/// Rows that are drawn by whoever comes first.
pub(super) struct Ahead<'a, F> {
    rows: usize,
    /// Draws a row, as [`Pen::draw`] does.
    draw: &'a F,
    /// The first chunk that nobody has begun.
    next: AtomicUsize,
    chunks: Vec<OnceLock<Drawn>>,
    /// Whether a chunk was begun and will never be there.
    broken: AtomicBool,
}

/// The commands of some rows one after the other, and where those of each end; those of a row of which nothing is drawn where they begin.
#[derive(Default)]
pub(super) struct Drawn {
    commands: Out,
    ends: Vec<u32>,
}

impl Drawn {
    /// Draws some rows, and forgets what was drawn before.
    pub(super) fn draw<F: Fn(&mut Pen, usize) -> bool>(&mut self, rows: Range<usize>, draw: &F, pen: &mut Pen) {
        self.commands.clear();
        self.ends.clear();
        for row in rows {
            if draw(pen, row) {
                let length = pen.commands.len();
                copy_short(pen.commands.from(0), length, self.commands.room(length + SLACK));
                self.commands.wrote(length);
            }
            self.ends.push(self.commands.len() as u32);
        }
    }

    fn begin(&self, at: usize) -> u32 {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// Whether anything is drawn of one of the rows, counted from the first.
    #[inline]
    pub(super) fn has(&self, at: usize) -> bool {
        self.ends[at] > self.begin(at)
    }

    /// Its commands with slack behind them, and how many bytes they are.
    #[inline]
    pub(super) fn get(&self, at: usize) -> (&[u8], usize) {
        let from = self.begin(at);
        (self.commands.from(from as usize), (self.ends[at] - from) as usize)
    }
}

/// Says so if it is dropped by a panic.
struct Beginning<'a>(&'a AtomicBool);

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl<'a, F: Fn(&mut Pen, usize) -> bool> Ahead<'a, F> {
    pub(super) fn new(rows: usize, draw: &'a F) -> Self {
        let chunks = std::iter::repeat_with(OnceLock::new).take(rows.div_ceil(CHUNK)).collect();
        Self { rows, draw, next: AtomicUsize::new(0), chunks, broken: AtomicBool::new(false) }
    }

    /// Draws until all is begun.
    pub(super) fn run(&self) {
        let mut pen = Pen::default();
        while self.step(&mut pen) {}
    }

    /// Draws the first chunk that nobody has begun; `false`: there is none.
    fn step(&self, pen: &mut Pen) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(chunk) = self.chunks.get(number) else { return false };
        let _beginning = Beginning(&self.broken);
        let mut drawn = Drawn::default();
        drawn.draw(number * CHUNK..self.rows.min((number + 1) * CHUNK), self.draw, pen);
        // nobody else has begun it
        let _ = chunk.set(drawn);
        true
    }

    /// A chunk, drawn here if nobody has begun it; nothing if whoever drew it has panicked: then so does the scope that they share.
    pub(super) fn chunk(&self, number: usize, pen: &mut Pen) -> Option<&Drawn> {
        let chunk = self.chunks.get(number)?;
        loop {
            if let Some(drawn) = chunk.get() {
                return Some(drawn);
            }
            if !self.step(pen) {
                if self.broken.load(Ordering::Acquire) {
                    return None;
                }
                std::thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, CHUNK};
    use crate::engine::draw::Pen;

    /// Draws nothing of every third row, and as many bytes of another as its number has ones.
    fn draw(pen: &mut Pen, row: usize) -> bool {
        pen.commands.clear();
        (0..row.count_ones()).for_each(|_| pen.commands.varint(row as u64 % 100));
        !row.is_multiple_of(3) && row > 0
    }

    #[test]
    fn each_row_has_its_own_whoever_drew_it() {
        for rows in [0, 1, CHUNK, 10 * CHUNK + 7] {
            for helped in [false, true] {
                let ahead = Ahead::new(rows, &draw);
                let mut pen = Pen::default();
                std::thread::scope(|scope| {
                    if helped {
                        scope.spawn(|| ahead.run());
                    }
                    for row in 0..rows {
                        let expected = (!row.is_multiple_of(3)).then(|| vec![(row % 100) as u8; row.count_ones() as usize]);
                        let drawn = ahead.chunk(row / CHUNK, &mut pen).unwrap();
                        let got = drawn.has(row % CHUNK).then(|| drawn.get(row % CHUNK)).map(|(bytes, length)| bytes[..length].to_vec());
                        assert_eq!(got, expected, "{row} of {rows}");
                    }
                });
            }
        }
    }

    #[test]
    fn who_panics_leaves_nobody_waiting() {
        let panics = |_: &mut Pen, row: usize| {
            assert!(row < CHUNK, "as the test wants it");
            true
        };
        let ahead = Ahead::new(2 * CHUNK, &panics);
        let done = std::thread::scope(|scope| scope.spawn(|| ahead.run()).join());
        assert!(done.is_err());
        assert!(ahead.chunk(1, &mut Pen::default()).is_none());
    }
}
