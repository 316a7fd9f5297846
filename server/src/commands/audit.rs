use std::io::{BufWriter, Write};
use std::process::ExitCode;

use clap::Subcommand;
use identity::audit::{self, Head};
use sqlx::PgPool;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  opensit audit verify
  opensit audit verify --expect 1204:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  opensit audit export --after 1204 >> /srv/register/audit.jsonl")]
pub(crate) enum Command {
    /// Proves the whole chain; ends with 1 and the first broken entry if it does not hold
    Verify {
        /// A head that an earlier `verify` printed: tells whether the chain was made anew since
        #[arg(long, value_name = "PLACE:HASH", value_parser = head)]
        expect: Option<Head>,
    },
    /// Prints the log as JSON, one entry a line, in the order of the chain
    Export {
        /// Only what was sealed after this place
        #[arg(long, value_name = "PLACE", default_value_t = 0)]
        after: i64,
    },
}

fn head(text: &str) -> Result<Head, String> {
    Head::parse(text).ok_or_else(|| format!("`{text}` is no head: it is written as `opensit audit verify` prints it"))
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<ExitCode, Failure> {
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let done = match command {
        Command::Verify { expect } => verify(&owner, expect.as_ref()).await,
        Command::Export { after } => export(&owner, *after).await,
    };
    owner.close().await;
    database.close().await?;
    done
}

async fn verify(owner: &PgPool, expect: Option<&Head>) -> Result<ExitCode, Failure> {
    let failed = || Failure::database("verifying the audit log");
    let mut conn = owner.acquire().await.map_err(failed())?;
    let report = audit::verify(&mut conn, expect).await.map_err(failed())?;
    let tail = match report.unsealed_since {
        Some(since) => format!("{} entries are not sealed yet, the oldest of {}", report.unsealed, since.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "every entry is sealed".to_owned(),
    };
    match report.broken {
        None => {
            say(&format!("The audit log is whole: {} entries, {tail}. Head:\n{}", report.head.seal, report.head));
            Ok(ExitCode::SUCCESS)
        }
        Some(broken) => {
            say(&format!("The audit log is BROKEN: {broken}. Whole up to place {}; {tail}.", report.head.seal));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn export(owner: &PgPool, after: i64) -> Result<ExitCode, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(e.to_string());
    let mut conn = owner.acquire().await.map_err(Failure::database("reading the audit log"))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    audit::export(&mut conn, after, &mut out).await.map_err(|e| failed(&e))?;
    out.flush().map_err(|e| failed(&e))?;
    Ok(ExitCode::SUCCESS)
}
