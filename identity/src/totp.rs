//! Codes of an authenticator app (RFC 6238): SHA-1, six digits, thirty seconds, as every app has them.

use std::fmt;

use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::Failure;
use crate::secret::random;

/// A shared secret of 160 bits.
#[derive(Clone)]
pub(crate) struct Authenticator(Zeroizing<[u8; 20]>);

impl Authenticator {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// The time step whose code this is: the present one, or the one before or after (clocks differ).
    pub(crate) fn step(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(7).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let step = self.totp().ok()?.check(&digits, u64::try_from(now.timestamp()).ok()?)?;
        i64::try_from(step).ok()
    }

    /// To type in by hand: base32 in groups of four.
    pub(crate) fn base32(&self) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let digit = |chunk: &[u8], at: usize| {
            let bits = chunk.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            char::from(ALPHABET[usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default()])
        };
        self.0.chunks(5).flat_map(|chunk| (0..8).map(move |at| digit(chunk, at))).collect()
    }

    /// What the app reads of the picture.
    pub(crate) fn uri(&self, service: &str, account: &str) -> String {
        let part = |text: &str| utf8_percent_encode(&text.replace(':', " "), NON_ALPHANUMERIC).to_string();
        let (service, account, secret) = (part(service), part(account), self.base32());
        format!("otpauth://totp/{service}:{account}?secret={secret}&issuer={service}&algorithm=SHA1&digits=6&period=30")
    }

    fn totp(&self) -> Result<Totp, Failure> {
        Builder::new().with_secret(*self.0).with_skew(1).build().map_err(|e| Failure::internal("reading an authenticator's secret", &e))
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(…)")
    }
}

/// The picture of such an address, as SVG without styles.
pub(crate) fn picture(uri: &str) -> Result<String, Failure> {
    let code = QrCode::new(uri).map_err(|e| Failure::internal("drawing a QR code", &e))?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    Ok(drawn.split_once("?>").map_or(drawn.clone(), |(_, svg)| svg.to_owned()))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{Authenticator, picture};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, SHA-1, the last six of its eight digits.
    #[test]
    fn the_codes_of_the_standard() {
        let app = Authenticator::from_bytes(b"12345678901234567890").unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037")]
        {
            assert_eq!(app.step(code, at(seconds)), Some(seconds / 30), "{seconds}");
            assert_eq!(app.step(code, at(seconds + 30)), Some(seconds / 30), "a step late");
            assert_eq!(app.step(code, at(seconds + 90)), None, "too late");
        }
        assert_eq!(app.step("287 082", at(59)), Some(1));
        for bad in ["", "28708", "2870822", "287082 1", "２８７０８２", "abcdef", "287082\0"] {
            assert_eq!(app.step(bad, at(59)), None, "{bad:?}");
        }
    }

    #[test]
    fn what_the_app_is_told() {
        let app = Authenticator::from_bytes(b"12345678901234567890").unwrap();
        assert_eq!(app.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = app.uri("Città: SIT", "ada@example.it");
        assert_eq!(
            uri,
            "otpauth://totp/Citt%C3%A0%20%20SIT:ada%40example%2Eit?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Citt%C3%A0%20%20SIT&algorithm=SHA1&digits=6&period=30"
        );
        let svg = picture(&uri).unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("style="), "{}", &svg[..200]);
        assert_eq!(format!("{app:?}"), "Authenticator(…)");
    }
}
