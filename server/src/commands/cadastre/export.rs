use std::io::{BufWriter, Write};
use std::path::PathBuf;

use ::cadastre::Sheet;
use ::cadastre::export::{Part, inspire, map};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use kernel::{Clock, SystemClock};

use crate::commands::draft::Draft;
use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A sheet by its eleven characters (H224_001200); as INSPIRE also a comune by its Belfiore code (H224)
    #[arg(value_name = "SHEET")]
    part: String,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is [default: as the file's suffix says: CXF or CTF, DXF, GML]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// As it was at the end of this day [default: now]
    #[arg(long, value_name = "YYYY-MM-DD")]
    at: Option<NaiveDate>,
    /// Put it in the place of the file that exists
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The exchange format of maps, as it was received
    Cxf,
    /// A drawing, where the sheet was received as one
    Dxf,
    /// INSPIRE Cadastral Parcels 4.0
    Gml,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let suffix = arguments.file.extension().map(|s| s.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let format = arguments.format.or(match suffix.as_str() {
        "cxf" | "ctf" => Some(Format::Cxf),
        "dxf" => Some(Format::Dxf),
        "gml" | "xml" => Some(Format::Gml),
        _ => None,
    });
    let shown = arguments.file.display();
    let format =
        format.ok_or_else(|| Failure::new(format!("{shown}: its suffix says no format; say one with --format (cxf, dxf, gml)")))?;
    if arguments.file.exists() && !arguments.replace {
        return Err(Failure::new(format!("{shown} exists already: name another file, or say --replace")));
    }
    let sheet = arguments.part.parse::<Sheet>();
    let part = match (&sheet, arguments.part.len()) {
        (Ok(sheet), _) => Part::Sheet(sheet.clone()),
        (Err(_), 4) if format == Format::Gml => Part::Comune(arguments.part.clone()),
        (Err(error), _) => return Err(Failure::new(error.to_string())),
    };
    let database = Database::open_existing(config).await?;
    let result = write(arguments, format, part, config, &database).await;
    database.close().await?;
    result
}

async fn write(arguments: &Arguments, format: Format, part: Part, config: &Config, database: &Database) -> Result<(), Failure> {
    let owner = migrate::run(database, config).await?;
    let mut conn = owner.acquire().await.map_err(Failure::database("exporting"))?;
    let at = arguments
        .at
        .and_then(|day| kernel::midnight_in_rome(day.succ_opt()?))
        .map_or_else(|| SystemClock.now(), |end| end - chrono::TimeDelta::seconds(1));
    let shown = arguments.file.display().to_string();
    let failed = |e: &dyn std::fmt::Display| Failure::new(format!("{shown}: {e}"));
    let draft = Draft::beside(&arguments.file).map_err(|e| failed(&e))?;
    let mut out = BufWriter::new(draft.as_file());
    let told = match (format, part) {
        (Format::Cxf | Format::Dxf, Part::Sheet(sheet)) => {
            let (name, bytes) = map(&mut conn, &sheet, at).await.map_err(|e| failed(&e))?;
            let drawn = name.to_ascii_lowercase().ends_with(".dxf");
            if drawn != (format == Format::Dxf) {
                return Err(Failure::new(format!(
                    "{sheet} was received as {name}, and is handed on as it was received: name a file of that suffix"
                )));
            }
            out.write_all(&bytes).map_err(|e| failed(&e))?;
            format!("{sheet} as it was received in {name}: {} bytes.", bytes.len())
        }
        (Format::Cxf | Format::Dxf, Part::Comune(comune)) => return Err(Failure::new(format!("{comune}: a map is of one sheet"))),
        (Format::Gml, part) => {
            let written = inspire(&mut conn, &part, at, &mut out).await.map_err(|e| failed(&e))?;
            format!("{} parcels and {} sheets.", written.parcels, written.zonings)
        }
    };
    out.flush().map_err(|e| failed(&e))?;
    drop(out);
    draft.as_file().sync_all().map_err(|e| failed(&e))?;
    draft.become_file(&arguments.file, arguments.replace).map_err(|e| failed(&e))?;
    say(&told);
    Ok(())
}
