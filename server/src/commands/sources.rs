use clap::Subcommand;
use deliveries::sources::{Source, document, store};
use sqlx::PgPool;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

/// Runs of each that are told.
const RUNS: i64 = 5;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  opensit sources list
  opensit sources look trees

Sources are listed in the configuration file, as [[sources]]; a server that runs looks at them.")]
pub(crate) enum Command {
    /// Lists them: how each stands, and what its last looks came to
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Has a running server look at one now
    Look {
        /// What it is called
        name: String,
    },
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let done = match command {
        Command::List { json } => list(&owner, config, *json).await,
        Command::Look { name } => look(&owner, config, name).await,
    };
    owner.close().await;
    database.close().await?;
    done
}

async fn list(owner: &PgPool, config: &Config, json: bool) -> Result<(), Failure> {
    let failed = || Failure::database("reading the sources");
    let mut connection = owner.acquire().await.map_err(failed())?;
    let mut documents = Vec::new();
    for source in &config.sources.all {
        let state = store::state(&mut connection, source).await.map_err(failed())?;
        let runs = store::runs(&mut connection, source, RUNS).await.map_err(failed())?;
        if json {
            documents.push(document(source, state.as_ref(), &runs));
        } else {
            tell(source, state.as_ref(), &runs);
        }
    }
    if json {
        say(&serde_json::to_string_pretty(&documents).map_err(|e| Failure::new(e.to_string()))?);
    } else if config.sources.all.is_empty() {
        say("The configuration file lists no sources; docs/operations.md says how.");
    }
    Ok(())
}

fn tell(source: &Source, state: Option<&store::State>, runs: &[store::Run]) {
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S").to_string();
    let stands = match state {
        Some(state) if state.failures > 0 => {
            format!("FAILS since {}, {} times", state.failing_since.map(time).unwrap_or_default(), state.failures)
        }
        Some(state) => state.succeeded_at.map_or_else(|| "not looked at yet".to_owned(), |at| format!("well at {}", time(at))),
        None => "not looked at yet".to_owned(),
    };
    say(&format!("{}: {stands} ({})", source.name, source.place.shown()));
    for run in runs {
        let looks = if run.looks > 1 { format!(" ({} looks)", run.looks) } else { String::new() };
        let report =
            run.number.map_or_else(String::new, |number| format!(", delivery {number} of {}", run.layer.as_deref().unwrap_or_default()));
        let file = run.file.as_deref().map_or_else(String::new, |file| format!("{file}: "));
        let words = run.words.as_deref().unwrap_or_default();
        say(&format!("  {} {}{looks}  {file}{words}{report}", time(run.ended_at.unwrap_or(run.began_at)), run.outcome));
    }
}

async fn look(owner: &PgPool, config: &Config, name: &str) -> Result<(), Failure> {
    let Some(source) = config.sources.all.iter().find(|source| source.name == name) else {
        let known: Vec<&str> = config.sources.all.iter().map(|source| source.name.as_str()).collect();
        return Err(Failure::new(format!("the configuration file has no source `{name}`; it has {}", known.join(", "))));
    };
    let mut connection = owner.acquire().await.map_err(Failure::database("asking for a look"))?;
    store::ask(&mut connection, source).await.map_err(Failure::database("asking for a look"))?;
    eprintln!("A running server looks at `{name}` within seconds; `opensit sources list` says what it came to.");
    Ok(())
}
