//! Tokens for tiles: `?token=` on `/xyz` and `/styles`, where a map library has nothing but an address.
//!
//! A token says who asks with which rights, for a quarter of an hour at most, and is signed with a key that follows from the
//! installation's. It opens reading alone, and no other address takes it, so that it can't be used to get another one. An address
//! with a token in it that ends in a log has lost its power when somebody reads it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::Uri;
use kernel::{AddressToken, Assurance, Clock, Comuni, KeyScope, LayerId, Principal, Problem, Role};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The longest life of a token.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// The longest token read.
const MAX_BYTES: usize = 4096;
/// Bytes of the signature.
const SIGNATURE: usize = 32;

/// Makes and reads tokens. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    key: Arc<Zeroizing<[u8; 32]>>,
    clock: Arc<dyn Clock>,
}

/// What [`Signer::principal`] found.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who the token stands for.
    pub principal: Principal,
    /// The token.
    pub token: AddressToken,
    /// The address without it.
    pub rest: Uri,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// When it ends, in seconds since 1970.
    x: i64,
    r: Role,
    s: Uuid,
    a: Assurance,
    c: Comuni,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    o: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<BTreeSet<LayerId>>,
}

impl Signer {
    /// With the installation's key: what signs is made from it, and tells nothing of it.
    pub fn new(installation_key: &[u8; 32], clock: Arc<dyn Clock>) -> Self {
        let mut mac = mac(installation_key);
        mac.update(b"opensit tile token 1");
        Self { key: Arc::new(Zeroizing::new(mac.finalize().into_bytes().into())), clock }
    }

    /// A token with the rights of `who` over these layers at most (`None`: all that they may read), and when it ends. `None` for nobody,
    /// who needs none, and for the operator, who has no account.
    pub fn sign(&self, who: &Principal, layers: Option<BTreeSet<LayerId>>, lifetime: TimeDelta) -> Option<(String, DateTime<Utc>)> {
        let until = self.clock.now() + lifetime.clamp(TimeDelta::zero(), LIFETIME);
        let of_key = who.key().and_then(|key| key.layers.clone());
        let layers = match (layers, of_key) {
            (Some(asked), Some(allowed)) => Some(asked.intersection(&allowed).cloned().collect()),
            (asked, allowed) => asked.or(allowed),
        };
        let claims = Claims {
            x: until.timestamp(),
            r: who.role(),
            s: who.id()?,
            a: who.assurance(),
            c: who.comuni(),
            o: who.offices().clone(),
            l: layers,
        };
        let mut token = serde_json::to_vec(&claims).ok()?;
        let mut mac = mac(&self.key);
        mac.update(&token);
        token.extend_from_slice(&mac.finalize().into_bytes());
        DateTime::from_timestamp(claims.x, 0).map(|end| (URL_SAFE_NO_PAD.encode(token), end))
    }

    /// Who a token stands for; nobody if it is forged, changed or has ended. The signature is compared in constant time, and before
    /// anything else is read.
    pub fn read(&self, token: &str) -> Option<Principal> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (claims, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        let mut mac = mac(&self.key);
        mac.update(claims);
        mac.verify_slice(signature).ok()?;
        let claims: Claims = serde_json::from_slice(claims).ok()?;
        if self.clock.now().timestamp() >= claims.x {
            return None;
        }
        let who = Principal::known(claims.r, claims.s, "tile token", claims.a).with_comuni(claims.c).with_offices(claims.o);
        Some(who.through_key(KeyScope { layers: claims.l, edit: false }))
    }

    /// Who a request's token stands for, the token, and the address without it. `None`: there is none, or it is not asked for tiles or styles,
    /// where `token` is a parameter like any other that nobody knows. A token that opens nothing is refused (401).
    pub fn principal(&self, uri: &Uri) -> Result<Option<Admitted>, Problem> {
        if !["/xyz/", "/styles/"].iter().any(|start| uri.path().starts_with(start)) {
            return Ok(None);
        }
        let (mut tokens, mut others) = (Vec::new(), Vec::new());
        for part in uri.query().unwrap_or_default().split('&') {
            match part.strip_prefix("token=") {
                Some(token) => tokens.push(token),
                None => others.push(part),
            }
        }
        let found = match tokens.as_slice() {
            [] => return Ok(None),
            [token] => self.read(token).zip(AddressToken::new(token)),
            _ => None,
        };
        let (principal, token) =
            found.ok_or_else(|| Problem::unauthorized("this token opens nothing: it has ended, or is none of ours. Ask for a new one"))?;
        let query = others.join("&");
        let rest = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
        let rest = rest.parse().map_err(|_| Problem::bad_request("the address can't be read"))?;
        Ok(Some(Admitted { principal, token, rest }))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Watch(Mutex<i64>);

    impl Clock for Watch {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(*self.0.lock().unwrap(), 0).unwrap()
        }
    }

    fn signer(key: u8) -> (Signer, Arc<Watch>) {
        let watch = Arc::new(Watch(Mutex::new(1_800_000_000)));
        (Signer::new(&[key; 32], watch.clone()), watch)
    }

    fn officer() -> Principal {
        Principal::known(Role::Officer, Uuid::from_u128(7), "Ada Rossi", Assurance::Substantial)
            .with_comuni(Comuni::Only(["080901".to_owned()].into()))
            .with_offices(["sue".to_owned()])
    }

    fn layers(ids: &[&str]) -> BTreeSet<LayerId> {
        ids.iter().map(|id| LayerId::new(*id).unwrap()).collect()
    }

    #[test]
    fn a_token_reads_for_a_quarter_of_an_hour() {
        let (signer, watch) = signer(1);
        let (token, end) = signer.sign(&officer(), Some(layers(&["parcels"])), TimeDelta::days(9)).unwrap();
        assert_eq!(end.timestamp(), 1_800_000_000 + 900);
        let who = signer.read(&token).unwrap();
        assert_eq!(
            (who.role(), who.id(), who.comuni(), who.offices()),
            (Role::Officer, officer().id(), officer().comuni(), officer().offices())
        );
        assert_eq!(who.key(), Some(&KeyScope { layers: Some(layers(&["parcels"])), edit: false }));
        assert!(!String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(&token).unwrap()).contains("Ada"), "no name in an address");
        *watch.0.lock().unwrap() += 900;
        assert!(signer.read(&token).is_none());
        assert!(signer.sign(&Principal::anonymous(), None, LIFETIME).is_none());
    }

    #[test]
    fn a_key_gives_no_more_than_it_has() {
        let (signer, _) = signer(1);
        let machine = officer().through_key(KeyScope { layers: Some(layers(&["parcels", "trees"])), edit: true });
        let of = |asked| signer.read(&signer.sign(&machine, asked, LIFETIME).unwrap().0).unwrap().key().cloned().unwrap();
        assert_eq!(of(None), KeyScope { layers: Some(layers(&["parcels", "trees"])), edit: false });
        assert_eq!(of(Some(layers(&["parcels", "permits"]))).layers, Some(layers(&["parcels"])));
    }

    #[test]
    fn a_token_that_was_changed_opens_nothing() {
        let (signer, _) = signer(1);
        let (token, _) = signer.sign(&officer(), None, LIFETIME).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(signer.read(std::str::from_utf8(&bytes).unwrap()).is_none(), "character {at}");
        }
        assert!(super::tests::signer(2).0.read(&token).is_none(), "another installation's");
        let unsigned = URL_SAFE_NO_PAD.encode(br#"{"x":9999999999,"r":"administrator"}"#);
        for bad in ["", "A", "....", "eyJhbGciOiJub25lIn0.e30.", &unsigned, &token[..token.len() - 1], &"A".repeat(5000)] {
            assert!(signer.read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_tiles_and_styles_take_one_and_do_not_see_it() {
        let (signer, _) = signer(1);
        let (token, _) = signer.sign(&officer(), None, LIFETIME).unwrap();
        let ask = |address: String| signer.principal(&address.parse().unwrap());
        let admitted = ask(format!("/xyz/parcels/3/4/2?a=1&token={token}&b=2")).unwrap().unwrap();
        assert_eq!(admitted.rest, "/xyz/parcels/3/4/2?a=1&b=2");
        assert_eq!(admitted.token.onto("/xyz/a"), format!("/xyz/a?token={token}"));
        assert_eq!(ask(format!("/styles/map.json?token={token}")).unwrap().unwrap().rest, "/styles/map.json");
        for elsewhere in ["/collections/parcels/items", "/auth/tile-token", "/xyz", "/admin/xyz/", "/jobs"] {
            assert!(ask(format!("{elsewhere}?token={token}")).unwrap().is_none(), "{elsewhere}");
        }
        assert!(ask("/xyz/parcels".to_owned()).unwrap().is_none());
        for bad in ["token=", "token=x", &format!("token={token}&token={token}")] {
            assert_eq!(ask(format!("/xyz/parcels?{bad}")).unwrap_err().status(), 401, "{bad}");
        }
    }
}
