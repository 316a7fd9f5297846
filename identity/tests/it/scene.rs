//! A service with an empty database, browsers with cookies, and a clock that the test turns.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{self, Next};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use identity::{Client, Identity, NewAccount, Parts, SealingKey, Settings, Source};
use kernel::{Clock, Comuni, Principal, PublicUrl, Role, Text};
use serde_json::{Value, json};
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

pub const PASSWORD: &str = "gatto tromba nuvola sasso";
pub const ORIGIN: &str = "https://sit.example.it";

/// A clock that stands still until it is turned.
pub struct Hands(Mutex<DateTime<Utc>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

pub struct Scene {
    pub scratch: Scratch,
    pub identity: Identity,
    pub clock: Arc<Hands>,
    pub router: Router,
}

pub async fn scene() -> Scene {
    scene_at(ORIGIN, false, |_| Vec::new()).await
}

pub async fn scene_at(public_url: &str, demo: bool, sources: impl FnOnce(Arc<Hands>) -> Vec<Arc<dyn Source>>) -> Scene {
    let scratch = Scratch::new().await;
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
    let clock = Arc::new(Hands(Mutex::new(now)));
    let sources = sources(clock.clone());
    let (identity, router) = service(&scratch, clock.clone(), public_url, demo, sources).await;
    Scene { scratch, identity, clock, router }
}

/// One process of the service.
pub async fn service(
    scratch: &Scratch,
    clock: Arc<Hands>,
    public_url: &str,
    demo: bool,
    sources: Vec<Arc<dyn Source>>,
) -> (Identity, Router) {
    let identity = Identity::new(Parts {
        database: scratch.database().await,
        clock,
        public_url: PublicUrl::parse(public_url).unwrap(),
        title: Text::new("Città", "Town"),
        settings: Settings { demo, ..Settings::default() },
        key: SealingKey::new([7; 32]),
        sources,
    });
    let elsewhere = Router::new().route("/things", axum::routing::post(|| async { "done" }).get(|| async { "read" }));
    let edge = async |State(identity): State<Identity>, request: axum::extract::Request, next: Next| {
        identity::edge(&identity, request, async |request| next.run(request).await).await
    };
    let router = identity::routes(identity.clone()).merge(elsewhere).layer(middleware::from_fn_with_state(identity.clone(), edge));
    (identity, router)
}

impl Scene {
    pub fn turn(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap() += by;
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    pub async fn sql(&self, sql: &'static str) -> Vec<Value> {
        let mut conn = self.scratch.connection("postgres").await;
        let sql = sqlx::AssertSqlSafe(format!("select to_jsonb(x) from ({sql}) x"));
        sqlx::query_scalar(sql).fetch_all(&mut conn).await.unwrap()
    }

    pub async fn invite(&self, email: &str, role: Role) -> (Uuid, String) {
        let new = NewAccount {
            name: "Ada Lombardi".to_owned(),
            email: Some(email.to_owned()),
            role,
            comuni: Comuni::Only(["080901".to_owned()].into()),
            offices: ["tecnico".to_owned()].into(),
        };
        let (id, link) = self.identity.invite(&Principal::operator(), new).await.unwrap();
        (id, link.token().reveal())
    }

    /// Somebody with a password and an app; the app's secret.
    pub async fn member(&self, email: &str, role: Role) -> (Uuid, String, Browser) {
        let (id, link) = self.invite(email, role).await;
        let mut browser = self.browser();
        let secret = self.redeem(&mut browser, &link).await;
        (id, secret, browser)
    }

    /// Uses a link with [`PASSWORD`] and a new app.
    pub async fn redeem(&self, browser: &mut Browser, link: &str) -> String {
        let offer = browser.get(&format!("/auth/link/{link}")).await;
        assert_eq!(offer.status, 200, "{}", offer.text);
        let offer = offer.json();
        let secret = offer["totp"]["secret"].as_str().unwrap().to_owned();
        let body = json!({"password": PASSWORD, "totp": offer["totp"]["sealed"], "code": self.code(&secret)});
        let done = browser.post(&format!("/auth/link/{link}"), &body).await;
        assert_eq!(done.status, 200, "{}", done.text);
        secret
    }

    /// What the app shows now.
    pub fn code(&self, secret: &str) -> String {
        code_at(secret, self.clock.now())
    }

    /// Signs in with [`PASSWORD`] and the code of now.
    pub async fn sign_in(&self, browser: &mut Browser, email: &str, secret: &str) -> Answer {
        let first = browser.post("/auth/password", &json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(first.status, 200, "{}", first.text);
        browser.post("/auth/totp", &json!({"code": self.code(secret)})).await
    }
}

/// RFC 6238 by the book, beside the program's own.
pub fn code_at(secret: &str, now: DateTime<Utc>) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let bits: String = secret.chars().map(|c| format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap())).collect();
    let key: Vec<u8> = bits.as_bytes().chunks_exact(8).map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap()).collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(now.timestamp() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// A browser: keeps cookies, says where requests come from.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    pub address: IpAddr,
    /// What `Sec-Fetch-Site` and `Origin` say.
    pub from: Option<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text))
    }

    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

impl Browser {
    pub fn new(router: Router) -> Self {
        Self { router, cookies: BTreeMap::new(), address: [192, 0, 2, 7].into(), from: Some(("same-origin", ORIGIN)) }
    }

    pub fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-opensit").map(String::as_str)
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", "application/json", String::new()).await
    }

    /// As one reads a page.
    pub async fn page(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "text/html", "", String::new()).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, "application/json", "application/json", body.to_string()).await
    }

    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, "text/html", "application/x-www-form-urlencoded", body).await
    }

    pub async fn send(&mut self, method: Method, path: &str, accept: &str, kind: &str, body: String) -> Answer {
        let mut request =
            Request::builder().method(&method).uri(path).header(header::ACCEPT, accept).header(header::USER_AGENT, "Test/1.0");
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let (Some((site, origin)), true) = (self.from, method != Method::GET) {
            request = request.header("sec-fetch-site", site).header(header::ORIGIN, origin);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Client(self.address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            for flag in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(text.contains(flag), "{text}");
            }
            if value.is_empty() {
                self.cookies.remove(name)
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Who the service takes this browser for.
    pub async fn role(&mut self) -> String {
        self.get("/auth/me").await.json()["role"].as_str().unwrap().to_owned()
    }
}
