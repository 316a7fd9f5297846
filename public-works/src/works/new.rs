//! `GET /public-works/new`: the form that a work is registered with. `?cup=` fills it in for one of the list to draw.

use axum::extract::State;
use axum::response::Response;
use kernel::{Problem, Services};
use maud::html;
use operations::{Page, Request, field, hidden, say};

use super::forms;
use crate::codes::{STATES, is_cup};
use crate::layers::WORKS;
use crate::shown::{choice, codes, draw_instead, place_fields};

/// For who may register works; others are told so.
#[utoipa::path(
    get,
    path = "/public-works/new",
    tag = "public works",
    params(("cup" = Option<String>, Query, description = "The CUP that it is of")),
    responses((status = 200, description = "The form, a page alone"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_page(&["cup"])?;
    let layer = operations::layer(&services, &request.who, WORKS)?;
    if !request.who.may_edit(&layer) {
        return Err(Problem::not_editable("works are registered by officers and planners of the comune"));
    }
    let l = request.language;
    let cup = request.params.get("cup").filter(|cup| is_cup(cup));
    let states: Vec<(&str, &str)> = codes(&layer, "state", l).into_iter().filter(|(code, _)| STATES[..8].contains(code)).collect();
    let content = html! {
        (draw_instead(&request, &layer, cup))
        form.card method="post" action=(request.relative("/public-works/")) {
            (hidden(None))
            (forms::facts(&layer, None, cup, l))
            (field("code", say(l, "Codice del comune", "Code of the comune"), None,
                Some(say(l, "Se manca il CUP, o se un'opera con questo CUP c'è già", "If there is no CUP, or a work of this CUP already")), &[("maxlength", "40")]))
            (choice("state", say(l, "Stato", "State"), &states, Some("planned"), None))
            (place_fields(l))
            p.actions { button.primary type="submit" { (say(l, "Registra l'opera", "Register the work")) } }
        }
    };
    let trail = vec![("./?f=html".to_owned(), say(l, "Opere pubbliche", "Public works").to_owned())];
    Ok(Page { title: say(l, "Nuova opera", "New work"), trail, map: false }.alone(&services.context, &request, &content))
}
