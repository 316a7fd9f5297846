//! `GET /public-works/ordinances/new`: the form that an ordinance is registered with.

use axum::extract::State;
use axum::response::Response;
use kernel::{Problem, Services};
use maud::html;
use operations::{Page, Request, field, hidden, say};

use crate::layers::ORDINANCES;
use crate::shown::{choice, codes, draw_instead, label, place_fields, today};

/// For who may register ordinances; others are told so.
#[utoipa::path(
    get,
    path = "/public-works/ordinances/new",
    tag = "public works",
    responses((status = 200, description = "The form, a page alone"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_page(&[])?;
    let layer = operations::layer(&services, &request.who, ORDINANCES)?;
    if !request.who.may_edit(&layer) {
        return Err(Problem::not_editable("ordinances are registered by officers and planners of the comune"));
    }
    let l = request.language;
    let today = today(services.context.clock.now()).to_string();
    let content = html! {
        (draw_instead(&request, &layer, None))
        form.card method="post" action=(request.relative("/public-works/ordinances/")) {
            (hidden(None))
            (field("number", label(&layer, "number", l), None, None, &[("required", ""), ("maxlength", "40")]))
            (field("issued_on", label(&layer, "issued_on", l), Some(&today), None, &[("type", "date"), ("required", "")]))
            (field("act", label(&layer, "act", l), None, Some(say(l, "Ufficio che la emette, protocollo", "Office that issues it, protocol number")), &[("required", ""), ("maxlength", "300")]))
            (choice("closure", label(&layer, "closure", l), &codes(&layer, "closure", l), None, None))
            (field("limit_kmh", say(l, "Limite (km/h)", "Limit (km/h)"), None, Some(say(l, "Solo per un limite di velocità", "For a speed limit only")), &[("inputmode", "numeric")]))
            (field("road", say(l, "Strada e tratto", "Road and stretch"), None, None, &[("required", ""), ("maxlength", "200")]))
            p.field { label for="diversion" { (label(&layer, "diversion", l)) } textarea id="diversion" name="diversion" rows="2" maxlength="2000" {} }
            (field("valid_from", say(l, "Vale da", "In force from"), None, Some(say(l, "Ora italiana", "Italian time")), &[("type", "datetime-local"), ("required", "")]))
            (field("valid_to", say(l, "Fino a", "Until"), None, Some(say(l, "Senza, fino a revoca", "Without it, until revoked")), &[("type", "datetime-local")]))
            (place_fields(l))
            p.actions { button.primary type="submit" { (say(l, "Registra l'ordinanza", "Register the ordinance")) } }
        }
    };
    let trail = vec![("./?f=html".to_owned(), say(l, "Ordinanze stradali", "Road ordinances").to_owned())];
    Ok(Page { title: say(l, "Nuova ordinanza", "New ordinance"), trail, map: false }.alone(&services.context, &request, &content))
}
