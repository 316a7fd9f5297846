//! `POST /public-works/ordinances/`: an ordinance is registered.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use kernel::{Action, Problem, Services};
use operations::{Ask, Begun, Change, Place, Reader, Row, refused};

use super::record::answer;
use crate::codes::CLOSURES;
use crate::layers::ORDINANCES;
use crate::{place, shown};

struct Facts {
    number: String,
    issued_on: NaiveDate,
    closure: &'static str,
    limit_kmh: Option<i64>,
    road: String,
    diversion: Option<String>,
    act: String,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
}

/// `number`, `issued_on` (today without it), `closure`, `limit_kmh` for a speed limit, `road`, `diversion`, `act`, `valid_from` and `valid_to`
/// (open without it), and `place` or `street`. Its id is the comune's code, the year and the number.
#[utoipa::path(
    post,
    path = "/public-works/ordinances/",
    tag = "public works",
    request_body(content_type = "application/json", description = "`number`, `issued_on`, `closure`, `limit_kmh`, `road`, `diversion`, `act`, `valid_from`, `valid_to`, and `place` (GeoJSON, CRS84) or `street`"),
    responses((status = 201, description = "The record, at `Location`; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let sent = ask.read(body).await?;
    let layer = operations::layer(&services, &ask.request.who, ORDINANCES)?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("ordinances are registered by officers and planners of the comune"));
    }
    let mut given = sent.reader(ask.request.language);
    let facts = Facts::read(&mut given, shown::today(services.context.clock.now()));
    let asked = place::read(&mut given);
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let place = place::settle(&mut change, &layer, &asked, &mut given).await?;
    let id = place.as_ref().map(|place| facts.id(&place.comune)).unwrap_or_default();
    let there = sqlx::query_scalar("select exists (select from public_works.road_ordinances where id = $1)").bind(&id);
    if there.fetch_one(change.conn()).await.map_err(|e| refused(&e))? {
        given.fault(
            "number",
            "un'ordinanza con questo numero c'è già, in quest'anno",
            "there is an ordinance of this number already, in this year",
        );
    }
    given.check()?;
    let Some(place) = place else { return Err(Problem::bad_request("the ordinance has no place")) };
    let row = insert(&mut change, &facts, &id, &place).await?;
    change.tell(Action::Create, &layer, &row, &[]).await?;
    let answer = answer(&mut change, &services, &layer, &row, true).await?;
    change.finish(answer).await
}

impl Facts {
    fn read(given: &mut Reader, today: NaiveDate) -> Self {
        let facts = Self {
            number: given.required_text("number", 40),
            issued_on: given.date("issued_on").unwrap_or(today),
            closure: given.required_code("closure", &CLOSURES),
            limit_kmh: given.integer("limit_kmh", 5..=130),
            road: given.required_text("road", 200),
            diversion: given.text("diversion", 2_000),
            act: given.required_text("act", 300),
            valid_from: given.required_instant("valid_from"),
            valid_to: given.instant("valid_to"),
        };
        if !facts.number.is_empty() && !facts.number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.')) {
            given.fault("number", "solo lettere, cifre, trattini, barre e punti", "letters, figures, hyphens, slashes and dots only");
        }
        if facts.issued_on > today {
            given.fault("issued_on", "è nel futuro", "is in the future");
        }
        if facts.valid_from.zip(facts.valid_to).is_some_and(|(from, to)| to <= from) {
            given.fault("valid_to", "non è dopo l'inizio", "is not after the beginning");
        }
        match (facts.closure == "speed_limit", facts.limit_kmh) {
            (true, None) => given.fault("limit_kmh", "serve il limite", "the limit is needed"),
            (false, Some(_)) => given.fault("limit_kmh", "solo per un limite di velocità", "for a speed limit only"),
            _ => {}
        }
        facts
    }

    fn id(&self, comune: &str) -> String {
        format!("{comune}-{}-{}", self.issued_on.year(), self.number.replace('/', "-"))
    }
}

async fn insert(change: &mut Change, facts: &Facts, id: &str, place: &Place) -> Result<Row, Problem> {
    sqlx::query_as(
        "insert into public_works.road_ordinances
                (id, comune, number, issued_on, closure, limit_kmh, road, diversion, act, valid_from, valid_to, geom)
         values ($1, $2, $3, $4, $5, $6::integer, $7, $8, $9, $10, $11, st_geomfromewkb($12))
         returning fid, version, id, comune",
    )
    .bind(id)
    .bind(&place.comune)
    .bind(&facts.number)
    .bind(facts.issued_on)
    .bind(facts.closure)
    .bind(facts.limit_kmh)
    .bind(&facts.road)
    .bind(&facts.diversion)
    .bind(&facts.act)
    .bind(facts.valid_from)
    .bind(facts.valid_to)
    .bind(&place.ewkb)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))
}
