//! Two comuni with a few streets, and the theme's routes, on a real database whose clock the tests set.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::Deref;

use catalogue::Catalogue;
use kernel::Principal;
use serde_json::{Value, json};
use test_database::{Answer, PUBLIC_URL, Theme};

pub(crate) const OURS: &str = "080901";
pub(crate) const THEIRS: &str = "080902";
pub(crate) struct Scene(Theme);

impl Deref for Scene {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        &self.0
    }
}

/// An officer of this comune.
pub(crate) fn officer(comune: &str) -> Principal {
    test_database::officer(&format!("Officer of {comune}"), &[comune])
}

/// The same, who said what they read personal data for.
pub(crate) fn with_purpose(who: Principal) -> Principal {
    who.with_purposes(["accesso agli atti".to_owned()])
}

const ROWS: &str = "
    insert into territory.streets (id, comune, name, kind, geom) values
        ('S1', '080901', 'Via Roma', 'local', st_geomfromtext('LINESTRING(551000 4211000, 551100 4211000)', 7792)),
        ('S2', '080901', 'Via Roma', 'local', st_geomfromtext('LINESTRING(551100 4211000, 551200 4211050)', 7792)),
        ('S3', '080902', 'Via Nuova', 'local', st_geomfromtext('LINESTRING(561000 4211000, 561100 4211000)', 7792));";

impl Scene {
    /// On this day, at noon in Italy or thereabouts.
    pub(crate) async fn on(day: &str) -> Self {
        let streets = include_str!("../../../territory/layers/streets.json");
        let theme = Theme::open(public_works::module().unwrap(), &[streets], ROWS, &format!("{day}T11:00:00Z")).await;
        let context = theme.services.context.clone();
        let layers = Catalogue::load(&context.database).await.unwrap();
        Self(theme.beside(catalogue::routes(context, layers, Vec::new(), catalogue::PortalSettings::default())))
    }

    /// The page, in this language.
    pub(crate) async fn page(&self, who: &Principal, path: &str, language: &str) -> String {
        self.0.page(who, path, language).await.body
    }

    /// It is this day now.
    pub(crate) fn set(&self, day: &str) {
        self.clock.set(&format!("{day}T11:00:00Z"));
    }

    pub(crate) async fn post(&self, who: &Principal, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        self.send(who, "POST", path, tag, body).await
    }

    /// A work is registered; its address and tag.
    pub(crate) async fn register(&self, who: &Principal, work: &Value) -> (String, String) {
        let answer = self.post(who, "/public-works/", None, work).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.header("location").replace(PUBLIC_URL, ""), answer.header("etag"))
    }
}

/// A work with its CUP, on Via Roma.
pub(crate) fn work(cup: &str) -> Value {
    json!({"title": "Rete idrica di Via Roma", "cup": cup, "responsible": "Ing. Ida Marepiano", "amount_eur": 250000.5,
        "begins_planned": "2026-03-01", "ends_planned": "2026-12-31", "street": "via roma"})
}
