use axum::extract::State;
use axum::response::Response;
use kernel::{Problem, Services};
use maud::html;
use operations::{Page, Request, field, hidden, say};

use super::{codes, forms, select};
use crate::layers::PERMITS;
use crate::record;

/// `GET /permits/new`: the form for a new application, for those who may register one.
#[utoipa::path(
    get,
    path = "/permits/new",
    tag = "permits",
    responses((status = 200, description = "The form, a page alone"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_page(&[])?;
    let layer = operations::layer(&services, &request.who, PERMITS)?;
    if !request.who.may_edit(&layer) {
        return Err(Problem::not_found("there is nothing here, or nothing for you"));
    }
    let l = request.language;
    let today = record::today(services.context.clock.now()).to_string();
    let number = format!("{}-000123", &today[..4]);
    let yes_no = [("false", "no".to_owned()), ("true", say(l, "sì", "yes").to_owned())];
    let content = html! {
        form.card method="post" action="./" {
            (hidden(None))
            div.columns {
                (field("protocol", say(l, "Protocollo", "Protocol"), None, Some(&number), &[("required", ""), ("maxlength", "20")]))
                (field("filed_on", say(l, "Presentata il", "Filed on"), Some(&today), None, &[("type", "date"), ("required", ""), ("max", &today)]))
            }
            (select("kind", say(l, "Tipo", "Kind"), &codes(&layer, "kind", l), None, Some(say(l, "Scegliere", "Choose"))))
            p.field {
                label for="subject" { (say(l, "Oggetto", "Subject")) }
                textarea id="subject" name="subject" required maxlength="1000" {}
            }
            (forms::parcels("", l))
            (field("address", say(l, "Indirizzo", "Address"), None, Some(say(l, "Come al civico: se non ci sono particelle dice anche il luogo", "As at the house number: without parcels it says the place")), &[("maxlength", "200")]))
            p.field {
                label for="geometry" { (say(l, "Area dei lavori (GeoJSON, facoltativa)", "Area of the works (GeoJSON, optional)")) }
                textarea id="geometry" name="geometry" aria-describedby="geometry-hint" {}
                small id="geometry-hint" { (say(l, "Un poligono in longitudine e latitudine; senza, vale l'area delle particelle", "A polygon in longitude and latitude; without it, the parcels' area")) }
            }
            (select("complex", say(l, "Progetto complesso", "Complex project"), &yes_no, Some("false"), None))
            (select("constraint_kind", say(l, "Vincolo sul luogo", "Constraint on the place"), &codes(&layer, "constraint_kind", l), None, Some(say(l, "Nessuno", "None"))))
            (forms::constraint(None, None, l))
            (forms::people(true, l))
            p.actions { button.primary type="submit" { (say(l, "Registra la pratica", "Register it")) } }
        }
    };
    let trail = vec![("./".to_owned(), say(l, "Pratiche edilizie", "Building applications").to_owned())];
    Ok(Page { title: say(l, "Nuova pratica", "New application"), trail, map: false }.alone(&services.context, &request, &content))
}
