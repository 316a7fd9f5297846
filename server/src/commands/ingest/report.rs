use std::path::PathBuf;

use ::ingest::KeptReport;
use clap::{Args, ValueEnum};
use kernel::{Language, LayerId};

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit ingest report trees
  opensit ingest report trees --html trees.html --lang it
  opensit ingest report trees --plan > trees.toml")]
pub(super) struct Arguments {
    /// The layer
    #[arg(value_name = "LAYER", value_parser = super::layer_id)]
    layer: LayerId,
    /// Which delivery [default: the last]
    #[arg(long, value_name = "NUMBER")]
    number: Option<i64>,
    /// Write it as a page that can be printed
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the plan that it was loaded by
    #[arg(long, conflicts_with_all = ["html", "json"])]
    plan: bool,
    /// Print it as JSON
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// The language
    #[arg(long, value_enum, default_value = "en")]
    lang: Lang,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    It,
    En,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    let result = find(arguments, config, &database).await;
    database.close().await?;
    let kept = result?;
    let language = if matches!(arguments.lang, Lang::It) { Language::It } else { Language::En };
    if let Some(file) = &arguments.html {
        let page = kept.report.page(language, operations::STYLES, &kept.below(language, false));
        return std::fs::write(file, page).map_err(|e| Failure::new(format!("{}: {e}", file.display())));
    }
    say(&match (arguments.plan, arguments.json) {
        (true, _) => kept.plan.ok_or_else(|| Failure::new("that delivery has no plan: it was loaded before plans were kept"))?,
        (_, true) => serde_json::to_string_pretty(&kept.report).map_err(|e| Failure::new(e.to_string()))?,
        _ => kept.report.text(language),
    });
    Ok(())
}

async fn find(arguments: &Arguments, config: &Config, database: &Database) -> Result<KeptReport, Failure> {
    let owner = migrate::run(database, config).await?;
    let mut connection = owner.acquire().await.map_err(Failure::database("reading the report"))?;
    let kept = KeptReport::find(&mut connection, &arguments.layer, arguments.number).await;
    drop(connection);
    owner.close().await;
    let absent = || {
        let which = arguments.number.map(|number| format!(" of delivery {number}")).unwrap_or_default();
        Failure::new(format!(
            "there is no report{which} of `{}`; `opensit layers` lists the layers, and only those loaded from files have one",
            arguments.layer
        ))
    };
    kept.map_err(|e| Failure::new(e.to_string()))?.ok_or_else(absent)
}
