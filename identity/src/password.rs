//! Passwords: which ones are taken, how they are kept, how they are compared (NIST SP 800-63B, 3.1.1).

mod add;
mod change;
mod own;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use zxcvbn::{Score, zxcvbn};

pub(crate) use change::NewPassword;
pub(crate) use own::OwnPassword;

use crate::secret::Base64;
use crate::{Failure, Secret};

/// Fewest characters. No rules of composition: length is what counts.
const SHORTEST: usize = 12;
/// Most characters that a new one may have.
const LONGEST: usize = 256;
/// Memory for one comparison, KiB; two at a time at most.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 2;
const AT_ONCE: usize = 2;
/// Who waits longer than this for a turn is told to come back.
const PATIENCE: Duration = Duration::from_secs(8);

/// Refuses a new password that is short, long, or easily guessed: one of the 30,000 common ones that are compiled in, names
/// and dictionary words, rows of keys, dates, or made of who the person is (`context`: name, address, service).
pub(crate) fn check(password: &Secret, context: &[&str]) -> Result<(), Failure> {
    let length = password.reveal().chars().count();
    if length < SHORTEST {
        return Err(Failure::invalid(
            "La password ha meno di 12 caratteri. Alcune parole qualunque, una dopo l'altra, vanno bene.",
            "The password has fewer than 12 characters. A few words of any sort, one after the other, will do.",
        ));
    }
    if length > LONGEST {
        return Err(Failure::invalid("La password ha più di 256 caratteri.", "The password has more than 256 characters."));
    }
    let joined: Vec<String> = context.iter().map(|text| text.chars().filter(|c| c.is_alphanumeric()).collect()).collect();
    let words = context.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).filter(|word| word.len() > 2);
    let known: Vec<&str> = words.take(40).chain(joined.iter().map(String::as_str)).collect();
    if zxcvbn(password.reveal(), &known).score() < Score::Three {
        return Err(Failure::invalid(
            "Questa password è tra quelle che si provano per prime: parole comuni, date, tasti vicini o il tuo nome. Scegline un'altra.",
            "This password is among the first that anybody would try: common words, dates, neighbouring keys or your name. Choose another.",
        ));
    }
    Ok(())
}

/// Tells one password's stored hash from another's, and opens nothing.
pub(crate) fn mark(phc: &str) -> Base64 {
    Base64(Sha256::digest(phc).to_vec())
}

/// Compares and makes Argon2id hashes, off the threads that serve, few at a time.
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    nobodys: OnceCell<String>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobodys: OnceCell::new() }
    }
}

impl Hasher {
    /// The PHC string to keep.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, Failure> {
        self.work(move || {
            let made: Result<PasswordHash, _> = argon2()?.hash_password(password.reveal().as_bytes());
            made.map(|hash| hash.to_string()).map_err(|e| Failure::internal("hashing a password", &e))
        })
        .await
    }

    /// Whether it is the one. Where there is none to compare with, nobody's is: it takes as long and is never right.
    pub(crate) async fn verify(&self, password: Secret, phc: Option<String>) -> Result<bool, Failure> {
        let there = phc.is_some();
        let phc = match phc {
            Some(phc) => phc,
            None => self.nobodys.get_or_try_init(|| async { self.hash(Secret::new(crate::Token::new()?.reveal())).await }).await?.clone(),
        };
        let right = self
            .work(move || {
                let parsed = PasswordHash::new(&phc).map_err(|e| Failure::internal("reading a password's hash", &e))?;
                Ok(argon2()?.verify_password(password.reveal().as_bytes(), &parsed).is_ok())
            })
            .await?;
        Ok(right && there)
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Failure::busy()) };
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            job()
        });
        done.await.map_err(|e| Failure::internal("hashing a password", &e))?
    }
}

fn argon2() -> Result<Argon2<'static>, Failure> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|e| Failure::internal("hashing a password", &e))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::{Hasher, check};
    use crate::Secret;

    #[test]
    fn length_counts_and_what_everybody_uses_does_not() {
        let context = ["Ada Lombardi", "ada.lombardi@example.it", "Castelmarina"];
        let taken = |text: &str| check(&Secret::new(text), &context).is_ok();
        for bad in [
            "",
            "short",
            "Ab1!Ab1!Ab1",
            "passwordpassword",
            "123456789012",
            "qwertyuiopasdf",
            "aaaaaaaaaaaaaaaa",
            "password1234",
            "adalombardi2026",
            "Castelmarina1",
            "iloveyou12345",
            &"x".repeat(300),
            &"lungo ma non troppo ".repeat(20),
        ] {
            assert!(!taken(bad), "{bad}");
        }
        for good in ["gatto tromba nuvola sasso", "x7#kQ!vz0pL2", "perché però città lupo", "🐟🐟🐟🌊🌊🌊⛵⛵⛵🏖🏖🏖🦀"]
        {
            assert!(taken(good), "{good}");
        }
    }

    #[tokio::test]
    async fn the_right_one_is_right_and_nobodys_never() {
        let hasher = Hasher::default();
        let phc = hasher.hash(Secret::new("gatto tromba nuvola")).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"), "{phc}");
        assert!(hasher.verify(Secret::new("gatto tromba nuvola"), Some(phc.clone())).await.unwrap());
        assert!(!hasher.verify(Secret::new("gatto tromba nuvolA"), Some(phc)).await.unwrap());
        assert!(!hasher.verify(Secret::new("gatto tromba nuvola"), None).await.unwrap());
    }
}
