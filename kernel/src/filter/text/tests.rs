use serde_json::json;

use super::super::{Comparison, Filter, FilterDocument, FilterError, FilterLanguage, Pattern, Relation, Value};
use crate::layer::{Field, FieldType};
use crate::{Column, Layer, Principal, Srid, Text};

fn layer() -> Layer {
    let mut layer: Layer = serde_json::from_value(json!({
        "id": "trees", "module": "m", "title": {"it": "t", "en": "t"}, "table": "m.trees", "geometry": "Point", "srid": 7792, "fields": [],
        "validity": true
    }))
    .unwrap();
    let field = |name, kind| Field::new(name, kind, Text::same(name)).unwrap();
    layer.fields = vec![
        field("name", FieldType::Text),
        field("floors", FieldType::Integer),
        field("height", FieldType::Number),
        field("listed", FieldType::Boolean),
        field("built", FieldType::Date),
        field("seen", FieldType::DateTime),
        Field { private: true, ..field("owner", FieldType::Text) },
        Field { filterable: false, ..field("note", FieldType::Text) },
    ];
    layer
}

fn read_as(text: &str, language: FilterLanguage) -> Result<Filter, FilterError> {
    let document = FilterDocument::read(text, language, Srid::CRS84, false)?;
    document.over(&layer(), &Principal::anonymous(), |filter| Ok(filter.clone()))
}

fn read(text: &str) -> Result<Filter, FilterError> {
    read_as(text, FilterLanguage::Text)
}

fn column(name: &str) -> Column {
    Column::new(name).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn is(name: &str, value: Value) -> Filter {
    Filter::Equal(column(name), value)
}

#[test]
fn each_predicate_becomes_its_condition() {
    let day = |text: &str| Value::Date(text.parse().unwrap());
    let instant = |text: &str| Value::Instant(text.parse().unwrap());
    let like = |text: &str| Filter::Like(column("name"), Pattern::new(text).unwrap());
    let not = |filter| Filter::Not(Box::new(filter));
    for (written, expected) in [
        ("name = 'è l''una'", is("name", text("è l'una"))),
        ("\"name\" = 'a\"b'", is("name", text("a\"b"))),
        ("'a' = name", is("name", text("a"))),
        ("name <> ''", Filter::Compare(column("name"), Comparison::NotEqual, text(""))),
        ("floors >= -3", Filter::Compare(column("floors"), Comparison::GreaterOrEqual, Value::Integer(-3))),
        ("3 < floors", Filter::Compare(column("floors"), Comparison::Greater, Value::Integer(3))),
        ("height = 1.5e1", is("height", Value::Integer(15))),
        ("height < 1.25", Filter::Compare(column("height"), Comparison::Less, Value::Number(1.25))),
        ("listed = true", is("listed", Value::Boolean(true))),
        ("built = DATE('2026-01-31')", is("built", day("2026-01-31"))),
        ("built = '2026-01-31'", is("built", day("2026-01-31"))),
        ("built = '2026-01-31T00:00:00Z'", is("built", day("2026-01-31"))),
        ("built = '2026-01-31T'", is("built", day("2026-01-31"))),
        ("seen = '2026-01-31T'", is("seen", instant("2026-01-31T00:00:00Z"))),
        ("seen > TIMESTAMP('2026-01-31T12:00:00Z')", Filter::Compare(column("seen"), Comparison::Greater, instant("2026-01-31T12:00:00Z"))),
        ("seen > '2026-01-31T13:00:00+01:00'", Filter::Compare(column("seen"), Comparison::Greater, instant("2026-01-31T12:00:00Z"))),
        ("T_BEFORE(built, DATE('2026-01-31'))", Filter::Compare(column("built"), Comparison::Less, day("2026-01-31"))),
        ("floors BETWEEN 1 AND 3", Filter::Between(column("floors"), Value::Integer(1), Value::Integer(3))),
        ("floors NOT BETWEEN 1 AND 3", not(Filter::Between(column("floors"), Value::Integer(1), Value::Integer(3)))),
        ("name IN ('a', 'b')", Filter::In(column("name"), vec![text("a"), text("b")])),
        ("name IN ('a')", Filter::In(column("name"), vec![text("a")])),
        ("name not in ('a')", not(Filter::In(column("name"), vec![text("a")]))),
        ("name LIKE 'a%'", like("a%")),
        ("name NOT LIKE '_\\%'", not(like("_\\%"))),
        ("CASEI(name) LIKE CASEI('A%')", Filter::Like(column("name"), Pattern::new("A%").unwrap().in_any_case())),
        ("CASEI(name) = casei('50%')", Filter::Like(column("name"), Pattern::new("50\\%").unwrap().in_any_case())),
        ("CASEI(name) IN (CASEI('A'))", Filter::Or(vec![Filter::Like(column("name"), Pattern::new("A").unwrap().in_any_case())])),
        ("name IS NULL", Filter::IsNull(column("name"))),
        ("name IS NOT NULL", not(Filter::IsNull(column("name")))),
        ("NOT (listed = false)", not(is("listed", Value::Boolean(false)))),
        (
            "name='a' AND floors=1 AND listed=true",
            Filter::And(vec![is("name", text("a")), is("floors", Value::Integer(1)), is("listed", Value::Boolean(true))]),
        ),
        (
            "name='a' OR floors=1 AND listed=true",
            Filter::Or(vec![is("name", text("a")), Filter::And(vec![is("floors", Value::Integer(1)), is("listed", Value::Boolean(true))])]),
        ),
        (
            "(name='a' OR floors=1) AND listed=true",
            Filter::And(vec![Filter::Or(vec![is("name", text("a")), is("floors", Value::Integer(1))]), is("listed", Value::Boolean(true))]),
        ),
        ("id = 't1'", is("id", text("t1"))),
    ] {
        assert_eq!(read(written), Ok(expected), "{written}");
    }
    assert_eq!(
        read_as("name ILIKE 'a''%' AND \"name\" ilike 'B'", FilterLanguage::OldText),
        read("CASEI(name) LIKE CASEI('a''%') AND CASEI(name) LIKE CASEI('B')")
    );
    assert_eq!(read_as("{\"op\":\"=\",\"args\":[{\"property\":\"name\"},\"a\"]}", FilterLanguage::Json), read("name='a'"));
}

#[test]
fn geometries_and_rectangles_are_read() {
    let Filter::Intersects(bbox, Srid::CRS84) = read("S_INTERSECTS(geometry, BBOX(15.6,38,15.7,38.1))").unwrap() else {
        panic!("a rectangle")
    };
    assert_eq!(<[f64; 4]>::from(bbox), [15.6, 38.0, 15.7, 38.1]);
    for (written, relation) in [
        ("S_WITHIN(geometry, POLYGON((15 38, 16 38, 16 39, 15 38)))", Relation::Within),
        ("s_contains(geometry, POINT(15 38))", Relation::Contains),
        ("S_DISJOINT(geom, MULTIPOINT((15 38), (16 38)))", Relation::Disjoint),
        ("S_INTERSECTS(LINESTRING(15 38, 16 39), geometry)", Relation::Intersects),
        ("S_INTERSECTS(geometry, POINT Z(15 38 7))", Relation::Intersects),
    ] {
        assert!(matches!(read(written), Ok(Filter::Spatial(found, _)) if found == relation), "{written}: {:?}", read(written));
    }
    assert!(matches!(read("s_dwithin(geometry, POINT(15 38), 100)"), Ok(Filter::Near(_, 100.0))));
    let swapped = FilterDocument::read("S_INTERSECTS(geometry, POINT(38 15))", FilterLanguage::Text, Srid::CRS84, true).unwrap();
    assert!(matches!(swapped.filter(), Filter::Spatial(_, shape) if shape.bbox().west() == 15.0));
}

#[test]
fn what_is_wrong_is_said_with_where_and_why() {
    for (written, position, what) in [
        ("name = ", Some(8), "ends too early"),
        ("name == 'a'", Some(7), "can't stand here"),
        ("name = 'a' nad floors = 1", Some(12), "`nad floors = 1` can't stand here"),
        ("name = 'a", Some(8), "do not end"),
        ("floors = 1 AND nothing = 2", Some(16), "`nothing` is not a property that can be asked by"),
        ("floors = 1 AND owner = 'x'", Some(16), "`owner` is not a property that can be asked by"),
        ("floors = 1 AND note = 'x'", Some(16), "`note` is not"),
        ("floors = 'x'", Some(1), "compared with a number"),
        ("name = 5", Some(1), "compared with a text"),
        ("listed", Some(1), "no condition"),
        ("NOT listed", Some(5), "no condition"),
        ("name = other", Some(8), "not with another property"),
        ("name = NULL", Some(1), "isNull"),
        ("pg_sleep(10) = 1", Some(1), "`pg_sleep` is not a function"),
        ("pg_sleep(10)", Some(1), "`pg_sleep` is not an operator"),
        ("floors + 1 = 2", Some(1), "`+` is not a function"),
        ("floors = 1 + 1", Some(12), "`+` is not a function"),
        ("built = DATE('2026-02-30')", Some(14), "a day is written"),
        ("floors = 9007199254740993", Some(10), "can't be told exactly"),
        ("height = -1e999", Some(11), "can't be told"),
        ("inScope(comune)", Some(1), "the layers' own rules only"),
        ("floors = 1 AND S_INTERSECTS(geometry, POINT EMPTY)", Some(39), "empty"),
        ("S_TOUCHES(geometry, POINT(1 1))", Some(1), "is not an operator"),
        ("name LIKE 'a\\'", Some(11), "lone"),
        ("floors = 1 OR name IN ()", Some(24), "can't stand here"),
        ("floors = 1 OR built = DATE(5)", Some(23), "take texts"),
        ("(floors = 1", Some(1), "parenthesis that begins here does not end"),
        ("floors = 1)", Some(11), "no open parenthesis"),
        ("S_INTERSECTS(geometry, POLYGON((15 38, 16 38, 16 39, 15 38", Some(32), "does not end"),
        ("S_INTERSECTS(geometry, POLYGON((15 38, 16 38, 16 39, 15 38))", Some(13), "does not end"),
        ("S_INTERSECTS(geometry, POINT(15 38)", Some(13), "does not end"),
        ("S_INTERSECTS(geometry, POINT(15 38", Some(29), "does not end"),
    ] {
        let error = read(written).expect_err(written);
        assert!(error.what.contains(what), "{written}: {error}");
        assert_eq!(error.position, position, "{written}: {error}");
    }
}

#[test]
fn hostile_texts_end_early_and_harm_nothing() {
    let begun = std::time::Instant::now();
    let many = |n: usize, part: &str, between: &str| vec![part; n].join(between);
    let deep = |n: usize, open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
    for hostile in [
        String::new(),
        " ".repeat(10_000),
        deep(100_000, "(", "name='a'", ")"),
        deep(100_000, "(", "", ""),
        deep(33, "(", "name='a'", ")"),
        // each level could be a parenthesis or a list
        deep(30, "(", "name=", ")"),
        deep(30, "(", "1", ",1)"),
        format!("name IN {}", deep(30, "(", "1", ",1)")),
        deep(31, "f(", "name=", ")"),
        deep(30, "f((", "", "))"),
        "not ".repeat(100_000) + "listed=true",
        "-".repeat(100_000) + "1 = floors",
        many(100_000, "floors", "="),
        many(100_000, "1", "+") + " = floors",
        many(100_000, "(1)", "^"),
        many(1_000_000, "floors=1", " OR "),
        many(1_002, "floors=1", " and "),
        format!("name IN ({})", many(1_001, "'a'", ",")),
        format!("name IN ({})", many(500_000, "'a'", ",")),
        format!("name = '{}'", "a".repeat(1_001)),
        format!("name LIKE '{}'", "%a".repeat(17)),
        deep(10_000, "GEOMETRYCOLLECTION(", "POINT(1 1)", ")"),
        format!("S_INTERSECTS(geometry, {})", deep(28, "GEOMETRYCOLLECTION(", "POINT(1 1)", ")")),
        format!("S_INTERSECTS(geometry, MULTIPOINT({}))", many(5_001, "(1 1)", ",")),
        "S_INTERSECTS(geometry, POINT(1e309 1))".to_owned(),
        "S_INTERSECTS(geometry, POINT(1e308 1))".to_owned(),
        "S_INTERSECTS(geometry, POINT(NaN 1))".to_owned(),
        "S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))".to_owned(),
        "S_INTERSECTS(geometry, BBOX(2,2,1,1))".to_owned(),
        "S_INTERSECTS(geometry, BBOX(1,1))".to_owned(),
        "S_INTERSECTS(geometry, BBOX(name,1,2,3))".to_owned(),
        "name = 'a'; DROP TABLE cadastre.parcels; --".to_owned(),
        "name = 'a' OR 1=1".to_owned(),
        "1=1".to_owned(),
        "name = 'a' UNION SELECT 1".to_owned(),
        "pg_sleep(10) IS NULL".to_owned(),
        "name = pg_read_file('/etc/passwd')".to_owned(),
        "name = (SELECT 1)".to_owned(),
        "ctid = '(0,1)'".to_owned(),
        "xmin = 1".to_owned(),
        "pg_catalog.version() = 'x'".to_owned(),
        "\"name\"\" or true --\" = 'a'".to_owned(),
        "name = 'a\0'".to_owned(),
        "na\0me = 'a'".to_owned(),
        // a Cyrillic а
        "n\u{430}me = 'a'".to_owned(),
        "name\u{200b} = 'a'".to_owned(),
        "name = 'a' /* x */".to_owned(),
        "$1 = name".to_owned(),
        "name = $$a$$".to_owned(),
        "name = E'\\x27'".to_owned(),
        "CAST(name AS int) = 1".to_owned(),
        "DATE(name) = built".to_owned(),
        "built = DATE()".to_owned(),
        "in(name) ".to_owned(),
        "between(floors)".to_owned(),
        "casei(name)".to_owned(),
        "isNull()".to_owned(),
        "T_DURING(seen, INTERVAL('x', 'y'))".to_owned(),
        "T_DURING(seen, INTERVAL())".to_owned(),
        "TRUE = FALSE".to_owned(),
        "NULL".to_owned(),
        "💩".to_owned(),
        "'".to_owned(),
        "\"".to_owned(),
        ")".to_owned(),
        "())(".to_owned(),
    ] {
        let shown: String = hostile.chars().take(60).collect();
        for language in FilterLanguage::ALL {
            let error = read_as(&hostile, language).expect_err(&shown);
            assert!(error.what.len() < 1_000, "{shown}: {error}");
        }
    }
    // a guard against hours, not a measurement: a debug build takes seconds
    assert!(begun.elapsed() < std::time::Duration::from_secs(120), "{:?}", begun.elapsed());
}

#[test]
fn what_looks_hostile_and_is_a_value_stays_a_value() {
    for value in ["'; drop table x; --", "\\' or true", "%", "$1", "日本語", "\u{202e}amor", "a\r\nb"] {
        let written = format!("name = '{}'", value.replace('\'', "''"));
        assert_eq!(read(&written), Ok(is("name", text(value))), "{value}");
    }
}

#[test]
fn an_honest_filter_as_long_as_can_be_is_read() {
    let wide = vec!["floors = 1"; 490].join(" OR ");
    assert!(read(&wide).is_ok(), "{:?}", read(&wide).map(|_| ()));
    let list = format!("name IN ({})", vec!["'a'"; 990].join(","));
    assert!(read(&list).is_ok());
    let deep = format!("{}floors = 1{}", "NOT (".repeat(14), ")".repeat(14));
    assert!(read(&deep).is_ok(), "{:?}", read(&deep).map(|_| ()));
    let ring: Vec<String> = (0..600)
        .map(|i| f64::from(i) * std::f64::consts::TAU / 600.0)
        .map(|a| format!("{:.6} {:.6}", 15.0 + a.cos(), 38.0 + a.sin()))
        .collect();
    let polygon = format!("S_INTERSECTS(geometry, POLYGON(({}, {})))", ring.join(", "), ring[0]);
    assert!(read(&polygon).is_ok(), "{:?}", read(&polygon).map(|_| ()));
}
