//! An authenticator in memory: it does what a phone does, or, if told to, what one must not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::scene::ORIGIN;

pub struct Authenticator {
    pub key: SigningKey,
    pub id: Vec<u8>,
    pub user: Vec<u8>,
    pub origin: String,
    pub domain: String,
    /// What it claims to have checked.
    pub verified: bool,
    pub count: u32,
}

impl Authenticator {
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        Self {
            key,
            id: vec![seed; 32],
            user: Vec::new(),
            origin: ORIGIN.to_owned(),
            domain: "sit.example.it".to_owned(),
            verified: true,
            count: 0,
        }
    }

    /// `navigator.credentials.create`.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user = URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let point = self.key.verifying_key().to_encoded_point(false);
        let mut data = self.data(0x40);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap());
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(&data);
        let response = json!({
            "clientDataJSON": self.client_data("webauthn.create", options), "attestationObject": URL_SAFE_NO_PAD.encode(attestation), "transports": ["internal"],
        });
        self.credential(&response)
    }

    /// `navigator.credentials.get`.
    pub fn get(&mut self, options: &Value) -> Value {
        self.count += 1;
        let (data, client) = (self.data(0), self.client_data("webauthn.get", options));
        let hash = Sha256::digest(URL_SAFE_NO_PAD.decode(&client).unwrap());
        let signature: Signature = self.key.sign(&[data.as_slice(), &hash].concat());
        self.credential(&json!({
            "clientDataJSON": client, "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()), "userHandle": URL_SAFE_NO_PAD.encode(&self.user),
        }))
    }

    fn credential(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {}, "response": response})
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let data = format!(
            r#"{{"type":"{kind}","challenge":"{}","origin":"{}","crossOrigin":false}}"#,
            options["challenge"].as_str().unwrap(),
            self.origin
        );
        URL_SAFE_NO_PAD.encode(data)
    }

    /// Authenticator data: the domain's hash, the flags (present, perhaps verified), the counter.
    fn data(&self, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.domain).to_vec();
        data.push(0x01 | if self.verified { 0x04 } else { 0 } | more);
        data.extend(self.count.to_be_bytes());
        data
    }
}
