//! OpenCUP's open data of localisations (`Localizzazione`): which works are in which comune. There they end; where in the comune a
//! work is, only the comune knows.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::codes::is_cup;

/// The columns, in OpenCUP's order.
pub const HEADER: [&str; 12] = [
    "CUP",
    "CODICE_STATO",
    "STATO",
    "CODICE_AREA_GEOGRAFICA",
    "AREA_GEOGRAFICA",
    "CODICE_REGIONE",
    "REGIONE",
    "CODICE_PROVINCIA",
    "SIGLA_PROVINCIA",
    "PROVINCIA",
    "CODICE_COMUNE",
    "COMUNE",
];
/// As many faults are told.
const TOLD: usize = 50;

/// A work in a comune.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Localisation {
    /// Codice Unico di Progetto.
    pub cup: String,
    /// ISTAT code, six digits.
    pub comune: String,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1, the header's.
    pub line: u64,
    /// What is wrong there.
    pub detail: String,
}

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Now on the list to draw.
    pub new: u64,
    /// On the list already, or drawn.
    pub there_already: u64,
    /// In comuni that are not of this installation, or not of who imports.
    pub elsewhere: u64,
}

/// Reads a file, UTF-8, with a comma or a semicolon between values: each work and comune once, however often it is told. Those without a
/// comune (a work of a whole province) are left out. All that is wrong is told, up to fifty lines of it.
pub fn read(bytes: &[u8]) -> Result<Vec<Localisation>, Vec<Fault>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    let (mut all, mut faults, mut record) = (BTreeSet::new(), Vec::new(), csv::StringRecord::new());
    let mut at_header = true;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                faults.push(Fault { line, detail: "is not UTF-8, or no CSV".to_owned() });
                break;
            }
        }
        let line = record.position().map_or(1, csv::Position::line);
        let read = if std::mem::take(&mut at_header) { header(&record).map(|()| None) } else { localisation(&record) };
        match read {
            Ok(found) => all.extend(found),
            Err(detail) => faults.push(Fault { line, detail }),
        }
        if faults.len() >= TOLD || line == 1 && !faults.is_empty() {
            break;
        }
    }
    if at_header && faults.is_empty() {
        faults.push(Fault { line: 1, detail: "the file is empty".to_owned() });
    }
    if faults.is_empty() { Ok(all.into_iter().collect()) } else { Err(faults) }
}

fn header(record: &csv::StringRecord) -> Result<(), String> {
    let same = record.len() == HEADER.len() && record.iter().zip(HEADER).all(|(found, wanted)| found.trim().eq_ignore_ascii_case(wanted));
    if same { Ok(()) } else { Err(format!("the header is to be {}", HEADER.join(","))) }
}

fn localisation(record: &csv::StringRecord) -> Result<Option<Localisation>, String> {
    if record.len() != HEADER.len() {
        return Err(format!("has {} values, not {}", record.len(), HEADER.len()));
    }
    let (cup, comune) = (record[0].trim(), record[10].trim());
    if !is_cup(cup) {
        return Err(format!("`{}` is no CUP: 15 characters, a letter, two figures, a letter, eleven figures", shown(cup)));
    }
    if comune.is_empty() || comune == "-" {
        return Ok(None);
    }
    if comune.len() != 6 || !comune.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{}` is no ISTAT code of a comune: six digits", shown(comune)));
    }
    Ok(Some(Localisation { cup: cup.to_owned(), comune: comune.to_owned() }))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Puts those of this installation's comuni that are neither drawn nor listed on the list to draw.
pub async fn keep(conn: &mut PgConnection, all: &[Localisation]) -> Result<Outcome, sqlx::Error> {
    let cups: Vec<&str> = all.iter().map(|one| one.cup.as_str()).collect();
    let comuni: Vec<&str> = all.iter().map(|one| one.comune.as_str()).collect();
    let (ours, new): (i64, i64) = sqlx::query_as(
        "with given as (
                select g.cup, g.comune from unnest($1::text[], $2::text[]) g (cup, comune)
                  join territory.v_comuni c on c.istat = g.comune),
              kept as (
                insert into public_works.unplaced (cup, comune)
                select cup, comune from given
                 where not exists (select from public_works.works w where w.cup = given.cup and w.comune = given.comune)
                    on conflict do nothing
                returning 1)
         select (select count(*) from given), (select count(*) from kept)",
    )
    .bind(&cups)
    .bind(&comuni)
    .fetch_one(conn)
    .await?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(Outcome { new: count(new), there_already: count(ours - new), elsewhere: all.len() as u64 - count(ours) })
}

#[cfg(test)]
mod tests {
    use super::{HEADER, read};

    fn file(rows: &[&str]) -> Vec<u8> {
        format!("{}\n{}\n", HEADER.join(","), rows.join("\n")).into_bytes()
    }

    const SIDERNO: &str = "B17G22000030006,5,ITALIA,S,SUD,18,CALABRIA,080,RC,REGGIO DI CALABRIA,080088,SIDERNO";

    #[test]
    fn a_work_is_in_a_comune_once_and_in_several() {
        let locri = SIDERNO.replace("080088,SIDERNO", "080043,\"LOCRI\"");
        let found = read(&file(&[SIDERNO, &locri, SIDERNO, &SIDERNO.replace("080088", "")])).unwrap();
        assert_eq!(found.iter().map(|one| &*one.comune).collect::<Vec<_>>(), ["080043", "080088"]);
        let semicolons: Vec<u8> = file(&[SIDERNO]).iter().map(|b| if *b == b',' { b';' } else { *b }).collect();
        assert_eq!(read(&[b"\xef\xbb\xbf".as_slice(), &semicolons].concat()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let lines = |bytes: &[u8]| read(bytes).unwrap_err().into_iter().map(|f| f.line).collect::<Vec<_>>();
        assert_eq!(lines(&file(&[SIDERNO, &SIDERNO.replace("B17G", "B17"), SIDERNO, "a,b", &SIDERNO.replace("080088", "88")])), [3, 5, 6]);
        assert_eq!(lines(b""), [1]);
        assert_eq!(lines(b"CUP,COMUNE\nx,y\n"), [1]);
        assert_eq!(lines(&[file(&[SIDERNO]), b"\xff\xfe".to_vec()].concat()), [3]);
    }
}
