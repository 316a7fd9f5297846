use super::{Feature, FeatureKind, Reader};
use crate::remark::{Issue, Remarks};

fn read(text: &[u8]) -> (Vec<(u64, Feature)>, Remarks) {
    let mut reader = Reader::new(text).unwrap();
    let mut features = Vec::new();
    while let Some(feature) = reader.read().unwrap() {
        features.push((feature.line, feature.value));
    }
    (features, reader.into_remarks())
}

fn issues(remarks: &Remarks) -> Vec<Issue> {
    remarks.kept().iter().map(|r| r.issue.clone()).collect()
}

/// A collection as MapServer writes it, of these members.
fn collection(members: &str) -> String {
    format!(
        r#"<?xml version='1.0' encoding="UTF-8" ?>
<wfs:FeatureCollection xmlns:CP="http://mapserver.gis.umn.edu/mapserver" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:wfs="http://www.opengis.net/wfs/2.0">
<wfs:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::6706"><gml:lowerCorner>38.0 15.0</gml:lowerCorner></gml:Envelope></wfs:boundedBy>
{members}
</wfs:FeatureCollection>"#
    )
}

fn polygon(srs: &str, rings: &[&str]) -> String {
    let ring = |(index, positions): (usize, &&str)| {
        let role = if index == 0 { "exterior" } else { "interior" };
        format!("<gml:{role}><gml:LinearRing><gml:posList srsDimension=\"2\">{positions}</gml:posList></gml:LinearRing></gml:{role}>")
    };
    let rings: String = rings.iter().enumerate().map(ring).collect();
    format!(r#"<gml:Polygon gml:id="p" srsName="{srs}">{rings}</gml:Polygon>"#)
}

fn parcel(reference: &str, geometry: &str) -> String {
    let comune = &reference[..4];
    format!(
        r#"<wfs:member><CP:CadastralParcel gml:id="CadastralParcel.IT.AGE.PLA.{reference}">
<gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::6706"><gml:lowerCorner>1 2</gml:lowerCorner></gml:Envelope></gml:boundedBy>
<CP:msGeometry>{geometry}</CP:msGeometry>
<CP:INSPIREID_LOCALID>IT.AGE.PLA.{reference}</CP:INSPIREID_LOCALID>
<CP:INSPIREID_NAMESPACE>IT.AGE.PLA.</CP:INSPIREID_NAMESPACE>
<CP:LABEL>2 &amp; 3</CP:LABEL>
<CP:NATIONALCADASTRALREFERENCE>{reference}</CP:NATIONALCADASTRALREFERENCE>
<CP:ADMINISTRATIVEUNIT>{comune}</CP:ADMINISTRATIVEUNIT>
<CP:SOMETHING>else</CP:SOMETHING>
</CP:CadastralParcel></wfs:member>"#
    )
}

const URN: &str = "urn:ogc:def:crs:EPSG::6706";
const SQUARE: &str = "38.0 15.5 38.0 15.6 38.1 15.6 38.1 15.5 38.0 15.5";
const HOLE: &str = "38.02 15.52 38.04 15.52 38.04 15.54 38.02 15.52";

#[test]
fn a_parcel_has_its_fields_and_its_hole() {
    let (features, remarks) = read(collection(&parcel("X101_001200.2", &polygon(URN, &[SQUARE, HOLE]))).as_bytes());
    let (line, feature) = &features[0];
    assert_eq!((*line, feature.kind, features.len()), (4, FeatureKind::Parcel, 1));
    assert_eq!((feature.label.as_str(), feature.comune.as_str(), feature.namespace.as_str()), ("2 & 3", "X101", "IT.AGE.PLA."));
    assert_eq!(feature.reference.as_ref().unwrap().to_string(), "X101_001200.2");
    assert_eq!(feature.id, "CadastralParcel.IT.AGE.PLA.X101_001200.2");
    assert_eq!(feature.others, [("SOMETHING".to_owned(), "else".to_owned())]);
    assert_eq!(feature.polygons[0].iter().map(Vec::len).collect::<Vec<_>>(), [5, 4]);
    // the east comes first
    assert_eq!((feature.polygons[0][0][1], feature.system.unwrap().postgis()), ([15.6, 38.0], 6706));
    assert_eq!(remarks.count(), 0);
}

#[test]
fn a_sheet_of_several_parts() {
    let surfaces =
        [polygon(URN, &[SQUARE]), polygon(URN, &[SQUARE])].map(|p| format!("<gml:surfaceMember>{p}</gml:surfaceMember>")).concat();
    let text = format!(
        r#"<wfs:member><CP:CadastralZoning gml:id="CadastralZoning.IT.AGE.MAP.X101_0013A0"><CP:msGeometry><gml:MultiSurface srsName="{URN}">{surfaces}</gml:MultiSurface></CP:msGeometry><CP:LEVEL>3rdOrder</CP:LEVEL><CP:LEVELNAME>Mappa Catastale</CP:LEVELNAME><CP:NATIONALCADASTRALZONINGREFERENCE>X101_0013A0</CP:NATIONALCADASTRALZONINGREFERENCE></CP:CadastralZoning></wfs:member>"#
    );
    let (features, remarks) = read(collection(&text).as_bytes());
    let feature = &features[0].1;
    assert_eq!((feature.kind, feature.polygons.len(), feature.level[1].as_str()), (FeatureKind::Sheet, 2, "Mappa Catastale"));
    assert_eq!(feature.reference.as_ref().unwrap().short(), "13A");
    assert_eq!(remarks.count(), 0);
}

#[test]
fn both_orders_of_axes_are_understood() {
    let east_first = "15.5 38.0 15.6 38.0 15.6 38.1 15.5 38.0";
    let north_first = "38.0 15.5 38.0 15.6 38.1 15.6 38.0 15.5";
    for (srs, positions, axes) in [
        (URN, north_first, false),
        ("http://www.opengis.net/def/crs/EPSG/0/6706", north_first, false),
        ("EPSG:6706", east_first, false),
        (URN, east_first, true),
        ("EPSG:6706", north_first, true),
    ] {
        let (features, remarks) = read(collection(&parcel("X101_001200.2", &polygon(srs, &[positions]))).as_bytes());
        assert_eq!(features[0].1.polygons[0][0][0], [15.5, 38.0], "{srs} {positions}");
        assert_eq!(issues(&remarks).contains(&Issue::Axes), axes, "{srs} {positions}");
    }
    let metres = "557000 4218000 558000 4218000 558000 4219000 557000 4218000";
    let (features, remarks) = read(collection(&parcel("X101_001200.2", &polygon("urn:ogc:def:crs:EPSG::7792", &[metres]))).as_bytes());
    assert_eq!((features[0].1.polygons[0][0][0], remarks.count()), ([557_000.0, 4_218_000.0], 0));
}

#[test]
fn other_prefixes_other_positions_and_heights() {
    let text = format!(
        r#"<x:c xmlns:x="http://inspire.ec.europa.eu/schemas/cp/4.0"><x:CadastralParcel id="a"><x:geometry><Surface srsName="{URN}" srsDimension="3"><patches><PolygonPatch><exterior><LinearRing><pos>38.0 15.5 7</pos><pos>38.0 15.6 7</pos><pos>38.1 15.6 7</pos><pos>38.0 15.5 7</pos></LinearRing></exterior></PolygonPatch></patches></Surface></x:geometry><x:inspireId><Identifier><localId>IT.AGE.PLA.X101_001200.2</localId></Identifier></x:inspireId></x:CadastralParcel></x:c>"#
    );
    let (features, remarks) = read(text.as_bytes());
    let feature = &features[0].1;
    assert_eq!((feature.polygons[0][0].len(), feature.reference.as_ref().unwrap().to_string().as_str()), (4, "X101_001200.2"));
    assert_eq!(remarks.count(), 0);
}

#[test]
fn a_document_type_ends_the_file() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><c><CadastralParcel id="a"><LABEL>&b;</LABEL></CadastralParcel></c>"#;
    let (features, remarks) = read(bomb.as_bytes());
    assert_eq!((features.len(), issues(&remarks)), (0, vec![Issue::DocumentType]));
    let (features, remarks) = read(b"<c><CadastralParcel id='a'><LABEL>x&b;y</LABEL></CadastralParcel></c>");
    assert_eq!((features[0].1.label.as_str(), issues(&remarks).contains(&Issue::Entity)), ("xy", true));
}

#[test]
fn what_is_broken_is_told_and_the_rest_read() {
    let good = parcel("X101_001200.2", &polygon(URN, &[SQUARE]));
    let cases = [
        (parcel("X101_001200.3", &polygon(URN, &["38.0 15.5 38.0"])), "odd"),
        (parcel("X101_001200.3", &polygon(URN, &["38.0 NaN 38.0 15.6 38.1 15.6 38.0 15.5"])), "no number"),
        (parcel("X101_001200.3", &polygon(URN, &["38.0 1e308 38.0 15.6 38.1 15.6 38.0 15.5"])), "far"),
        (parcel("X101_001200.3", ""), "nothing"),
    ];
    for (bad, why) in cases {
        let (features, remarks) = read(collection(&format!("{bad}{good}")).as_bytes());
        assert_eq!((features.len(), features[0].1.polygons.len(), features[1].1.polygons.len()), (2, 0, 1), "{why}");
        assert!(remarks.kept().iter().any(|r| r.line == 4 && matches!(r.issue, Issue::NoGeometry { .. })), "{why}");
    }
    let (features, remarks) = read(collection(&parcel("X101_001200.3", &polygon(URN, &["38.0 15.5 38.0 15.6 38.1 15.6"]))).as_bytes());
    assert_eq!((features[0].1.polygons[0][0].len(), remarks.count()), (4, 1));
    let (_, remarks) = read(collection(&good.replace("ADMINISTRATIVEUNIT>X101<", "ADMINISTRATIVEUNIT>X102<")).as_bytes());
    assert!(matches!(issues(&remarks)[0], Issue::OtherComune { .. }));
    let (_, remarks) = read(collection(&good.replace("X101_001200", "nothing")).as_bytes());
    assert!(matches!(issues(&remarks)[0], Issue::Reference { .. }));
}

#[test]
fn a_file_cut_short_gives_what_is_whole() {
    let whole =
        collection(&[parcel("X101_001200.2", &polygon(URN, &[SQUARE])), parcel("X101_001200.3", &polygon(URN, &[SQUARE]))].concat());
    let (features, remarks) = read(&whole.as_bytes()[..whole.len() - 400]);
    assert_eq!(features.len(), 1);
    assert!(matches!(issues(&remarks)[..], [Issue::Xml { .. }]), "{remarks:?}");
}

#[test]
fn elements_without_end_stop_the_reading() {
    let (_, remarks) = read("<a>".repeat(100_000).as_bytes());
    assert_eq!(issues(&remarks), [Issue::Deep { allowed: 64 }]);
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let text = parcel("X101_001200.2", &polygon(URN, &[SQUARE])).replace("2 &amp; 3", "Citt\u{e0}");
    let text = collection(&text).replace("UTF-8", "ISO-8859-1");
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    assert_eq!(read(&latin).0[0].1.label, "Città");
}
