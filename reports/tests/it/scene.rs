//! Two comuni side by side, a house number, a clock that stands still, and the desk.

use std::ops::Deref;

use chrono::TimeDelta;
use kernel::Principal;
use serde_json::{Value, json};
use test_database::{Answer, PUBLIC_URL, Theme, officer};

pub(crate) const CASTELMARINA: &str = "080901";
pub(crate) const ROCCA: &str = "080902";
/// A place of the first comune, near its only house number.
pub(crate) const HERE: [f64; 2] = [15.65, 38.11];

pub(crate) struct Scene(Theme);

impl Deref for Scene {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        &self.0
    }
}

pub(crate) fn marco() -> Principal {
    officer("Marco", &[CASTELMARINA])
}

/// A report as it was sent.
pub(crate) struct Sent {
    pub(crate) id: String,
    /// The path of the private link.
    pub(crate) link: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let house_numbers = include_str!("../../../territory/layers/house_numbers.json");
        let rows = "insert into territory.house_numbers (id, comune, street, number, address, geom) values
             ('H1', '080901', 'Via Marina', '12', 'Via Marina, 12', st_transform(st_setsrid(st_makepoint(15.65003, 38.11002), 4326), 7792))";
        let theme = Theme::open(reports::module().unwrap(), &[house_numbers], rows, "2026-11-28T10:00:00Z").await;
        let open311 = reports::open311(theme.services.clone());
        Self(theme.beside(open311))
    }

    pub(crate) async fn page(&self, who: &Principal, path: &str) -> Answer {
        self.0.page(who, path, "it").await
    }

    pub(crate) async fn post(&self, who: &Principal, path: &str, body: &Value) -> Answer {
        self.0.send(who, "POST", path, None, body).await
    }

    /// A ticket of the form, old enough to count.
    pub(crate) async fn ticket(&self) -> String {
        let ticket = self.get(&Principal::anonymous(), "/reports/new").await.json()["ticket"].as_str().unwrap().to_owned();
        self.clock.pass(TimeDelta::seconds(5));
        ticket
    }

    /// A citizen's report: `draft` has what is different from a lamp that is out here.
    pub(crate) async fn send(&self, draft: &Value) -> Answer {
        let mut body = json!({ "category": "lighting", "lon": HERE[0], "lat": HERE[1], "text": "Il lampione è spento", "ticket": self.ticket().await });
        body.as_object_mut().unwrap().extend(draft.as_object().unwrap().clone());
        self.post(&Principal::anonymous(), "/reports/", &body).await
    }

    pub(crate) async fn sent(&self, draft: &Value) -> Sent {
        let answer = self.send(draft).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let made = answer.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Sent { id: text("id"), link: text("private_link").replace(PUBLIC_URL, "") }
    }

    /// What an officer does with a report as it is now.
    pub(crate) async fn act(&self, who: &Principal, id: &str, act: &str, body: &Value) -> Answer {
        let tag = self.get(who, &format!("/reports/{id}")).await.header("etag");
        self.0.send(who, "POST", &format!("/reports/{id}/{act}"), Some(&tag), body).await
    }

    /// As [`Self::act`], and it must go well.
    pub(crate) async fn done(&self, id: &str, act: &str, body: &Value) {
        let answer = self.act(&marco(), id, act, body).await;
        assert_eq!(answer.status, 200, "{act}: {}", answer.body);
    }

    /// A report that the office approved.
    pub(crate) async fn public(&self, draft: &Value) -> Sent {
        let sent = self.sent(draft).await;
        self.done(&sent.id, "approve", &json!({})).await;
        sent
    }
}
