//! The features of a version: read from GeoJSON, each checked by the rules of its kind, all that is wrong told at once.

use chrono::{Months, NaiveDate};
use kernel::{Layer, Problem};
use operations::{Reader, Sent, refused};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use crate::kind::Kind;

/// As many are taken at once.
const MOST: usize = 20_000;

/// Features that were read: what they say, and where; and the names of properties that no column has.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) values: Vec<Value>,
    pub(crate) geometries: Vec<Value>,
    pub(crate) ignored: Vec<String>,
}

/// Reads a feature collection (RFC 7946). What is wrong goes to `given` under `features`, or `features[3].class`.
pub(crate) fn read(kind: Kind, collection: &Value, today: NaiveDate, given: &mut Reader) -> Found {
    let features = match (collection["type"].as_str(), &collection["features"]) {
        (Some("FeatureCollection"), Value::Array(features)) => features,
        _ => {
            given.fault(
                "features",
                "dev'essere una FeatureCollection GeoJSON (RFC 7946)",
                "is to be a GeoJSON FeatureCollection (RFC 7946)",
            );
            return Found::default();
        }
    };
    if features.is_empty() || features.len() > MOST {
        given.fault("features", "deve avere da 1 a 20.000 elementi", "is to have from 1 to 20,000 features");
        return Found::default();
    }
    let mut found = Found::default();
    for (at, feature) in features.iter().enumerate() {
        let properties = feature["properties"].as_object().cloned().unwrap_or_default();
        if feature["type"] != "Feature" || !feature["geometry"].is_object() {
            let name = format!("features[{at}]");
            given.fault(&name, "non è una Feature GeoJSON con una geometria", "is no GeoJSON Feature with a geometry");
        }
        found.values.push(values(kind, at, properties, today, given, &mut found.ignored));
        found.geometries.push(feature["geometry"].clone());
    }
    found.ignored.sort_unstable();
    found
}

/// The values of one feature, by the columns of its kind.
fn values(kind: Kind, at: usize, mut sent: Map<String, Value>, today: NaiveDate, given: &mut Reader, ignored: &mut Vec<String>) -> Value {
    let names: Vec<&str> = kind.columns().iter().map(|(name, _)| *name).collect();
    for name in sent.keys().filter(|name| !names.contains(&name.as_str())) {
        if ignored.len() < 50 && !ignored.contains(name) {
            ignored.push(name.clone());
        }
    }
    sent.retain(|name, value| names.contains(&name.as_str()) && value.as_str() != Some(""));
    let language = given.language();
    let mut one = Sent::of(sent).reader(language);
    let values = match kind {
        Kind::Flood => flood(&mut one),
        Kind::Landslide => {
            json!({ "class": one.required_code("class", &["AA", "P1", "P2", "P3", "P4"]), "phenomenon": one.text("phenomenon", 200) })
        }
        Kind::Noise => json!({ "class": one.required_code("class", &["I", "II", "III", "IV", "V", "VI"]) }),
        Kind::Burnt => burnt(&mut one, today),
        Kind::Bathing => bathing(&mut one, today),
        Kind::Waste => {
            let fractions = ["paper", "glass", "plastic", "organic", "residual", "textiles", "batteries", "centre"];
            json!({ "fraction": one.required_code("fraction", &fractions), "street": one.text("street", 200) })
        }
        Kind::Alert => json!({ "zone": one.required_text("zone", 20), "name": one.text("name", 200) }),
    };
    if let Err(problem) = one.check() {
        for error in problem.to_json()["errors"].as_array().into_iter().flatten() {
            let name = format!("features[{at}].{}", error["field"].as_str().unwrap_or_default());
            given.told(&name, error["detail"].as_str().unwrap_or_default());
        }
    }
    values
}

/// P3 floods the most often (D.Lgs. 49/2010, art. 6).
fn flood(one: &mut Reader) -> Value {
    let class = one.required_code("class", &["P1", "P2", "P3"]);
    let years = one.integer("return_period_years", 1..=10_000).unwrap_or(match class {
        "P3" => 30,
        "P2" => 200,
        _ => 500,
    });
    json!({ "class": class, "return_period_years": years, "water": one.text("water", 200) })
}

fn burnt(one: &mut Reader, today: NaiveDate) -> Value {
    let on = one.required_date("burnt_on");
    if on.is_some_and(|on| on > today) {
        one.fault("burnt_on", "è nel futuro: un incendio si registra dopo", "is in the future: a fire is recorded afterwards");
    } else if on.is_some_and(|on| on.checked_add_months(Months::new(180)).is_none_or(|end| end <= today)) {
        let (it, en) = ("è di più di 15 anni fa: ogni vincolo è scaduto", "is more than 15 years ago: every constraint has ended");
        one.fault("burnt_on", it, en);
    }
    json!({ "burnt_on": on, "locality": one.text("locality", 200) })
}

fn bathing(one: &mut Reader, today: NaiveDate) -> Value {
    let sampled = one.date("sampled");
    if sampled.is_some_and(|on| on > today) {
        one.fault("sampled", "è nel futuro", "is in the future");
    }
    json!({
        "name": one.required_text("name", 200), "quality": one.required_code("quality", &["excellent", "good", "sufficient", "poor"]),
        "sampled": sampled, "e_coli": one.integer("e_coli", 0..=10_000_000), "enterococci": one.integer("enterococci", 0..=10_000_000),
    })
}

/// Where the features lie, as they are stored (EWKB). What can't be, and what does not meet the area surveyed, goes to `given`.
pub(crate) async fn places(
    conn: &mut PgConnection,
    layer: &Layer,
    geometries: &[Value],
    coverage: &[u8],
    given: &mut Reader,
) -> Result<Vec<Vec<u8>>, Problem> {
    type Placed = (i64, Option<Vec<u8>>, Option<String>, Option<f64>, Option<f64>, Option<bool>);
    let placed: Vec<Placed> = sqlx::query_as(
        "select f.n - 1, p.ewkb, p.fault, p.lon, p.lat, st_intersects(st_geomfromewkb(p.ewkb), c.area)
           from (select st_geomfromewkb($3) as area offset 0) c,
                jsonb_array_elements($1) with ordinality f(geometry, n),
                lateral opensit.place_of(f.geometry::text, $2) p
          order by f.n",
    )
    .bind(Value::from(geometries.to_vec()))
    .bind(layer.geometry.sql())
    .bind(coverage)
    .fetch_all(conn)
    .await
    .map_err(|e| refused(&e))?;
    let mut stored = Vec::with_capacity(placed.len());
    for (at, ewkb, fault, lon, lat, inside) in placed {
        let name = format!("features[{at}].geometry");
        match (ewkb, fault) {
            (Some(ewkb), None) if inside == Some(true) => stored.push(ewkb),
            (Some(_), None) => given.fault(&name, "è fuori dall'area rilevata", "lies outside of the area surveyed"),
            (_, fault) => {
                let place = lon.zip(lat).map(|(lon, lat)| format!(" ({lon:.7}, {lat:.7})")).unwrap_or_default();
                given.told(&name, format!("{}{place}", fault.unwrap_or_else(|| "is no place".to_owned())));
            }
        }
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::kind::Kind;
    use kernel::Language;
    use operations::{Reader, Sent};
    use serde_json::{Map, Value, json};

    fn reader() -> Reader {
        Sent::of(Map::new()).reader(Language::En)
    }

    fn features(all: &[Value]) -> Value {
        let of = |p: &Value| json!({"type": "Feature", "properties": p, "geometry": {"type": "Point", "coordinates": [15.6, 38.1]}});
        json!({"type": "FeatureCollection", "features": all.iter().map(of).collect::<Vec<_>>()})
    }

    #[test]
    fn a_class_says_its_return_period_and_other_names_are_told() {
        let mut given = reader();
        let found = read(Kind::Flood, &features(&[json!({"class": "P2", "objectid": 7})]), "2026-11-23".parse().unwrap(), &mut given);
        assert!(given.check().is_ok());
        assert_eq!(found.values, [json!({"class": "P2", "return_period_years": 200, "water": null})]);
        assert_eq!(found.ignored, ["objectid"]);
    }

    #[test]
    fn each_fault_is_told_where_it_is() {
        let today = "2026-11-23".parse().unwrap();
        let faults = |kind, all: &[Value]| {
            let mut given = reader();
            read(kind, &features(all), today, &mut given);
            let problem = given.check().unwrap_err().to_json();
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            faults(Kind::Flood, &[json!({"class": "P2"}), json!({"class": "P4"}), json!({})]),
            ["features[1].class", "features[2].class"]
        );
        let fires = [json!({"burnt_on": "2026-11-24"}), json!({"burnt_on": "2011-11-23"}), json!({"burnt_on": "2011-11-24"})];
        assert_eq!(faults(Kind::Burnt, &fires), ["features[0].burnt_on", "features[1].burnt_on"]);
        assert_eq!(faults(Kind::Landslide, &[json!({"class": "AA", "phenomenon": "a\u{202e}b"})]), ["features[0].phenomenon"]);
    }

    #[test]
    fn what_is_no_collection_is_told() {
        for bad in [json!({}), json!([]), json!({"type": "FeatureCollection", "features": []}), json!("x")] {
            let mut given = reader();
            read(Kind::Noise, &bad, "2026-11-23".parse().unwrap(), &mut given);
            assert_eq!(given.check().unwrap_err().status(), 422, "{bad}");
        }
    }
}
