use clap::Args;

use crate::cluster::roles_sql;
use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{installation, migrate};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit migrate --print-roles | psql -U postgres        prepares somebody else's PostgreSQL
  DATABASE_URL=postgresql://opensit_owner@db/sit opensit migrate")]
pub(crate) struct Arguments {
    /// Print the SQL by which a DBA prepares a database, and do nothing
    #[arg(long)]
    print_roles: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if arguments.print_roles {
        let url = config.database_url.as_ref().and_then(|g| url::Url::parse(&g.value).ok());
        let name = url.as_ref().map(|u| u.path().trim_start_matches('/')).filter(|n| !n.is_empty()).unwrap_or("opensit");
        say(roles_sql(name).trim_end());
        return Ok(());
    }
    installation::check_boundary(config).await?;
    let database = Database::open(config, None).await?;
    let owner = migrate::run(&database, config).await?;
    let (installed, _) = installation::read(&owner).await?;
    installation::take_boundary(&owner, config, installed.storage_crs).await?;
    say(&format!("The database is up to date; layers are stored in {}.", installed.storage_crs));
    owner.close().await;
    database.close().await
}
