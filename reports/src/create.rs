use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kernel::{Client, Problem};
use operations::{Answer, Ask, Reader, say};
use serde_json::json;

use crate::desk::Desk;
use crate::receive::receive;
use crate::secret::TicketFault;
use crate::submit::{Draft, Way, submit};

/// `POST /reports/`: a report of anybody, without login.
///
/// `category`, and `lon` and `lat` or `address`; `text` and up to three photos if one likes. Who is not staff sends the `ticket` of the form
/// with it, with `work` or after some seconds. `Idempotency-Key` makes that it is taken once however often it is sent.
#[utoipa::path(
    post,
    path = "/reports/",
    tag = "reports",
    request_body(content_type = "application/json", description = "`category`, `lon` and `lat` or `address`, `text`, `ticket`, `work`; or a form with up to three photos"),
    responses((status = 201, description = "Its number, and `private_link`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(desk): State<Desk>,
    client: Option<Client>,
    headers: HeaderMap,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    let language = ask.request.language;
    // before a byte of the body is read
    desk.rates.report(client, language)?;
    let received = receive(&mut ask, &headers, body).await?;
    let mut given = received.sent.reader(language);
    let draft = Draft::read(&mut given);
    if given.text("website", 200).is_some() {
        given.fault("website", "va lasciato vuoto: serve a riconoscere i programmi", "is to be left empty: it is there to tell programs");
    }
    let is_staff = ask.request.who.is_staff();
    let nonce = admit(&desk, &mut given, is_staff).await?;
    desk.rates.category(client, &draft.category, language)?;
    let channel = if is_staff { "desk" } else { "web" };
    let made = submit(&desk, &ask, draft, Way { channel, nonce, photos: received.photos, contact: None }, given).await?;
    let link = format!("/reports/follow/{}", made.secret.reveal());
    let public_url = &desk.services.context.public_url;
    let body = json!({
        "id": made.row.id, "state": "received", "comune": made.row.comune,
        "href": public_url.link(&format!("/reports/{}", made.row.id)), "private_link": public_url.link(&link),
    });
    let answer = Answer::made(format!("{link}?sent=1"), made.row.tag(), body);
    let mut response = answer.send(&desk.services.context, &ask.request).await;
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    Ok(response)
}

/// The nonce of the ticket that came, which is used up; none for staff, who are known.
async fn admit(desk: &Desk, given: &mut Reader, is_staff: bool) -> Result<Option<Vec<u8>>, Problem> {
    let (ticket, work) = (given.text("ticket", 80), given.text("work", 20));
    if is_staff {
        return Ok(None);
    }
    let Some(ticket) = ticket else {
        given.fault(
            "ticket",
            "manca: lo dà la pagina /reports/new (f=json per i programmi)",
            "is missing: the page /reports/new gives one (f=json for programs)",
        );
        return Ok(None);
    };
    match desk.pepper().await?.admit(&ticket, work.as_deref(), desk.services.context.clock.now()) {
        Ok(nonce) => Ok(Some(nonce)),
        Err(TicketFault::Hasty) => {
            let detail = say(
                given.language(),
                "è arrivata troppo in fretta per essere scritta da una persona: aspettate qualche secondo e inviatela di nuovo",
                "it came sooner than a person writes: wait some seconds and send it again",
            );
            Err(Problem::too_many_requests(detail, 4))
        }
        Err(TicketFault::Unknown) => {
            given.fault("ticket", "è scaduto: ricaricate la pagina del modulo", "has expired: load the form's page again");
            Ok(None)
        }
    }
}
