use std::collections::HashSet;
use std::mem::discriminant;

use kernel::{LayerId, Srid, Text};

use super::Told;
use crate::place::Guess;
use crate::{IngestError as E, KeptOut, NoUndo, Reason, Rule, Stopping};

/// How many kinds of errors there are.
const KINDS: usize = 60;

fn kept_out(reason: Reason, rows: u64) -> KeptOut {
    KeptOut { reason, rows, examples: vec!["3".to_owned()], found: vec![], pictures: vec![] }
}

fn reasons() -> impl Iterator<Item = Reason> {
    // as a report has them: the last of the list is the last of the type
    ["no_geometry", "empty", "not_finite", "unreadable", "curve", "surface", "mixed_collection", "other_family", "too_few_positions"]
        .into_iter()
        .chain(["too_many_vertices", "not_mendable", "several_parts", "no_place", "far_outside", "text_too_long", "too_many_values"])
        .chain(["wrong_type", "invalid", "no_validity", "by_rule", "no_parcel_number", "no_such_parcel", "several_parcels"])
        .chain(["no_address", "no_house_number", "no_such_street", "no_such_number", "several_addresses", "other_comune"])
        .map(|name| serde_json::from_value(name.into()).unwrap())
}

/// One of each, and more of those that tell several things.
fn all() -> Vec<E> {
    let layer = || LayerId::new("alberi").unwrap();
    let srid = || Srid::new(3003).unwrap();
    let file = || "a.csv".to_owned();
    let text = || Text::new("così", "so");
    let list = || vec!["uno".to_owned(), "due".to_owned()];
    let io = || std::io::Error::other("disk");
    let sql = || sqlx::Error::PoolTimedOut;
    let guess =
        |swapped, share_inside| Guess { crs: srid(), title: "Gauss".into(), also: vec![], swapped, share_inside, distance_m: 120.0 };
    let mut all = vec![
        E::NoFile("a".into()),
        E::Io { path: "a".into(), cause: io() },
        E::EmptyFile(file()),
        E::Format { file: file(), found: text(), hint: text() },
        E::Damaged { file: file(), format: "GeoJSON", cause: file() },
        E::MissingPart { file: file(), part: "shx" },
        E::Archive { file: file(), entry: file(), why: text() },
        E::NothingInside { file: file(), entries: file() },
        E::SeveralLayers { file: file(), layers: list() },
        E::NoSuchLayer { file: file(), wanted: file(), layers: list() },
        E::NoLayers { file: file() },
        E::OnlyLinks { file: file(), links: 2 },
        E::NoGeometryLayer { file: file() },
        E::NoCoordinates { file: file(), columns: list() },
        E::NoRegister { file: file(), by: text() },
        E::NothingPlaced { file: file(), by: text(), rows: 1, reasons: vec![kept_out(Reason::NoSuchParcel, 1)] },
        E::UnclosedQuote { file: file(), line: 3 },
        E::NoHeader { file: file() },
        E::TooManyFields { file: file(), found: 3000, allowed: 1000 },
        E::NoRows { file: file() },
        E::NothingLeft { file: file(), rows: 2, reasons: reasons().map(|reason| kept_out(reason, 2)).collect() },
        E::FieldsDiffer { file: file(), first: file(), difference: text() },
        E::Plan { file: file(), why: text(), field: None, line: None },
        E::PlanLacks { file: file(), column: file(), columns: list() },
        E::Stopped { file: file(), reasons: Rule::all().map(|rule| Stopping { rule, rows: 1, examples: list() }).collect() },
        E::Cancelled,
        E::LoadedBefore { layer: layer(), number: 3 },
        E::Changed { file: file(), before: 1, after: 2 },
        E::NoCrs { file: file(), definition: None, candidates: vec![] },
        E::NoCrs { file: file(), definition: Some(file()), candidates: vec![guess(true, 0.9), guess(false, 0.0)] },
        E::UnknownCrs { file: file(), cause: crs::Crs::named("EPSG:1").unwrap_err() },
        E::Outside { file: file(), crs: srid(), share: 0, distance_m: None, candidates: vec![] },
        E::Outside { file: file(), crs: srid(), share: 0, distance_m: Some(12_000.0), candidates: vec![guess(true, 0.9)] },
        E::SwappedAxes { file: file(), crs: srid(), share: 99 },
        E::NoBoundary,
        E::OutsideOfNobody,
        E::Comune("63".into()),
        E::Exists(layer()),
        E::NoLayer(layer()),
        E::Declared { layer: layer(), module: file() },
        E::DoesNotFit { layer: layer(), difference: text() },
        E::NoValidity(layer()),
        E::IdsThere { layer: layer(), rows: 1, examples: list() },
        E::OtherKey { layer: layer(), said: file(), known: file() },
        E::NoKeyColumn { column: file(), columns: list() },
        E::KeyFails { column: file(), rows: 2, examples: vec![text()] },
        E::NoKey(layer()),
        E::Numbered(layer()),
        E::SeveralVersions { layer: layer(), ids: 2, examples: list() },
        E::TooManyVanish { layer: layer(), vanished: 50, there: 60, share: 83.0, at_most: 20.0 },
        E::NothingInCommon { layer: layer(), key: file(), theirs: list(), ours: vec![] },
        E::Redeclared(layer()),
        E::EditedSince { layer: layer(), rows: 1, examples: list() },
        E::IdsTaken { layer: layer(), examples: list() },
        E::Busy(layer()),
        E::Boundary { file: file(), why: text() },
        E::Database { what: "can't", cause: sql() },
        E::Table { file: file(), cause: sql() },
        E::Catalogue(catalogue::CatalogueError::Database(sql())),
        E::ReaderEnded { file: file(), why: text(), after: text() },
        E::Reader(file()),
    ];
    let undo = [NoUndo::NoLayer, NoUndo::OfModule, NoUndo::NoDelivery, NoUndo::Whole, NoUndo::Unrecorded, NoUndo::Incomplete];
    all.extend(undo.map(|why| E::NothingToUndo { layer: layer(), why }));
    all
}

#[test]
fn each_is_told_in_both_languages() {
    let all = all();
    let kinds: HashSet<_> = all.iter().map(discriminant).collect();
    assert_eq!(kinds.len(), KINDS, "one of each");
    for error in &all {
        assert_eq!(error.to_string(), error.words(Told::CommandLine).en, "as text it is what the command line reads");
        for told in [Told::CommandLine, Told::Plan] {
            let words = error.words(told);
            assert!(words.it != words.en && words.it.len() > 5 && words.en.len() > 5, "{error:?}: {words:?}");
            for text in [&words.it, &words.en] {
                assert!(!text.contains("  ") && !text.contains(".."), "{text}");
            }
        }
    }
}

#[test]
fn who_reads_of_a_plan_reads_of_no_options() {
    for error in all() {
        let words = error.words(Told::Plan);
        for text in [&words.it, &words.en] {
            assert!(!text.contains("--") && !text.contains("opensit "), "{text}");
        }
    }
    let guess =
        Guess { crs: Srid::new(3003).unwrap(), title: "Gauss".into(), also: vec![], swapped: true, share_inside: 0.9, distance_m: 0.0 };
    for text in [guess.words(Told::Plan), crate::Note::more_layers("a", &["b".into()]).text().clone()] {
        assert!(!text.it.contains("--") && !text.en.contains("--"), "{text:?}");
    }
}

#[test]
fn one_row_is_no_plural() {
    let words = |rows| E::NothingLeft { file: "a.csv".into(), rows, reasons: vec![kept_out(Reason::NoGeometry, rows)] }.words(Told::Plan);
    assert_eq!(
        words(1).it,
        "a.csv: la sua unica riga non si può caricare: 1 riga senza geometria (la riga 3): dare la posizione dove manca. Nulla è stato caricato"
    );
    assert!(words(2).it.contains("delle sue 2 righe nessuna si può caricare: 2 righe senza geometria"), "{}", words(2).it);
    assert!(words(2).en.contains("of its 2 rows none can be loaded: 2 rows without a geometry"), "{}", words(2).en);
}
