//! `POST /public-works/opencup`: OpenCUP's file of localisations becomes the list to draw.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use kernel::{Action, Comuni, Problem, Services};
use operations::links::media;
use operations::{Answer, Ask, Begun, Change, Row, refused};
use serde_json::json;

use crate::layers::WORKS;
use crate::opencup::{self, Localisation};

/// The largest file over HTTP; a larger one is for the command line.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// `text/csv` as OpenCUP publishes it, or a form with it in `csv`. Only localisations in comuni that the officer works for count;
/// doing it again changes nothing.
#[utoipa::path(
    post,
    path = "/public-works/opencup",
    tag = "public works",
    request_body(content_type = "application/json", description = "`text/csv` as OpenCUP publishes it, or `csv` with its text"),
    responses((status = 200, description = "How many rows were read, and kept"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let layer = operations::layer(&services, &ask.request.who, WORKS)?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("localisations are imported by officers and planners of the comune"));
    }
    let (bytes, csv) = if ask.media_type == "text/csv" {
        let bytes = ask.body(body, &["text/csv"], MOST_BYTES).await?;
        (bytes.to_vec(), bytes.to_vec())
    } else {
        let sent = ask.read(body).await?;
        let mut given = sent.reader(ask.request.language);
        let csv = given.required_text("csv", MOST_BYTES);
        given.check()?;
        (sent.bytes().to_vec(), csv.into_bytes())
    };
    let found = opencup::read(&csv).map_err(|faults| {
        let errors: Vec<_> =
            faults.iter().map(|fault| json!({ "field": format!("line {}", fault.line), "detail": fault.detail })).collect();
        let first = faults.first().map(|fault| format!("line {}: {}", fault.line, fault.detail)).unwrap_or_default();
        Problem::invalid_feature(format!("the file is no list of localisations: {first}; nothing was imported"), errors)
    })?;
    let mut change = match Change::begin(&services, &ask, &bytes).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let told = found.len() as u64;
    let mine: Vec<Localisation> = match change.who().comuni() {
        Comuni::All => found,
        Comuni::Only(some) => found.into_iter().filter(|one| some.contains(&one.comune)).collect(),
    };
    let outcome = opencup::keep(change.conn(), &mine).await.map_err(|e| refused(&e))?;
    if outcome.new > 0 {
        // the list is no row of the layer: the journal has it by its name
        let row = Row { fid: 0, version: 0, id: "opencup".to_owned(), comune: String::new() };
        change.tell(Action::Update, &layer, &row, &["to_draw"]).await?;
    }
    let elsewhere = told - outcome.new - outcome.there_already;
    let body = json!({ "new": outcome.new, "there_already": outcome.there_already, "elsewhere": elsewhere });
    let headers = vec![("content-type".to_owned(), media::JSON.to_owned())];
    change.finish(Answer { headers, ..Answer::changed("/public-works/to-draw", String::new(), body) }).await
}
