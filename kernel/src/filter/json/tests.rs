use chrono::{NaiveDate, TimeZone, Utc};
use geo_types::{line_string, polygon};
use serde_json::{Value as Json, json};

use super::super::{Comparison, Filter, Pattern, Relation, Shape, Value};
use crate::layer::{Field, FieldType};
use crate::{Bbox, Column, Layer, Principal, Role, Srid, Text};

fn column(name: &str) -> Column {
    Column::new(name).unwrap()
}

fn read(document: Json) -> Result<Filter, String> {
    Filter::read(&document.to_string(), Srid::CRS84).map_err(|e| e.to_string())
}

fn is(name: &str, value: Value) -> Filter {
    Filter::Equal(column(name), value)
}

#[test]
fn reads_what_the_standard_writes() {
    let p = |name: &str| json!({"property": name});
    let ab = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]});
    let shape = Shape::new(polygon![(x: 0., y: 0.), (x: 1., y: 0.), (x: 1., y: 1.)].into(), Srid::CRS84).unwrap();
    let day = |d| Value::Date(NaiveDate::from_ymd_opt(2026, 1, d).unwrap());
    let noon = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
    let casei = |of: Json| json!({"op": "casei", "args": [of]});
    for (document, expected) in [
        (json!({"op": "=", "args": [p("public"), true]}), is("public", Value::Boolean(true))),
        (json!({"op": "<", "args": [5, p("floors")]}), Filter::Compare(column("floors"), Comparison::Greater, Value::Integer(5))),
        (
            json!({"op": "in", "args": [p("kind"), ["a", "b"]]}),
            Filter::In(column("kind"), vec![Value::Text("a".into()), Value::Text("b".into())]),
        ),
        (json!({"op": "between", "args": [p("h"), 1, 2.5]}), Filter::Between(column("h"), Value::Integer(1), Value::Number(2.5))),
        (json!({"op": "isNull", "args": [p("h")]}), Filter::IsNull(column("h"))),
        (
            json!({"op": "like", "args": [casei(p("name")), casei(json!("Via%"))]}),
            Filter::Like(column("name"), Pattern::new("Via%").unwrap().in_any_case()),
        ),
        (
            json!({"op": "=", "args": [casei(p("name")), casei(json!("50%"))]}),
            Filter::Like(column("name"), Pattern::new("50\\%").unwrap().in_any_case()),
        ),
        (json!({"op": "s_within", "args": [p("geometry"), ab]}), Filter::Spatial(Relation::Within, shape.clone())),
        (json!({"op": "s_within", "args": [ab, p("geom")]}), Filter::Spatial(Relation::Contains, shape)),
        (
            json!({"op": "s_intersects", "args": [p("geometry"), {"bbox": [0, 1, 2, 3]}]}),
            Filter::Intersects(Bbox::new(0., 1., 2., 3.).unwrap(), Srid::CRS84),
        ),
        (
            json!({"op": "t_during", "args": [p("on"), {"interval": ["2026-01-01", "2026-01-05"]}]}),
            Filter::And(vec![
                Filter::Compare(column("on"), Comparison::Greater, day(1)),
                Filter::Compare(column("on"), Comparison::Less, day(5)),
            ]),
        ),
        (
            json!({"op": "t_after", "args": [p("at"), {"timestamp": "2026-01-01T13:00:00+01:00"}]}),
            Filter::Compare(column("at"), Comparison::Greater, Value::Instant(noon)),
        ),
        (
            json!({"op": "t_intersects", "args": [{"interval": [p("valid_from"), p("valid_to")]}, {"interval": ["2026-01-01T12:00:00Z", ".."]}]}),
            Filter::ValidDuring(Some(noon), None),
        ),
        (json!({"op": "inScope", "args": [p("comune")]}), Filter::InScope(column("comune"))),
        (json!({"op": "hasRole", "args": ["officer"]}), Filter::HasRole(vec![Role::Officer])),
    ] {
        assert_eq!(read(document.clone()), Ok(expected), "{document}");
    }
}

#[test]
fn what_is_written_reads_back() {
    let noon = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
    let line = line_string![(x: 1.5, y: 2.), (x: 3., y: 4.)];
    let here = Shape::new(line.clone().into(), Srid::RDN2008_UTM33).unwrap();
    let there = Shape::new(line.into(), Srid::CRS84).unwrap();
    let mut all = vec![
        Filter::everything(),
        Filter::nothing(),
        Filter::Not(Box::new(is("a", Value::Text("d'Elia \"\\%_ è".into())))),
        is("a", Value::Integer(i64::MIN)),
        is("a", Value::Number(5.0)),
        is("a", Value::Date(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap())),
        is("a", Value::Instant(noon + chrono::TimeDelta::microseconds(1))),
        Filter::SameText(column("a"), "X".into()),
        Filter::In(column("a"), vec![]),
        Filter::In(column("a"), vec![Value::Integer(1), Value::Number(0.5)]),
        Filter::Between(column("a"), Value::Integer(1), Value::Integer(2)),
        Filter::Like(column("a"), Pattern::new("a\\%_%").unwrap()),
        Filter::Like(column("a"), Pattern::new("A%").unwrap().in_any_case()),
        Filter::IsNull(column("a")),
        Filter::Intersects(Bbox::new(0., 1., 2., 3.).unwrap(), Srid::CRS84),
        Filter::Intersects(Bbox::new(0., 1., 2., 3.).unwrap(), Srid::RDN2008_UTM33),
        Filter::Near(here.clone(), 12.5),
        Filter::ValidAt(noon),
        Filter::ValidDuring(None, Some(noon)),
        Filter::ValidDuring(None, None),
        Filter::InScope(column("a")),
        Filter::OfficeIs(column("a")),
        Filter::SubjectIs(column("a")),
        Filter::HasRole(Role::ALL.to_vec()),
    ];
    all.extend(Comparison::ALL.map(|c| Filter::Compare(column("a"), c, Value::Boolean(true))));
    all.extend(Relation::ALL.map(|r| Filter::Spatial(r, here.clone())));
    all.extend(Relation::ALL.map(|r| Filter::Spatial(r, there.clone())));
    all.push(Filter::Or(vec![Filter::And(all.clone()), Filter::nothing()]));
    for filter in all {
        let text = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<Filter>(&text).map_err(|e| e.to_string()), Ok(filter), "{text}");
    }
    assert!(serde_json::to_string(&is("a", Value::Number(f64::NAN))).is_err());
}

#[test]
fn says_what_is_wrong_and_where() {
    let p = json!({"property": "name"});
    let wrapped = |inner: Json| json!({"op": "and", "args": [true, {"op": "not", "args": [inner]}]});
    for (inner, at, what) in [
        (json!({"op": "pg_sleep", "args": [10]}), "", "`pg_sleep` is not an operator"),
        (json!({"op": "=", "args": [p, null]}), "/args/1", "isNull"),
        (json!({"op": "=", "args": [p, "a\0b"]}), "/args/1", "NUL"),
        (json!({"op": "=", "args": [p, "x".repeat(1001)]}), "/args/1", "1001 bytes"),
        (json!({"op": "=", "args": [{"property": "n\u{430}me"}, 1]}), "/args/0", "is not a name"),
        (json!({"op": "=", "args": [{"property": "name\" or true --"}, 1]}), "/args/0", "is not a name"),
        (json!({"op": "=", "args": [p, p]}), "/args/1", "not with another property"),
        (json!({"op": "=", "args": [{"op": "pg_sleep", "args": [10]}, 1]}), "/args/0", "`pg_sleep` is not a function"),
        (json!({"op": "=", "args": [1, 1]}), "", "one side"),
        (json!({"op": "=", "args": [p]}), "", "takes 2 arguments, not 1"),
        (json!({"op": "=", "args": [p, 1], "x": 1}), "", "`x` is not a member"),
        (json!({"op": "=", "args": [{"op": "casei", "args": [p]}, "a"]}), "", "both arguments"),
        (json!({"op": "like", "args": [p, "a\\"]}), "/args/1", "lone `\\`"),
        (json!({"op": "like", "args": [p, "%".repeat(17)]}), "/args/1", "16 `%`"),
        (json!({"op": "in", "args": [p, ["a", ["b"]]]}), "/args/1/1", "a value is"),
        (json!({"op": "and", "args": []}), "", "nothing in `args`"),
        (json!({"op": "t_after", "args": [p, {"date": "2026-02-30"}]}), "/args/1", "a day is written"),
        (json!({"op": "t_after", "args": [p, {"timestamp": "yesterday"}]}), "/args/1", "an instant is written"),
        (json!({"op": "s_within", "args": [p, {"bbox": [0, 0, 1, 1]}]}), "/args/0", "geometry"),
        (json!({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [0, 0, 181, 1]}]}), "/args/1", "not a position"),
        (json!({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [170, 0, -170, 1]}]}), "/args/1", "west"),
        (json!({"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [1]}]}), "/args/1", "GeoJSON"),
        (
            json!({"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [1e308, 0]}]}),
            "/args/1",
            "not a position",
        ),
        (
            json!({"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "GeometryCollection", "geometries": []}]}),
            "/args/1",
            "collection",
        ),
        (json!({"op": "s_dwithin", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [1, 1]}, -1]}), "/args/2", "metres"),
    ] {
        let error = Filter::read(&wrapped(inner.clone()).to_string(), Srid::CRS84).unwrap_err();
        assert!(error.at == format!("/args/1/args/0{at}") && error.what.contains(what), "{inner}: {error}");
    }
}

#[test]
fn too_deep_or_too_much_ends_early() {
    let deep = |n: usize| format!("{}true{}", "{\"op\":\"not\",\"args\":[".repeat(n), "]}".repeat(n));
    assert!(Filter::read(&deep(31), Srid::CRS84).is_ok());
    assert!(Filter::read(&deep(32), Srid::CRS84).unwrap_err().what.contains("deeper"));
    assert!(Filter::read(&deep(100), Srid::CRS84).unwrap_err().what.contains("JSON"), "the parser itself stops");
    for bad in [deep(100_000), "[".repeat(100_000), "(".repeat(100_000), format!("[{}true]", "true,".repeat(1_000_000))] {
        assert!(Filter::read(&bad, Srid::CRS84).is_err());
    }
    let many = |n: usize| json!({"op": "or", "args": vec![true; n]}).to_string();
    assert!(Filter::read(&many(999), Srid::CRS84).is_ok());
    assert!(Filter::read(&many(1000), Srid::CRS84).unwrap_err().what.contains("more than 1000"));
    let long = json!({"op": "in", "args": [{"property": "a"}, vec![1; 5000]]}).to_string();
    assert_eq!(Filter::read(&long, Srid::CRS84).unwrap_err().at, "/args/1/999");
    let document: Json = serde_json::from_str(&many(1_000_000)).unwrap();
    assert!(Filter::from_json(&document, Srid::CRS84).is_err());
}

fn layer() -> Layer {
    let mut layer: Layer = serde_json::from_value(json!({
        "id": "licences", "module": "published", "title": {"it": "p", "en": "p"}, "table": "published.licences", "geometry": "Point", "srid": 7792,
        "fields": []
    }))
    .unwrap();
    let field = |name, kind| Field::new(name, kind, Text::same(name)).unwrap();
    layer.fields = vec![
        field("name", FieldType::Text),
        field("floors", FieldType::Integer),
        field("built", FieldType::Date),
        Field { private: true, ..field("owner", FieldType::Text) },
        Field { filterable: false, ..field("note", FieldType::Text) },
    ];
    layer
}

#[test]
fn only_what_the_layer_has_and_they_see_can_be_asked() {
    let (layer, nobody, staff) = (layer(), Principal::anonymous(), Principal::operator());
    let text = |name: &str| is(name, Value::Text("x".into()));
    for good in [text("name"), text("id"), text("comune"), is("fid", Value::Integer(1)), is("floors", Value::Number(1.5))] {
        assert_eq!(good.check(&layer, &nobody), Ok(()));
    }
    let refusal = |filter: &Filter, who: &Principal| Filter::Or(vec![filter.clone()]).check(&layer, who).unwrap_err();
    for bad in ["nothing", "owner", "note", "ctid", "xmin", "tableoid", "geom", "valid_from"] {
        let error = refusal(&text(bad), &nobody);
        let allowed = "is not a property that can be asked by; there are id, comune, fid, version, name, floors, built";
        assert_eq!((error.at.as_str(), error.what), ("/args/0", format!("`{bad}` {allowed}")), "hidden and absent read alike");
    }
    assert_eq!(text("owner").check(&layer, &staff), Ok(()));
    assert!(refusal(&text("note"), &staff).what.starts_with("`note` is not"));
    for bad in [
        text("floors"),
        is("name", Value::Integer(1)),
        is("built", Value::Instant(chrono::DateTime::UNIX_EPOCH)),
        text("built"),
        is("name", Value::Text("a\0".into())),
        Filter::Like(column("floors"), Pattern::new("1%").unwrap()),
        Filter::InScope(column("comune")),
        Filter::HasRole(vec![]),
        Filter::ValidAt(chrono::DateTime::UNIX_EPOCH),
        Filter::Intersects(Bbox::new(0., 0., 1., 1.).unwrap(), Srid::new(3004).unwrap()),
    ] {
        assert!(bad.check(&layer, &staff).is_err(), "{bad:?}");
    }
    assert_eq!(Filter::And(vec![Filter::InScope(column("comune")), text("owner"), text("note")]).check_rule(&layer), Ok(()));
}

#[test]
fn a_member_that_is_given_twice_is_refused() {
    let read = |text: &str| Filter::read(text, Srid::CRS84);
    for twice in [
        r#"{"op":"=","args":[{"property":"a"},1],"op":"<>"}"#,
        r#"{"op":"=","args":[{"property":"a","property":"b"},1]}"#,
        r#"{"op":"not","args":[{"op":"=","args":[{"property":"a"},1],"args":[{"property":"b"},1]}]}"#,
        r#"{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[15,38],"coordinates":[16,38]}]}"#,
        // the same name, written in two ways
        r#"{"op":"=","args":[{"property":"a"},1],"\u006fp":"<>"}"#,
    ] {
        let error = read(twice).expect_err(twice);
        assert!(error.what.contains("is given twice"), "{twice}: {error}");
    }
    assert!(read("{").unwrap_err().what.contains("it is not JSON"));
    let number = r#"{"op":"=","args":[{"property":"a"},-12.5e1]}"#;
    assert_eq!(read(number), Filter::from_json(&serde_json::from_str(number).unwrap(), Srid::CRS84));
}
