use std::io::{self, Read};

use super::{Border, Fiducial, Header, Keyword, Line, Located, MapKind, Position, Raster, Record, Survey, Symbol, TextRecord};
use crate::lines::{self, Lines, quoted};
use crate::number::{thousandths, whole};
use crate::remark::{Issue, Remarks};

/// Vertices that a record may have.
const MOST_VERTICES: usize = 1_000_000;

/// Reads a map record by record, in memory that the largest record alone decides.
///
/// What is otherwise than the specification says is remarked on; a count is believed only as far as the file bears it out.
/// An error is the system's: the bytes can't be had.
pub struct Reader<R> {
    lines: Lines<R>,
    header: Header,
    remarks: Remarks,
    ended: bool,
    /// Whether a vertex was lost in the record that is read.
    lost_vertex: bool,
}

/// Why a record is none.
enum Broken {
    /// Another begins, or the file ends.
    Short,
    /// It can't be believed, which was remarked on.
    Unfit,
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<R: Read> Reader<R> {
    /// Reads the first three lines.
    pub fn new(source: R) -> io::Result<Self> {
        let header = Header { kind: MapKind::Map, name: String::new(), scale_thousandths: 0 };
        let mut reader = Self { lines: Lines::new(source), header, remarks: Remarks::default(), ended: false, lost_vertex: false };
        reader.read_header()?;
        Ok(reader)
    }

    /// The first three lines.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What was found so far to be otherwise than the specification says.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The same, at the end.
    pub fn into_remarks(self) -> Remarks {
        self.remarks
    }

    /// The next record; `None` after the last.
    pub fn read(&mut self) -> io::Result<Option<Located<Record>>> {
        while !self.ended {
            let Some(line) = self.lines.next()? else {
                self.ended = true;
                self.remarks.add(self.lines.number(), Issue::NoEnd);
                break;
            };
            let number = line.number;
            let Some((keyword, mostly_outside)) = Keyword::read(line.bytes) else {
                if !line.bytes.trim_ascii().is_empty() {
                    let found = quoted(line.bytes);
                    self.pass_over(number, found)?;
                }
                continue;
            };
            if keyword == Keyword::End {
                self.ended = true;
                break;
            }
            let record = keyword.text();
            match self.record(keyword, number, mostly_outside) {
                Ok(value) => return Ok(Some(Located { line: number, value })),
                Err(Broken::Io(error)) => return Err(error),
                Err(Broken::Unfit) => {}
                Err(Broken::Short) => {
                    let more = self.lines.next()?.is_some();
                    let issue = if more {
                        self.lines.again();
                        Issue::Interrupted { record }
                    } else {
                        Issue::Truncated { record }
                    };
                    self.remarks.add(number, issue);
                }
            }
        }
        Ok(None)
    }

    /// A header that is not there is made up for: what follows may be records.
    fn read_header(&mut self) -> io::Result<()> {
        let Some(line) = self.lines.next()? else { return Ok(()) };
        match MapKind::read(line.bytes) {
            Some(kind) => self.header.kind = kind,
            None => {
                let found = quoted(line.bytes);
                let is_record = Keyword::read(line.bytes).is_some();
                self.remarks.add(1, Issue::Heading { found: found.clone() });
                if is_record {
                    self.lines.again();
                    return Ok(());
                }
                self.header.kind = MapKind::Other(found);
            }
        }
        match self.line_unless_keyword()? {
            Some(name) => self.header.name = name,
            None => return Ok(()),
        }
        let Some(line) = self.lines.next()? else { return Ok(()) };
        match thousandths(line.bytes) {
            Some((scale, _)) => self.header.scale_thousandths = scale,
            None => {
                let (found, number) = (quoted(line.bytes), line.number);
                if Keyword::read(line.bytes).is_some() {
                    self.lines.again();
                }
                self.remarks.add(number, Issue::Scale { found });
            }
        }
        Ok(())
    }

    fn line_unless_keyword(&mut self) -> io::Result<Option<String>> {
        let Some(line) = self.lines.next()? else { return Ok(None) };
        if Keyword::read(line.bytes).is_some() {
            self.lines.again();
            return Ok(None);
        }
        let (text, utf8) = lines::decode(line.bytes);
        let text = text.into_owned();
        if utf8 {
            self.remarks.once(self.lines.number(), Issue::Utf8);
        }
        Ok(Some(text))
    }

    /// Passes over lines up to the next keyword.
    fn pass_over(&mut self, first: u64, found: String) -> io::Result<()> {
        let mut lines = 1;
        while let Some(line) = self.lines.next()? {
            if Keyword::read(line.bytes).is_some() {
                self.lines.again();
                break;
            }
            lines += 1;
        }
        self.remarks.add(first, Issue::Strange { found, lines });
        Ok(())
    }

    fn record(&mut self, keyword: Keyword, line: u64, mostly_outside: bool) -> Result<Record, Broken> {
        let name = keyword.text();
        Ok(match keyword {
            Keyword::Border => Record::Border(self.border(line, mostly_outside)?),
            Keyword::Text => Record::Text(TextRecord {
                text: self.text()?,
                size: self.whole(name, "dimensione")?,
                angle: self.real(name, "angolo")?,
                position: self.position(name, ["posizione X", "posizione Y"])?,
                mostly_outside,
            }),
            Keyword::Symbol => Record::Symbol(Symbol {
                code: self.whole(name, "codice simbolo")?,
                angle: self.real(name, "angolo")?,
                position: self.position(name, ["posizione X", "posizione Y"])?,
                mostly_outside,
            }),
            Keyword::Fiducial => Record::Fiducial(Fiducial {
                number: self.text()?,
                code: self.whole(name, "codice simbolo")?,
                position: self.position(name, ["posizione X", "posizione Y"])?,
                label: self.position(name, ["punto di rappresentazione X", "punto di rappresentazione Y"])?,
                mostly_outside,
            }),
            Keyword::Line => {
                let style = self.whole(name, "tipo di tratto")?;
                Record::Line(Line { style, vertices: self.vertices(line, name)?, mostly_outside })
            }
            Keyword::Raster => {
                let file = self.text()?;
                let mut corners = [[0; 2]; 4];
                for corner in &mut corners {
                    *corner = self.position(name, ["vertice X", "vertice Y"])?;
                }
                Record::Raster(Raster { file, corners, mostly_outside })
            }
            Keyword::Survey => {
                let (protocol, style) = (self.text()?, self.whole(name, "tipo di tratto")?);
                Record::Survey(Survey { protocol, style, vertices: self.vertices(line, name)?, mostly_outside })
            }
            Keyword::End => return Err(Broken::Unfit),
        })
    }

    fn border(&mut self, line: u64, mostly_outside: bool) -> Result<Border, Broken> {
        const NAME: &str = "BORDO";
        let written_code = self.text()?;
        let size = self.whole(NAME, "dimensione")?;
        let angle = self.real(NAME, "angolo")?;
        let position = self.position(NAME, ["posizione X", "posizione Y"])?;
        let inner = self.position(NAME, ["punto interno X", "punto interno Y"])?;
        let (islands, said) = (self.whole(NAME, "numero isole")?, self.whole(NAME, "numero vertici")?);
        let counts = self.counts(islands)?;
        self.lost_vertex = false;
        let vertices = self.positions(line, said)?;
        // without one of its vertices it would be another area
        if self.lost_vertex {
            return Err(Broken::Unfit);
        }
        let rings = match split_by_counts(&vertices, islands, &counts, said) {
            Some(rings) => rings,
            None => {
                let rings = split_where_closed(vertices);
                self.remarks.add(line, Issue::RingCounts { said: islands, there: rings.len() as u64 });
                rings
            }
        };
        Ok(Border { written_code, size, angle, position, inner, rings, mostly_outside })
    }

    /// The vertices of each hole: as many whole numbers as are announced and there.
    fn counts(&mut self, islands: i64) -> Result<Vec<i64>, Broken> {
        let mut counts = Vec::new();
        while (counts.len() as i64) < islands && counts.len() < MOST_VERTICES {
            let Some(line) = self.lines.next()? else { return Err(Broken::Short) };
            // a coordinate has decimals
            match whole(line.bytes).filter(|_| !line.bytes.contains(&b'.')) {
                Some(count) => counts.push(count),
                None => {
                    self.lines.again();
                    break;
                }
            }
        }
        Ok(counts)
    }

    fn vertices(&mut self, line: u64, record: &'static str) -> Result<Vec<Position>, Broken> {
        let said = self.whole(record, "numero vertici")?;
        self.positions(line, said)
    }

    /// Positions up to the next record, whatever their announced number.
    fn positions(&mut self, record: u64, said: i64) -> Result<Vec<Position>, Broken> {
        let mut vertices: Vec<Position> = Vec::with_capacity(usize::try_from(said).unwrap_or(0).min(1024));
        let (mut read, mut east, mut inexact) = (0_u64, None, false);
        while let Some(line) = self.lines.next()? {
            let value = match thousandths(line.bytes) {
                Some((value, exact)) => {
                    inexact |= !exact;
                    Some(value)
                }
                None if Keyword::read(line.bytes).is_some() => {
                    self.lines.again();
                    break;
                }
                None if i128::from(read) >= 2 * i128::from(said) => {
                    // a record that nobody knows
                    self.lines.again();
                    break;
                }
                None => {
                    let (number, found) = (line.number, quoted(line.bytes));
                    self.remarks.add(number, Issue::LostVertex { found });
                    self.lost_vertex = true;
                    None
                }
            };
            read += 1;
            if read % 2 == 1 {
                east = value;
            } else if let (Some(x), Some(y)) = (east, value)
                && vertices.len() <= MOST_VERTICES
            {
                vertices.push([x, y]);
            }
        }
        if inexact {
            self.remarks.once(record, Issue::Rounded);
        }
        if read % 2 == 1 {
            self.remarks.add(record, Issue::OddCoordinates { there: read });
            return Err(Broken::Unfit);
        }
        if vertices.len() > MOST_VERTICES {
            self.remarks.add(record, Issue::ManyVertices { allowed: MOST_VERTICES });
            return Err(Broken::Unfit);
        }
        if i128::from(read) != 2 * i128::from(said) {
            self.remarks.add(record, Issue::VertexCount { said, there: read / 2 });
        }
        Ok(vertices)
    }

    fn position(&mut self, record: &'static str, fields: [&'static str; 2]) -> Result<Position, Broken> {
        Ok([self.real(record, fields[0])?, self.real(record, fields[1])?])
    }

    fn text(&mut self) -> Result<String, Broken> {
        let Some(line) = self.lines.next()? else { return Err(Broken::Short) };
        let (text, utf8) = lines::decode(line.bytes);
        let (text, cut, number) = (text.into_owned(), line.cut, line.number);
        if utf8 {
            self.remarks.once(number, Issue::Utf8);
        }
        if cut {
            self.remarks.add(number, Issue::LineCut);
        }
        Ok(text)
    }

    fn real(&mut self, record: &'static str, field: &'static str) -> Result<i64, Broken> {
        self.scalar(record, field, |bytes| thousandths(bytes).map(|(value, _)| value))
    }

    fn whole(&mut self, record: &'static str, field: &'static str) -> Result<i64, Broken> {
        self.scalar(record, field, whole)
    }

    /// A number; 0 for what is none, unless another record begins.
    fn scalar(&mut self, record: &'static str, field: &'static str, read: fn(&[u8]) -> Option<i64>) -> Result<i64, Broken> {
        let Some(line) = self.lines.next()? else { return Err(Broken::Short) };
        if let Some(value) = read(line.bytes) {
            return Ok(value);
        }
        if Keyword::read(line.bytes).is_some() {
            self.lines.again();
            return Err(Broken::Short);
        }
        let (number, found) = (line.number, quoted(line.bytes));
        self.remarks.add(number, Issue::NoNumber { record, field, found });
        Ok(0)
    }
}

/// The outer ring and the holes, if the announced counts and the vertices that are there agree.
fn split_by_counts(vertices: &[Position], islands: i64, counts: &[i64], said: i64) -> Option<Vec<Vec<Position>>> {
    if islands == 0 {
        return Some(vec![vertices.to_vec()]);
    }
    let counts: Vec<usize> = counts.iter().map(|count| usize::try_from(*count).ok().filter(|n| *n > 0)).collect::<Option<_>>()?;
    let holes = counts.iter().try_fold(0_usize, |sum, count| sum.checked_add(*count))?;
    let outer = vertices.len().checked_sub(holes).filter(|outer| *outer > 0)?;
    if counts.len() as i64 != islands || vertices.len() as i64 != said {
        return None;
    }
    let mut from = 0;
    let rings = std::iter::once(outer).chain(counts).map(|count| {
        from += count;
        vertices[from - count..from].to_vec()
    });
    Some(rings.collect())
}

/// Rings that end where they come back to their beginning.
fn split_where_closed(vertices: Vec<Position>) -> Vec<Vec<Position>> {
    let mut rings = Vec::new();
    let mut ring: Vec<Position> = Vec::new();
    for at in vertices {
        ring.push(at);
        if ring.len() > 3 && ring.first() == Some(&at) {
            rings.push(std::mem::take(&mut ring));
        }
    }
    if !ring.is_empty() || rings.is_empty() {
        rings.push(ring);
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::cxf::{Header, Located, MapKind, Record, write};
    use crate::remark::{Issue, Remarks};

    /// A sheet in few words: lines divided by `;`.
    fn read(text: &str) -> (Header, Vec<Located<Record>>, Remarks) {
        let text = text.replace(';', "\r\n");
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        let mut records = Vec::new();
        while let Some(record) = reader.read().unwrap() {
            records.push(record);
        }
        (reader.header().clone(), records, reader.into_remarks())
    }

    fn issues(remarks: &Remarks) -> Vec<(u64, Issue)> {
        remarks.kept().iter().map(|r| (r.line, r.issue.clone())).collect()
    }

    const HEAD: &str = "MAPPA;X101_001200;    2000.000;";
    const LINE: &str = "LINEA;   1;   2;       0.000;       0.000;       1.000;       1.000;";

    #[test]
    fn a_border_has_its_holes() {
        let (header, records, remarks) = read(&format!(
            "{HEAD}BORDO;12;  10;0.500;1.000;2.000;3.000;4.000;   1;   9;   4;0.000;0.000;9.000;0.000;9.000;9.000;0.000;9.000;0.000;0.000;2.000;2.000;3.000;2.000;3.000;3.000;2.000;2.000;EOF"
        ));
        assert_eq!((header.kind, header.name.as_str(), header.scale_thousandths), (MapKind::Map, "X101_001200", 2_000_000));
        let Record::Border(border) = &records[0].value else { panic!("{records:?}") };
        assert_eq!((border.code(), border.position, border.inner, records[0].line), ("12", [1000, 2000], [3000, 4000], 4));
        assert_eq!(border.rings.iter().map(Vec::len).collect::<Vec<_>>(), [5, 4]);
        assert_eq!(remarks.count(), 0);
    }

    #[test]
    fn every_kind_of_record_is_written_as_it_was_read() {
        let text = format!(
            "{HEAD}BORDO;12         ;  10;       0.500;       1.000;       2.000;       3.000;      -4.000;   0;   4;       0.000;       0.000;       9.000;       0.000;       9.000;       9.000;       0.000;       0.000;TESTO\\;Via Città  ;  40;       1.090;       1.000;       2.000;SIMBOLO;   5;       0.550;       1.000;       2.000;FIDUCIALE;15;  20;       1.000;       2.000;       3.000;       4.000;{LINE}LINEA\\;  11;   0;RIFERIMENTO_RASTER;X101_001200.TIF;       0.000;       0.000;       1.000;       0.000;       1.000;       1.000;       0.000;       1.000;LIBRETTO;12345/2001;   1;   1;       0.001;       0.002;EOF;"
        );
        let latin: Vec<u8> = text.replace(';', "\r\n").chars().map(|c| c as u8).collect();
        let mut reader = Reader::new(&latin[..]).unwrap();
        let mut records = Vec::new();
        while let Some(record) = reader.read().unwrap() {
            records.push(record.value);
        }
        assert_eq!((records.len(), reader.remarks().count()), (8, 0));
        let mut out = Vec::new();
        write(&mut out, reader.header(), &records).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&latin));
    }

    #[test]
    fn ends_of_lines_blanks_and_what_follows_the_end_do_not_matter() {
        let one = read(&format!("{HEAD}{LINE}EOF;what;ever"));
        let two = read(&format!("{HEAD}{LINE}EOF").replace(';', "\n"));
        assert_eq!((&one.0, &one.1), (&two.0, &two.1));
        assert_eq!(one.2.count() + two.2.count(), 0);
    }

    #[test]
    fn wrong_counts_do_not_decide() {
        let vertices = "0.000;0.000;9.000;0.000;9.000;9.000;0.000;0.000;";
        for said in ["3", "5", "-1", "0", "999999999", "many"] {
            let (_, records, remarks) = read(&format!("{HEAD}LINEA;   1;{said};{vertices}{LINE}EOF"));
            assert_eq!(records.len(), 2, "{said}");
            let Record::Line(line) = &records[0].value else { panic!("{said}") };
            assert_eq!(line.vertices.len(), 4, "{said}");
            assert!(issues(&remarks).iter().any(|(at, i)| *at == 4 && matches!(i, Issue::VertexCount { there: 4, .. })), "{said}");
        }
    }

    #[test]
    fn islands_that_do_not_fit_are_divided_where_rings_close() {
        let head = format!("{HEAD}BORDO;12;  10;0.500;1.000;2.000;3.000;4.000;");
        let rings = "0.000;0.000;9.000;0.000;9.000;9.000;0.000;0.000;2.000;2.000;3.000;2.000;3.000;3.000;2.000;2.000;EOF";
        for counts in ["   1;   8;   3;", "   2;   8;   4;", "   1;   8;-4;", "99999999;   8;   4;", "   1;   8;"] {
            let (_, records, remarks) = read(&format!("{head}{counts}{rings}"));
            let Record::Border(border) = &records[0].value else { panic!("{counts}") };
            let there: Vec<usize> = border.rings.iter().map(Vec::len).collect();
            if counts == "   1;   8;   3;" {
                // five and three vertices are possible, though they do not close: what is announced and fits is believed
                assert_eq!(there, [5, 3]);
            } else {
                assert_eq!(there, [4, 4], "{counts}");
                assert!(issues(&remarks).iter().any(|(_, i)| matches!(i, Issue::RingCounts { .. })), "{counts}");
            }
        }
    }

    #[test]
    fn a_lost_coordinate_spoils_its_record_alone() {
        let (_, records, remarks) = read(&format!("{HEAD}LINEA;   1;   2;0.000;0.000;9.000;{LINE}EOF"));
        assert_eq!(records.len(), 1);
        assert_eq!(issues(&remarks), [(4, Issue::OddCoordinates { there: 3 })]);
        let (_, records, remarks) = read(&format!("{HEAD}LINEA;   1;   3;0.000;0.000;abc;9.000;8.000;8.000;{LINE}EOF"));
        let Record::Line(line) = &records[0].value else { panic!() };
        assert_eq!((line.vertices.len(), records.len()), (2, 2));
        assert_eq!(issues(&remarks), [(9, Issue::LostVertex { found: "abc".into() })]);
    }

    #[test]
    fn a_file_that_is_cut_short_gives_what_is_whole() {
        let whole = format!("{HEAD}{LINE}TESTO;Via;  10;0.000;1.000;2.000;EOF");
        let (_, records, remarks) = read(&format!("{HEAD}{LINE}TESTO;Via;  10;0.000"));
        assert_eq!(records.len(), 1);
        assert_eq!(issues(&remarks)[0], (11, Issue::Truncated { record: "TESTO" }));
        assert!(matches!(issues(&remarks)[1].1, Issue::NoEnd));
        for length in 0..whole.len() {
            // wherever it is cut, it is read and remarked on
            let (_, records, remarks) = read(&whole[..length]);
            assert!(records.len() <= 2 && (remarks.count() > 0 || length < HEAD.len()), "{length}");
        }
    }

    #[test]
    fn what_is_unknown_is_passed_over() {
        let (_, records, remarks) = read(&format!("{HEAD}{LINE}NUOVO;1;2;3;{LINE}SIMBOLO;   5;{LINE}EOF"));
        assert_eq!(records.len(), 3);
        let expected = [(11, Issue::Strange { found: "NUOVO".into(), lines: 4 }), (22, Issue::Interrupted { record: "SIMBOLO" })];
        assert_eq!(issues(&remarks), expected);
    }

    #[test]
    fn a_file_without_its_head_is_read() {
        let (header, records, remarks) = read(&format!("{LINE}EOF"));
        assert_eq!((header.name.as_str(), records.len()), ("", 1));
        assert_eq!(issues(&remarks), [(1, Issue::Heading { found: "LINEA".into() })]);
        let (header, records, _) = read(&format!("PLANIMETRIA;X;y;{LINE}EOF"));
        assert_eq!((header.kind, header.name.as_str(), records.len()), (MapKind::Other("PLANIMETRIA".into()), "X", 1));
    }

    #[test]
    fn a_text_may_be_a_keyword_or_a_number() {
        let (_, records, remarks) = read(&format!("{HEAD}TESTO;LINEA;  10;0.000;1.000;2.000;TESTO;12;  10;0.000;1.000;2.000;EOF"));
        let texts: Vec<&str> = records.iter().map(|r| if let Record::Text(t) = &r.value { t.text.as_str() } else { "" }).collect();
        assert_eq!(texts, ["LINEA", "12"]);
        assert_eq!(remarks.count(), 0);
    }
}
