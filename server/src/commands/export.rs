use std::path::PathBuf;
use std::sync::Arc;

use ::ingest::{Exported, Format, Wanted, Writing};
use catalogue::Catalogue;
use clap::Args;
use crs::AskedFilter;
use kernel::{Bbox, Clock, Filter, Language, Layer, LayerId, Params, Principal, Srid, SystemClock};

use crate::commands::{read_file, say, serve, tiles, write_file};
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{installation, migrate};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit export trees alberi.gpkg
  opensit export parcels foglio-12.geojson --filter \"sheet = '12'\"
  opensit export buildings centro.shp.zip --bbox 15.63,38.10,15.66,38.12 --to-crs EPSG:3004
  opensit export house_numbers civici.csv --replace

The file has what everybody sees of the layer. It appears when it is whole.")]
pub(crate) struct Arguments {
    /// The layer
    #[arg(value_name = "LAYER", value_parser = super::ingest::layer_id)]
    layer: LayerId,
    /// The file; its suffix says the format
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// gpkg, fgb, geojson, csv, shp (zipped), dxf or kml [default: as the file's suffix says]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Only rows of which this holds, in CQL2 text
    #[arg(long, value_name = "CQL2")]
    filter: Option<String>,
    /// Only rows in this rectangle: west,south,east,north in degrees
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true, value_parser = tiles::bbox)]
    bbox: Option<Bbox>,
    /// The coordinate system of the file [default: the storage's; GeoJSON and KML: longitude and latitude]
    #[arg(long, value_name = "EPSG:CODE", value_parser = super::ingest::srid)]
    to_crs: Option<Srid>,
    /// Also what is not for everybody; the file is then not for everybody either
    #[arg(long)]
    everything: bool,
    /// Put it in the place of the file that exists
    #[arg(long)]
    replace: bool,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let format = arguments.format.or_else(|| Format::of_name(&arguments.file)).ok_or_else(|| {
        let formats = Format::ALL.map(Format::name).join(", ");
        Failure::new(format!("{}: its suffix says no format; say one with --format ({formats})", arguments.file.display()))
    })?;
    if arguments.file.exists() && !arguments.replace {
        return Err(Failure::new(format!("{} exists already: name another file, or say --replace", arguments.file.display())));
    }
    let database = Database::open_existing(config).await?;
    // a file that nobody waits for any more is not left half-written
    let written = tokio::select! {
        written = write(arguments, format, config, &database) => Some(written),
        () = serve::stop_signal() => None,
    };
    database.close().await?;
    let (layer, exported) = written.ok_or_else(|| Failure::new("stopped; no file was written"))??;
    tell(arguments, format, &layer, &exported)
}

async fn write(arguments: &Arguments, format: Format, config: &Config, database: &Database) -> Result<(Layer, Exported), Failure> {
    let owner = migrate::run(database, config).await?;
    let settings = installation::crs_settings(&owner, config).await?;
    let app = database.app().await?;
    let catalogue = Catalogue::load(&app).await?;
    let who = if arguments.everything { Principal::operator() } else { Principal::anonymous() };
    let entry = catalogue.layer(&who, arguments.layer.as_str()).ok_or_else(|| {
        let id = &arguments.layer;
        Failure::new(format!(
            "there is no layer `{id}` for everybody; `opensit layers` lists them, and --everything takes those that are not"
        ))
    })?;
    let layer = &entry.layer;
    let mut filters = Vec::new();
    if let Some(text) = &arguments.filter {
        filters.push(filter(text, layer, &who, &settings)?);
    }
    filters.extend(arguments.bbox.map(|bbox| Filter::Intersects(bbox, Srid::CRS84)));
    let mut conn = owner.acquire().await.map_err(Failure::database("asking for the layer's deliveries"))?;
    let ids = ::ingest::ids_of(&mut conn, layer).await.map_err(|e| Failure::new(e.to_string()))?;
    drop(conn);
    owner.close().await;
    let wanted = Wanted {
        filter: (!filters.is_empty()).then_some(Filter::And(filters)),
        who,
        format,
        crs: arguments.to_crs,
        now: SystemClock.now(),
        ids,
        sent: Arc::default(),
    };
    let writing = Writing { crs: settings, process: read_file::again(write_file::NAME)? };
    let exported = ::ingest::export(&app, &writing, layer, &wanted, &arguments.file).await.map_err(|e| Failure::new(e.to_string()));
    app.close().await;
    Ok((Layer::clone(layer), exported?))
}

/// As a request for items has it.
fn filter(text: &str, layer: &Layer, who: &Principal, settings: &crs::Settings) -> Result<Filter, Failure> {
    let encoded: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", text).finish();
    let refused = |what: String| Failure::new(format!("--filter: {what}"));
    let asked = Params::parse(&encoded).and_then(|params| AskedFilter::read(&params)).map_err(|e| refused(e.detail().to_owned()))?;
    let asked = asked.ok_or_else(|| refused("it is empty".to_owned()))?;
    asked.over(layer, who, settings).map_err(|e| refused(e.to_string()))
}

fn tell(arguments: &Arguments, format: Format, layer: &Layer, exported: &Exported) -> Result<(), Failure> {
    if arguments.json {
        say(&serde_json::to_string_pretty(exported).map_err(|e| Failure::new(e.to_string()))?);
        return Ok(());
    }
    let (file, rows) = (arguments.file.display(), exported.rows);
    let of = layer.title.get(Language::En);
    say(&format!("{file}: {rows} rows of `{}` ({of}) as {}, in {}", layer.id, format.title(), exported.crs));
    if exported.accuracy_m > 0.0 {
        say(&format!("  Brought there with an accuracy of {} m.", exported.accuracy_m));
    }
    for note in &exported.notes {
        say(&format!("  Note: {}", note.text().get(Language::En)));
    }
    Ok(())
}
