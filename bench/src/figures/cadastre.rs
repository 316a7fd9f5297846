use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Bench;
use crate::client::{Client, escaped};
use crate::measure::{Sample, seconds};
use crate::program::{folder, opensit};
use crate::seeded::Seeded;
use crate::table::{Bar, Table};

/// Maps of a folder, and how many lines each has, of a hundred vertices.
const MAPS: usize = 4;
const LINES: usize = 9_000;
/// Units of buildings, parcels of land, those entitled and titles: a unit has two records.
const UNITS: u64 = 300_000;
const LAND: u64 = 100_000;
const SUBJECTS: u64 = 100_000;
const TITLES: u64 = 200_000;
/// Questions of each kind.
const QUESTIONS: usize = 100;

impl Bench {
    /// Reading maps, and a large census into the register.
    pub(crate) fn cadastre(&mut self, table: &mut Table) -> Result<()> {
        let folder = folder()?;
        let (large, small) = (folder.path().join("large"), folder.path().join("small"));
        fs::create_dir(&large)?;
        fs::create_dir(&small)?;
        let mut bytes = 0;
        for sheet in 1..=MAPS {
            let text = map(sheet, LINES);
            bytes += text.len();
            fs::write(large.join(format!("X101_{sheet:04}00.CXF")), text)?;
        }
        fs::write(small.join("X101_000100.CXF"), map(1, 1))?;
        let mut speed = Sample::default();
        for _ in 0..self.runs {
            table.breathe();
            let nothing = seconds(|| self.check(&small))?;
            let all = seconds(|| self.check(&large))?;
            speed.add(bytes as f64 / 1e6 / (all - nothing).max(0.001));
        }
        table.judged("maps (CXF) read", "MB/s", speed, None, Bar::Least(100.0, None));

        let census = folder.path().join("census");
        fs::create_dir(&census)?;
        let records = write_census(&census)?;
        let (mut took, mut memory) = (Sample::default(), Sample::default());
        for _ in 0..self.runs.min(3) {
            self.psql().statement(
                "truncate cadastre.properties, cadastre.property_portions, cadastre.property_places, cadastre.property_addresses, cadastre.subjects, cadastre.titles",
            )?;
            table.breathe();
            let begun = Instant::now();
            memory.add(self.import(&census)?);
            took.add(begun.elapsed().as_secs_f64());
            let rows = self.psql().rows("select count(*) from cadastre.titles")?;
            ensure!(rows[0][0] == TITLES.to_string(), "{} titles are there", rows[0][0]);
        }
        table.judged(format!("census of {records} records into the register"), "s", took, None, Bar::Most(30.0, None));
        table.judged("… memory of the program at most", "MB", memory, None, Bar::Most(300.0, None));
        Ok(())
    }

    /// Suggestions and whole references among as many parcels as there are.
    pub(crate) fn references(&self, table: &mut Table) -> Result<()> {
        let rows = self.psql().rows(&format!(
            "select id, sheet, left(number, 1) from cadastre.parcels tablesample system (0.1) where kind = 'land' and valid_to is null limit {QUESTIONS}"
        ))?;
        ensure!(rows.len() == QUESTIONS, "{} parcels were found", rows.len());
        let ask = |text: String| format!("/search?q={}&limit=10&lang=it", escaped(&text));
        let typed: Vec<String> = rows.iter().map(|row| ask(format!("fg {} p {}", row[1], row[2]))).collect();
        let whole: Vec<String> = rows.iter().map(|row| ask(row[0].clone())).collect();
        for (what, paths, most) in
            [("suggestions of parcels, 95th percentile of 100", typed, 20.0), ("a whole reference, 95th percentile of 100", whole, 5.0)]
        {
            let client: Client = self.client()?;
            for path in &paths {
                let found = client.json(path)?;
                ensure!(found["results"].as_array().is_some_and(|all| !all.is_empty()), "{path} finds nothing");
            }
            let mut sample = Sample::default();
            for _ in 0..self.runs {
                table.breathe();
                let mut run = Sample::default();
                for path in &paths {
                    run.add(seconds(|| client.get(path).map(|_| ()))? * 1000.0);
                }
                sample.add(run.quantile(0.95));
            }
            table.judged(what, "ms", sample, None, Bar::Most(most, None));
        }
        Ok(())
    }

    /// What it says of the maps does not matter: without a boundary there is always a remark.
    fn check(&self, folder: &Path) -> Result<()> {
        let output = opensit(&self.program).args(["cadastre", "check", "--json"]).arg(folder).output()?;
        ensure!(output.stdout.starts_with(b"{"), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Imports, and says the largest resident set in MB.
    fn import(&self, folder: &Path) -> Result<f64> {
        let mut command = opensit(&self.program);
        command.args(["cadastre", "import", "--json", "--data-dir"]).arg(&self.data_dir).arg(folder);
        let mut child = command.stdout(File::create(folder.with_extension("json"))?).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut largest = 0.0_f64;
        let ended = loop {
            if let Some(ended) = child.try_wait()? {
                break ended;
            }
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            if let Some(kib) = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()) {
                largest = largest.max(kib * 1024.0 / 1e6);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        ensure!(ended.success(), "the import ended with {ended}");
        Ok(largest)
    }
}

/// A map with a border and lines of a hundred vertices.
fn map(sheet: usize, lines: usize) -> String {
    let mut random = Seeded(sheet as u64);
    let mut text = format!("MAPPA\r\nX101_{sheet:04}00\r\n2000\r\n");
    let at = |text: &mut String, x: f64, y: f64| {
        // writing into a String does not fail
        let _ = write!(text, "{x:12.3}\r\n{y:12.3}\r\n");
    };
    let corners = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0), (0.0, 0.0)];
    for code in [format!("X101_{sheet:04}00"), "1".to_owned()] {
        text += &format!("BORDO\r\n{code}\r\n  12\r\n       0.000\r\n");
        for (x, y) in [(500.0, 500.0); 2] {
            at(&mut text, 552_000.0 + x, 4_205_000.0 + y);
        }
        text += "   0\r\n   5\r\n";
        for (x, y) in corners {
            at(&mut text, 552_000.0 + x, 4_205_000.0 + y);
        }
    }
    for _ in 0..lines {
        text += "LINEA\r\n   1\r\n 100\r\n";
        for _ in 0..100 {
            at(&mut text, random.between(552_000.0, 553_000.0), random.between(4_205_000.0, 4_206_000.0));
        }
    }
    text + "EOF\r\n"
}

/// The files of an extraction of X101; how many records they have. Nobody in them is anybody.
fn write_census(folder: &Path) -> Result<u64> {
    let file = |suffix: &str| -> Result<BufWriter<File>> {
        let path = folder.join(format!("X101_1234.{suffix}"));
        Ok(BufWriter::new(File::create(&path).with_context(|| path.display().to_string())?))
    };
    let mut out = file("FAB")?;
    for id in 0..UNITS {
        let (sheet, parcel, unit) = (id % 40 + 1, id / 400 + 1, id % 10 + 1);
        write!(
            out,
            "X101| |{id}|F|1|1|006|A02|03|6,5|141|1825000|1057,45|1|2|A|12|013|T|1|2|3|27012020|28012020|V|045227|001|2020|||||||||000123|002|1999|\r\n\
             X101| |{id}|F|1|2||{sheet:04}|{parcel:05}||{unit:04}||\r\n"
        )?;
    }
    out.flush()?;
    let mut out = file("TER")?;
    for id in 0..LAND {
        let (sheet, parcel) = (id % 40 + 1, id / 40 + 1);
        write!(
            out,
            "X101| |{id}|T|1|1|{sheet}|{parcel:05}||||041|02|0|34|56|1|0|0|25000|12500|12,91|6,46|19022001|20022001|M|121089|001|2001|||||||0000123||1|2\r\n"
        )?;
    }
    out.flush()?;
    let mut out = file("SOG")?;
    for id in 0..SUBJECTS {
        write!(out, "X101| |{id}|P|COGNOME{id}|NOME|1|01091973|X101|AAABBB{:02}P01X{:03}L||\r\n", id % 100, id % 1000)?;
    }
    out.flush()?;
    let mut out = file("TIT")?;
    for id in 0..TITLES {
        let subject = id % SUBJECTS;
        write!(out, "X101| |{subject}|P|{id}|F|10||1|1|P||12112003|N|053614|001|2003||||||||||{id}|{id}|||||\r\n")?;
    }
    out.flush()?;
    Ok(2 * UNITS + LAND + SUBJECTS + TITLES)
}
