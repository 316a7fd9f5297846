use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use ::tiles::{Engine, ExportError, Wanted, Written};
use catalogue::Catalogue;
use clap::{Args, Subcommand};
use feed::Feed;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Bbox, Context, Language, Principal, PublicUrl, SystemClock, TileCoord};

use crate::commands::draft::Draft;
use crate::commands::{say, serve};
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{following, installation, migrate};

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  opensit tiles export parcels,buildings town.pmtiles
  opensit tiles export streets centre.pmtiles --min-zoom 13 --max-zoom 18 --bbox 15.63,38.10,15.66,38.12")]
pub(crate) enum Command {
    /// Writes the tiles of layers into a file (PMTiles), as they are now and as everybody sees them
    Export(Export),
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The layers, separated by commas, which become one tile
    #[arg(value_name = "LAYERS", value_delimiter = ',', required = true)]
    layers: Vec<String>,
    /// The file, `NAME.pmtiles`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The first zoom [default: the layers' first]
    #[arg(long, value_name = "ZOOM", value_parser = zoom())]
    min_zoom: Option<u8>,
    /// The last zoom [default: the layers' last, 16 at most]
    #[arg(long, value_name = "ZOOM", value_parser = zoom())]
    max_zoom: Option<u8>,
    /// Only tiles over this rectangle: west,south,east,north in degrees [default: where the layers have something]
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = bbox)]
    bbox: Option<Bbox>,
    /// Also what is not for everybody; the file is then not for everybody either
    #[arg(long)]
    everything: bool,
    /// Put it in the place of the file that exists
    #[arg(long)]
    replace: bool,
}

fn zoom() -> clap::builder::RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(0..=i64::from(TileCoord::MAX_ZOOM))
}

pub(crate) fn bbox(text: &str) -> Result<Bbox, String> {
    let sides = Bbox::parse_numbers(text).map_err(|e| e.to_string())?;
    let bbox = Bbox::try_from(sides).map_err(|e| e.to_string())?;
    let on_the_globe = bbox.west() >= -180.0 && bbox.east() <= 180.0 && bbox.south() >= -90.0 && bbox.north() <= 90.0;
    if on_the_globe { Ok(bbox) } else { Err("degrees go from -180 to 180 and from -90 to 90: is it in another system?".to_owned()) }
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let Command::Export(arguments) = command;
    if arguments.file.exists() && !arguments.replace {
        return Err(Failure::new(format!("{} exists already: name another file, or say --replace", arguments.file.display())));
    }
    let is_named_so = arguments.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pmtiles"));
    if !is_named_so {
        let name = arguments.file.with_extension("pmtiles");
        let detail = format!(
            "{} is not named as what is written: tiles are written as PMTiles. Name it {}",
            arguments.file.display(),
            name.display()
        );
        return Err(Failure::new(detail));
    }
    let draft = Draft::beside(&arguments.file).map_err(|e| unwritten(&arguments.file, &e))?;
    let database = Database::open_existing(config).await?;
    let written = write(arguments, config, &database, draft.as_file()).await;
    database.close().await?;
    let written = written?;
    draft.become_file(&arguments.file, arguments.replace).map_err(|e| unwritten(&arguments.file, &e))?;
    tell(arguments, written);
    Ok(())
}

fn unwritten(file: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} can't be written: {error}", file.display()))
}

async fn write(arguments: &Export, config: &Config, database: &Database, mut file: &std::fs::File) -> Result<Written, Failure> {
    let owner = migrate::run(database, config).await?;
    let (installed, _) = installation::read(&owner).await?;
    let followed = following::choose(&owner, database, config).await?;
    following::prepare(&owner, &followed).await?;
    owner.close().await;
    let public_url = match &config.public_url {
        Some(given) => given.value.clone(),
        None => PublicUrl::parse("http://localhost").map_err(Failure::new)?,
    };
    let context = Context {
        database: database.app().await?,
        tiles_database: database.tiles().await?,
        clock: Arc::new(SystemClock),
        public_url,
        installation: Arc::new(installed),
    };
    let catalogue = Catalogue::load(&context.database).await?;
    let following = serve::feed_config(database, &context, followed.way)?;
    let limits = &config.limits.value;
    let engine = Engine::new(following.sql(), limits.tiles_memory_mib as usize * 1024 * 1024)
        .generalising_beyond(limits.tiles_layer_features as usize, limits.tiles_layer_kib as usize * 1024);
    let feed = Feed::start(following, catalogue.clone(), context.database.clone(), Some(engine.copies()));
    let wanted = Wanted {
        layers: arguments.layers.clone(),
        who: if arguments.everything { Principal::operator() } else { Principal::anonymous() },
        zooms: (arguments.min_zoom, arguments.max_zoom),
        bbox: arguments.bbox,
        language: Language::It,
    };
    let bar = bar();
    let told = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let exporting = ::tiles::export(context.clone(), catalogue, feed.clone(), engine, &wanted, file, told);
    // a file that nobody waits for any more is not left half-written, nor a slot of the feed
    let written = tokio::select! {
        written = exporting => Some(written),
        () = serve::stop_signal() => None,
    };
    bar.finish_and_clear();
    feed.stop().await;
    context.database.close().await;
    context.tiles_database.close().await;
    let written = written.ok_or_else(|| Failure::new("stopped; no file was written"))?.map_err(|e| match e {
        ExportError::File(cause) => Failure::new(format!("{} can't be written: {cause}", arguments.file.display())),
        other => Failure::new(other.to_string()),
    })?;
    file.flush().and_then(|()| file.sync_all()).map_err(|e| unwritten(&arguments.file, &e))?;
    Ok(written)
}

/// On a terminal; nothing elsewhere.
fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("tiles {bar:30} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn tell(arguments: &Export, written: Written) {
    let Written { tiles, generalised, zooms: (min, max), in_memory } = written;
    say(&format!("{}: {tiles} tiles with something in them, zoom {min} to {max}", arguments.file.display()));
    if generalised > 0 {
        say(&format!("In {generalised} of them a layer has more than a map can show and is generalised."));
    }
    if !in_memory {
        say("Some were written by the database, which takes longer: `opensit check` says whether the change feed can run.");
    }
}
