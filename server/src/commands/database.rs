use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use clap::Subcommand;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  psql \"$(opensit database url)\"
  ogrinfo \"$(opensit database url)\"
  opensit database backup /srv/backup/sit.dump
  opensit database restore /srv/backup/sit.dump --data-dir /srv/restored")]
pub(crate) enum Command {
    /// Prints the owner's connection string; a private database that no server holds is started, and left running
    Url,
    /// Stops a private database that was left running
    Stop,
    /// Writes everything into one file (PostgreSQL's custom format), while the server runs or not
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Reads a backup into an empty installation
    Restore {
        /// The file to read
        file: PathBuf,
    },
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    match command {
        Command::Url => url(config).await,
        Command::Stop => Database::open_existing(config).await?.close().await,
        Command::Backup { file } => backup(file, config).await,
        Command::Restore { file } => restore(file, config).await,
    }
}

async fn url(config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    say(database.owner_url());
    database.leave_running();
    Ok(())
}

/// `pg_dump` with row-level security on: the owner's policies let it see every row, and an error beats a silent gap.
async fn backup(file: &Path, config: &Config) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::new(format!("{} exists: a backup never overwrites. Choose another name", file.display())));
    }
    let database = Database::open_existing(config).await?;
    let part = file.with_extension("part");
    let mut program = Program::new(tool(&database, "pg_dump"));
    program
        .args(["--format=custom", "--enable-row-security", "--no-owner", "--schema=opensit", "--schema=published"])
        .args(["--schema=attachments", "--schema=deliveries", "--schema=identity", "--schema=jobs"])
        .args(theme_schemas()?.iter().map(|s| format!("--schema={s}")))
        .arg(format!("--file={}", part.display()))
        .arg(database.owner_url());
    let written = finish(program, "pg_dump")
        .and_then(|()| std::fs::rename(&part, file).map_err(|e| Failure::new(format!("{} can't be written: {e}", file.display()))));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    database.close().await?;
    written?;
    let size = std::fs::metadata(file).map_or(0, |m| m.len());
    say(&format!("Wrote {} ({:.1} MB).", file.display(), size as f64 / 1e6));
    Ok(())
}

async fn restore(file: &Path, config: &Config) -> Result<(), Failure> {
    if !file.is_file() {
        return Err(Failure::new(format!("{} is no file: name the one that `opensit database backup` wrote", file.display())));
    }
    let database = Database::open(config, None).await?;
    let owner = database.owner(&[]).await?;
    let used: bool = sqlx::query_scalar("select to_regclass('opensit.layers') is not null")
        .fetch_one(&owner)
        .await
        .map_err(Failure::database("looking at the database"))?;
    owner.close().await;
    let result = if used {
        Err(Failure::new(format!(
            "{} holds an installation already: a restore never overwrites. Name an empty --data-dir or database",
            config.data_dir.value.display()
        )))
    } else {
        let mut program = Program::new(tool(&database, "pg_restore"));
        program.args(["--no-owner", "--exit-on-error", "--single-transaction"]).arg(format!("--dbname={}", database.owner_url())).arg(file);
        finish(program, "pg_restore")
    };
    database.close().await?;
    result?;
    say(&format!("Restored {}.", file.display()));
    Ok(())
}

/// The schemas of the themes: their folders' names.
fn theme_schemas() -> Result<Vec<String>, Failure> {
    Ok(crate::modules::all()?.iter().map(|m| m.id.replace('-', "_")).collect())
}

/// The cluster's own program, of its version; else the one on the path.
fn tool(database: &Database, name: &str) -> PathBuf {
    database.cluster().map_or_else(|| PathBuf::from(name), |c| c.binaries().program(name))
}

fn finish(mut program: Program, name: &str) -> Result<(), Failure> {
    let output =
        program.stdin(Stdio::null()).output().map_err(|e| Failure::new(format!("{name} can't be run: {e}; install postgresql-client")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{name} failed; nothing was kept:\n{}", String::from_utf8_lossy(&output.stderr).trim())))
}
