use std::io::Write;
use std::path::PathBuf;

use ::ingest::{PlanFile, Request};
use clap::Args;
use kernel::{LayerId, Srid};

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit ingest plan alberi.gpkg --out alberi.toml
  opensit ingest alberi.gpkg --plan alberi.toml

The plan says what is in the file and how it becomes a layer; nothing is loaded. A source that was loaded before is recognised by its
columns, and what was done then is proposed again.")]
pub(super) struct Arguments {
    /// The files, as for a load
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The layer they become [default: that of the last delivery of the same source, or the file's name]
    #[arg(long, value_name = "ID", value_parser = super::layer_id)]
    layer: Option<LayerId>,
    /// Where the plan is written; a file that is there is not overwritten [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Which layer of a file that has several, which sheet, or which file of an archive (FILE or FILE:LAYER)
    #[arg(long, value_name = "NAME")]
    source_layer: Option<String>,
    /// The system its coordinates are in, whatever the file says
    #[arg(long, value_name = "EPSG:CODE", value_parser = super::srid)]
    crs: Option<Srid>,
    /// Print the plan as JSON
    #[arg(long, conflicts_with = "out")]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if let Some(out) = arguments.out.as_ref().filter(|out| out.exists()) {
        return Err(Failure::new(format!("{}: is there already, and somebody may have worked on it; name another file", out.display())));
    }
    let database = Database::open(config, None).await?;
    let result = propose(arguments, config, &database).await;
    database.close().await?;
    let plan = result?;
    if arguments.json {
        say(&serde_json::to_string_pretty(&plan).map_err(|e| Failure::new(e.to_string()))?);
        return Ok(());
    }
    let text = plan.to_toml().map_err(|e| Failure::new(e.to_string()))?;
    let Some(out) = &arguments.out else {
        say(&text);
        return Ok(());
    };
    let written = std::fs::File::create_new(out).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| Failure::new(format!("{}: {e}", out.display())))?;
    for remark in plan.found.iter().flat_map(|found| &found.remarks) {
        say(&format!("- {remark}"));
    }
    say(&format!("The plan is in {0}. Read it; then: opensit ingest FILE --plan {0}", out.display()));
    Ok(())
}

async fn propose(arguments: &Arguments, config: &Config, database: &Database) -> Result<PlanFile, Failure> {
    let (owner, settings) = super::prepare(config, database).await?;
    // what the layer is called does not matter yet
    let layer = arguments.layer.clone().map_or_else(|| LayerId::new("planned"), Ok).map_err(|e| Failure::new(e.to_string()))?;
    let request = Request {
        files: arguments.files.clone(),
        crs: arguments.crs,
        source_layer: arguments.source_layer.clone(),
        ..Request::new(PathBuf::new(), layer)
    };
    let bar = super::Bar::new();
    let plan = ::ingest::propose(&owner, &settings, &request, arguments.layer.as_ref(), &bar).await;
    bar.0.finish_and_clear();
    owner.close().await;
    plan.map_err(|e| Failure::new(e.to_string()))
}
