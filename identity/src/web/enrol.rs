//! A password and an authenticator app, chosen on one form: by a link, or beside a passkey.

use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::Ask;
use crate::account::{Account, checked_email};
use crate::link::Chosen;
use crate::secret::Base64;
use crate::totp::{self, Authenticator};
use crate::{Failure, Secret, password};

/// An authenticator that is offered on a page: its secret goes along, encrypted, so that nothing is kept until it is chosen.
pub(super) struct Offer {
    app: Authenticator,
    sealed: String,
    uri: String,
}

impl Offer {
    /// A new one. It is good for this purpose alone, which names whom it is offered to.
    pub(super) fn new(ask: &Ask, purpose: &str, account: &Account) -> Result<Self, Failure> {
        Self::of(ask, purpose, account, Authenticator::new()?)
    }

    /// The same one once more, after something else was wrong.
    pub(super) fn of(ask: &Ask, purpose: &str, account: &Account, app: Authenticator) -> Result<Self, Failure> {
        let sealed = ask.identity.parts.key.seal(purpose, app.bytes())?;
        let label = account.email.as_deref().unwrap_or(&account.name);
        let uri = app.uri(ask.identity.parts.title.get(ask.language), label);
        let sealed = serde_json::to_value(Base64(sealed)).map_err(|e| Failure::internal("offering an authenticator", &e))?;
        Ok(Self { app, sealed: sealed.as_str().unwrap_or_default().to_owned(), uri })
    }

    /// For programs.
    pub(super) fn document(&self) -> Value {
        json!({"secret": self.app.base32(), "uri": self.uri, "sealed": self.sealed})
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Typed {
    pub(super) email: Option<String>,
    password: Secret,
    totp: Base64,
    code: Secret,
}

impl Typed {
    /// The authenticator that was offered for this purpose.
    pub(super) fn app(&self, ask: &Ask, purpose: &str) -> Result<Authenticator, Failure> {
        let plain = ask.identity.parts.key.open_sealed(purpose, &self.totp.0);
        plain.and_then(|bytes| Authenticator::from_bytes(&bytes)).ok_or_else(Failure::stale)
    }

    /// What was chosen, and the address to sign in with: the account's, or the one that was typed where it has none.
    pub(super) async fn chosen(&self, ask: &Ask, account: &Account, app: &Authenticator) -> Result<(Chosen, String), Failure> {
        let identity = &ask.identity;
        let email = match &account.email {
            Some(email) => email.clone(),
            None => checked_email(self.email.as_deref().unwrap_or_default())?,
        };
        password::check(&self.password, &[&account.name, &email, identity.parts.title.get(ask.language)])?;
        let step = app.step(self.code.reveal(), identity.now()).ok_or_else(|| {
            Failure::invalid("Il codice non è quello che l'app mostra adesso.", "The code is not the one that the app shows now.")
        })?;
        let phc = identity.hasher.hash(self.password.clone()).await?;
        Ok((Chosen::Password { phc, app: app.clone(), step }, email))
    }
}

/// Where the form is sent to, whose it is, what they typed the last time and what was wrong with it.
pub(super) struct Form<'a> {
    pub(super) action: String,
    pub(super) account: &'a Account,
    pub(super) email: &'a str,
    pub(super) failure: Option<&'a Failure>,
}

impl Form<'_> {
    pub(super) fn draw(&self, ask: &Ask, offer: &Offer) -> Result<Markup, Failure> {
        let picture = totp::picture(&offer.uri)?;
        let known = self.account.email.as_deref();
        let wrong = self.failure.map(|_| "wrong");
        Ok(html! {
            form method="post" action=(self.action) {
                h2 { (ask.say("Con password e codice", "With password and code")) }
                @if let Some(failure) = self.failure { p.failure id="wrong" role="alert" { (failure.text(ask.language)) } }
                input type="hidden" name="totp" value=(offer.sealed);
                label for="email" { (ask.say("Indirizzo di posta", "E-mail address")) }
                input id="email" name="email" type="email" autocomplete="username" required maxlength="254" readonly[known.is_some()]
                    value=(known.unwrap_or(self.email));
                label for="password" { (ask.say("Nuova password, almeno 12 caratteri", "New password, at least 12 characters")) }
                input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256"
                    aria-describedby=[wrong];
                p { (ask.say("Inquadra il disegno con un'app di codici (o scrivi in essa la chiave), poi scrivi qui il codice che mostra.",
                    "Scan the picture with an authenticator app (or type the key into it), then type the code that it shows.")) }
                div.qr role="img" aria-label=(ask.say("Codice QR per l'app", "QR code for the app")) { (PreEscaped(picture)) }
                p { (ask.say("Chiave: ", "Key: ")) code { (offer.app.base32()) } }
                label for="code" { (ask.say("Codice di sei cifre", "Six-digit code")) }
                input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="7";
                button type="submit" { (ask.say("Salva ed entra", "Save and sign in")) }
            }
        })
    }
}
