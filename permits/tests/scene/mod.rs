//! Two comuni with a few parcels and a house number, and the theme's routes, on a real database whose clock the tests set.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::Deref;

use catalogue::{Catalogue, PortalSettings};
use kernel::Principal;
use serde_json::{Value, json};
use test_database::{Answer, PUBLIC_URL, Theme};

pub(crate) const OURS: &str = "080901";
pub(crate) const THEIRS: &str = "080902";
/// A parcel that there is, its neighbour, one that was suppressed, one of the other comune.
pub(crate) const PARCEL: &str = "X101_000100.1";
pub(crate) const NEIGHBOUR: &str = "X101_000100.2";
pub(crate) const FORMER: &str = "X101_000100.77";
pub(crate) const FOREIGN: &str = "X102_000100.1";

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
    insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, valid_to, geom) values
        ('X101_000100.1',  '080901', 1, '1',  'land', true, '2001-01-01', null,         st_makeenvelope(551000, 4211000, 551020, 4211020, 7792)),
        ('X101_000100.2',  '080901', 1, '2',  'land', true, '2001-01-01', null,         st_makeenvelope(551020, 4211000, 551040, 4211020, 7792)),
        ('X101_000100.77', '080901', 1, '77', 'land', true, '1952-07-01', '2019-05-01', st_makeenvelope(551000, 4211020, 551040, 4211040, 7792)),
        ('X102_000100.1',  '080902', 1, '1',  'land', true, '2001-01-01', null,         st_makeenvelope(561000, 4211000, 561020, 4211020, 7792));
    insert into territory.house_numbers (id, comune, street, number, address, geom) values
        ('H1', '080901', 'Via Roma', '12', 'Via Roma 12', st_setsrid(st_makepoint(551030, 4211000), 7792)),
        ('H2', '080902', 'Via Nuova', '1', 'Via Nuova 1', st_setsrid(st_makepoint(561010, 4211000), 7792));
    insert into permits.authorities (comune, region, inhabitants) values ('080901', '18', 38000), ('080902', '03', 120000);";

impl Scene {
    /// On this day, at noon in Italy or thereabouts.
    pub(crate) async fn on(day: &str) -> Self {
        let others = [include_str!("../../../territory/layers/house_numbers.json"), include_str!("../../../cadastre/layers/parcels.json")];
        Self(Theme::open(permits::module().unwrap(), &others, ROWS, &format!("{day}T11:00:00Z")).await)
    }

    /// With what tells, beside it, what lies on a parcel.
    pub(crate) async fn with_identify(self) -> Self {
        let catalogue = Catalogue::load(&self.scratch.database().await).await.unwrap();
        let routes = catalogue::routes(self.services.context.clone(), catalogue, Vec::new(), PortalSettings::default());
        Self(self.0.beside(routes))
    }

    /// The page, in this language.
    pub(crate) async fn page(&self, who: &Principal, path: &str, language: &str) -> String {
        self.0.page(who, path, language).await.body
    }

    /// It is this day now.
    pub(crate) fn set(&self, day: &str) {
        self.clock.set(&format!("{day}T11:00:00Z"));
    }

    /// As a page's form sends it.
    pub(crate) async fn form(&self, who: &Principal, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("accept-language", "it")];
        self.ask(who, "POST", path, &headers, body.to_owned()).await
    }

    /// Registers one; its path and tag.
    pub(crate) async fn register(&self, who: &Principal, body: &Value) -> (String, String) {
        let answer = self.send(who, "POST", "/permits/", None, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.header("location").replace(PUBLIC_URL, ""), answer.header("etag"))
    }

    /// Moves it on, which must work; the record, and its tag.
    pub(crate) async fn advance(&self, who: &Principal, path: &str, tag: &str, step: &Value) -> (Value, String) {
        let answer = self.send(who, "POST", &format!("{path}/steps"), Some(tag), step).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.json(), answer.header("etag"))
    }

    pub(crate) async fn count(&self, table: &str) -> usize {
        self.sql(&format!("select count(*) from permits.{table}")).await.parse().unwrap()
    }

    /// What all geometries cover, square metres.
    pub(crate) async fn area(&self) -> f64 {
        self.sql("select sum(st_area(geom)) from permits.permits").await.parse().unwrap()
    }
}

/// A permit on our parcel, filed on this day.
pub(crate) fn pdc(protocol: &str, filed: &str) -> Value {
    json!({
        "protocol": protocol, "kind": "pdc", "filed_on": filed, "subject": "Sopraelevazione", "parcels": [PARCEL],
        "applicant": "Zaira Quattroventi", "applicant_code": "QTTZRA80A01X101Q", "applicant_email": "zaira@posta.example.it",
        "technician": "Quinto Pescalupo", "technician_code": "RC 123"
    })
}
