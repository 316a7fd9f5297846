//! Two comuni side by side, a few parcels and trees.

use std::ops::Deref;

use kernel::Principal;
use serde_json::{Value, json};
use test_database::{Answer, Theme};

/// The coast's ISTAT code.
pub(crate) const A: &str = "080901";
/// The hill's.
pub(crate) const B: &str = "080902";

pub(crate) struct Scene(Theme);

impl Deref for Scene {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        &self.0
    }
}

/// An officer of a comune.
pub(crate) fn officer(name: &str, comune: &str) -> Principal {
    test_database::officer(name, &[comune])
}

pub(crate) fn nobody() -> Principal {
    Principal::anonymous()
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let parcels = include_str!("../../../cadastre/layers/parcels.json");
        Self(Theme::open(environment::module().unwrap(), &[parcels], include_str!("scene.sql"), "2026-11-23T09:00:00Z").await)
    }

    /// Sets the clock of the program.
    pub(crate) fn at(&self, instant: &str) {
        self.clock.set(instant);
    }

    /// A page that there is.
    pub(crate) async fn page(&self, who: &Principal, path: &str) -> String {
        let answer = self.0.page(who, path, "it").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) async fn post(&self, who: &Principal, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        self.send(who, "POST", path, tag, body).await
    }

    /// A draft, and its tag.
    pub(crate) async fn draft(&self, who: &Principal, body: &Value) -> (String, String) {
        let answer = self.post(who, "/environment/datasets/", None, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.json()["id"].as_str().unwrap().to_owned(), answer.header("etag"))
    }

    /// A version in force from a day; its id.
    pub(crate) async fn in_force(&self, who: &Principal, body: &Value, from: &str) -> String {
        let (id, tag) = self.draft(who, body).await;
        let answer = self.post(who, &format!("/environment/datasets/{id}/in-force"), Some(&tag), &json!({ "from": from })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        id
    }

    /// One kind's part of what applies somewhere.
    pub(crate) async fn kind_at(&self, who: &Principal, place: &str, kind: &str) -> Value {
        let answer = self.get(who, &format!("/environment/at?{place}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["kinds"].as_array().unwrap().iter().find(|k| k["kind"] == kind).unwrap().clone()
    }
}

/// A square of some 100 m whose south-west corner is there.
pub(crate) fn square(lon: f64, lat: f64) -> Value {
    let (e, n) = (lon + 0.001, lat + 0.001);
    json!({"type": "Polygon", "coordinates": [[[lon, lat], [e, lat], [e, n], [lon, n], [lon, lat]]]})
}

pub(crate) fn collection(features: &[(Value, Value)]) -> Value {
    let of = |(geometry, properties): &(Value, Value)| json!({"type": "Feature", "geometry": geometry, "properties": properties});
    json!({"type": "FeatureCollection", "features": features.iter().map(of).collect::<Vec<_>>()})
}

/// A version of a kind, in the first comune.
pub(crate) fn version(kind: &str, features: &Value) -> Value {
    json!({"kind": kind, "comune": A, "title": format!("Rilievo {kind}"), "source": "Autorità, delibera 3/2026", "source_date": "2026-10-01",
        "licence": "CC-BY-4.0", "features": features})
}
