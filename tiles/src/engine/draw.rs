//! A row's geometry in a tile: quantised, simplified, cut, and written as commands (Mapbox Vector Tile 2.1, 4.3).

use super::area::{Boxed, Lanes, Rings};
use super::bodies::{self, CLOSE, MOVE_ONCE, STEP, step};
use super::clip::{self, Square, Unit};
use super::cut;
use super::protobuf::{Out, SLACK, copy_short, put, zigzag};
use super::ready::{Large, Mended};
use super::run::{Kind, Run};
use super::shapes::{Near, PartOf};
use super::short::Short;
use super::world::{Extent, Frame, Grid, World};
use crate::frame::EXTENT;

/// What drawing needs again and again.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    /// The commands of the geometry at hand, ready for a feature.
    pub(crate) commands: Out,
    cursor: Unit,
    line: Vec<Unit>,
    cut: Vec<Unit>,
    ends: Vec<usize>,
    rings: Rings,
    edges: Vec<Boxed>,
    lanes: Lanes,
    short: [Short; 2],
}

impl Pen {
    /// Draws a row of a run. `false`: nothing of it is in the tile.
    pub(crate) fn draw(&mut self, run: &Run, row: usize, grid: &Grid) -> bool {
        self.begin();
        let extent = &run.extent(row);
        let beside = grid.beside(extent);
        if beside == [false; 4]
            && let Some((first, corner, body)) = run.made(row, grid.z)
            && let Some(frame) = grid.frame(corner)
        {
            self.made_ring(frame.at(first), body);
            return true;
        }
        if run.ready(row).at(grid.z)
            && let Some(ring) = run.plain(row)
            && extent.side() >= grid.half_unit()
            && let Some(frame) = grid.frame(ring.corner)
        {
            if beside == [false; 4] {
                self.ready_ring(&ring, frame, grid.z);
                return true;
            }
            if self.cut_ring(&ring, frame, grid, beside) {
                return !self.commands.is_empty();
            }
        }
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
        let mut units = std::mem::take(&mut self.line);
        for (i, ring) in areas.iter().flat_map(|area| area.iter().enumerate()) {
            units.clear();
            units.extend(ring.iter().map(|at| grid.quantise(*at)));
            self.ring(&units, i > 0);
        }
        self.line = units;
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
        let large = run.large(row);
        let ready = run.ready(row).at(grid.z) || large.is_some_and(|large| large.is_ready(grid.z));
        if ready && square.is_none() {
            return run.parts(row).for_each(|part| match (part.near(), grid.frame(part.corner())) {
                (Some(near), Some(frame)) => self.ready_ring(&near, frame, grid.z),
                _ => {
                    self.quantised_ring(&part, grid);
                    self.write_line();
                }
            });
        }
        // what is cut must touch nowhere, and as it is it is nearer to the truth
        let is_better = |large: &Large, mended: &Mended| match square {
            Some(square) => mended.parted && !large.is_free_in(&grid.around(square), grid.z),
            None => true,
        };
        if let Some(large) = large
            && let Some(mended) = large.mended(grid.z).filter(|mended| !ready && is_better(large, mended))
        {
            return self.mended(mended, run.extent(row), grid, square);
        }
        each_area(run, row, |parts| self.area(parts, grid, square, ready));
    }

    /// Draws areas as they were mended for the zoom, what of them is in the tile if they are not whole in it.
    fn mended(&mut self, mended: &Mended, extent: Extent, grid: &Grid, square: Option<Square>) {
        let mut rings = std::mem::take(&mut self.rings);
        mended.areas(grid.floor([extent.west, extent.north]), &mut rings, |rings| {
            if let Some(square) = square {
                return self.cut_rings(rings, square, true);
            }
            rings.iter().for_each(|ring| self.closed(ring, false));
        });
        self.rings = rings;
    }

    /// Writes the ring at hand.
    fn write_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.closed(&line, false);
        self.line = line;
    }

    /// Writes a ring of an area that is [`super::ready::Ready`] and whole in the tile: what its zoom needs, nothing twice in a row.
    fn ready_ring(&mut self, ring: &Near<'_>, frame: Frame, z: u8) {
        let first = frame.at(ring.low[0]);
        let room = self.commands.room(bodies::room(ring) + FIRST);
        room[0] = MOVE_ONCE;
        let begun = 1 + step(first[0] - self.cursor[0] as i32, first[1] - self.cursor[1] as i32, &mut room[1..]);
        let (length, last) = bodies::write(ring, frame, z, &mut room[begun..]);
        self.commands.wrote(begun + length);
        self.cursor = last.map(i64::from);
    }

    /// Writes the only ring of a row as it was made beforehand.
    fn made_ring(&mut self, [x, y]: [i32; 2], (body, length): (&[u8], usize)) {
        let room = self.commands.room(length + FIRST + SLACK);
        room[0] = MOVE_ONCE;
        let begun = 1 + step(x, y, &mut room[1..]);
        copy_short(body, length, &mut room[begun..]);
        self.commands.wrote(begun + length);
    }

    /// Writes a ring of an area that is ready and is not whole in the tile, but has positions beside these of its sides. `false`: it may
    /// fall into pieces.
    fn cut_ring(&mut self, ring: &Near<'_>, frame: Frame, grid: &Grid, beside: [bool; 4]) -> bool {
        let [short, other] = &mut self.short;
        let (mut short, mut other) = (short, other);
        short.fill(ring.low.iter().zip(ring.keep).map(|(low, keep)| (frame.at(*low), *keep <= grid.z)));
        let (from, to) = (-grid.buffer as i32, EXTENT as i32 + grid.buffer as i32);
        let sides = [(0, from, 1), (0, to, -1), (1, from, 1), (1, to, -1)];
        let cuts = sides.iter().zip(beside).filter(|(_, cuts)| *cuts);
        for ((axis, at, sign), _) in cuts {
            std::mem::swap(&mut short, &mut other);
            if short.cut(other, *axis, *at, *sign).is_none() {
                return false;
            }
        }
        short.dedup();
        let positions = short.positions();
        if positions.len() < 3 {
            return true;
        }
        if !short.is_convex() {
            self.rings.clear();
            self.rings.positions.extend(positions.iter().map(|at| at.map(i64::from)));
            self.rings.ends.push(positions.len());
            let rings = std::mem::take(&mut self.rings);
            self.rings = self.rings_of(rings, Some(Square { from: from.into(), to: to.into() }), true);
            return true;
        }
        let room = self.commands.room(4 * positions.len() + 8);
        let [mut x, mut y] = positions[0];
        room[0] = MOVE_ONCE;
        let mut at = 1 + step(x, y, &mut room[1..]);
        at += put((positions.len() as u64 - 1) << 3 | 2, &mut room[at..]);
        for [next_x, next_y] in &positions[1..] {
            at += step(next_x - x, next_y - y, &mut room[at..]);
            (x, y) = (*next_x, *next_y);
        }
        room[at] = CLOSE;
        self.commands.wrote(at + 1);
        true
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

    /// Draws an area; `ready` if it is at the zoom.
    fn area(&mut self, parts: &[PartOf<'_>], grid: &Grid, square: Option<Square>, ready: bool) {
        let whole = match square {
            Some(_) if parts.len() > 1 || parts[0].is_large() => false,
            _ => self.gather(parts, grid, square),
        };
        if let Some(square) = square.filter(|_| !whole) {
            return self.cut_area(parts, grid, square, ready);
        }
        if !self.rings.ends.is_empty() {
            let rings = std::mem::take(&mut self.rings);
            self.rings = self.rings_of(rings, square, ready);
        }
    }

    /// Draws an area that its holes or its shape make fall into several at the sides of the tile.
    fn cut_area(&mut self, parts: &[PartOf<'_>], grid: &Grid, square: Square, ready: bool) {
        self.rings.clear();
        let extent = grid.around(square);
        let mut sound = true;
        for part in parts.iter().filter(|part| !part.hole || !part.is_beside(&extent)) {
            self.line.clear();
            let line = &mut self.line;
            sound &= part.positions_near(&extent, grid.z, |position| {
                let at = grid.quantise(position);
                if line.last() != Some(&at) {
                    line.push(at);
                }
            });
            open(&mut self.line);
            if self.line.len() < 3 {
                self.line.clear();
                quantised(part, grid, true, &mut self.line);
                open(&mut self.line);
            }
            if self.line.len() >= 3 {
                self.rings.positions.extend_from_slice(&self.line);
                self.rings.ends.push(self.rings.positions.len());
            } else if !part.hole {
                return;
            }
        }
        let rings = std::mem::take(&mut self.rings);
        self.cut_rings(&rings, square, sound || ready);
        self.rings = rings;
    }

    /// Draws what of an area's rings is in a square.
    fn cut_rings(&mut self, rings: &Rings, square: Square, sound: bool) {
        let Some(areas) = cut::areas(rings, square) else {
            // rings that cross themselves once they are simplified
            let shapes = rings.repaired(&mut self.edges, Some(square));
            return self.shapes(&shapes);
        };
        for mut rings in areas {
            rings.tidy();
            self.rings_of(rings, Some(square), sound);
        }
    }

    /// Writes the rings of an area, after they were made sound if they are not; `sound`: if they were before they were cut.
    fn rings_of(&mut self, mut rings: Rings, square: Option<Square>, sound: bool) -> Rings {
        let along = square.filter(|_| sound).is_some_and(|square| rings.are_sound_along(square, &mut self.lanes));
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
        for part in parts {
            self.quantised_ring(part, grid);
            if let Some(square) = square {
                whole &= clip::ring(&mut self.line, &mut self.cut, square);
                self.line.dedup();
                open(&mut self.line);
            }
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
        self.commands.varint((count as u64) << 3 | id);
    }

    fn to(&mut self, at: Unit) {
        let room = self.commands.room(20);
        let [x, y] = [0, 1].map(|axis| at[axis] - self.cursor[axis]);
        let bytes = if (-STEP..STEP).contains(&x) && (-STEP..STEP).contains(&y) {
            step(x as i32, y as i32, room)
        } else {
            let bytes = put(zigzag(x), room);
            bytes + put(zigzag(y), &mut room[bytes..])
        };
        self.commands.wrote(bytes);
        self.cursor = at;
    }
}

/// As many bytes come before a ring's body at most.
const FIRST: usize = 5;

/// Tells of each area of a row its rings.
fn each_area(run: &Run, row: usize, mut tell: impl FnMut(&[PartOf<'_>])) {
    let parts: Vec<PartOf<'_>> = run.parts(row).collect();
    let mut from = 0;
    while from < parts.len() {
        let to = parts[from + 1..].iter().position(|part| !part.hole).map_or(parts.len(), |next| from + 1 + next);
        tell(&parts[from..to]);
        from = to;
    }
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
