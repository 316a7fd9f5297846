//! Pages of A4 that fill from above: headings, pairs, tables, a plan.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use kernel::Language;
use operations::say;
use pdf_writer::{Content, Date, Pdf, Rect, Ref, Str, TextStr};

use super::super::plan::{PAPER_MM, Plan, Ring, Shape};
use super::super::tables::Table;
use super::text::{Face, encoded};

/// A4, points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// Points of a millimetre.
const MM: f32 = 72.0 / 25.4;
/// 15 mm on either side.
const LEFT: f32 = 15.0 * MM;
const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
const TOP: f32 = PAGE.1 - 15.0 * MM;
/// Above the footer.
const BOTTOM: f32 = 26.0 * MM;
const TEXT: f32 = 9.5;
const SMALL: f32 = 8.0;
/// Where the values of pairs begin.
const VALUES: f32 = 55.0 * MM;
/// Between the lines of a text, of its size.
const LEADING: f32 = 1.3;
/// Round the text of a cell.
const CELL: f32 = 2.5;
/// A line of a table, and the parcel on its plan.
const GREY: f32 = 0.7;
const QUIET: f32 = 0.35;
const BLUE: (f32, f32, f32) = (0.0, 0.4, 0.8);

/// What is being written.
pub(super) struct Paper {
    pages: Vec<Content>,
    y: f32,
}

/// What stands on every page, and in the document's properties.
pub(super) struct Stamp {
    pub(super) title: String,
    pub(super) language: Language,
    pub(super) at: DateTime<Tz>,
    pub(super) lines: Vec<String>,
}

impl Paper {
    pub(super) fn new() -> Self {
        Self { pages: vec![Content::new()], y: TOP }
    }

    /// The title, with the service's name over it.
    pub(super) fn title(&mut self, title: &str, service: &str) {
        self.write(LEFT, SMALL, Face::Regular, QUIET, service);
        self.y -= 8.0;
        for line in Face::Bold.lines(title, 18.0, WIDTH) {
            self.down(18.0 * LEADING);
            self.write(LEFT, 18.0, Face::Bold, 0.0, &line);
        }
        self.y -= 8.0;
    }

    /// A heading that stays with what follows.
    pub(super) fn heading(&mut self, text: &str) {
        self.room(60.0);
        self.y -= 10.0;
        self.down(12.0 * LEADING);
        self.write(LEFT, 12.0, Face::Bold, 0.0, text);
        self.y -= 4.0;
    }

    /// A line that names what follows.
    pub(super) fn line(&mut self, text: &str) {
        self.room(44.0);
        self.down(TEXT * LEADING);
        self.write(LEFT, TEXT, Face::Bold, 0.0, text);
        self.y -= 3.0;
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        for line in Face::Regular.lines(text, TEXT, WIDTH) {
            self.down(TEXT * LEADING);
            self.write(LEFT, TEXT, Face::Regular, 0.0, &line);
        }
        self.y -= 4.0;
    }

    /// A name and its value beside it.
    pub(super) fn pair(&mut self, name: &str, value: &str) {
        let names = Face::Regular.lines(name, TEXT, VALUES - CELL);
        let values = Face::Regular.lines(value, TEXT, WIDTH - VALUES);
        for at in 0..names.len().max(values.len()) {
            self.down(TEXT * LEADING);
            if let Some(name) = names.get(at) {
                self.write(LEFT, TEXT, Face::Regular, QUIET, name);
            }
            if let Some(value) = values.get(at) {
                self.write(LEFT + VALUES, TEXT, Face::Regular, 0.0, value);
            }
        }
        self.y -= 2.0;
    }

    /// A table; its head stands again on each page that it goes on to.
    pub(super) fn table(&mut self, table: &Table) {
        let head: Vec<String> = table.columns.iter().map(|column| column.name.to_owned()).collect();
        self.row(table, &head, Face::Bold, true);
        for row in &table.rows {
            self.row(table, row, Face::Regular, false);
        }
        if let Some(totals) = &table.totals {
            self.row(table, totals, Face::Bold, false);
        }
        self.y -= 6.0;
    }

    fn row(&mut self, table: &Table, cells: &[String], face: Face, is_head: bool) {
        let widths: Vec<f32> = table.columns.iter().map(|column| narrowed(column.share) * WIDTH).collect();
        let lines: Vec<Vec<String>> = cells.iter().zip(&widths).map(|(cell, width)| face.lines(cell, SMALL, width - 2.0 * CELL)).collect();
        let most = lines.iter().map(Vec::len).max().unwrap_or(1);
        let height = f32::from(u16::try_from(most).unwrap_or(1)) * SMALL * LEADING + 2.0 * CELL;
        if self.room(height) && !is_head {
            let head: Vec<String> = table.columns.iter().map(|column| column.name.to_owned()).collect();
            self.row(table, &head, Face::Bold, true);
        }
        let (top, mut x) = (self.y, LEFT);
        for ((lines, width), column) in lines.iter().zip(&widths).zip(&table.columns) {
            let mut y = top - CELL - SMALL;
            for line in lines {
                let start = if column.number { x + width - CELL - face.width(line, SMALL) } else { x + CELL };
                self.at(start, y, SMALL, face, 0.0, line);
                y -= SMALL * LEADING;
            }
            x += width;
        }
        self.y = top - height;
        let y = self.y;
        self.page().set_stroke_gray(GREY).set_line_width(0.5).move_to(LEFT, y).line_to(LEFT + WIDTH, y).stroke();
    }

    /// The parcel among its neighbours, with the bar of its scale and the north.
    pub(super) fn plan(&mut self, plan: &Plan, l: Language) {
        let fit = plan.fit();
        let (width, height) = (narrowed(PAPER_MM.0) * MM, narrowed(PAPER_MM.1) * MM);
        self.room(height + 40.0);
        self.y -= 8.0 + height;
        let (left, base) = (LEFT, self.y);
        let point = |position: (f64, f64)| {
            let (x, y) = fit.on_paper(position);
            (left + narrowed(x) * MM, base + narrowed(y) * MM)
        };
        let content = self.page();
        content.save_state();
        content.rect(left, base, width, height).clip_nonzero().end_path();
        content.set_stroke_gray(QUIET).set_line_width(0.5);
        for shape in &plan.neighbours {
            outline(content, shape, point);
            content.stroke();
        }
        content.set_fill_rgb(0.88, 0.93, 0.98).set_stroke_rgb(BLUE.0, BLUE.1, BLUE.2).set_line_width(1.4);
        outline(content, &plan.parcel, point);
        content.fill_even_odd_and_stroke();
        content.restore_state();
        content.save_state().set_stroke_gray(GREY).set_line_width(0.7).rect(left, base, width, height).stroke().restore_state();
        for (shape, face) in plan.neighbours.iter().map(|shape| (shape, Face::Regular)).chain([(&plan.parcel, Face::Bold)]) {
            let Some((x, y)) = shape.label.map(point) else { continue };
            if (left..left + width).contains(&x) && (base..base + height).contains(&y) {
                self.at(x - face.width(&shape.number, SMALL) / 2.0, y - SMALL / 3.0, SMALL, face, 0.0, &shape.number);
            }
        }
        self.north(left + width - 14.0, base + height - 12.0);
        let bar = narrowed(fit.mm(fit.bar_m())) * MM;
        let y = base - 12.0;
        let content = self.page();
        content.set_stroke_gray(0.0).set_line_width(1.0);
        content.move_to(left, y + 4.0).line_to(left, y).line_to(left + bar, y).line_to(left + bar, y + 4.0).stroke();
        let scale = format!("{} m    {} 1:{}", fit.bar_m(), say(l, "scala", "scale"), fit.scale);
        self.at(left + bar + 6.0, y, SMALL, Face::Regular, 0.0, &scale);
        self.y = y - 6.0;
    }

    fn north(&mut self, x: f32, top: f32) {
        let content = self.page();
        content.set_fill_gray(0.0).move_to(x, top).line_to(x + 4.0, top - 16.0).line_to(x, top - 12.0).line_to(x - 4.0, top - 16.0);
        content.close_path().fill_nonzero();
        self.at(x - 3.0, top - 26.0, SMALL, Face::Bold, 0.0, "N");
    }

    /// The document.
    pub(super) fn finish(mut self, stamp: &Stamp) -> Vec<u8> {
        let count = self.pages.len();
        for number in 0..count {
            self.foot(number, count, stamp);
        }
        let id = |number: usize| Ref::new(i32::try_from(number).unwrap_or(i32::MAX));
        let (catalog, tree, info) = (id(1), id(2), id(3));
        let faces: Vec<(Face, &[u8], Ref)> = (4..).map(id).zip(Face::ALL).map(|(id, (face, name))| (face, name, id)).collect();
        let pages: Vec<(Ref, Ref)> = (0..count).map(|number| (id(10 + 2 * number), id(11 + 2 * number))).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree).lang(TextStr(stamp.language.tag()));
        pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(i32::try_from(count).unwrap_or(i32::MAX));
        for (_, name, id) in &faces {
            pdf.type1_font(*id).base_font(pdf_writer::Name(name)).encoding_predefined(pdf_writer::Name(b"WinAnsiEncoding"));
        }
        for ((page, content), drawn) in pages.iter().zip(self.pages) {
            let mut written = pdf.page(*page);
            written.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(*content);
            let mut resources = written.resources();
            let mut fonts = resources.fonts();
            for (face, _, id) in &faces {
                fonts.pair(face.name(), *id);
            }
            drop(fonts);
            drop(resources);
            drop(written);
            pdf.stream(*content, &drawn.finish());
        }
        pdf.document_info(info).title(TextStr(&stamp.title)).creator(TextStr("Open SIT")).creation_date(dated(stamp.at));
        pdf.finish()
    }

    fn foot(&mut self, number: usize, count: usize, stamp: &Stamp) {
        let Some(content) = self.pages.get_mut(number) else { return };
        let mut y = BOTTOM - 12.0;
        content.set_stroke_gray(GREY).set_line_width(0.5).move_to(LEFT, y + 10.0).line_to(LEFT + WIDTH, y + 10.0).stroke();
        let pages = match stamp.language {
            Language::It => format!("pagina {} di {count}", number + 1),
            Language::En => format!("page {} of {count}", number + 1),
        };
        show(content, (LEFT + WIDTH - Face::Regular.width(&pages, 7.0), y), 7.0, (Face::Regular, QUIET), &pages);
        let lines = stamp.lines.iter().flat_map(|line| Face::Regular.lines(line, 7.0, WIDTH - 60.0));
        for line in lines.take(6) {
            show(content, (LEFT, y), 7.0, (Face::Regular, QUIET), &line);
            y -= 9.0;
        }
    }

    fn page(&mut self) -> &mut Content {
        if self.pages.is_empty() {
            self.pages.push(Content::new());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Goes on to another page if so much has no room; whether it did.
    fn room(&mut self, height: f32) -> bool {
        let is_full = self.y - height < BOTTOM && self.y < TOP;
        if is_full {
            self.pages.push(Content::new());
            self.y = TOP;
        }
        is_full
    }

    fn down(&mut self, height: f32) {
        self.room(height);
        self.y -= height;
    }

    fn write(&mut self, x: f32, size: f32, face: Face, grey: f32, text: &str) {
        let y = self.y;
        self.at(x, y, size, face, grey, text);
    }

    fn at(&mut self, x: f32, y: f32, size: f32, face: Face, grey: f32, text: &str) {
        show(self.page(), (x, y), size, (face, grey), text);
    }
}

fn show(content: &mut Content, (x, y): (f32, f32), size: f32, (face, grey): (Face, f32), text: &str) {
    if !text.is_empty() {
        content.begin_text().set_fill_gray(grey).set_font(face.name(), size).next_line(x, y).show(Str(&encoded(text))).end_text();
    }
}

fn outline(content: &mut Content, shape: &Shape, point: impl Fn((f64, f64)) -> (f32, f32)) {
    for ring in &shape.rings {
        trace(content, ring, &point);
    }
}

fn trace(content: &mut Content, ring: &Ring, point: impl Fn((f64, f64)) -> (f32, f32)) {
    for (at, position) in ring.iter().enumerate() {
        let (x, y) = point(*position);
        if at == 0 {
            content.move_to(x, y)
        } else {
            content.line_to(x, y)
        };
    }
    content.close_path();
}

/// Points and millimetres need no more digits than these have.
#[allow(clippy::cast_possible_truncation, reason = "a place on a page")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

fn dated(at: DateTime<Tz>) -> Date {
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let utc = at.naive_utc();
    Date::new(u16::try_from(utc.year()).unwrap_or_default())
        .month(small(utc.month()))
        .day(small(utc.day()))
        .hour(small(utc.hour()))
        .minute(small(utc.minute()))
        .second(small(utc.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
