use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use kernel::{Client, Problem};
use operations::{Ask, Reader};
use serde_json::json;

use super::{Asked, write};
use crate::desk::Desk;
use crate::follow::contact;
use crate::receive::receive;
use crate::submit::{Draft, Made, TEXT, Way, submit};

/// What the standard lets a client send that is not kept: who somebody is, and pictures that lie elsewhere.
const PASSED_OVER: [&str; 9] =
    ["jurisdiction_id", "api_key", "device_id", "account_id", "first_name", "last_name", "address_id", "media_url", "locale"];

/// `POST requests.json`: a report of another program. It shows no ticket, so that few are taken of a network at a time. E-mail and
/// telephone are kept as contact, names are not.
#[utoipa::path(
    post,
    path = "/open311/v2/{resource}",
    tag = "open311",
    params(("resource" = String, Path, description = "`requests.json` or `requests.xml`")),
    request_body(content_type = "application/x-www-form-urlencoded", description = "`service_code`, `lat` and `long` or `address_string`, `description`, `email`, `phone`"),
    responses((status = 201, description = "GeoReport v2"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn handler(
    State(desk): State<Desk>,
    client: Option<Client>,
    headers: HeaderMap,
    asked: Asked,
    ask: Ask,
    body: Body,
) -> Response {
    if asked.name != "requests" {
        return asked.refuse(&Problem::method_not_allowed("requests are sent to `requests`"));
    }
    match take(&desk, client, &headers, &asked, ask, body).await {
        Ok(made) => {
            let record = json!({
                "service_request_id": made.row.id, "service_notice": "It is public once the comune has approved it.", "account_id": null,
                "token": made.secret.reveal(),
            });
            write::list(asked.form, StatusCode::CREATED, ("service_requests", "request"), &[record])
        }
        Err(problem) => asked.refuse(&problem),
    }
}

async fn take(desk: &Desk, client: Option<Client>, headers: &HeaderMap, asked: &Asked, mut ask: Ask, body: Body) -> Result<Made, Problem> {
    if !asked.who.is_staff() {
        desk.rates.program(client)?;
    }
    let received = receive(&mut ask, headers, body).await?;
    let mut given = received.sent.reader(asked.language);
    let draft = read(&mut given);
    let [email, phone] = contact::read(&mut given);
    let contact = (email.is_some() || phone.is_some()).then_some([email, phone]);
    submit(desk, &ask, draft, Way { channel: "open311", nonce: None, photos: received.photos, contact }, given).await
}

fn read(given: &mut Reader) -> Draft {
    for name in PASSED_OVER {
        given.text(name, 1_000);
    }
    let category = given.required_text("service_code", 40);
    let (lat, lon) = (given.number("lat", -90.0..=90.0), given.number("long", -180.0..=180.0));
    Draft {
        category,
        point: lon.zip(lat).map(|(lon, lat)| [lon, lat]),
        address: given.text("address_string", 200),
        text: given.text("description", TEXT),
    }
}
