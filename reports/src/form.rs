use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::{Language, Problem};
use maud::{Markup, html};
use operations::{Format, Page, Request, field, hidden, links, reply, say};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::category::{self, Category};
use crate::desk::{Desk, LAYER};
use crate::icons;
use crate::near::{self, Near};
use crate::secret::WORK_BITS;
use crate::states::badge;
use crate::submit::{TEXT, find_address};

/// Where a report is to be, as far as it is said.
struct Place {
    point: Option<[f64; 2]>,
    address: Option<String>,
    /// An address was said that is none.
    unknown: bool,
}

/// `GET /reports/new`: the form. Without a script it has two pages: what and where; then what is known there already, a photo, a text. With
/// one (`/portal/report.js`) it is one screen after the other. `f=json` is what the script, or another program, needs to make a report.
#[utoipa::path(
    get,
    path = "/reports/new",
    tag = "reports",
    params(("category" = Option<String>, Query, description = "A category"), ("address" = Option<String>, Query, description = "An address"), ("lon" = Option<String>, Query, description = "Longitude"), ("lat" = Option<String>, Query, description = "Latitude"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "`ticket`, `work`, `bbox`, `categories`; or the form"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, request: Request) -> Result<Response, Problem> {
    request.only(&["category", "address", "lon", "lat"])?;
    let failed = |e| Problem::database("the form of a report", &e);
    let layer = desk.layer(&request.who)?;
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let mut categories = category::all(&mut session).await?;
    categories.retain(|category| category.active);
    let ticket = desk.pepper().await?.ticket(desk.services.context.clock.now())?;
    let mut response = if request.format == Format::Json {
        let bbox: [f64; 4] = desk.services.context.installation.bbox.into();
        reply::json(&document(&categories, &ticket, bbox, request.language), links::media::JSON, request.language)
    } else {
        let place = place(&mut session, &request).await.map_err(failed)?;
        let chosen = categories.iter().find(|category| Some(category.code.as_str()) == request.params.get("category"));
        let content = match (chosen, place.point) {
            (Some(category), Some(point)) => {
                let found = near::find(&mut session, &layer, &request.who, point, &category.code).await.map_err(failed)?;
                second(&request, category, &place, point, &found, &ticket)
            }
            _ => first(&request, &categories, &place),
        };
        let l = request.language;
        let trail = vec![(request.relative("/reports/"), say(l, "Segnalazioni", "Reports").to_owned())];
        let content = html! {
            div id="report" data-maximum-text=(TEXT) { (content) }
            script type="module" src=(request.relative("/portal/report.js")) {}
        };
        let title = say(l, "Segnala un problema", "Report a problem");
        Page { title, trail, map: false }.render(&desk.services.context, &request, &content).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn document(categories: &[Category], ticket: &str, bbox: [f64; 4], l: Language) -> Value {
    let categories: Vec<Value> = categories
        .iter()
        .map(|c| {
            json!({ "code": c.code, "label": c.label(l), "hint": c.hint(l), "icon": icons::path(&c.icon), "expected_days": c.expected_days })
        })
        .collect();
    json!({
        "ticket": ticket, "work": { "hash": "SHA-256 of `{ticket}.{work}`", "zero_bits": WORK_BITS, "or_wait_s": 4 }, "bbox": bbox,
        "categories": categories,
    })
}

async fn place(conn: &mut PgConnection, request: &Request) -> Result<Place, sqlx::Error> {
    let number = |name: &str, most: f64| request.params.get(name).and_then(|t| t.parse::<f64>().ok()).filter(|n| n.abs() <= most);
    let said = request.params.get("address").map(str::trim).filter(|said| !said.is_empty() && said.len() <= 400).map(str::to_owned);
    if let Some(point) = number("lon", 180.0).zip(number("lat", 90.0)) {
        let point = [point.0, point.1];
        let address = match said {
            Some(said) => Some(said),
            None => near::address_at(conn, point).await?,
        };
        return Ok(Place { point: Some(point), address, unknown: false });
    }
    let Some(said) = said else { return Ok(Place { point: None, address: None, unknown: false }) };
    Ok(match find_address(conn, &said).await? {
        Some((lon, lat, known)) => Place { point: Some([lon, lat]), address: Some(known), unknown: false },
        None => Place { point: None, address: Some(said), unknown: true },
    })
}

/// What and where.
fn first(request: &Request, categories: &[Category], place: &Place) -> Markup {
    let l = request.language;
    let number = |n: f64| format!("{n:.6}");
    html! {
        p.lead { (say(l, "Senza registrarsi. Dite dove e che cosa: il resto è facoltativo.", "Without signing up. Say where and what: the rest is up to you.")) }
        @if place.unknown {
            p.note role="alert" {
                (say(l, "Questo indirizzo non è fra i numeri civici. Scrivete via e numero come sulla targa, per esempio «", "This is none of the house numbers. Write street and number as on the plate, as “"))
                "Via Roma, 12" (say(l, "».", "”."))
            }
        }
        @if request.params.get("category").is_some() && place.point.is_none() && !place.unknown {
            p.note role="alert" { (say(l, "Manca dove: scrivete l'indirizzo, poi scegliete di nuovo che cosa.", "Where is missing: write the address, then choose again what.")) }
        }
        form.card method="get" action=(request.relative("/reports/new")) {
            @if let Some([lon, lat]) = place.point {
                input type="hidden" name="lon" value=(number(lon)); input type="hidden" name="lat" value=(number(lat));
                p { strong { (say(l, "Dove: ", "Where: ")) } (place.address.as_deref().unwrap_or(say(l, "il punto scelto", "the chosen place"))) }
            } @else {
                (field("address", say(l, "Dove", "Where"), place.address.as_deref(),
                    Some(say(l, "Via e numero del civico più vicino", "Street and number of the nearest house")), &[("autocomplete", "street-address"), ("required", "")]))
            }
            fieldset {
                legend { (say(l, "Che cosa", "What")) }
                div.tiles { @for category in categories {
                    button.tile name="category" value=(category.code) {
                        (icons::icon(&category.icon)) span { (category.label(l)) } small { (category.hint(l)) }
                    }
                } }
            }
        }
        p { a href=(request.relative("/reports/")) { (say(l, "Che cosa è già stato segnalato", "What was reported already")) } }
    }
}

/// What is known there already, and the rest.
fn second(request: &Request, category: &Category, place: &Place, [lon, lat]: [f64; 2], near: &[Near], ticket: &str) -> Markup {
    let l = request.language;
    html! {
        p.lead { (icons::icon(&category.icon)) " " strong { (category.label(l)) } " · " (place.address.as_deref().unwrap_or(say(l, "il punto scelto", "the chosen place"))) }
        @if !near.is_empty() {
            h2 { (say(l, "È una di queste?", "Is it one of these?")) }
            p { (say(l, "Qui vicino è già noto:", "Known about here:")) }
            ul.cards { @for one in near { (known(request, one)) } }
            h2 { (say(l, "No, è un'altra", "No, it is another")) }
        }
        form.card method="post" action=(request.relative("/reports/")) enctype="multipart/form-data" {
            (hidden(None))
            input type="hidden" name="ticket" value=(ticket);
            input type="hidden" name="category" value=(category.code);
            input type="hidden" name="lon" value=(format!("{lon:.7}")); input type="hidden" name="lat" value=(format!("{lat:.7}"));
            p.field {
                label for="photo" { (say(l, "Foto (facoltativa)", "Photo (if you like)")) }
                input id="photo" name="photo" type="file" accept="image/jpeg,image/png,image/webp" aria-describedby="photo-hint";
                small id="photo-hint" { (say(l, "Le coordinate e gli altri dati nascosti nel file non vengono conservati.", "Position and other data hidden in the file are not kept.")) }
            }
            p.field {
                label for="text" { (say(l, "Che cosa c'è (facoltativo)", "What it is (if you like)")) }
                textarea id="text" name="text" maxlength=(TEXT) rows="4" aria-describedby="text-hint" {}
                small id="text-hint" { (say(l, "Sarà pubblico se la segnalazione viene approvata: non scrivete dati personali.", "It will be public if the report is approved: write no personal data.")) }
            }
            p.field.trap aria-hidden="true" {
                label for="website" { (say(l, "Lasciate vuoto", "Leave empty")) }
                input id="website" name="website" type="text" tabindex="-1" autocomplete="off";
            }
            p.actions { button.primary { (say(l, "Invia", "Send")) } }
        }
        p { a href=(request.relative("/reports/new")) { (say(l, "Ricomincia", "Start again")) } }
    }
}

/// A report that is known, with its "+1".
fn known(request: &Request, one: &Near) -> Markup {
    let l = request.language;
    html! {
        li {
            p { (badge(&one.state, l)) " " a href=(request.relative(&format!("/{LAYER}/{}", one.id))) { (one.id) } }
            p { (one.text.as_deref().unwrap_or_default()) }
            p { (one.address.as_deref().unwrap_or_default()) " · " (one.metres.round()) " m"
                @if one.supporters > 0 { " · +" (one.supporters) } }
            form method="post" action=(request.relative(&format!("/{LAYER}/{}/support", one.id))) {
                (hidden(None)) button { (say(l, "Sì, è questa: +1", "Yes, this one: +1")) }
            }
        }
    }
}
