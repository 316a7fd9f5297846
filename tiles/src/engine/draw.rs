//! A row's geometry in a tile: quantised, simplified, cut, and written as commands (Mapbox Vector Tile 2.1, 4.3).

use super::area::{Boxed, Rings};
use super::clip::{self, Square, Unit};
use super::cut;
use super::protobuf::{varint, zigzag};
use super::run::{Kind, Run};
use super::shapes::{Near, PartOf};
use super::world::{Extent, Grid, World};
use crate::frame::EXTENT;

/// What drawing needs again and again.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    /// The commands of the geometry at hand, ready for a feature.
    pub(crate) commands: Vec<u8>,
    cursor: Unit,
    line: Vec<Unit>,
    cut: Vec<Unit>,
    ends: Vec<usize>,
    rings: Rings,
    edges: Vec<Boxed>,
}

impl Pen {
    /// Draws a row of a run. `false`: nothing of it is in the tile.
    pub(crate) fn draw(&mut self, run: &Run, row: usize, grid: &Grid) -> bool {
        self.begin();
        let extent = &run.extent(row);
        let square = Square { from: -grid.buffer, to: i64::from(EXTENT) + grid.buffer };
        match run.kind(row) {
            Kind::Point => self.points(run, row, grid, square),
            _ if extent.side() < grid.half_unit() => {}
            Kind::Line => self.lines(run, row, grid, (!grid.holds(extent)).then_some(square)),
            Kind::Area => self.areas(run, row, grid, (!grid.holds(extent)).then_some(square)),
        }
        !self.commands.is_empty()
    }

    /// Draws one point, if the tile itself holds it: not its buffer, and of two tiles' common sides only one.
    pub(crate) fn draw_label(&mut self, at: [u32; 2], grid: &Grid) -> bool {
        self.begin();
        let unit = grid.quantise(at);
        if !grid.owns(at) {
            return false;
        }
        self.command(1, 1);
        self.to(unit);
        true
    }

    /// Draws a square of the world, of a unit at least.
    pub(crate) fn draw_square(&mut self, square: &Extent, grid: &Grid) -> bool {
        self.begin();
        let (from, to) = (grid.quantise([square.west, square.north]), grid.quantise([square.east, square.south]));
        let held = |at: i64| at.clamp(-grid.buffer, i64::from(EXTENT) + grid.buffer);
        let [west, north, east, south] = [held(from[0]), held(from[1]), held(to[0].max(from[0] + 1)), held(to[1].max(from[1] + 1))];
        if west < east && north < south {
            self.ring(&[[west, north], [east, north], [east, south], [west, south]], false);
        }
        !self.commands.is_empty()
    }

    /// Draws areas of the world, each its outer ring first, as they are.
    pub(crate) fn draw_block(&mut self, areas: &[Vec<Vec<World>>], grid: &Grid) -> bool {
        self.begin();
        for (i, ring) in areas.iter().flat_map(|area| area.iter().enumerate()) {
            let units: Vec<Unit> = ring.iter().map(|at| grid.quantise(*at)).collect();
            self.ring(&units, i > 0);
        }
        !self.commands.is_empty()
    }

    fn begin(&mut self) {
        self.commands.clear();
        self.cursor = [0, 0];
    }

    fn points(&mut self, run: &Run, row: usize, grid: &Grid, square: Square) {
        self.line.clear();
        for part in run.parts(row) {
            self.line.extend(part.positions().map(|(at, _)| grid.quantise(at)).filter(|at| square.holds(*at)));
        }
        if !self.line.is_empty() {
            self.command(1, self.line.len());
            for i in 0..self.line.len() {
                self.to(self.line[i]);
            }
        }
    }

    fn lines(&mut self, run: &Run, row: usize, grid: &Grid, square: Option<Square>) {
        for part in run.parts(row) {
            self.line.clear();
            let Some(square) = square else {
                quantised(&part, grid, false, &mut self.line);
                if self.line.len() < 2 {
                    // a small loop is not nothing
                    self.line.clear();
                    quantised(&part, grid, true, &mut self.line);
                }
                self.polyline(0, self.line.len());
                continue;
            };
            needed(&part, grid, false, &mut self.line, |position| grid.offset(position));
            self.cut.clear();
            self.ends.clear();
            clip::line(&self.line, grid.in_world(square), &mut self.cut, &mut self.ends);
            std::mem::swap(&mut self.line, &mut self.cut);
            rounded(grid, &mut self.line);
            let mut from = 0;
            for i in 0..self.ends.len() {
                let to = self.ends[i];
                self.polyline(from, to);
                from = to;
            }
        }
    }

    /// Writes `line[from..to]`, if it is a line.
    fn polyline(&mut self, from: usize, to: usize) {
        let (mut length, mut last) = (0, None);
        for at in &self.line[from..to] {
            length += usize::from(last.replace(*at) != Some(*at));
        }
        if length < 2 {
            return;
        }
        self.command(1, 1);
        let mut last = self.line[from];
        self.to(last);
        self.command(2, length - 1);
        for i in from + 1..to {
            let at = self.line[i];
            if at != last {
                self.to(at);
                last = at;
            }
        }
    }

    fn areas(&mut self, run: &Run, row: usize, grid: &Grid, square: Option<Square>) {
        let mut sound = run.safe(row) <= grid.z;
        if !sound && let Some(soundness) = run.soundness(row) {
            sound = soundness.at(grid.z, || each_area(run, row, |parts| self.is_sound(parts, grid)));
        }
        if sound && square.is_none() {
            return self.sound(run.parts(row), grid);
        }
        each_area(run, row, |parts| {
            self.area(parts, grid, square, sound);
            true
        });
    }

    /// Whether an area is sound in tiles of this zoom in which it is whole.
    fn is_sound(&mut self, parts: &[PartOf<'_>], grid: &Grid) -> bool {
        self.gather(parts, grid, None);
        self.rings.are_sound(&mut self.edges)
    }

    /// Areas that are whole in the tile, and whose rings can't touch.
    fn sound<'a>(&mut self, parts: impl Iterator<Item = PartOf<'a>>, grid: &Grid) {
        let mut is_there = true;
        for part in parts.into_iter() {
            if part.hole && !is_there {
                continue;
            }
            let area = self.quantised_ring(&part, grid);
            is_there = part.hole || area != 0;
            if area != 0 {
                let line = std::mem::take(&mut self.line);
                self.closed(&line, (area > 0) == part.hole);
                self.line = line;
            }
        }
    }

    /// The ring at hand in the tile's units, and twice its area with a sign; nought: it is nothing.
    fn quantised_ring(&mut self, part: &PartOf<'_>, grid: &Grid) -> i64 {
        for all in [false, true] {
            self.line.clear();
            quantised(part, grid, all, &mut self.line);
            open(&mut self.line);
            let area = if self.line.len() < 3 { 0 } else { Rings::doubled_area(&self.line) };
            if area != 0 {
                return area;
            }
        }
        0
    }

    /// Draws an area; `sound` if it is where it is whole.
    fn area(&mut self, parts: &[PartOf<'_>], grid: &Grid, square: Option<Square>, sound: bool) {
        if let Some(square) = square.filter(|_| parts.len() > 1 || parts[0].is_large()) {
            return self.cut_area(parts, grid, square, sound);
        }
        let whole = self.gather(parts, grid, square);
        if self.rings.ends.is_empty() {
            return;
        }
        if let Some(square) = square.filter(|_| !whole) {
            return self.cut_area(parts, grid, square, sound);
        }
        let rings = std::mem::take(&mut self.rings);
        self.rings = self.rings_of(rings, square, sound);
    }

    /// Draws an area that its holes or its shape make fall into several at the sides of the tile.
    fn cut_area(&mut self, parts: &[PartOf<'_>], grid: &Grid, square: Square, sound: bool) {
        self.rings.clear();
        let extent = grid.around(square);
        for part in parts.iter().filter(|part| !part.hole || !part.is_beside(&extent)) {
            self.line.clear();
            part.positions_near(&extent, |position, keep| {
                if keep <= grid.z {
                    let at = grid.offset(position);
                    if self.line.last() != Some(&at) {
                        self.line.push(at);
                    }
                }
            });
            open(&mut self.line);
            if self.line.len() < 3 {
                self.line.clear();
                needed(part, grid, true, &mut self.line, |position| grid.offset(position));
                open(&mut self.line);
            }
            if self.line.len() >= 3 {
                self.rings.positions.extend_from_slice(&self.line);
                self.rings.ends.push(self.rings.positions.len());
            } else if !part.hole {
                return;
            }
        }
        let Some(areas) = cut::areas(&self.rings, grid.in_world(square)) else {
            // rings that cross themselves once they are simplified
            rounded(grid, &mut self.rings.positions);
            let shapes = self.rings.repaired(&mut self.edges, Some(square));
            return self.shapes(&shapes);
        };
        for mut rings in areas {
            rounded(grid, &mut rings.positions);
            rings.tidy();
            self.rings_of(rings, Some(square), sound);
        }
    }

    /// Writes the rings of an area, after they were made sound if they are not; `sound`: if they were before they were cut.
    fn rings_of(&mut self, mut rings: Rings, square: Option<Square>, sound: bool) -> Rings {
        let along = square.filter(|_| sound).is_some_and(|square| rings.are_sound_along(square, &mut self.edges));
        let is_sound = along || rings.are_sound(&mut self.edges) || {
            rings.tidy();
            rings.ends.is_empty() || rings.are_sound(&mut self.edges)
        };
        if is_sound {
            for (i, ring) in rings.iter().enumerate() {
                self.ring(ring, i > 0);
            }
        } else if let Some(hull) = rings.hull() {
            self.ring(&hull, false);
        } else {
            let shapes = rings.repaired(&mut self.edges, square);
            self.shapes(&shapes);
        }
        rings
    }

    fn shapes(&mut self, shapes: &[Vec<Vec<Unit>>]) {
        for shape in shapes {
            for (i, ring) in shape.iter().enumerate() {
                self.ring(ring, i > 0);
            }
        }
    }

    /// The rings of an area in the tile's units, cut if a square is given; those that become nothing are left out, with an outer ring its
    /// holes. Whether none may have fallen apart.
    fn gather(&mut self, parts: &[PartOf<'_>], grid: &Grid, square: Option<Square>) -> bool {
        self.rings.clear();
        let mut whole = true;
        let extent = square.map(|square| grid.around(square));
        for part in parts {
            if part.hole && extent.is_some_and(|extent| part.is_beside(&extent)) {
                continue;
            }
            self.line.clear();
            match square {
                None => {
                    self.quantised_ring(part, grid);
                }
                Some(square) => {
                    needed(part, grid, false, &mut self.line, |position| grid.offset(position));
                    if self.line.len() < 3 {
                        self.line.clear();
                        needed(part, grid, true, &mut self.line, |position| grid.offset(position));
                    }
                    whole &= clip::ring(&mut self.line, &mut self.cut, grid.in_world(square));
                    rounded(grid, &mut self.line);
                    self.line.dedup();
                }
            }
            open(&mut self.line);
            let is_ring = self.line.len() >= 3 && (!whole || Rings::doubled_area(&self.line) != 0);
            if is_ring {
                self.rings.positions.extend_from_slice(&self.line);
                self.rings.ends.push(self.rings.positions.len());
            } else if !part.hole {
                return whole;
            }
        }
        whole
    }

    /// Writes a ring; outer ones clockwise on the screen, holes the other way.
    fn ring(&mut self, ring: &[Unit], hole: bool) {
        let area = Rings::doubled_area(ring);
        if area != 0 {
            self.closed(ring, (area > 0) == hole);
        }
    }

    /// Writes a ring, of which no position is twice in a row, this way or the other.
    fn closed(&mut self, ring: &[Unit], backwards: bool) {
        let n = ring.len();
        self.command(1, 1);
        self.to(ring[0]);
        self.command(2, n - 1);
        for i in 1..n {
            self.to(ring[if backwards { n - i } else { i }]);
        }
        self.command(7, 1);
    }

    fn command(&mut self, id: u64, count: usize) {
        varint((count as u64) << 3 | id, &mut self.commands);
    }

    fn to(&mut self, at: Unit) {
        let [x, y] = [0, 1].map(|axis| zigzag(at[axis] - self.cursor[axis]));
        // most steps take one byte or two each way
        let (low, high) = (|n: u64| n as u8 | 0x80, |n: u64| (n >> 7) as u8);
        let out = &mut self.commands;
        match (x, y) {
            (0..0x80, 0..0x80) => out.extend_from_slice(&[x as u8, y as u8]),
            (0..0x80, 0x80..0x4000) => out.extend_from_slice(&[x as u8, low(y), high(y)]),
            (0x80..0x4000, 0..0x80) => out.extend_from_slice(&[low(x), high(x), y as u8]),
            (0x80..0x4000, 0x80..0x4000) => out.extend_from_slice(&[low(x), high(x), low(y), high(y)]),
            _ => {
                varint(x, out);
                varint(y, out);
            }
        }
        self.cursor = at;
    }
}

/// Tells of each area of a row its rings, as long as that is answered with yes.
fn each_area(run: &Run, row: usize, mut tell: impl FnMut(&[PartOf<'_>]) -> bool) -> bool {
    let parts: Vec<PartOf<'_>> = run.parts(row).collect();
    let mut from = 0;
    while from < parts.len() {
        let to = parts[from + 1..].iter().position(|part| !part.hole).map_or(parts.len(), |next| from + 1 + next);
        if !tell(&parts[from..to]) {
            return false;
        }
        from = to;
    }
    true
}

/// A part's positions that its zoom needs (or all of them), in the tile's units, none twice in a row.
fn quantised(part: &PartOf<'_>, grid: &Grid, all: bool, out: &mut Vec<Unit>) {
    needed(part, grid, all, out, |position| grid.quantise(position));
}

fn needed(part: &PartOf<'_>, grid: &Grid, all: bool, out: &mut Vec<Unit>, unit: impl Fn(World) -> Unit) {
    let mut last = None;
    let mut take = |position: World, keep: u8| {
        if all || keep <= grid.z {
            let at = unit(position);
            if last.replace(at) != Some(at) {
                out.push(at);
            }
        }
    };
    match part.near() {
        Some(Near { corner, low, keep }) => {
            for ([x, y], keep) in low.iter().zip(keep) {
                take([corner[0] + u32::from(*x), corner[1] + u32::from(*y)], *keep);
            }
        }
        None => part.positions().for_each(|(position, keep)| take(position, keep)),
    }
}

/// World units from the tile's corner, in which is cut, become the tile's.
fn rounded(grid: &Grid, positions: &mut [Unit]) {
    positions.iter_mut().for_each(|at| *at = at.map(|along| grid.units(along)));
}

/// Takes a ring's first position off its end.
fn open(ring: &mut Vec<Unit>) {
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
}
