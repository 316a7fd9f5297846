//! Which layer of a file is read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use gdal::Dataset;
use gdal::vector::{LayerAccess, OGRwkbGeometryType};

use super::ffi;
use crate::IngestError;
use crate::report::Note;
use crate::source::sniff::Content;

/// A layer of a file.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) index: usize,
    pub(super) name: String,
    /// Only features for which this holds, in OGR's SQL.
    pub(super) only: Option<String>,
    /// Every layer that can be named.
    pub(super) siblings: Vec<String>,
    /// Whether its rows have no geometry, but perhaps columns that say where they are.
    pub(super) is_table: bool,
    pub(super) notes: Vec<Note>,
}

/// Layers of a drawing that are told by name.
const TOLD: usize = 40;

/// In GPX: positions of the lines that other layers have as such.
const OF_LINES: [&str; 2] = ["route_points", "track_points"];

/// The layer asked for, or the only one that has geometries.
pub(super) fn choose(dataset: &Dataset, file: &str, content: Content, wanted: Option<&str>) -> Result<Chosen, IngestError> {
    if content == Content::Dxf {
        return of_drawing(dataset, file, wanted);
    }
    let mut with = Vec::new();
    let mut without = Vec::new();
    for (index, layer) in dataset.layers().enumerate() {
        let none = layer.defn().geometry_type() == OGRwkbGeometryType::wkbNone;
        // these formats have the same layers in each file, most of them empty, or one for each folder
        let empty = matches!(content, Content::Gpx | Content::Kml) && layer.feature_count() == 0;
        match (none, empty) {
            (true, _) => without.push((index, layer.name())),
            (false, true) => {}
            (false, false) => with.push((index, layer.name())),
        }
    }
    let file = file.to_owned();
    let names = || with.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
    let chosen = |(index, name): &(usize, String), notes| {
        let is_table = without.iter().any(|(table, _)| table == index);
        Chosen { index: *index, name: name.clone(), only: None, siblings: names(), is_table, notes }
    };
    // of other formats a layer without geometries is a part that files have beside the others
    let tables: &[(usize, String)] = if matches!(content, Content::GeoPackage | Content::Dbf) { &without } else { &[] };
    if let Some(wanted) = wanted {
        let found = with.iter().chain(tables).find(|(_, name)| name == wanted);
        return match found {
            Some(found) => Ok(chosen(found, Vec::new())),
            None if with.is_empty() && without.is_empty() => Err(IngestError::NoLayers { file }),
            None => Err(IngestError::NoSuchLayer { file, wanted: wanted.to_owned(), layers: names() }),
        };
    }
    let whole: Vec<&(usize, String)> =
        with.iter().filter(|(_, name)| content != Content::Gpx || !OF_LINES.contains(&name.as_str())).collect();
    match (whole.as_slice(), with.is_empty() && without.is_empty()) {
        ([], true) => Err(IngestError::NoLayers { file }),
        ([], false) => match tables {
            [only] => Ok(chosen(only, Vec::new())),
            _ => Err(IngestError::NoGeometryLayer { file }),
        },
        ([only], _) => {
            let mut notes = Vec::new();
            if !without.is_empty() {
                notes.push(Note::other_layers(&only.1, &without.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>()));
            }
            let points: Vec<String> = names().into_iter().filter(|name| *name != only.1).collect();
            if !points.is_empty() {
                notes.push(Note::more_layers(&only.1, &points));
            }
            Ok(chosen(only, notes))
        }
        _ => Err(IngestError::SeveralLayers { file, layers: names() }),
    }
}

/// Of a drawing everything, or what lies in one of its layers. What its blocks are made of is not read: where one is inserted
/// there is a point, with the block's name and attributes.
fn of_drawing(dataset: &Dataset, file: &str, wanted: Option<&str>) -> Result<Chosen, IngestError> {
    const ALL: &str = "entities";
    let found = dataset.layers().enumerate().find(|(_, layer)| layer.name() == ALL);
    let Some((index, layer)) = found else { return Err(IngestError::NoLayers { file: file.to_owned() }) };
    let (mut layers, mut inserted) = (BTreeMap::<String, u64>::new(), 0_u64);
    let [name, block] = ["Layer", "BlockName"].map(|field| ffi::field_index(&layer, field));
    let read = ffi::Features::of(&layer).each(|feature| {
        if let Some(name) = name {
            *layers.entry(feature.text(name)).or_default() += 1;
        }
        inserted += u64::from(block.is_some_and(|block| feature.has(block)));
        ControlFlow::Continue(())
    });
    read.map_err(|cause| IngestError::Damaged { file: file.to_owned(), format: Content::Dxf.name(), cause })?;
    let mut notes = Vec::new();
    if inserted > 0 {
        notes.push(Note::inserted_blocks(inserted));
    }
    let siblings: Vec<String> = std::iter::once(ALL.to_owned()).chain(layers.keys().take(TOLD).cloned()).collect();
    let chosen =
        |name: &str, only, notes| Chosen { index, name: name.to_owned(), only, siblings: siblings.clone(), is_table: false, notes };
    match wanted {
        Some(ALL) | None => {
            if layers.len() > 1 {
                let told: Vec<String> = layers.iter().take(TOLD).map(|(name, rows)| format!("{name} ({rows})")).collect();
                notes.push(Note::drawing_layers(layers.len(), &told));
            }
            Ok(chosen(ALL, None, notes))
        }
        Some(wanted) if layers.contains_key(wanted) => Ok(chosen(wanted, Some(format!("Layer = '{}'", wanted.replace('\'', "''"))), notes)),
        Some(wanted) => {
            let layers = layers.into_keys().take(TOLD).collect();
            Err(IngestError::NoSuchLayer { file: file.to_owned(), wanted: wanted.to_owned(), layers })
        }
    }
}
