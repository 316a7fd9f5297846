use anyhow::{Context, Result};
use mvt_reader::Reader;
use mvt_reader::feature::{Feature, Value};

use crate::client::Client;
use crate::figures::position;
use crate::seeded::Seeded;

/// What a layer must show at a place from now on.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) layer: &'static str,
    /// The property whose value is looked at.
    pub(super) column: &'static str,
    /// The public id of the row.
    pub(super) id: String,
    /// Longitude and latitude of a place that the row covers, or covered.
    pub(super) place: (f64, f64),
    /// The value, or that the row is not there.
    pub(super) value: Option<u32>,
}

/// What a look at a tile said.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    Fresh,
    /// What is wrong.
    Stale(String),
    /// So much is there that the layer is generalised: one row can't be looked for.
    Crowded,
}

impl Expected {
    /// Looks into the tile of a zoom from 14 to 18; after a position of the log, or at once.
    pub(super) fn look(&self, client: &Client, random: &mut Seeded, after: Option<&str>) -> Result<Seen> {
        let z = 14 + random.below(5) as u8;
        let (x, y) = position(z, self.place.0, self.place.1);
        let path = format!("/xyz/{}/{z}/{x}/{y}", self.layer);
        let answer = match after {
            Some(position) => client.ask_after(&path, position)?,
            None => client.ask(&path)?,
        };
        if answer.generalised {
            return Ok(Seen::Crowded);
        }
        if answer.status >= 300 {
            return Ok(Seen::Stale(format!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body))));
        }
        let shown = features(&answer.body, self.layer)?.iter().find(|f| text(f, "id") == Some(&self.id)).map(|f| number(f, self.column));
        let fresh = match (self.value, shown) {
            (None, None) => true,
            (Some(value), Some(shown)) => shown == Some(value.into()),
            _ => false,
        };
        if fresh {
            return Ok(Seen::Fresh);
        }
        let after = after.unwrap_or("its event");
        Ok(Seen::Stale(format!("{path} after {after}: {} of {} is {shown:?}, not {:?}", self.column, self.id, self.value)))
    }
}

/// The features of a layer of a tile; none of one that is empty.
pub(super) fn features(tile: &[u8], layer: &str) -> Result<Vec<Feature>> {
    let failed = |what: &'static str| move |cause| anyhow::anyhow!("{what} of a tile: {cause:?}");
    if tile.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader::new(tile.to_vec()).map_err(failed("the bytes"))?;
    let names = reader.get_layer_names().map_err(failed("the layers"))?;
    match names.iter().position(|name| name == layer) {
        Some(at) => reader.get_features(at).map_err(failed("the features")),
        None => Ok(Vec::new()),
    }
}

pub(super) fn text<'a>(feature: &'a Feature, name: &str) -> Option<&'a str> {
    match feature.properties.as_ref()?.get(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn number(feature: &Feature, name: &str) -> Option<i64> {
    match feature.properties.as_ref()?.get(name)? {
        Value::Int(number) | Value::SInt(number) => Some(*number),
        Value::UInt(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

/// Longitude and latitude at the end of a row.
pub(super) fn place(row: &[String]) -> Result<(f64, f64)> {
    let [.., lon, lat] = row else { anyhow::bail!("no place in {row:?}") };
    Ok((lon.parse().context("a longitude")?, lat.parse().context("a latitude")?))
}
