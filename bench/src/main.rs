//! Measures the built program on its demo town, beside what one would type into `psql` for the same and beside martin, and prints one table.
//! How each figure is taken stands in the README of this folder.

mod browsing;
mod client;
mod cpu;
mod edits;
mod events;
mod figures;
mod martin;
mod measure;
mod program;
mod psql;
mod seeded;
mod soak;
mod table;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::figures::Bench;
use crate::table::Table;

/// Measures Open SIT, beside psql and martin doing the same.
#[derive(Parser)]
#[command(name = "bench", max_term_width = 120)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    what: What,
}

#[derive(Args, Clone)]
struct Options {
    /// The program to measure [default: `opensit` beside this one]
    #[arg(long, global = true)]
    program: Option<PathBuf>,
    /// An installation's folder to use and keep [default: a temporary one, with a new town]
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// How large a town [default: `town`; for tiles beside martin `city`]
    #[arg(long, global = true)]
    size: Option<String>,
    /// The peer [default: `martin` in PATH]
    #[arg(long, global = true)]
    martin: Option<PathBuf>,
    /// How many times each figure is taken
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Load the city, too
    #[arg(long, global = true)]
    city: bool,
}

#[derive(Subcommand)]
enum What {
    /// Every figure, the city's too
    All,
    /// A second start, to the first tile
    Start,
    /// A session of tiles, beside the same statements in psql
    Statements,
    /// Tiles of the city beside martin: cold, compressed, warm
    Tiles,
    /// The processor time of a tile at each zoom, beside ST_AsMVT
    Zooms,
    /// From edits to tiles, and what it costs who edits
    Fresh,
    /// The region: its load, its memory, its worst tiles, and whether it is slower than the city
    Region,
    /// 10,000 parcels as GeoJSON, beside the same in psql
    Items,
    /// A layer for officers beside the same open to all
    Access,
    /// Search and identify
    Asking,
    /// 500,000 points of a file as a layer, beside ogr2ogr; and what `deliveries` and `loads` have
    Ingest,
    /// The city's parcels from files of each format, beside ogr2ogr; memory, and tiles meanwhile
    Loads,
    /// 300,000 areas delivered again, a hundredth of them changed
    Deliveries,
    /// Maps and the census of the cadastre into the register
    Cadastre,
    /// What applies at a place, what lies on a parcel, work lists
    Services,
    /// Citizens' reports from fifty clients, and the tiles meanwhile
    Reports,
    /// From an UPDATE in psql to the event
    Edit,
    /// Edits over HTTP by eight clients, audited, and their way to the tiles
    Edits,
    /// A first start of the city
    City,
    /// Readers and edits for long, watching errors, memory and the change feed
    Soak {
        /// How long
        #[arg(long, default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
    },
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let program = program::find(cli.options.program.clone())?;
    if let What::Soak { seconds } = cli.what {
        return soak::run(&program, &cli.options, std::time::Duration::from_secs(seconds));
    }
    let mut table = Table::default();
    // what was measured before a failure is shown nevertheless
    let measured = measure(&program, &cli, &mut table);
    table.print(cli.options.runs);
    measured
}

fn measure(program: &Path, cli: &Cli, table: &mut Table) -> Result<()> {
    let all = matches!(cli.what, What::All);
    if !matches!(cli.what, What::City | What::Tiles | What::Zooms | What::Fresh | What::Region) {
        let mut bench = Bench::open(program, &cli.options, "town", "")?;
        if all || matches!(cli.what, What::Start) {
            bench.start(table)?;
        }
        if all || matches!(cli.what, What::Statements) {
            bench.tiles(table)?;
        }
        if all || matches!(cli.what, What::Items) {
            bench.items(table)?;
        }
        if all || matches!(cli.what, What::Access) {
            bench.access(table)?;
        }
        if all || matches!(cli.what, What::Asking) {
            bench.asking(table)?;
        }
        if all || matches!(cli.what, What::Cadastre) {
            bench.cadastre(table)?;
        }
        if all || matches!(cli.what, What::Services) {
            bench.services(table)?;
        }
        if all || matches!(cli.what, What::Reports) {
            bench.reports(table)?;
        }
        if all || matches!(cli.what, What::Edit) {
            bench.edit(table)?;
        }
        if all || matches!(cli.what, What::Edits) {
            bench.edits(table)?;
        }
        if all || matches!(cli.what, What::Ingest) {
            bench.ingest(table)?;
        }
        if all || matches!(cli.what, What::Ingest | What::Deliveries) {
            bench.deliveries(table)?;
        }
    }
    if cli.options.city || matches!(cli.what, What::All | What::City) {
        figures::city(program, table)?;
    }
    if all || matches!(cli.what, What::Ingest | What::Loads) {
        Bench::open(program, &cli.options, "city", figures::IN_MEMORY)?.parcels(table)?;
    }
    if all || matches!(cli.what, What::Tiles | What::Zooms | What::Fresh) {
        let mut bench = Bench::open(program, &cli.options, "city", figures::IN_DETAIL)?;
        if all || matches!(cli.what, What::Tiles) {
            bench.beside_martin(table)?;
        }
        if all || matches!(cli.what, What::Zooms) {
            bench.zooms(table)?;
        }
        if all || matches!(cli.what, What::Fresh) {
            bench.fresh(table)?;
        }
    }
    if all || matches!(cli.what, What::Region) {
        figures::region(program, &cli.options, table)?;
    }
    Ok(())
}
