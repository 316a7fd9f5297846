use std::collections::HashMap;
use std::f64::consts::PI;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

use crate::browsing::Tile;
use crate::client::Client;
use crate::psql::Psql;

/// Half the world, metres of EPSG:3857.
const HALF_WORLD: f64 = PI * 6_378_137.0;
/// Units along a side of a tile.
const EXTENT: f64 = 4096.0;
/// How many units it reaches beyond its sides.
const BUFFER: f64 = 64.0;
/// Up to this zoom areas and lines are simplified to half a unit before they are transformed, as the server does.
const SIMPLIFIED_TO_ZOOM: u8 = 16;
/// The settings that the server has on its connections for tiles.
pub(in crate::figures) const SETTINGS: &str = "set enable_seqscan = off;\nset jit = off;\nset max_parallel_workers_per_gather = 0;\n";

/// The same tiles, as a file of statements for psql.
pub(in crate::figures) struct Peer {
    psql: Psql,
    file: NamedTempFile,
    statements: Vec<String>,
}

/// A layer's table, its columns beside `fid`, and what its rows must meet beside the box.
fn source(layer: &str) -> Result<(&'static str, &'static str, &'static str)> {
    Ok(match layer {
        "parcels" => (
            "cadastre.parcels",
            "id, sheet::bigint, number, kind, land_use, area_m2::bigint, urban, updated_on::text",
            " and valid_from <= now() and (valid_to is null or valid_to > now())",
        ),
        "buildings" => ("cadastre.buildings", "id, kind, floors::bigint, height_m, sheet::bigint, parcel", ""),
        "streets" => ("territory.streets", "id, name, kind", ""),
        _ => bail!("the bench has no statement for the layer `{layer}`"),
    })
}

/// A tile in numbers: its square in EPSG:3857, the box to search in storage (as SQL) and a unit on the ground, metres.
pub(in crate::figures) struct Frame {
    pub(in crate::figures) square: String,
    pub(in crate::figures) search: String,
    half_unit: f64,
}

impl Peer {
    /// Writes the statements; the bounds of each tile in storage are computed here, outside the timing.
    pub(super) fn prepare(psql: &Psql, client: &Client, layers: &str, tiles: &[Tile]) -> Result<Self> {
        let described = client.json(&format!("/xyz/{layers}"))?;
        let mut zooms = HashMap::new();
        for layer in described["vector_layers"].as_array().into_iter().flatten() {
            zooms.insert(layer["id"].as_str().unwrap_or_default().to_owned(), layer["minzoom"].as_u64().unwrap_or(0));
        }
        let mut statements = Vec::new();
        for (tile, frame) in tiles.iter().zip(frames(psql, tiles)?) {
            let has = |id: &str| zooms.get(id).is_some_and(|from| u64::from(tile.z) >= *from);
            let mut parts = Vec::new();
            for id in layers.split(',').filter(|id| has(id)) {
                parts.push(shapes(id, tile.z, &frame)?);
                if has(&format!("{id}_labels")) {
                    parts.push(labels(id, &frame)?);
                }
            }
            ensure!(!parts.is_empty(), "no layer has {tile:?}");
            statements.push(parts.join("\nunion all\n"));
        }
        let mut text = SETTINGS.to_owned();
        for statement in &statements {
            // binary, so that psql is sent the same bytes as we are, not twice as many digits
            writeln!(text, "copy ({statement}) to stdout (format binary);")?;
        }
        let file = NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        Ok(Self { psql: psql.clone(), file, statements })
    }

    /// Runs all of them in one psql.
    pub(super) fn run(&self) -> Result<()> {
        self.psql.file(self.file.path())
    }

    /// How many bytes the tiles have together.
    pub(super) fn bytes(&self) -> Result<usize> {
        self.psql.sum(SETTINGS, self.statements.iter().map(|s| format!("select sum(length(mvt)) from ({s}) s")))
    }
}

fn shapes(id: &str, z: u8, frame: &Frame) -> Result<String> {
    let (table, columns, rows) = source(id)?;
    let Frame { square, search, half_unit } = frame;
    let mvt = |geom: &str| format!("st_asmvtgeom(st_transform({geom}, 3857), {square}, {EXTENT}, {BUFFER}, true)");
    let geometry = if z <= SIMPLIFIED_TO_ZOOM {
        let side = "greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))";
        format!("case when {side} >= {half_unit} then {} end", mvt(&format!("st_simplify(geom, {half_unit}, true)")))
    } else {
        mvt("geom")
    };
    Ok(format!(
        "select st_asmvt(t, '{id}', {EXTENT}, 'geom', 'fid') as mvt from (\
         select fid, {columns}, {geometry} as geom from {table} where geom && {search}{rows} order by fid) t"
    ))
}

fn labels(id: &str, frame: &Frame) -> Result<String> {
    let (table, columns, rows) = source(id)?;
    let Frame { square, search, .. } = frame;
    Ok(format!(
        "select st_asmvt(t, '{id}_labels', {EXTENT}, 'geom', 'fid') as mvt from (\
         select fid, {columns}, st_asmvtgeom(st_transform(st_pointonsurface(geom), 3857), {square}, {EXTENT}, 0, true) as geom \
         from {table} where geom && {search}{rows} order by fid) t where geom is not null"
    ))
}

/// The frames of tiles; the box to search is that of the tile with its buffer, bulging sides included, a hundredth wider.
pub(in crate::figures) fn frames(psql: &Psql, tiles: &[Tile]) -> Result<Vec<Frame>> {
    let mut squares = Vec::new();
    let mut boxes = Vec::new();
    for (number, tile) in tiles.iter().enumerate() {
        let side = 2.0 * HALF_WORLD / f64::from(1u32 << tile.z);
        let (west, north) = (f64::from(tile.x) * side - HALF_WORLD, HALF_WORLD - f64::from(tile.y) * side);
        let more = side * BUFFER / EXTENT;
        let envelope =
            |by: f64| format!("st_makeenvelope({}, {}, {}, {}, 3857)", west - by, north - side - by, west + side + by, north + by);
        squares.push((side, format!("{}::box2d", envelope(0.0))));
        boxes.push(format!("({number}, {}, {})", envelope(more), side / 16.0));
    }
    let rows = psql.rows(&format!(
        "select st_xmin(b) - w, st_ymin(b) - w, st_xmax(b) + w, st_ymax(b) + w, cos(radians(lat)) from (\
         select n, b, greatest(st_xmax(b) - st_xmin(b), st_ymax(b) - st_ymin(b)) * 0.01 as w, lat from (\
         select n, st_transform(st_segmentize(e, d), 7792) as b, st_y(st_transform(st_centroid(e), 4326)) as lat \
         from (values {}) v (n, e, d)) t) u order by n",
        boxes.join(", ")
    ))?;
    let frame = |(row, (side, square)): (Vec<String>, (f64, String))| {
        let [west, south, east, north, cosine] = row.try_into().ok().context("five numbers a tile")?;
        let half_unit = side / EXTENT * cosine.parse::<f64>()? / 2.0;
        Ok(Frame { square, search: format!("st_makeenvelope({west}, {south}, {east}, {north}, 7792)"), half_unit })
    };
    ensure!(rows.len() == tiles.len(), "{} boxes for {} tiles", rows.len(), tiles.len());
    rows.into_iter().zip(squares).map(frame).collect()
}
