use std::io::{self, Write};

use super::{Header, Keyword, Position, Record};

/// Writes a map as it was read: the same records in the same order, numbers in four and twelve characters, lines that end in
/// CRLF.
pub fn write<'a>(out: &mut impl Write, header: &Header, records: impl IntoIterator<Item = &'a Record>) -> io::Result<()> {
    let mut out = Writer { out };
    out.text(header.kind.text())?;
    out.text(&header.name)?;
    out.real(header.scale_thousandths)?;
    for record in records {
        out.record(record)?;
    }
    out.text(Keyword::End.text())
}

struct Writer<'w, W> {
    out: &'w mut W,
}

impl<W: Write> Writer<'_, W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let (keyword, backslash) = record.keyword();
        write!(self.out, "{}{}\r\n", keyword.text(), if backslash { "\\" } else { "" })?;
        match record {
            Record::Border(border) => {
                self.text(&border.written_code)?;
                self.whole(border.size)?;
                self.real(border.angle)?;
                self.position(border.position)?;
                self.position(border.inner)?;
                let holes = border.rings.get(1..).unwrap_or_default();
                self.whole(holes.len() as i64)?;
                self.whole(border.rings.iter().map(Vec::len).sum::<usize>() as i64)?;
                for hole in holes {
                    self.whole(hole.len() as i64)?;
                }
                border.rings.iter().flatten().try_for_each(|at| self.position(*at))
            }
            Record::Text(text) => {
                self.text(&text.text)?;
                self.whole(text.size)?;
                self.real(text.angle)?;
                self.position(text.position)
            }
            Record::Symbol(symbol) => {
                self.whole(symbol.code)?;
                self.real(symbol.angle)?;
                self.position(symbol.position)
            }
            Record::Fiducial(fiducial) => {
                self.text(&fiducial.number)?;
                self.whole(fiducial.code)?;
                self.position(fiducial.position)?;
                self.position(fiducial.label)
            }
            Record::Line(line) => {
                self.whole(line.style)?;
                self.vertices(&line.vertices)
            }
            Record::Raster(raster) => {
                self.text(&raster.file)?;
                raster.corners.iter().try_for_each(|at| self.position(*at))
            }
            Record::Survey(survey) => {
                self.text(&survey.protocol)?;
                self.whole(survey.style)?;
                self.vertices(&survey.vertices)
            }
        }
    }

    fn vertices(&mut self, vertices: &[Position]) -> io::Result<()> {
        self.whole(vertices.len() as i64)?;
        vertices.iter().try_for_each(|at| self.position(*at))
    }

    fn position(&mut self, [x, y]: Position) -> io::Result<()> {
        self.real(x)?;
        self.real(y)
    }

    fn whole(&mut self, number: i64) -> io::Result<()> {
        write!(self.out, "{number:>4}\r\n")
    }

    fn real(&mut self, thousandths: i64) -> io::Result<()> {
        let (sign, size) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
        let number = format!("{sign}{}.{:03}", size / 1000, size % 1000);
        write!(self.out, "{number:>12}\r\n")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(&encoding_rs::WINDOWS_1252.encode(text).0)?;
        self.out.write_all(b"\r\n")
    }
}
