//! A small OpenID provider on this machine, which answers what the test wants it to. Its keys are for tests alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use openidconnect::core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use url::Url;

pub const CLIENT: &str = "opensit";
pub const SECRET: &str = "a secret that the provider and we know";
const KEYS: [&str; 2] = [include_str!("keys/provider-1.pem"), include_str!("keys/provider-2.pem")];

/// How an ID token is signed.
#[derive(Clone, Copy)]
pub enum Sign<'a> {
    /// By key 0 or 1, under the name of key 0 or 1.
    Rsa(usize, usize),
    /// Not at all, with `alg` so.
    None(&'a str),
    /// With a secret.
    Hmac(&'a [u8]),
}

#[derive(Default)]
struct Book {
    /// What a code is good for: the challenge it was asked with, the token it gives; once.
    codes: HashMap<String, (String, String)>,
    keys: Vec<usize>,
    overrides: HashMap<String, Value>,
    fetches: u32,
    /// What is answered of a person, and in which media type; how often that was asked.
    userinfo: Option<(u16, String, String)>,
    asked: u32,
}

pub struct Provider {
    pub issuer: String,
    book: Arc<Mutex<Book>>,
    server: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Provider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let book = Arc::new(Mutex::new(Book { keys: vec![0], ..Book::default() }));
        let state = (issuer.clone(), book.clone());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(state);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, book, server }
    }

    /// Nobody answers any more.
    pub async fn stop(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    /// From now on these keys.
    pub fn rotate(&self, keys: &[usize]) {
        self.book.lock().unwrap().keys = keys.to_vec();
    }

    /// From now on the discovery document says this.
    pub fn say(&self, name: &str, value: Value) {
        self.book.lock().unwrap().overrides.insert(name.to_owned(), value);
    }

    /// From now on it is asked for what it knows of people, and answers this.
    pub fn know(&self, status: u16, kind: &str, body: impl ToString) {
        self.say("userinfo_endpoint", format!("{}/userinfo", self.issuer).into());
        self.book.lock().unwrap().userinfo = Some((status, kind.to_owned(), body.to_string()));
    }

    /// How often it was asked.
    pub fn asked(&self) -> u32 {
        self.book.lock().unwrap().asked
    }

    /// How often the keys were fetched.
    pub fn fetches(&self) -> u32 {
        self.book.lock().unwrap().fetches
    }

    /// Somebody consented: the address that the browser goes back to, with a code that gives this token.
    pub fn consent(&self, asked: &Url, token: &str) -> String {
        let ask =
            |name: &str| asked.query_pairs().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name} in {asked}")).1.into_owned();
        assert_eq!(
            (ask("response_type").as_str(), ask("client_id").as_str(), ask("code_challenge_method").as_str()),
            ("code", CLIENT, "S256")
        );
        let code = format!("code-{}", uuid::Uuid::new_v4());
        self.book.lock().unwrap().codes.insert(code.clone(), (ask("code_challenge"), token.to_owned()));
        let back = Url::parse(&ask("redirect_uri")).unwrap();
        format!("{}?code={code}&state={}", back.path(), ask("state"))
    }
}

/// An ID token with any header and claims.
pub fn jwt(claims: &Value, sign: Sign<'_>) -> String {
    let (alg, kid) = match sign {
        Sign::Rsa(_, name) => ("RS256", format!("key-{name}")),
        Sign::None(alg) => (alg, "key-0".to_owned()),
        Sign::Hmac(_) => ("HS256", "key-0".to_owned()),
    };
    let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = match sign {
        Sign::Rsa(key, _) => key_pair(key).sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, message.as_bytes()).unwrap(),
        Sign::None(_) => Vec::new(),
        Sign::Hmac(secret) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key_pair(key: usize) -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(KEYS[key], Some(JsonWebKeyId::new(format!("key-{key}")))).unwrap()
}

type Shared = (String, Arc<Mutex<Book>>);

async fn discovery(State((issuer, book)): State<Shared>) -> Json<Value> {
    let mut document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        // it says that it takes anything; we do not
        "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
    });
    for (name, value) in &book.lock().unwrap().overrides {
        document[name] = value.clone();
    }
    Json(document)
}

async fn keys(State((_, book)): State<Shared>) -> Json<Value> {
    let mut book = book.lock().unwrap();
    book.fetches += 1;
    let keys: Vec<Value> = book.keys.iter().map(|key| serde_json::to_value(key_pair(*key).as_verification_key()).unwrap()).collect();
    Json(json!({"keys": keys}))
}

async fn token(State((_, book)): State<Shared>, headers: http::HeaderMap, body: String) -> (StatusCode, Json<Value>) {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let basic = headers.get(http::header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+")));
    assert_eq!(basic, format!("Basic {expected}"), "the client says who it is");
    let refuse = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant", "error_description": why})));
    let Some((challenge, token)) = book.lock().unwrap().codes.remove(&form["code"]) else { return refuse("the code was used") };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != challenge {
        return refuse("the verifier is another");
    }
    (StatusCode::OK, Json(json!({"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token})))
}

/// A status of 0 is no answer at all.
async fn userinfo(State((_, book)): State<Shared>, headers: http::HeaderMap) -> axum::response::Response {
    use axum::response::IntoResponse;
    assert_eq!(headers[http::header::AUTHORIZATION], "Bearer access");
    let (status, kind, body) = {
        let mut book = book.lock().unwrap();
        book.asked += 1;
        book.userinfo.clone().unwrap()
    };
    if status == 0 {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
    (StatusCode::from_u16(status).unwrap_or_default(), [(http::header::CONTENT_TYPE, kind)], body).into_response()
}
