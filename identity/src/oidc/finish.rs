use chrono::TimeDelta;
use kernel::Assurance;
use openidconnect::core::{
    CoreClient, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, EndUserEmail, EndUserName, LocalizedClaim, Nonce, OAuth2TokenResponse,
    PkceCodeVerifier, RequestTokenError, SignatureVerificationError, TokenResponse,
};
use subtle::ConstantTimeEq;

use super::provider::{Use, causes};
use super::{Kept, Oidc, redirect};
use crate::Secret;
use crate::source::{Evidence, SourceError};

/// Clocks differ by so much at most.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Signatures of the provider's own key pair. `none`, and codes made with a secret that we know too, are not among them:
/// whoever has that secret could forge them.
const SIGNATURES: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

fn refused(why: impl ToString) -> SourceError {
    SourceError::Refused(why.to_string())
}

impl Oidc {
    /// Takes the code that the browser brought, changes it for an ID token, believes that only if all of it holds.
    pub(super) async fn arrive(&self, callback: &str, kept: &Secret, query: &[(String, String)]) -> Result<Evidence, SourceError> {
        let kept: Kept = serde_json::from_str(kept.reveal()).map_err(|_| refused("nothing was begun"))?;
        let code = code(query, &kept.state, &self.settings.issuer)?;
        let metadata = self.metadata(Use::Arrival).await?;
        let client = CoreClient::from_provider_metadata(metadata.clone(), self.client_id(), self.client_secret())
            .set_redirect_uri(redirect(callback)?);
        let sender = self.client.clone();
        let send = move |request| sender.clone().send(request);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(refused)?
            .set_pkce_verifier(PkceCodeVerifier::new(kept.verifier))
            .request_async(&send)
            .await
            .map_err(|error| match &error {
                RequestTokenError::ServerResponse(_) => refused(causes(&error)),
                _ => SourceError::Away(causes(&error)),
            })?;
        let token = answer.id_token().ok_or_else(|| refused("there is no ID token"))?;
        let nonce = Nonce::new(kept.nonce);
        let (claims, verifier) = self.believe(token, &nonce, metadata.clone()).await?;
        if claims.authorized_party().is_some_and(|party| *party != self.client_id()) {
            return Err(refused("the token was made for another program"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(refused)?;
            let actual = AccessTokenHash::from_token(answer.access_token(), token.signing_alg().map_err(refused)?, key).map_err(refused)?;
            if actual != *expected {
                return Err(refused("the access token is not the one that the ID token names"));
            }
        }
        let mut evidence = self.evidence(claims);
        let (no_name, no_email) = self.lacks(claims);
        if no_name || no_email {
            let more = self.userinfo(metadata, answer.access_token(), claims.subject()).await;
            let more = more.as_ref();
            evidence.name = evidence.name.or_else(|| more.and_then(|more| first(more.name())));
            if no_email {
                evidence.verified_email = more.and_then(|more| verified(more.email(), more.email_verified()));
            }
        }
        Ok(evidence)
    }

    /// Whether the ID token says neither name nor address, where it matters: most providers keep both for who asks at `userinfo`. An
    /// address that it does say is not looked for elsewhere, verified or not.
    fn lacks(&self, claims: &CoreIdTokenClaims) -> (bool, bool) {
        let name = self.settings.open_to_citizens && claims.name().is_none();
        let email = self.settings.trust_email && claims.email().is_none();
        (name, email)
    }

    /// Signature, issuer, audience, nonce and times. A key that we do not know may be new: the keys are fetched once more.
    async fn believe<'a>(
        &self,
        token: &'a CoreIdToken,
        nonce: &Nonce,
        metadata: CoreProviderMetadata,
    ) -> Result<(&'a CoreIdTokenClaims, CoreIdTokenVerifier<'static>), SourceError> {
        let verifier = self.verifier(&metadata);
        match token.claims(&verifier, nonce) {
            Ok(claims) => Ok((claims, verifier)),
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let verifier = self.verifier(&self.metadata(Use::UnknownKey).await?);
                let claims = token.claims(&verifier, nonce).map_err(|e| refused(causes(&e)))?;
                Ok((claims, verifier))
            }
            Err(error) => Err(refused(causes(&error))),
        }
    }

    fn verifier(&self, metadata: &CoreProviderMetadata) -> CoreIdTokenVerifier<'static> {
        let now = self.clock.now();
        CoreIdTokenVerifier::new_public_client(self.client_id(), self.issuer.clone(), metadata.jwks().clone())
            .set_allowed_algs(SIGNATURES)
            .set_time_fn(move || now - SKEW)
            .set_issue_time_verifier_fn(move |issued| if issued > now + SKEW { Err("issued in the future".to_owned()) } else { Ok(()) })
    }

    fn evidence(&self, claims: &CoreIdTokenClaims) -> Evidence {
        let said = claims.auth_context_ref().and_then(|acr| self.settings.acr.get(acr.as_str())).copied();
        let assurance = said.unwrap_or(self.settings.assurance).max(Assurance::Low);
        Evidence {
            issuer: self.settings.issuer.clone(),
            subject: claims.subject().to_string(),
            assurance,
            name: first(claims.name()),
            verified_email: verified(claims.email(), claims.email_verified()),
        }
    }
}

fn first(names: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    names.and_then(|names| names.iter().next()).map(|(_, name)| name.to_string())
}

fn verified(email: Option<&EndUserEmail>, verified: Option<bool>) -> Option<String> {
    email.filter(|_| verified == Some(true)).map(|email| email.to_string())
}

/// The code, if the browser came back from the provider that it was sent to, by the way that it was sent (RFC 9207 where the
/// provider says who it is).
fn code(query: &[(String, String)], state: &str, issuer: &str) -> Result<String, SourceError> {
    let one = |name: &str| {
        let mut values = query.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let first = values.next();
        if values.next().is_some() { None } else { first }
    };
    let same = one("state").is_some_and(|given| given.as_bytes().ct_eq(state.as_bytes()).into());
    if !same {
        return Err(refused("the state is not the one that was sent"));
    }
    if query.iter().any(|(n, v)| n == "iss" && v != issuer) {
        return Err(refused("another issuer answers"));
    }
    if let Some(error) = one("error") {
        let error: String = error.chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
        return Err(refused(format!("the provider says {error}")));
    }
    one("code").filter(|code| !code.is_empty() && code.len() <= 4096).map(str::to_owned).ok_or_else(|| refused("there is no code"))
}
