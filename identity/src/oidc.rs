//! OpenID Connect: authorization code with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9700).

mod finish;
mod http;
mod provider;
mod userinfo;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::{Assurance, Clock, Text};
use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType};
use openidconnect::{
    AuthenticationFlow, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use serde::{Deserialize, Serialize};
use url::Url;

use self::provider::Use;
use crate::source::{Departure, Evidence, Source, SourceError, Unknown};
use crate::{Secret, Token, origin};

/// A provider, as configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// Its name in addresses: lower-case letters, digits, `-`.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// Its issuer: `https`, or `http` on this machine.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// How we prove it, if we must.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// What we ask for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// How surely it knows people, where its answer does not say more.
    #[serde(default = "low")]
    pub assurance: Assurance,
    /// How surely, by its `acr`.
    #[serde(default)]
    pub acr: BTreeMap<String, Assurance>,
    /// `true`: whom it vouches for and who has no account becomes a citizen.
    #[serde(default)]
    pub open_to_citizens: bool,
    /// `true`: an address that it has verified enters the account that has it. Only for the comune's own provider.
    #[serde(default)]
    pub trust_email: bool,
}

fn scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).to_vec()
}

fn low() -> Assurance {
    Assurance::Low
}

/// One provider. What it publishes about itself is fetched when first needed and kept.
pub struct Oidc {
    settings: OidcSettings,
    issuer: IssuerUrl,
    clock: Arc<dyn Clock>,
    client: http::Client,
    known: provider::Known,
}

/// What we keep until the browser comes back.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
}

impl Oidc {
    /// Checks the settings; asks nobody. The error says what is wrong with them.
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if settings.id.is_empty() || settings.id.len() > 40 || !settings.id.chars().all(name) {
            return Err(format!("the source's id `{}` is not made of lower-case letters, digits and `-`", settings.id));
        }
        if ["demo", "passkey", "password"].contains(&settings.id.as_str()) {
            return Err(format!("the source's id `{}` is the name of another way to sign in: choose another", settings.id));
        }
        let url = Url::parse(&settings.issuer).map_err(|e| format!("the issuer `{}` is no address: {e}", settings.issuer))?;
        let local = origin::is_loopback(&url);
        if url.scheme() != "https" && !(local && url.scheme() == "http") {
            return Err(format!("the issuer `{}` is not https", settings.issuer));
        }
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|e| e.to_string())?;
        Ok(Self { settings, issuer, clock, client: http::Client::new(local), known: provider::Known::default() })
    }

    async fn depart(&self, callback: &str) -> Result<Departure, SourceError> {
        let metadata = self.metadata(Use::Departure).await?;
        let token = || Token::new().map(|t| t.reveal()).map_err(|e| SourceError::Away(e.to_string()));
        let kept = Kept { state: token()?, nonce: token()?, verifier: token()? };
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(kept.verifier.clone()));
        let (state, nonce) = (kept.state.clone(), kept.nonce.clone());
        let client =
            CoreClient::from_provider_metadata(metadata, self.client_id(), self.client_secret()).set_redirect_uri(redirect(callback)?);
        let (address, _, _) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        self.client.allows(&address).map_err(|e| SourceError::Away(e.to_string()))?;
        let kept = serde_json::to_string(&kept).map_err(|e| SourceError::Away(e.to_string()))?;
        Ok(Departure { address: address.to_string(), kept: Secret::new(kept) })
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.settings.client_id.clone())
    }

    fn client_secret(&self) -> Option<ClientSecret> {
        self.settings.client_secret.as_ref().map(|s| ClientSecret::new(s.reveal().to_owned()))
    }

    async fn metadata(&self, wanted: Use) -> Result<CoreProviderMetadata, SourceError> {
        self.known.get(&self.issuer, &self.client, &*self.clock, wanted).await
    }
}

fn redirect(callback: &str) -> Result<RedirectUrl, SourceError> {
    RedirectUrl::new(callback.to_owned()).map_err(|e| SourceError::Away(e.to_string()))
}

impl Source for Oidc {
    fn id(&self) -> &str {
        &self.settings.id
    }

    fn title(&self) -> &Text {
        &self.settings.title
    }

    fn unknown(&self) -> Unknown {
        if self.settings.open_to_citizens { Unknown::Citizen } else { Unknown::Refuse }
    }

    fn trusts_email(&self) -> bool {
        self.settings.trust_email
    }

    fn begin<'a>(&'a self, callback: &'a str) -> BoxFuture<'a, Result<Departure, SourceError>> {
        self.depart(callback).boxed()
    }

    fn finish<'a>(
        &'a self,
        callback: &'a str,
        kept: &'a Secret,
        query: &'a [(String, String)],
    ) -> BoxFuture<'a, Result<Evidence, SourceError>> {
        self.arrive(callback, kept, query).boxed()
    }
}
