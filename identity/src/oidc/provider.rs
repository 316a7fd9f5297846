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
/// One that did not answer is asked again after this.
const AWAY: TimeDelta = TimeDelta::seconds(5);

/// A provider's discovery document and keys, as last fetched. While it does not answer the last ones do for what was begun.
#[derive(Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    metadata: Option<(CoreProviderMetadata, DateTime<Utc>)>,
    tried_at: Option<DateTime<Utc>>,
    /// Why the last try failed, if it did.
    away: Option<String>,
}

/// What the provider's word about itself is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// To send a browser there: not if it is known to be away, since the browser would meet nothing that says so.
    Departure,
    /// To take in a browser that comes back.
    Arrival,
    /// A token names a key that is not among those known.
    UnknownKey,
}

impl Known {
    pub(super) async fn get(
        &self,
        issuer: &IssuerUrl,
        client: &Client,
        clock: &dyn Clock,
        wanted: Use,
    ) -> Result<CoreProviderMetadata, SourceError> {
        let mut state = self.0.lock().await;
        let now = clock.now();
        let pause = if state.away.is_some() { AWAY } else { AT_MOST_EVERY };
        let lately = state.tried_at.is_some_and(|tried| now - tried < pause);
        let fresh = wanted == Use::Arrival && state.metadata.as_ref().is_some_and(|(_, at)| now - *at < FRESH);
        if !lately && !fresh {
            state.fetch(issuer, client, now).await;
        }
        match (&state.metadata, &state.away) {
            (_, Some(cause)) if wanted == Use::Departure => Err(SourceError::Away(cause.clone())),
            (Some((metadata, _)), _) => Ok(metadata.clone()),
            (None, cause) => Err(SourceError::Away(cause.clone().unwrap_or_default())),
        }
    }
}

impl State {
    async fn fetch(&mut self, issuer: &IssuerUrl, client: &Client, now: DateTime<Utc>) {
        self.tried_at = Some(now);
        let client = client.clone();
        let send = move |request| client.clone().send(request);
        match CoreProviderMetadata::discover_async(issuer.clone(), &send).await {
            Ok(metadata) => (self.metadata, self.away) = (Some((metadata, now)), None),
            Err(error) => {
                let cause = causes(&error);
                tracing::warn!(issuer = issuer.as_str(), cause, "an identity provider does not say who it is");
                self.away = Some(cause);
            }
        }
    }
}

/// An error and what caused it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
