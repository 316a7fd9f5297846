//! The rows that differ as a file for a map (GeoJSON, RFC 7946).

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use kernel::Layer;
use sqlx::{AssertSqlSafe, PgConnection};
use tempfile::NamedTempFile;

use super::compare::{CHANGES, VANISHED};
use super::difference::values_sql;
use crate::IngestError;
use crate::load::Staging;

/// A file that is written beside the one that it becomes; gone if it never does.
pub(super) struct ChangesFile {
    file: NamedTempFile,
    becomes: PathBuf,
}

impl ChangesFile {
    /// Writes a feature for each row that is new or vanished, and two for one that changed: as it was (`"side": "before"`) and as it
    /// is in the delivery (`"after"`). Each says in `difference` what it is, in `moved_m` how far it moved, and in `changed` what each
    /// field was and is.
    pub(super) async fn write(database: &mut PgConnection, staging: &Staging, layer: &Layer, becomes: &Path) -> Result<Self, IngestError> {
        let folder = becomes.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".opensit-").suffix(".geojson").permissions(mode).tempfile_in(folder);
        let file = file.map_err(IngestError::io(becomes))?;
        let mut out = BufWriter::new(file);
        let mut features = sqlx::query_scalar::<_, String>(AssertSqlSafe(features_sql(staging, layer))).fetch(database);
        let mut first = true;
        out.write_all(br#"{"type":"FeatureCollection","features":["#).map_err(IngestError::io(becomes))?;
        while let Some(feature) = features.try_next().await.map_err(IngestError::database("can't tell the rows that differ"))? {
            let separator = if first { "\n" } else { ",\n" };
            first = false;
            write!(out, "{separator}{feature}").map_err(IngestError::io(becomes))?;
        }
        out.write_all(b"\n]}\n").map_err(IngestError::io(becomes))?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error).map_err(IngestError::io(becomes))?;
        Ok(Self { file, becomes: becomes.to_owned() })
    }

    /// Puts it in its place.
    pub(super) fn persist(self) -> Result<(), IngestError> {
        let Self { file, becomes } = self;
        file.persist(&becomes).map(|_| ()).map_err(|e| IngestError::Io { path: becomes, cause: e.error })
    }
}

fn features_sql(staging: &Staging, layer: &Layer) -> String {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let changed = format!(
        "select c._seq as place, c.id, c.fid, c.geom, t.geom as was_at, c.moved_m, {} as fields
         from {CHANGES} c join {loading} l using (_seq) left join {table} t on t.fid = c.fid",
        values_sql(layer)
    );
    format!(
        "with c as ({changed}), features as (
             select place, 1 as side, id, geom, jsonb_build_object(
                        'difference', case when fid is null then 'new' else 'changed' end, 'side', 'after', 'moved_m', moved_m, 'changed', fields) as said
               from c
             union all
             select place, 0, id, was_at, jsonb_build_object('difference', 'changed', 'side', 'before', 'moved_m', moved_m, 'changed', fields)
               from c where fid is not null
             union all
             select null, 0, t.id, t.geom, jsonb_build_object('difference', 'vanished', 'side', 'before') from {VANISHED} v join {table} t using (fid)
         )
         select jsonb_build_object('type', 'Feature', 'id', id, 'geometry', st_asgeojson(st_transform(geom, 4326), 7)::jsonb, 'properties', said)::text
         from features order by place nulls last, id, side"
    )
}
