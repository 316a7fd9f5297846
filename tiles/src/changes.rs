use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use feed::{Commit, Subscription};
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::{Bbox, Changed, Filter, LayerId, Params, Position, Problem};
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::App;
use crate::asked::Asked;

/// How often a client hears that the connection lives, if nothing changes: proxies close silent ones.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client shall wait before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// `GET /xyz/{ids}/changes`: what changes in these layers, as server-sent events.
///
/// The first event, `hello`, says the position up to which the client is told nothing more; each `change` has `position`,
/// `layer` (`*`: any of them, and the catalogue itself) and `bbox` (CRS84; null: anywhere). A client that comes back with
/// `Last-Event-ID` (or `?lastEventId=`) is told what it missed, or `*` where that is no longer known.
///
/// Of the changes of one commit only the last has an id: a client that loses the connection between two of them is
/// told the whole commit again.
#[utoipa::path(
    get,
    path = "/xyz/{ids}/changes",
    tag = "tiles",
    params(("ids" = String, Path, description = "Layers, separated by commas"), ("lastEventId" = Option<String>, Query, description = "The last event known, as the header Last-Event-ID")),
    responses((status = 200, description = "Events `{position, layer, bbox}`", content_type = "text/event-stream"), (status = 404, description = "No such layer, or not for you", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(app): State<Arc<App>>, asked: Asked, params: Params, headers: HeaderMap) -> Result<Response, Problem> {
    let params = params.only(&["lastEventId"])?;
    let reader = app.feed.subscribe(after(&params, &headers)?);
    let ids: Vec<LayerId> = asked.entries.iter().map(|e| e.layer.id.clone()).collect();
    let who = asked.who;
    let wanted = move || {
        ids.iter()
            .filter_map(|id| app.catalogue.layer(&who, id.as_str()))
            .map(|e| (e.layer.id.clone(), e.layer.readable_rows(&who)))
            .collect()
    };
    let mut response = Sse::new(events(reader, wanted)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// The position that the client knows. A browser repeats its first address when it comes back, so the header wins; one that
/// we never gave (a proxy's invention) stands for a time that we know nothing of.
fn after(params: &Params, headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    if let Some(header) = headers.get("last-event-id") {
        return Ok(Some(header.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or_default()));
    }
    let parse = |text: &str| {
        text.parse()
            .map_err(|e: kernel::PositionError| Problem::invalid_parameter("lastEventId", e.to_string(), "a position, like 0/16B3748"))
    };
    params.get("lastEventId").map(parse).transpose()
}

/// The rows of each layer whose changes are told.
type Wanted = HashMap<LayerId, Filter>;

struct Telling<W> {
    reader: Subscription,
    /// What is wanted, as the catalogue has it now.
    ask: W,
    wanted: Wanted,
    heartbeat: Interval,
    waiting: std::vec::IntoIter<Event>,
}

fn events<W>(reader: Subscription, ask: W) -> impl Stream<Item = Result<Event, Infallible>> + Send
where
    W: Fn() -> Wanted + Send,
{
    let wanted = ask();
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let waiting = vec![hello(reader.position())].into_iter();
    futures::stream::unfold(Telling { reader, ask, wanted, heartbeat, waiting }, |mut telling| async move {
        loop {
            if let Some(event) = telling.waiting.next() {
                return Some((Ok(event), telling));
            }
            tokio::select! {
                commit = telling.reader.next() => {
                    let commit = commit?;
                    if commit.changes.iter().any(|c| matches!(c, Changed::Catalogue | Changed::Everything)) {
                        telling.wanted = (telling.ask)();
                    }
                    telling.waiting = changes(&commit, &telling.wanted).into_iter();
                }
                _ = telling.heartbeat.tick() => telling.waiting = vec![alive(telling.reader.position())].into_iter(),
            }
        }
    })
}

fn hello(position: Option<Position>) -> Event {
    let data = json!({"position": position}).to_string();
    identified(Event::default().event("hello").retry(RETRY).data(data), position)
}

/// A comment; with the position, which moves on with changes of other layers too.
fn alive(position: Option<Position>) -> Event {
    identified(Event::default().comment("alive"), position)
}

fn identified(event: Event, position: Option<Position>) -> Event {
    match position {
        Some(position) => event.id(position.to_string()),
        None => event,
    }
}

fn changes(commit: &Commit, wanted: &Wanted) -> Vec<Event> {
    let mut told: Vec<(&str, Option<Bbox>)> = Vec::new();
    for changed in &commit.changes {
        match changed {
            Changed::Rows(layer, bbox) if wanted.contains_key(layer) => told.push((layer.as_str(), *bbox)),
            Changed::Guarded(layer, rows) => {
                let Some(readable) = wanted.get(layer) else { continue };
                let seen: Vec<Option<Bbox>> = rows.iter().filter(|rows| rows.are_seen(readable)).map(|rows| rows.bbox).collect();
                let place = |boxes: &[Option<Bbox>]| boxes.iter().copied().reduce(|a, b| Some(a?.union(b?))).flatten();
                if !seen.is_empty() {
                    told.push((layer.as_str(), place(&seen)));
                }
            }
            Changed::Rows(..) => {}
            Changed::Catalogue | Changed::Everything => told.push(("*", None)),
        }
    }
    let last = told.len();
    let event = |(i, (layer, bbox)): (usize, (&str, Option<Bbox>))| {
        let data = json!({"position": commit.position, "layer": layer, "bbox": bbox}).to_string();
        identified(Event::default().event("change").data(data), (i + 1 == last).then_some(commit.position))
    };
    told.into_iter().enumerate().map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, after, events};
    use axum::response::IntoResponse;
    use axum::response::sse::Sse;
    use feed::{Commit, Feed, Teller};
    use futures::{FutureExt, StreamExt};
    use http::{HeaderMap, HeaderValue};
    use http_body_util::BodyExt;
    use kernel::{Bbox, Changed, Column, Filter, GuardedRows, LayerId, Params, Position, filter};

    fn layer(id: &str) -> LayerId {
        LayerId::new(id).unwrap()
    }

    fn wanted(ids: &'static [&'static str]) -> impl Fn() -> Wanted + Send {
        || ids.iter().map(|id| (layer(id), Filter::everything())).collect()
    }

    #[tokio::test]
    async fn only_those_who_see_a_row_learn_that_it_changed() {
        let (feed, teller) = scene();
        fn column() -> Column {
            Column::new("published").unwrap()
        }
        let rows = |published, west| GuardedRows {
            values: Some([(column(), filter::Value::Boolean(published))].into()),
            bbox: Bbox::new(west, 38.0, 15.75, 38.25).ok(),
        };
        teller.tell(commit(32, vec![Changed::Guarded(layer("events"), vec![rows(false, 15.0), rows(true, 15.5)])]));
        teller.tell(commit(48, vec![Changed::Guarded(layer("events"), vec![rows(false, 15.25)])]));
        let public = || [(layer("events"), Filter::Equal(column(), filter::Value::Boolean(true)))].into();
        let mut body = Sse::new(events(feed.subscribe(Some(Position::new(16))), public)).into_response().into_body().into_data_stream();
        let mut text = String::new();
        while let Some(Some(Ok(bytes))) = body.next().now_or_never() {
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let (_, rest) = text.split_once("\n\n").unwrap();
        assert_eq!(
            rest,
            "event: change\ndata: {\"position\":\"0/20\",\"layer\":\"events\",\"bbox\":[15.5,38.0,15.75,38.25]}\nid: 0/20\n\n"
        );
    }

    fn scene() -> (Feed, Teller) {
        let (feed, teller) = Feed::by_hand();
        teller.begin(Position::new(16));
        (feed, teller)
    }

    fn commit(at: u64, changes: Vec<Changed>) -> Commit {
        Commit { position: Position::new(at), changes }
    }

    /// What a client that wants parcels and streets reads until the feed ends.
    async fn read(feed: &Feed, after: Option<Position>) -> String {
        let stream = events(feed.subscribe(after), wanted(&["parcels", "streets"]));
        let mut body = Sse::new(stream).into_response().into_body().into_data_stream();
        let mut text = String::new();
        while let Some(Some(Ok(bytes))) = body.next().now_or_never() {
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        text
    }

    #[tokio::test]
    async fn a_client_is_greeted_with_the_position() {
        let (feed, _teller) = scene();
        assert_eq!(read(&feed, None).await, "event: hello\nretry: 2000\ndata: {\"position\":\"0/10\"}\nid: 0/10\n\n");
    }

    #[tokio::test]
    async fn only_the_layers_asked_for_and_the_id_at_the_commits_end() {
        let (feed, teller) = scene();
        let bbox = Bbox::new(15.5, 38.0, 15.75, 38.25).ok();
        teller.tell(commit(
            32,
            vec![Changed::Rows(layer("parcels"), bbox), Changed::Rows(layer("trees"), None), Changed::Rows(layer("streets"), None)],
        ));
        teller.tell(commit(48, vec![Changed::Rows(layer("trees"), None)]));
        teller.tell(commit(64, vec![Changed::Catalogue]));
        let text = read(&feed, Some(Position::new(16))).await;
        let (_, rest) = text.split_once("\n\n").unwrap();
        assert_eq!(
            rest,
            "event: change\ndata: {\"position\":\"0/20\",\"layer\":\"parcels\",\"bbox\":[15.5,38.0,15.75,38.25]}\n\n\
             event: change\ndata: {\"position\":\"0/20\",\"layer\":\"streets\",\"bbox\":null}\nid: 0/20\n\n\
             event: change\ndata: {\"position\":\"0/40\",\"layer\":\"*\",\"bbox\":null}\nid: 0/40\n\n"
        );
    }

    #[tokio::test]
    async fn who_was_away_too_long_is_told_of_everything() {
        let (feed, _teller) = scene();
        let text = read(&feed, Some(Position::new(1))).await;
        assert!(text.ends_with("event: change\ndata: {\"position\":\"0/10\",\"layer\":\"*\",\"bbox\":null}\nid: 0/10\n\n"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_with_the_position_reached() {
        let (feed, teller) = scene();
        let stream = events(feed.subscribe(None), wanted(&["parcels"]));
        let mut body = Sse::new(stream).into_response().into_body();
        let mut next = async || String::from_utf8(body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap();
        assert!(next().await.starts_with("event: hello"));
        teller.tell(commit(32, vec![Changed::Rows(layer("trees"), None)]));
        assert_eq!(next().await, ": alive\nid: 0/20\n\n");
    }

    #[tokio::test]
    async fn the_stream_ends_with_the_feed() {
        let (feed, _teller) = scene();
        let mut stream = Box::pin(events(feed.subscribe(None), wanted(&["parcels"])));
        stream.next().await;
        feed.stop().await;
        assert!(stream.next().await.is_none());
    }

    #[test]
    fn the_header_wins_and_nonsense_is_long_ago() {
        let params = Params::parse("lastEventId=0/20").unwrap();
        assert_eq!(after(&params, &HeaderMap::new()), Ok(Some(Position::new(32))));
        let header = |text| HeaderMap::from_iter([(http::HeaderName::from_static("last-event-id"), HeaderValue::from_static(text))]);
        assert_eq!(after(&params, &header("0/30")), Ok(Some(Position::new(48))));
        assert_eq!(after(&params, &header("nonsense")), Ok(Some(Position::new(0))));
        assert!(after(&Params::parse("lastEventId=x").unwrap(), &HeaderMap::new()).is_err());
        assert_eq!(after(&Params::default(), &HeaderMap::new()), Ok(None));
    }
}
