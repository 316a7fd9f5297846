use std::collections::BTreeSet;

use chrono::TimeDelta;
use clap::{Args, Subcommand, ValueEnum};
use identity::keys::{self, Key, KeyText, NewKey};
use kernel::{Clock, Comuni, LayerId, Principal, SystemClock};
use sqlx::PgPool;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  opensit keys create --name 'QGIS, ufficio tecnico' --scope read --expires 90d
  key=$(opensit keys create --name rilievo --scope edit --layers trees,works --comune 080901)
  GDAL_HTTP_HEADERS=\"X-API-Key: $key\" ogrinfo OAPIF:https://sit.example.it/
  opensit keys revoke 3kq9x0c1ab")]
pub(crate) enum Command {
    /// Makes a key for a GIS client or a program, and prints it, this once
    Create(Create),
    /// Lists the keys
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Ends a key; running servers refuse it within two seconds
    Revoke {
        /// Its public part, as `keys list` has it
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is for
    #[arg(long)]
    name: String,
    /// What it may do
    #[arg(long)]
    scope: Scope,
    /// Only these layers, separated by commas [default: all that staff may read]
    #[arg(long, value_delimiter = ',', value_name = "IDS", value_parser = layer)]
    layers: Vec<LayerId>,
    /// What is not public, and edits, only of this comune, by its ISTAT code; may be given again [default: every comune]
    #[arg(long, value_name = "ISTAT")]
    comune: Vec<String>,
    /// How long it is good for: hours, days or weeks, as 12h, 90d, 4w [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<TimeDelta>,
    /// How many requests a minute it may make [default: as the server's settings say]
    #[arg(long, value_name = "NUMBER")]
    rate: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Reads
    Read,
    /// Reads, and edits the layers that may be edited
    Edit,
}

fn layer(text: &str) -> Result<LayerId, String> {
    LayerId::new(text).map_err(|e| e.to_string())
}

fn lifetime(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("`{text}` is no time: write it as 12h, 90d or 4w");
    let (at, unit) = text.char_indices().last().ok_or_else(wrong)?;
    let number: u16 = text[..at].parse().map_err(|_| wrong())?;
    match unit {
        'h' => Ok(TimeDelta::hours(number.into())),
        'd' => Ok(TimeDelta::days(number.into())),
        'w' => Ok(TimeDelta::weeks(number.into())),
        _ => Err(wrong()),
    }
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let done = match command {
        Command::Create(arguments) => create(&owner, arguments).await,
        Command::List { json } => list(&owner, *json).await,
        Command::Revoke { id } => revoke(&owner, id).await,
    };
    owner.close().await;
    database.close().await?;
    done
}

/// The key alone goes to standard output, the words about it to standard error.
async fn create(owner: &PgPool, arguments: &Create) -> Result<(), Failure> {
    check_names(owner, arguments).await?;
    let some = |set: BTreeSet<LayerId>| (!set.is_empty()).then_some(set);
    let comuni: BTreeSet<String> = arguments.comune.iter().cloned().collect();
    let new = NewKey {
        name: arguments.name.clone(),
        edit: arguments.scope == Scope::Edit,
        layers: some(arguments.layers.iter().cloned().collect()),
        comuni: if comuni.is_empty() { Comuni::All } else { Comuni::Only(comuni) },
        lifetime: arguments.expires,
        requests_per_minute: arguments.rate,
    };
    let failed = || Failure::database("making a key");
    let mut transaction = owner.begin().await.map_err(failed())?;
    let key =
        keys::create(&mut transaction, &Principal::operator(), &new, SystemClock.now()).await.map_err(|e| Failure::new(e.to_string()))?;
    transaction.commit().await.map_err(failed())?;
    let what = if new.edit { "read and edit" } else { "read" };
    let until = new.lifetime.map_or_else(|| "until it is revoked".to_owned(), |l| format!("for {} hours", l.num_hours()));
    eprintln!("This key may {what} {until}. It is shown this once: as password of HTTP Basic (any user name) or as header X-API-Key.");
    eprintln!("To end it: opensit keys revoke {}", key.id());
    say(&key.reveal());
    Ok(())
}

/// A mistyped name would make a key that opens nothing.
async fn check_names(owner: &PgPool, arguments: &Create) -> Result<(), Failure> {
    let catalogue = catalogue::Catalogue::load(&kernel::Database::new(owner.clone())).await?;
    for id in &arguments.layers {
        if catalogue.layer(&Principal::operator(), id.as_str()).is_none() {
            return Err(Failure::new(format!("there is no layer `{id}`; `opensit layers` lists them")));
        }
    }
    let comuni: Vec<String> = sqlx::query_scalar("select istat from territory.v_comuni order by istat")
        .fetch_all(owner)
        .await
        .map_err(Failure::database("reading the comuni"))?;
    match arguments.comune.iter().find(|c| !comuni.contains(c)) {
        Some(other) => Err(Failure::new(format!("there is no comune `{other}` here; there are {}", comuni.join(", ")))),
        None => Ok(()),
    }
}

async fn list(owner: &PgPool, json: bool) -> Result<(), Failure> {
    let failed = || Failure::database("reading the keys");
    let mut conn = owner.acquire().await.map_err(failed())?;
    let keys = keys::list(&mut conn, &Principal::operator()).await.map_err(failed())?;
    if json {
        let rows: Vec<serde_json::Value> = keys.iter().map(document).collect();
        say(&serde_json::to_string_pretty(&rows).map_err(|e| Failure::new(e.to_string()))?);
        return Ok(());
    }
    say(&format!("{:<11} {:<5} {:<8} {:<16} {:<16} {:<24} name", "id", "scope", "state", "expires", "last used", "layers"));
    for key in &keys {
        let instant =
            |t: Option<chrono::DateTime<chrono::Utc>>| t.map_or_else(|| "–".to_owned(), |t| t.format("%Y-%m-%d %H:%M").to_string());
        let layers = key.layers.as_ref().map_or_else(|| "all".to_owned(), |l| l.iter().map(LayerId::as_str).collect::<Vec<_>>().join(","));
        let scope = if key.edit { "edit" } else { "read" };
        let (expires, used) = (instant(key.expires_at), instant(key.last_used_at));
        say(&format!("{:<11} {scope:<5} {:<8} {expires:<16} {used:<16} {layers:<24} {}", key.id, state(key), key.name));
    }
    Ok(())
}

fn state(key: &Key) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= SystemClock.now() => "expired",
        _ => "good",
    }
}

fn document(key: &Key) -> serde_json::Value {
    serde_json::json!({
        "id": key.id, "name": key.name, "scope": if key.edit { "edit" } else { "read" }, "state": state(key), "layers": key.layers,
        "comuni": key.comuni, "requests_per_minute": key.requests_per_minute, "created": key.created_at, "creator": key.creator,
        "expires": key.expires_at, "revoked": key.revoked_at, "last_used": key.last_used_at,
    })
}

async fn revoke(owner: &PgPool, id: &str) -> Result<(), Failure> {
    // who pastes the whole key means its public part
    let id = KeyText::parse(id).map_or_else(|| id.to_owned(), |key| key.id().to_owned());
    let failed = || Failure::database("revoking a key");
    let mut transaction = owner.begin().await.map_err(failed())?;
    if !keys::revoke(&mut transaction, &Principal::operator(), &id, SystemClock.now()).await.map_err(failed())? {
        return Err(Failure::new(format!("there is no key `{id}` that could be revoked; `opensit keys list` lists them")));
    }
    transaction.commit().await.map_err(failed())?;
    eprintln!("Revoked {id}: running servers refuse it within two seconds.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::lifetime;
    use chrono::TimeDelta;

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        assert_eq!(lifetime("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(lifetime("12h"), Ok(TimeDelta::hours(12)));
        for bad in ["", "d", "90", "-1d", "1y", "90 d", "1.5d", "99999d", "9è"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
