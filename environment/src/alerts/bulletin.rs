//! The department of civil protection's CSV of a bulletin by zones, as opendatasicilia publishes it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

/// The columns that are read; `avviso_criticita` follows from the other three.
const HEADER: [&str; 7] = [
    "data_pubblicazione",
    "data_validita_inizio",
    "data_validita_fine",
    "zona_codice",
    "avviso_idrogeologico",
    "avviso_temporali",
    "avviso_idraulico",
];
/// As many lines are read.
const MOST: usize = 5_000;

/// A bulletin: a line for each zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin(pub(crate) Vec<Line>);

/// What is said of one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) issued: DateTime<Utc>,
    pub(crate) since: DateTime<Utc>,
    /// The end, which is no part of it any more.
    pub(crate) until: DateTime<Utc>,
    pub(crate) zone: String,
    pub(crate) hydraulic: &'static str,
    pub(crate) hydrogeological: &'static str,
    pub(crate) storms: &'static str,
}

/// What is wrong with a line, the header being line 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: u64,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Bulletin {
    /// Reads a file; all that is wrong with it, or the bulletin.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header: Vec<String> = reader.headers().map(|h| h.iter().map(str::to_owned).collect()).unwrap_or_default();
        let at: Vec<Option<usize>> = HEADER.iter().map(|name| header.iter().position(|h| h == name)).collect();
        let missing: Vec<&str> = HEADER.iter().zip(&at).filter(|(_, at)| at.is_none()).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            return Err(vec![Fault { line: 1, what: format!("the header has no {}", missing.join(", ")) }]);
        }
        let (mut lines, mut faults) = (Vec::new(), Vec::new());
        for (n, record) in reader.records().enumerate() {
            let number = n as u64 + 2;
            let read = record.map_err(|e| e.to_string()).and_then(|record| {
                let value = |i: usize| at[i].and_then(|at| record.get(at)).unwrap_or_default();
                line(&value)
            });
            match read {
                Ok(_) if lines.len() >= MOST => {
                    return Err(vec![Fault { line: number, what: format!("a bulletin has at most {MOST} lines") }]);
                }
                Ok(line) => lines.push(line),
                Err(what) if faults.len() < 50 => faults.push(Fault { line: number, what }),
                Err(_) => {}
            }
        }
        if lines.is_empty() && faults.is_empty() {
            faults.push(Fault { line: 2, what: "there is no line after the header".to_owned() });
        }
        if faults.is_empty() { Ok(Self(lines)) } else { Err(faults) }
    }
}

fn line<'a>(value: &dyn Fn(usize) -> &'a str) -> Result<Line, String> {
    let instant = |i: usize| {
        let text = value(i);
        DateTime::parse_from_rfc3339(text)
            .map(|at| at.with_timezone(&Utc))
            .map_err(|_| format!("{} `{}` is no instant as 2022-11-26T15:10:59+01:00", HEADER[i], shorten(text)))
    };
    let (issued, since, last) = (instant(0)?, instant(1)?, instant(2)?);
    // the last second of a day is the day's end
    let until = last + TimeDelta::seconds(1);
    if since >= last {
        return Err("data_validita_fine is not after data_validita_inizio".to_owned());
    }
    if until - since > TimeDelta::days(7) {
        return Err("a bulletin holds for at most seven days".to_owned());
    }
    let zone = value(3).to_owned();
    let is_code = (1..=20).contains(&zone.len()) && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !is_code {
        return Err(format!("zona_codice `{}` is no code of a zone as Cala-8", shorten(&zone)));
    }
    let of = |i: usize| colour(value(i)).ok_or_else(|| format!("{} `{}` is no colour: {KNOWN}", HEADER[i], shorten(value(i))));
    Ok(Line { issued, since, until, zone, hydrogeological: of(4)?, storms: of(5)?, hydraulic: of(6)? })
}

const KNOWN: &str = "verde or NESSUNA ALLERTA, giallo or ALLERTA GIALLA, arancione or ALLERTA ARANCIONE, rosso or ALLERTA ROSSA";

/// A colour as bulletins have it: `Ordinaria per rischio temporali / ALLERTA GIALLA`, or its name alone.
fn colour(text: &str) -> Option<&'static str> {
    let name = text.rsplit('/').next().unwrap_or_default().trim().to_lowercase();
    Some(match &*name {
        "nessuna allerta" | "verde" | "assente" | "allerta verde" => "green",
        "allerta gialla" | "giallo" | "gialla" | "ordinaria" => "yellow",
        "allerta arancione" | "arancione" | "moderata" => "orange",
        "allerta rossa" | "rosso" | "rossa" | "elevata" => "red",
        _ => return None,
    })
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::{Bulletin, colour};

    const HEAD: &str = "data_pubblicazione,data_validita_inizio,data_validita_fine,zona_codice,avviso_criticita,avviso_idrogeologico,avviso_temporali,avviso_idraulico\n";

    #[test]
    fn a_line_is_read_as_the_department_writes_it() {
        let text = format!(
            "\u{feff}{HEAD}2022-11-26T15:10:59+01:00,2022-11-26T15:10:59+01:00,2022-11-26T23:59:59+01:00,Cala-6,Moderata per rischio idraulico / ALLERTA ARANCIONE,\
             Moderata / ALLERTA ARANCIONE,Ordinaria / ALLERTA GIALLA,Assenza di fenomeni significativi prevedibili / NESSUNA ALLERTA\n"
        );
        let bulletin = Bulletin::read(&text).unwrap();
        let [line] = &bulletin.0[..] else { panic!("{bulletin:?}") };
        assert_eq!((line.hydrogeological, line.storms, line.hydraulic), ("orange", "yellow", "green"));
        assert_eq!((line.zone.as_str(), line.until.to_rfc3339()), ("Cala-6", "2022-11-26T23:00:00+00:00".to_owned()));
    }

    #[test]
    fn unknown_colours_are_told_by_their_line() {
        let good = "2026-11-26T15:00:00+01:00,2026-11-27T00:00:00+01:00,2026-11-27T23:59:59+01:00,Cala-8,,verde,giallo,rosso";
        let bad = good.replace("giallo", "viola");
        let faults = Bulletin::read(&format!("{HEAD}{good}\n{bad}\n{}\n", good.replace("-27T23", "-26T23"))).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("line 3: avviso_temporali `viola` is no colour"), "{told:?}");
        assert!(told[1].starts_with("line 4: data_validita_fine"), "{told:?}");
    }

    #[test]
    fn what_is_no_bulletin_is_refused() {
        for bad in ["", "a,b\n1,2\n", HEAD, &format!("{HEAD}x\n"), &format!("{HEAD}\"unclosed\n")] {
            assert!(Bulletin::read(bad).is_err(), "{bad}");
        }
        assert_eq!(
            (colour("ALLERTA ROSSA"), colour("Elevata / allerta rossa"), colour("blu"), colour("")),
            (Some("red"), Some("red"), None, None)
        );
    }
}
