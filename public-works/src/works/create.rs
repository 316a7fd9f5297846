//! `POST /public-works/`: a work is registered where it is.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use kernel::{Action, Problem, Services};
use operations::{Ask, Begun, Change, Place, Reader, Row, refused};

use super::facts::Facts;
use super::open::answer;
use crate::codes::STATES;
use crate::layers::WORKS;
use crate::place;
use crate::shown;

/// Names that are addresses already.
const TAKEN: [&str; 5] = ["new", "to-draw", "opencup", "ordinances", "ordinances.geojson"];

/// The facts, `state` (`planned` without it), `place` or `street`, and `code` where the comune has one of its own: its id is that, or
/// the CUP. A CUP of the list to draw leaves the list.
#[utoipa::path(
    post,
    path = "/public-works/",
    tag = "public works",
    request_body(content_type = "application/json", description = "`title`, `cup`, `cui`, `responsible`, `amount_eur`, `begins_planned`, `ends_planned`, `begins_actual`, `ends_actual`, `state`, `code`, and `place` (GeoJSON, CRS84) or `street`"),
    responses((status = 201, description = "The record, at `Location`; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let sent = ask.read(body).await?;
    let layer = operations::layer(&services, &ask.request.who, WORKS)?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("works are registered by officers and planners of the comune"));
    }
    let mut given = sent.reader(ask.request.language);
    let has_cup = given.is_given("cup");
    let facts = Facts::read(&mut given, shown::today(services.context.clock.now()));
    let state = given.code("state", &STATES[..8]).unwrap_or("planned");
    let code = code(&mut given, facts.cup.as_deref(), has_cup);
    let asked = place::read(&mut given);
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let found = place::settle(&mut change, &layer, &asked, &mut given).await?;
    if state == "completed" && facts.ends_actual.is_none() {
        given.fault("ends_actual", "di un'opera conclusa serve la fine", "of a completed work the end is needed");
    }
    if let Some(code) = &code
        && is_taken(&mut change, code).await?
    {
        let name = if facts.cup.as_ref() == Some(code) { "cup" } else { "code" };
        given.fault(
            name,
            "c'è già un'opera con questo codice: indica un `code` diverso",
            "there is a work of this code: give another `code`",
        );
    }
    given.check()?;
    let (Some(place), Some(code)) = (found, code) else { return Err(Problem::bad_request("the work has no place or no code")) };
    let row = insert(&mut change, &facts, state, &code, &place).await?;
    if let Some(cup) = &facts.cup {
        let drawn = sqlx::query("delete from public_works.unplaced where cup = $1 and comune = $2").bind(cup).bind(&row.comune);
        drawn.execute(change.conn()).await.map_err(|e| refused(&e))?;
    }
    change.tell(Action::Create, &layer, &row, &[]).await?;
    let answer = answer(&mut change, &services, &layer, &row, true).await?;
    change.finish(answer).await
}

/// The comune's own code, or the CUP; one that is wrong was told of already.
fn code(given: &mut Reader, cup: Option<&str>, has_cup: bool) -> Option<String> {
    let Some(code) = given.text("code", 40) else {
        if !has_cup {
            given.fault("code", "senza CUP serve un codice del comune", "without a CUP a code of the comune's own is needed");
        }
        return cup.map(str::to_owned);
    };
    let fits = code.starts_with(|c: char| c.is_ascii_alphanumeric())
        && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !TAKEN.contains(&code.as_str());
    if !fits {
        given.fault(
            "code",
            "lettere, cifre, trattini e punti, e non una parola riservata",
            "letters, figures, hyphens and dots, and no reserved word",
        );
    }
    Some(code)
}

/// Whether there is one, also where the editor does not work.
async fn is_taken(change: &mut Change, id: &str) -> Result<bool, Problem> {
    let there = sqlx::query_scalar("select exists (select from public_works.works where id = $1)").bind(id);
    there.fetch_one(change.conn()).await.map_err(|e| refused(&e))
}

async fn insert(change: &mut Change, facts: &Facts, state: &str, code: &str, place: &Place) -> Result<Row, Problem> {
    sqlx::query_as(
        "insert into public_works.works
                (id, comune, title, cup, cui, responsible, state, amount_eur, progress,
                 begins_planned, ends_planned, begins_actual, ends_actual, geom)
         values ($1, $2, $3, $4, $5, $6, $7, $8, case when $7 = 'completed' then 100 else 0 end, $9, $10, $11, $12, st_geomfromewkb($13))
         returning fid, version, id, comune",
    )
    .bind(code)
    .bind(&place.comune)
    .bind(&facts.title)
    .bind(&facts.cup)
    .bind(&facts.cui)
    .bind(&facts.responsible)
    .bind(state)
    .bind(facts.amount_eur)
    .bind(facts.begins_planned)
    .bind(facts.ends_planned)
    .bind(facts.begins_actual)
    .bind(facts.ends_actual)
    .bind(&place.ewkb)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))
}
