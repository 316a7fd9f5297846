use chrono::{DateTime, TimeDelta, Utc};
use kernel::Clock;
use openidconnect::IssuerUrl;
use openidconnect::core::CoreProviderMetadata;
use tokio::sync::Mutex;

use super::http::Client;
use crate::source::SourceError;

/// What a provider said about itself is asked again after this.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// But not more often than this, whatever key a token names.
const AT_MOST_EVERY: TimeDelta = TimeDelta::seconds(30);

/// A provider's discovery document and keys, as last fetched. While it does not answer the last ones do.
#[derive(Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    metadata: Option<(CoreProviderMetadata, DateTime<Utc>)>,
    tried_at: Option<DateTime<Utc>>,
}

impl Known {
    /// `anew`: a token names a key that is not among those known.
    pub(super) async fn get(
        &self,
        issuer: &IssuerUrl,
        client: &Client,
        clock: &dyn Clock,
        anew: bool,
    ) -> Result<CoreProviderMetadata, SourceError> {
        let mut state = self.0.lock().await;
        let now = clock.now();
        if let Some((metadata, at)) = &state.metadata {
            let lately = state.tried_at.is_some_and(|tried| now - tried < AT_MOST_EVERY);
            if lately || (!anew && now - *at < FRESH) {
                return Ok(metadata.clone());
            }
        }
        state.tried_at = Some(now);
        let client = client.clone();
        let send = move |request| client.clone().send(request);
        match CoreProviderMetadata::discover_async(issuer.clone(), &send).await {
            Ok(metadata) => {
                state.metadata = Some((metadata.clone(), now));
                Ok(metadata)
            }
            Err(error) => {
                let cause = causes(&error);
                tracing::warn!(issuer = issuer.as_str(), cause, "an identity provider does not say who it is");
                state.metadata.as_ref().map(|(metadata, _)| metadata.clone()).ok_or(SourceError::Away(cause))
            }
        }
    }
}

/// An error and what caused it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
