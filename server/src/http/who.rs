//! Who asks, found out once at the edge: a token for tiles, a key, or a session; nobody otherwise.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use catalogue::Catalogue;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use identity::keys::rates::{self, Rates};
use identity::keys::token::Signer;
use identity::keys::{self, Keys};
use identity::{Identity, Oidc, Parts, SealingKey, Settings, Source};
use kernel::{Context, Principal, Problem, PublicUrl, Vault};

use crate::config::Config;
use crate::failure::Failure;
use crate::http::cors;

/// The file in the data directory that seals what must be read again (secrets of one-time codes) and signs tokens.
const KEY_FILE: &str = "identity.key";

/// How soon a stream of events ends after the key, session or rights of who asked for it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What finds out who asks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) identity: Identity,
    pub(crate) keys: Keys,
    pub(crate) rates: Rates,
    pub(crate) signer: Signer,
    pub(crate) vault: Vault,
    public_url: PublicUrl,
}

/// The installation's key; made if there is none.
pub(crate) fn installation_key(config: &Config) -> Result<SealingKey, Failure> {
    let folder = &config.data_dir.value;
    let file = folder.join(KEY_FILE);
    std::fs::create_dir_all(folder).and_then(|()| SealingKey::open(&file)).map_err(|e| {
        Failure::new(format!(
            "the installation's key {} can't be used: {e}. Every server of an installation needs the same one",
            file.display()
        ))
    })
}

impl Who {
    /// As configuration has it; `demo`: with the invented people. Opens or makes the installation's key; asks no provider yet.
    pub(crate) fn new(config: &Config, context: &Context, demo: bool) -> Result<Self, Failure> {
        let key = installation_key(config)?;
        let sources = config.file.oidc.iter().map(|settings| {
            let source = Oidc::new(settings.clone(), Arc::clone(&context.clock))
                .map_err(|e| Failure::new(format!("oidc in the configuration file: {e}")))?;
            Ok(Arc::new(source) as Arc<dyn Source>)
        });
        let networks = config.trusted().to_vec();
        let rates = Rates::new(rates::Settings {
            network_per_minute: config.limits.value.network_requests_per_minute,
            key_per_minute: config.limits.value.key_requests_per_minute,
            trusted_proxies: Arc::new(move |address| networks.iter().any(|network| network.holds(address))),
        });
        let vault = key.vault().clone();
        let signer = Signer::new(vault.key(), Arc::clone(&context.clock));
        let identity = Identity::new(Parts {
            database: context.database.clone(),
            clock: Arc::clone(&context.clock),
            public_url: context.public_url.clone(),
            title: context.installation.title.clone(),
            settings: Settings { demo, ..Settings::default() },
            key,
            sources: sources.collect::<Result<_, Failure>>()?,
        });
        let keys = Keys::new(context.database.clone(), Arc::clone(&context.clock), rates.clone());
        Ok(Self { identity, keys, rates, signer, vault, public_url: context.public_url.clone() })
    }

    /// `/auth/…` and what `/admin/…` has of identities.
    pub(crate) fn routes(&self, context: &Context, catalogue: &Catalogue) -> axum::Router {
        let catalogue = catalogue.clone();
        let pages = keys::Pages {
            database: context.database.clone(),
            clock: Arc::clone(&context.clock),
            keys: self.keys.clone(),
            signer: self.signer.clone(),
            layers: Arc::new(move |who, id| catalogue.layer(who, id.as_str()).map(|entry| who.may_edit(&entry.layer))),
        };
        identity::routes(self.identity.clone())
            .merge(keys::routes(pages))
            .merge(identity::audit::routes(identity::audit::Pages { database: context.database.clone() }))
    }
}

/// Puts the principal into the request. What is made for somebody is kept by no cache that others share.
pub(super) async fn find(who: &Arc<Who>, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let mut token = None;
    let found = match who.signer.principal(request.uri()) {
        Ok(Some(admitted)) => {
            if let Err(problem) = who.keys.stands(&admitted.principal).await {
                return problem.into_response();
            }
            token = Some(std::mem::replace(request.uri_mut(), admitted.rest));
            request.extensions_mut().insert(admitted.token);
            Some(admitted.principal)
        }
        Ok(None) => match who.keys.principal(request.headers()).await {
            Ok(Some(found)) => {
                // a browser remembers a key that was once typed as a password, and sends it along with what other pages ask
                let listed = request.extensions().get::<cors::Listed>().is_some();
                if !listed && let Err(failure) = identity::check_browser(request.method(), request.headers(), &who.public_url) {
                    return failure.problem().into_response();
                }
                Some(found)
            }
            Ok(None) => None,
            Err(problem) => return problem.into_response(),
        },
        Err(problem) => return problem.into_response(),
    };
    let headers = request.headers().clone();
    let response = match found {
        Some(principal) => private(principal, request, next).await,
        None => identity::edge(&who.identity, request, next).await,
    };
    let streams = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    if streams { Arc::clone(who).while_known(headers, token, response).await } else { response }
}

impl Who {
    /// Who comes with these headers now. An answer that can't be had is an error.
    async fn now(&self, headers: &HeaderMap, token: Option<&Uri>) -> Result<Option<Principal>, Problem> {
        if let Some(uri) = token {
            let found = self.signer.principal(uri)?.map(|admitted| admitted.principal);
            if let Some(principal) = &found {
                self.keys.stands(principal).await?;
            }
            return Ok(found);
        }
        match self.keys.principal(headers).await? {
            Some(principal) => Ok(Some(principal)),
            None => Ok(self.identity.resolve(headers).await.map_err(|failure| failure.problem())?.map(|current| current.principal)),
        }
    }

    /// A stream that lasts as long as who asked for it is who they were: it ends with their key, session or rights. A database that
    /// is away ends nothing.
    async fn while_known(self: Arc<Self>, headers: HeaderMap, token: Option<Uri>, response: Response) -> Response {
        let Ok(Some(began)) = self.now(&headers, token.as_ref()).await else { return response };
        let changed = async move {
            loop {
                tokio::time::sleep(LOOK_AGAIN).await;
                match self.now(&headers, token.as_ref()).await {
                    Ok(Some(now)) if now == began => {}
                    Err(problem)
                        if problem.status() == StatusCode::SERVICE_UNAVAILABLE || problem.status() == StatusCode::TOO_MANY_REQUESTS => {}
                    _ => return,
                }
            }
        };
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, Body::from_stream(body.into_data_stream().take_until(Box::pin(changed))))
    }
}

async fn private(principal: Principal, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    request.extensions_mut().insert(principal);
    let mut response = next(request).await;
    let headers = response.headers_mut();
    let kept = headers.get(header::CACHE_CONTROL).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kept.contains("immutable") && !kept.contains("no-store") {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    headers.append(header::VARY, HeaderValue::from_static("authorization, x-api-key"));
    response
}
