use std::sync::Arc;

use chrono::TimeDelta;
use identity::{Oidc, OidcSettings, Source};
use kernel::{Clock, Role};
use serde_json::{Value, json};
use url::Url;

use crate::provider::{CLIENT, Provider, SECRET, Sign, jwt};
use crate::scene::{Answer, Browser, ORIGIN, Scene, scene_at};

async fn scene(provider: &Provider, more: Value) -> Scene {
    let mut settings = json!({"id": "comune", "title": {"it": "Comune", "en": "Municipality"}, "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let settings: OidcSettings = serde_json::from_value(settings).unwrap();
    assert!(!format!("{settings:?}").contains(SECRET));
    scene_at(ORIGIN, false, |clock| vec![Arc::new(Oidc::new(settings, clock).unwrap()) as Arc<dyn Source>]).await
}

/// What is different about a token's claims.
type Change = Box<dyn FnOnce(&mut Value)>;

/// Where the browser is sent.
async fn start(browser: &mut Browser, more: &str) -> Url {
    let answer = browser.page(&format!("/auth/oidc/start?source=comune{more}")).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    Url::parse(answer.location()).unwrap()
}

/// Sound claims for what was asked.
fn claims(scene: &Scene, provider: &Provider, asked: &Url) -> Value {
    let nonce = asked.query_pairs().find(|(n, _)| n == "nonce").unwrap().1.into_owned();
    let now = scene.clock.now().timestamp();
    json!({"iss": provider.issuer, "aud": CLIENT, "sub": "subject-1", "nonce": nonce, "iat": now, "exp": now + 300, "name": "Ada L."})
}

async fn arrive(browser: &mut Browser, address: &str) -> Answer {
    let answer = browser.page(address).await;
    assert!(!answer.text.contains("code-"), "no code on a page");
    answer
}

/// All of it, with claims changed and signed as told.
async fn enter(
    scene: &Scene,
    provider: &Provider,
    browser: &mut Browser,
    more: &str,
    change: impl FnOnce(&mut Value),
    sign: Sign<'_>,
) -> Answer {
    let asked = start(browser, more).await;
    let mut claims = claims(scene, provider, &asked);
    change(&mut claims);
    let back = provider.consent(&asked, &jwt(&claims, sign));
    arrive(browser, &back).await
}

const SOUND: Sign<'static> = Sign::Rsa(0, 0);

#[tokio::test]
async fn an_invitation_ties_an_account_to_who_somebody_is_there() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({})).await;
    let (id, link) = scene.invite("ada@example.it", Role::Planner).await;
    let mut browser = scene.browser();
    assert!(browser.page("/auth/sign-in?lang=en").await.text.contains("Sign in with Municipality"));
    let stranger = enter(&scene, &provider, &mut browser, "", |_| {}, SOUND).await;
    assert_eq!(stranger.status, 401, "an identity is no account");
    assert!(browser.session().is_none() && scene.sql("select from identity.external").await.is_empty());
    let tied = enter(&scene, &provider, &mut browser, &format!("&link={link}"), |_| {}, SOUND).await;
    assert_eq!(tied.status, 303, "{}", tied.text);
    let me = browser.get("/auth/me").await.json();
    assert_eq!((me["id"].as_str().unwrap().to_owned(), me["assurance"].as_str()), (id.to_string(), Some("low")));
    let mut again = scene.browser();
    let entered = enter(&scene, &provider, &mut again, "&next=/collections", |_| {}, SOUND).await;
    assert_eq!((entered.status.as_u16(), entered.location()), (303, "https://sit.example.it/collections"));
    assert_eq!(again.role().await, "planner");
    // the link is used up
    assert_eq!(scene.browser().page(&format!("/auth/oidc/start?source=comune&link={link}")).await.status, 404);
    assert_eq!(scene.browser().page("/auth/oidc/start?source=nobody").await.status, 404);
    assert_eq!(scene.browser().page("/auth/oidc/start").await.status, 404);
}

#[tokio::test]
async fn a_forged_or_confused_token_lets_nobody_in() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    let public = include_bytes!("keys/provider-1.public.pem");
    let set = |name: &'static str, value: Value| Box::new(move |claims: &mut Value| claims[name] = value) as Change;
    let as_is = || Box::new(|_: &mut Value| {}) as Change;
    let without = |name: &'static str| Box::new(move |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(name))) as Change;
    let now = scene.clock.now().timestamp();
    let forged: Vec<(&str, Change, Sign<'_>)> = vec![
        ("alg none", as_is(), Sign::None("none")),
        ("alg NONE", as_is(), Sign::None("NONE")),
        ("alg empty", as_is(), Sign::None("")),
        ("RS256 without a signature", as_is(), Sign::None("RS256")),
        ("HS256 with the public key", as_is(), Sign::Hmac(public)),
        ("HS256 with the client's secret", as_is(), Sign::Hmac(SECRET.as_bytes())),
        ("HS256 with nothing", as_is(), Sign::Hmac(b"")),
        ("another key under this one's name", as_is(), Sign::Rsa(1, 0)),
        ("a key that nobody published", as_is(), Sign::Rsa(1, 1)),
        ("another issuer", set("iss", "https://evil.example".into()), SOUND),
        ("an issuer that begins alike", set("iss", format!("{}/", provider.issuer).into()), SOUND),
        ("no issuer", without("iss"), SOUND),
        ("another audience", set("aud", "another".into()), SOUND),
        ("an audience too many", set("aud", json!([CLIENT, "another"])), SOUND),
        ("no audience", without("aud"), SOUND),
        ("another authorized party", set("azp", "another".into()), SOUND),
        ("another nonce", set("nonce", "another".into()), SOUND),
        ("no nonce", without("nonce"), SOUND),
        ("expired", set("exp", (now - 61).into()), SOUND),
        ("without an end", without("exp"), SOUND),
        ("from the future", set("iat", (now + 3600).into()), SOUND),
        ("nobody's", without("sub"), SOUND),
    ];
    for (what, change, sign) in forged {
        let mut browser = scene.browser();
        let answer = enter(&scene, &provider, &mut browser, "", change, sign).await;
        assert!(matches!(answer.status.as_u16(), 401 | 503), "{what}: {}", answer.status);
        assert!(browser.session().is_none(), "{what}");
        scene.turn(TimeDelta::seconds(0));
        sqlx::raw_sql("delete from identity.attempts").execute(&mut scene.scratch.connection("postgres").await).await.unwrap();
    }
    assert!(scene.sql("select from identity.accounts").await.is_empty());
    let mut browser = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut browser, "", |_| {}, SOUND).await.status, 303, "and the sound one does");
    assert_eq!(browser.role().await, "citizen");
    assert_eq!(provider.fetches(), 1, "a key that nobody published does not make us ask again and again");
}

#[tokio::test]
async fn a_changed_payload_is_nobody_s_word() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    let mut browser = scene.browser();
    let asked = start(&mut browser, "").await;
    let claims = claims(&scene, &provider, &asked);
    let token = jwt(&claims, SOUND);
    let other = jwt(
        &json!({"sub": "administrator", "iss": provider.issuer, "aud": CLIENT, "nonce": claims["nonce"], "iat": claims["iat"], "exp": claims["exp"]}),
        SOUND,
    );
    let parts: Vec<&str> = token.split('.').collect();
    let mixed = [parts[0], other.split('.').nth(1).unwrap(), parts[2]].join(".");
    let back = provider.consent(&asked, &mixed);
    assert_eq!(arrive(&mut browser, &back).await.status, 401);
}

#[tokio::test]
async fn a_code_is_used_once_by_the_browser_that_asked() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    let (mut victim, mut attacker) = (scene.browser(), scene.browser());
    // replayed in the same browser, and in another
    let asked = start(&mut victim, "").await;
    let back = provider.consent(&asked, &jwt(&claims(&scene, &provider, &asked), SOUND));
    let stolen = victim.cookies.clone();
    assert_eq!(arrive(&mut victim, &back).await.status, 303);
    assert_eq!(arrive(&mut victim, &back).await.status, 401);
    assert_eq!(arrive(&mut attacker, &back).await.status, 401);
    attacker.cookies = stolen;
    assert_eq!(arrive(&mut attacker, &back).await.status, 401, "the flow is used up, cookie or not");
    attacker.cookies.clear();
    // the provider refuses a code twice, and one asked with another verifier
    let first = start(&mut attacker, "").await;
    let code = provider.consent(&first, &jwt(&claims(&scene, &provider, &first), SOUND));
    let code = code.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mut other = scene.browser();
    let second = start(&mut other, "").await;
    let state = second.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
    assert_eq!(arrive(&mut other, &format!("/auth/oidc/callback?code={code}&state={state}")).await.status, 401);
    assert!(other.session().is_none());
    // signing somebody in as somebody else: their browser never asked
    let mut innocent = scene.browser();
    let asked = start(&mut attacker, "").await;
    let back = provider.consent(&asked, &jwt(&claims(&scene, &provider, &asked), SOUND));
    assert_eq!(arrive(&mut innocent, &back).await.status, 401);
    for query in ["", "?", "?state=", "?code=x", "?code=x&state=y", "?error=access_denied&state=y", "?code=%00&state=%00"] {
        let mut browser = scene.browser();
        start(&mut browser, "").await;
        assert_eq!(arrive(&mut browser, &format!("/auth/oidc/callback{query}")).await.status, 401, "{query}");
    }
    let asked = start(&mut innocent, "").await;
    let back = provider.consent(&asked, &jwt(&claims(&scene, &provider, &asked), SOUND));
    assert_eq!(
        arrive(&mut innocent, &format!("{back}&iss=https%3A%2F%2Fevil.example")).await.status,
        401,
        "the answer is another issuer's"
    );
}

#[tokio::test]
async fn new_keys_are_found_when_a_token_names_one() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    let mut browser = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut browser, "", |_| {}, SOUND).await.status, 303);
    let asked = start(&mut browser, "").await;
    provider.rotate(&[1, 0]);
    scene.turn(TimeDelta::minutes(1));
    let back = provider.consent(&asked, &jwt(&claims(&scene, &provider, &asked), Sign::Rsa(1, 1)));
    assert_eq!(arrive(&mut browser, &back).await.status, 303);
    provider.rotate(&[1]);
    scene.turn(TimeDelta::hours(2));
    assert_eq!(enter(&scene, &provider, &mut browser, "", |_| {}, SOUND).await.status, 401, "a key that was withdrawn");
    assert_eq!(provider.fetches(), 3);
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_out_who_is_in() {
    let mut provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    let mut citizen = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut citizen, "", |_| {}, SOUND).await.status, 303);
    let mut halfway = scene.browser();
    let asked = start(&mut halfway, "").await;
    let back = provider.consent(&asked, &jwt(&claims(&scene, &provider, &asked), SOUND));
    provider.stop().await;
    let answer = arrive(&mut halfway, &back).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("Comune non risponde"), "{}", answer.text);
    scene.turn(TimeDelta::hours(2));
    assert_eq!((citizen.role().await, ada.role().await), ("citizen".to_owned(), "officer".to_owned()));
    let mut desk = scene.browser();
    assert_eq!(scene.sign_in(&mut desk, "ada@example.it", &secret).await.status, 200);
    assert_eq!(desk.page("/auth/sign-in").await.status, 200);
    // a browser is not sent where nothing answers
    let answer = scene.browser().page("/auth/oidc/start?source=comune").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("Comune non risponde"), "{}", answer.text);
}

#[tokio::test]
async fn a_provider_can_not_send_us_elsewhere() {
    let provider = Provider::start().await;
    for (name, address) in [
        ("authorization_endpoint", "http://10.0.0.1/authorize"),
        ("jwks_uri", "http://169.254.169.254/latest/meta-data"),
        ("jwks_uri", "file:///etc/passwd"),
        ("issuer", "https://evil.example"),
    ] {
        provider.say(name, address.into());
        let scene = scene(&provider, json!({})).await;
        let answer = scene.browser().page("/auth/oidc/start?source=comune").await;
        assert_eq!(answer.status, 503, "{name} {address}");
        assert!(answer.headers.get("location").is_none());
        provider.say(
            name,
            match name {
                "authorization_endpoint" => format!("{}/authorize", provider.issuer).into(),
                "jwks_uri" => format!("{}/jwks", provider.issuer).into(),
                _ => provider.issuer.clone().into(),
            },
        );
    }
    for (issuer, id) in [
        ("http://sso.example.it", "x"),
        ("ftp://localhost", "x"),
        ("not an address", "x"),
        ("https://sso.example.it", "../x"),
        ("https://sso.example.it", ""),
        ("https://sso.example.it", "passkey"),
        ("https://sso.example.it", "demo"),
    ] {
        let settings = json!({"id": id, "title": {"it": "x", "en": "x"}, "issuer": issuer, "client_id": "x"});
        assert!(Oidc::new(serde_json::from_value(settings).unwrap(), Arc::new(kernel::SystemClock)).is_err(), "{issuer} {id}");
    }
}

#[tokio::test]
async fn an_address_opens_an_account_only_if_it_is_verified_and_the_source_trusted() {
    let provider = Provider::start().await;
    for (trust, verified, status) in [(false, true, 401), (true, false, 401), (true, true, 303)] {
        let scene = scene(&provider, json!({"trust_email": trust, "acr": {"https://www.spid.gov.it/SpidL2": "substantial"}})).await;
        scene.invite("ada@example.it", Role::Administrator).await;
        let mut browser = scene.browser();
        let change = |claims: &mut Value| {
            claims["email"] = "ADA@example.it".into();
            claims["email_verified"] = verified.into();
            claims["acr"] = "https://www.spid.gov.it/SpidL2".into();
        };
        assert_eq!(enter(&scene, &provider, &mut browser, "", change, SOUND).await.status, status, "{trust} {verified}");
        if status == 303 {
            let me = browser.get("/auth/me").await.json();
            assert_eq!((me["role"].as_str(), me["assurance"].as_str()), (Some("administrator"), Some("substantial")));
        }
    }
}

#[tokio::test]
async fn a_citizen_s_name_is_text() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true})).await;
    for (at, (name, kept)) in
        [("<b>x</b>", "<b>x</b>"), ("a\u{202e}b", "—"), ("x\0y", "—"), (&*"x".repeat(5000), "—")].into_iter().enumerate()
    {
        let mut browser = scene.browser();
        let change = |claims: &mut Value| {
            claims["name"] = name.into();
            claims["sub"] = format!("s{at}").into();
            claims["email"] = "ada@example.it".into();
            claims["email_verified"] = true.into();
        };
        assert_eq!(enter(&scene, &provider, &mut browser, "", change, SOUND).await.status, 303);
        assert_eq!(browser.get("/auth/me").await.json()["name"], kept);
        assert!(!browser.page("/auth/sign-in").await.text.contains("<b>x"));
    }
    assert!(scene.sql("select from identity.accounts where email is not null").await.is_empty());
}

const JSON: &str = "application/json";

/// As most providers do: the ID token has neither name nor address.
fn bare(claims: &mut Value) {
    claims.as_object_mut().unwrap().remove("name");
}

#[tokio::test]
async fn what_the_token_does_not_say_is_asked_for() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true, "trust_email": true})).await;
    let (rita, _) = scene.invite("rita@example.it", Role::Officer).await;
    provider.know(200, JSON, json!({"sub": "subject-1", "name": "Rita del Comune", "email": "RITA@example.it", "email_verified": true}));
    let mut browser = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut browser, "", bare, SOUND).await.status, 303);
    let me = browser.get("/auth/me").await.json();
    assert_eq!((me["id"].as_str(), me["role"].as_str()), (Some(rita.to_string().as_str()), Some("officer")), "by the verified address");
    // somebody else there, who is not verified, is somebody else here
    let ivo = |claims: &mut Value| {
        bare(claims);
        claims["sub"] = "subject-2".into();
    };
    provider.know(200, JSON, json!({"sub": "subject-2", "name": "Ivo", "email": "rita@example.it", "email_verified": false}));
    let mut other = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut other, "", ivo, SOUND).await.status, 303);
    let me = other.get("/auth/me").await.json();
    assert_eq!((me["name"].as_str(), me["role"].as_str(), provider.asked()), (Some("Ivo"), Some("citizen"), 2));
    // a token that says both is enough, and its word is the one that counts
    let whole = |claims: &mut Value| {
        claims["sub"] = "subject-3".into();
        claims["email"] = "rita@example.it".into();
        claims["email_verified"] = false.into();
    };
    provider.know(200, JSON, json!({"sub": "subject-3", "name": "Another", "email": "rita@example.it", "email_verified": true}));
    let mut third = scene.browser();
    assert_eq!(enter(&scene, &provider, &mut third, "", whole, SOUND).await.status, 303);
    let me = third.get("/auth/me").await.json();
    assert_eq!((me["name"].as_str(), me["role"].as_str(), provider.asked()), (Some("Ada L."), Some("citizen"), 2));
}

#[tokio::test]
async fn no_answer_about_somebody_keeps_them_out_and_an_answer_about_another_is_none() {
    let provider = Provider::start().await;
    let scene = scene(&provider, json!({"open_to_citizens": true, "trust_email": true})).await;
    scene.invite("rita@example.it", Role::Administrator).await;
    let rita = |sub: Value| json!({"sub": sub, "name": "Rita", "email": "rita@example.it", "email_verified": true});
    let unsigned = |at: usize| jwt(&rita(format!("s{at}").into()), Sign::None("none"));
    let foreign = |at: usize| jwt(&rita(format!("s{at}").into()), Sign::Rsa(1, 0));
    for at in 0..10 {
        match at {
            0 => provider.know(200, JSON, rita("another".into())),
            1 => provider.know(200, JSON, rita(Value::Null)),
            2 => provider.know(500, JSON, rita("s2".into())),
            3 => provider.know(200, "text/html", rita("s3".into())),
            4 => provider.know(200, JSON, "{\"sub\": \"s4\""),
            5 => provider.know(200, JSON, format!("{{\"sub\": \"s5\", \"name\": \"{}\"}}", "x".repeat(300_000))),
            6 => provider.know(0, JSON, rita("s6".into())),
            7 => provider.know(200, "application/jwt", unsigned(7)),
            8 => provider.know(200, "application/jwt", foreign(8)),
            _ => provider.say("userinfo_endpoint", "http://169.254.169.254/latest".into()),
        }
        // what it says of itself is fetched anew
        scene.turn(TimeDelta::hours(2));
        let mut browser = scene.browser();
        let change = |claims: &mut Value| {
            bare(claims);
            claims["sub"] = format!("s{at}").into();
        };
        let begun = std::time::Instant::now();
        assert_eq!(enter(&scene, &provider, &mut browser, "", change, SOUND).await.status, 303, "{at}");
        assert!(begun.elapsed().as_secs() < 8, "{at}");
        let me = browser.get("/auth/me").await.json();
        assert_eq!((me["role"].as_str(), me["name"].as_str()), (Some("citizen"), Some("—")), "{at}");
    }
    assert_eq!(provider.asked(), 9);
}
