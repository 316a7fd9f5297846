//! Processes that do not behave, played by the shell.

use std::ops::ControlFlow;
use std::path::Path;

use super::protocol::{Message, Schema, add, send};
use super::{ReaderProcess, open};
use crate::source::sniff::Content;
use crate::source::{DeclaredCrs, RawGeometry, Reader, Row, SourceLayer};
use crate::{IngestError, Limits, Stop};

fn shell(script: &str, data: &Path) -> ReaderProcess {
    let arguments = ["-c".into(), script.into(), "sh".into(), data.into()];
    ReaderProcess { program: "/bin/sh".into(), arguments: arguments.into(), environment: vec![("PATH".into(), "/usr/bin:/bin".into())] }
}

/// A schema and three rows, in two frames; without an end.
fn beginning() -> (tempfile::NamedTempFile, usize) {
    let layer = SourceLayer {
        name: "a".into(),
        format: "GeoPackage",
        fields: vec![],
        crs: DeclaredCrs::None,
        placed: true,
        rows: None,
        key: None,
        encoding: "UTF-8".into(),
        siblings: vec![],
        notes: vec![],
    };
    let mut bytes = Vec::new();
    send(&mut bytes, &mut add(&Message::Schema(Schema::of(&layer)), Vec::new()).unwrap()).unwrap();
    let schema = bytes.len();
    let row = |number| Message::Row(Row { number, key: None, values: vec![], lost: false, geometry: RawGeometry::Position([1.0, 2.0]) });
    let rows = (1..=3).fold(Vec::new(), |frame, number| add(&row(number), frame).unwrap());
    send(&mut bytes, &mut rows.clone()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    (file, schema)
}

/// What comes of reading by a process that does this; and how many rows came.
fn outcome(script: &str, limits: &Limits) -> (Result<(), IngestError>, u64) {
    let (data, schema) = beginning();
    let script = script.replace("SCHEMA", &format!("head -c {schema} \"$1\"")).replace("ROWS", &format!("tail -c +{} \"$1\"", schema + 1));
    let mut rows = 0;
    let read = open(&shell(&script, data.path()), &Stop::default(), Path::new("/a.gpkg"), "a.gpkg", Content::GeoPackage, None, limits)
        .and_then(|mut reader| {
            reader.read(&mut |_| {
                rows += 1;
                ControlFlow::Continue(())
            })
        });
    (read, rows)
}

#[test]
fn whatever_becomes_of_the_process_is_one_error_that_says_where() {
    let patient = Limits::default();
    let impatient = Limits { query_silence_s: 5, ..patient };
    for (script, rows, words) in [
        ("exit 3", 0, "ended with code 3"),
        ("echo Oh no >&2; exit 101", 0, "Oh no"),
        ("kill -SEGV $$", 0, "crashed (signal 11) while the file was opened"),
        ("echo 'Warning: this is no protocol'", 0, "can't be understood"),
        ("SCHEMA; kill -KILL $$", 0, "killed"),
        ("SCHEMA; ROWS; kill -SEGV $$", 3, "crashed (signal 11) after row 3"),
        ("SCHEMA; ROWS; kill -XCPU $$", 3, "processor time after row 3"),
        ("SCHEMA; ROWS; printf '\\377\\377\\377\\377'", 3, "can't be understood after row 3"),
        ("SCHEMA; ROWS; printf '\\001\\000\\000\\000\\143'", 3, "can't be understood after row 3"),
        ("SCHEMA; ROWS; printf '\\010\\000'; exit 0", 3, "ended with code 0 after row 3"),
        ("SCHEMA; ROWS; exec sleep 60", 3, "said nothing for 5 s (a view without an end?)"),
    ] {
        let limits = if script.contains("sleep") { &impatient } else { &patient };
        let (read, came) = outcome(script, limits);
        let error = read.unwrap_err();
        assert!(matches!(error, IngestError::ReaderEnded { .. }), "{script}: {error:?}");
        assert!(error.to_string().contains(words) && error.to_string().contains("a.gpkg"), "{script}: {error}");
        assert_eq!(came, rows, "{script}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let process = ReaderProcess { program: "/nowhere/opensit".into(), arguments: vec![], environment: vec![] };
    let opened = open(&process, &Stop::default(), Path::new("/a.gpkg"), "a.gpkg", Content::GeoPackage, None, &Limits::default());
    assert!(opened.map(|_| ()).unwrap_err().to_string().contains("/nowhere/opensit"));
}
