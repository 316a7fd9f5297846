use std::time::Duration;

use openidconnect::core::{CoreClient, CoreGenderClaim, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{AccessToken, EmptyAdditionalClaims, SubjectIdentifier};

use super::Oidc;
use super::provider::causes;

/// Nobody waits longer for a name.
const PATIENCE: Duration = Duration::from_secs(3);

impl Oidc {
    /// What the provider says of this person where it is asked (OpenID Connect Core 1.0, 5.3), and of nobody else: an answer about another
    /// subject is none. That there is no answer keeps nobody out; why goes to the log.
    pub(super) async fn userinfo(
        &self,
        metadata: CoreProviderMetadata,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Option<CoreUserInfoClaims> {
        let endpoint = metadata.userinfo_endpoint().cloned()?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), None).set_user_info_url(endpoint);
        let sender = self.client.clone();
        let send = move |request| sender.clone().send(request);
        let question = client.user_info(token.clone(), Some(subject.clone()));
        let answer = question.request_async::<EmptyAdditionalClaims, _, CoreGenderClaim>(&send);
        let cause = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(claims)) => return Some(claims),
            Ok(Err(error)) => causes(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(source = self.settings.id, cause, "an identity provider does not say more of somebody; they sign in without it");
        None
    }
}
