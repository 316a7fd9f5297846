//! `GET /cadastre/parcels/{ref}`: what is known of a parcel, for programs, for people, and to print.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use http::{HeaderValue, StatusCode, header};
use kernel::{Problem, Services};
use operations::links::media;
use operations::{Format, Printable, Request, reply};

use super::find::{self, Meant};
use super::record::{Found, Record};
use super::{PARCELS, document, html, path, pdf};

/// The parcel as it is now, or as it was on a day (`at`); one that is no more with what became of it.
///
/// The census is read by the staff of its comune; who owns it by those of them who say what for (`Access-Purpose`).
#[utoipa::path(
    get,
    path = "/cadastre/parcels/{ref}",
    tag = "cadastre",
    params(
        ("ref" = String, Path, description = "A national reference, `H224_001200.345`; with `comune` a short one, `12-345`"),
        ("comune" = Option<String>, Query, description = "Of a short reference: the ISTAT code of the comune"),
        ("section" = Option<String>, Query, description = "Of a short reference: the section, where the comune has sections"),
        ("at" = Option<String>, Query, description = "The day that it is shown as of, `2019-05-01`"),
        ("f" = Option<String>, Query, description = "`json`, `html` or `pdf`"),
    ),
    responses(
        (status = 200, description = "The parcel: versions, areas, census, neighbours, lineage"),
        (status = 303, description = "A short reference: the address of the whole one"),
        (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json")
    )
)]
pub(crate) async fn handler(State(services): State<Services>, Path(text): Path<String>, asked: Printable) -> Result<Response, Problem> {
    let Printable { request, pdf: printed } = asked;
    request.only(&["at", "comune", "section"])?;
    let at = day(&request)?;
    let layer = operations::layer(&services, &request.who, PARCELS)?;
    let within = (request.params.get("comune"), request.params.get("section"));
    let id = match find::read(&services, &request.who, text.trim(), within).await? {
        Meant::Whole(id) => id,
        Meant::Elsewhere(id) => return Ok(elsewhere(&request, &id)),
    };
    let record = match Record::read(&services, &layer, &request.who, &id, at, request.language).await? {
        Found::One(record) => *record,
        Found::NotThen(spans) => return Err(not_then(&request, &id, &spans)),
        Found::Never => return Err(operations::absent(&layer, &id)),
    };
    let mut response = if printed {
        pdf::render(&services.context, &layer, &request, &record)
    } else if request.format == Format::Json {
        reply::json(&document::of(&record, &services.context.public_url), media::JSON, request.language)
    } else {
        html::render(&services.context, &layer, &request, &record)
    };
    if let Some(kept) = match (&record.owners, request.who.is_staff()) {
        (Some(_), _) => Some("private, no-store"),
        (None, true) => Some("private, no-cache"),
        (None, false) => None,
    } {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    }
    Ok(response)
}

fn day(request: &Request) -> Result<Option<NaiveDate>, Problem> {
    let wrong = || Problem::invalid_parameter("at", "`at` is no day", "a day as `2019-05-01`, from 1800 to 2200");
    let Some(text) = request.params.get("at").filter(|text| !text.is_empty()) else { return Ok(None) };
    let day: NaiveDate = text.parse().ok().filter(|_| text.len() == 10).ok_or_else(wrong)?;
    if (1800..=2200).contains(&chrono::Datelike::year(&day)) { Ok(Some(day)) } else { Err(wrong()) }
}

/// The address of the whole reference, with what else was asked.
fn elsewhere(request: &Request, id: &str) -> Response {
    let kept = request.params.iter().filter(|(name, _)| !matches!(*name, "comune" | "section"));
    let to = request.relative(&format!("{}{}", path(id), operations::links::query(kept)));
    let location = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("./"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]).into_response()
}

fn not_then(request: &Request, id: &str, spans: &[(NaiveDate, Option<NaiveDate>)]) -> Problem {
    let l = request.language;
    let spans: Vec<String> = spans.iter().map(|(from, to)| html::span(*from, *to, l)).collect();
    Problem::not_found(match l {
        kernel::Language::It => format!("`{id}` non era in catasto in quel giorno: c'è stata {}", spans.join("; ")),
        kernel::Language::En => format!("`{id}` was not in the cadastre on that day: it was there {}", spans.join("; ")),
    })
}
