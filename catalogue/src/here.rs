//! `GET /here`: what lies near a place that somebody names. The page that a form without a script asks; programs get the same as JSON.

mod page;

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::future::try_join_all;
use kernel::{Filter, Language, Principal, Problem, PublicUrl};
use operations::{Format, Request, say};
use serde_json::{Value, json};

use crate::identify::{card, find};
use crate::search;
use crate::{App, Entry};

/// How far from the place a point or a line is still near, m.
const NEAR_M: f64 = 200.0;
/// Of a layer whose rows have no page of their own, so many are told: they are things that are there (a tree, a shop), not what goes on.
const THINGS: usize = 2;
/// How many places a text may mean.
const PLACES: u32 = 6;

/// Answers `{"q", "place", "others", "near_m", "cards"}`: the place that the text names best (or the position), what else it may mean, and
/// what lies on it and near it, a card a feature, the nearest of each layer first. The modules of the ground (streets, house numbers, land
/// cover) are left out: everybody is on some.
#[utoipa::path(
    get,
    path = "/here",
    tag = "catalogue",
    params(
        ("q" = Option<String>, Query, description = "A place: an address, a name, `fg 12 p 345`", max_length = 200),
        ("point" = Option<String>, Query, description = "Where it is, if that is known: longitude and latitude in degrees, as `15.65,38.11`. `q` is its name then"),
        ("f" = Option<String>, Query, description = "`json` or `html`"),
        ("lang" = Option<String>, Query, description = "`it` or `en`"),
    ),
    responses(
        (status = 200, description = "The place, what else the text may mean, and `cards` of what is near (CRS84, metres)", content_type = "application/json"),
        (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(mut app): State<App>,
    stated: Option<Extension<PublicUrl>>,
    request: Request,
) -> Result<Response, Problem> {
    if let Some(Extension(url)) = stated {
        app.context.public_url = url;
    }
    request.only(&["q", "point"])?;
    let text = request.params.get("q").unwrap_or_default().trim();
    let places = match request.params.get("point") {
        Some(_) => vec![position(request.params.position("point")?, text, request.language)],
        None => search::places(&app, &request.who, (text, None, PLACES), request.language).await?,
    };
    let cards = match places.first().and_then(point) {
        Some(at) => near(&app, &request.who, at, request.language).await?,
        None => Vec::new(),
    };
    let answer =
        json!({ "q": text, "place": places.first(), "others": places.get(1..).unwrap_or_default(), "near_m": NEAR_M, "cards": cards });
    Ok(match request.format {
        Format::Json => Json(answer).into_response(),
        Format::Html => page::page(&app, &request, &answer),
    })
}

/// A position, under the name that it was asked by.
fn position(point: [f64; 2], name: &str, language: Language) -> Value {
    let title = if name.is_empty() { say(language, "La posizione indicata", "The position given") } else { name };
    json!({ "title": title, "subtitle": format!("{:.5}, {:.5}", point[1], point[0]), "point": point })
}

fn point(place: &Value) -> Option<[f64; 2]> {
    serde_json::from_value(place["point"].clone()).ok()
}

async fn near(app: &App, who: &Principal, at: [f64; 2], language: Language) -> Result<Vec<Value>, Problem> {
    let now = Filter::ValidAt(app.context.clock.now());
    let look = || async {
        let mut entries = app.catalogue.layers(who);
        let ground: BTreeSet<String> = entries.iter().filter(|e| e.layer.base).map(|e| e.layer.module.clone()).collect();
        entries.retain(|e| e.damage.is_none() && !e.layer.off_cards && !ground.contains(&e.layer.module));
        let found = try_join_all(entries.iter().map(|entry| find(app, who, entry, (at, NEAR_M), &now))).await?;
        let most = |entry: &Entry| if entry.layer.page.is_some() { usize::MAX } else { THINGS };
        let rows = entries.iter().zip(found).flat_map(|(entry, rows)| rows.into_iter().take(most(entry)).map(move |row| (entry, row)));
        Ok(rows.map(|(entry, row)| card(app, who, entry, row, language)).collect())
    };
    app.catalogue.reading(&app.context.database, look).await
}
