//! `GET /cadastre/`: a parcel by what people call it.

use axum::extract::State;
use axum::response::Response;
use kernel::{Problem, Services};
use maud::{Markup, html};
use operations::links::{media, query};
use operations::{Format, Page, Request, reply, say};
use serde_json::{Value, json};

use super::PARCELS;
use crate::search;

/// How many parcels are listed.
const MOST: u32 = 50;
/// Ways of writing one, which the page offers to try.
const EXAMPLES: [&str; 5] = ["fg 1 p 10", "1/10", "13A/594", "sez D fg 767 p 12", "H224_001200.345"];

/// The parcels and sheets that a text names, also those that are no more, with what took their place.
#[utoipa::path(
    get,
    path = "/cadastre/",
    tag = "cadastre",
    params(
        ("q" = Option<String>, Query, description = "`fg 12 p 345`, `13A/594`, a national reference", max_length = 200),
        ("f" = Option<String>, Query, description = "`json` or `html`"),
    ),
    responses(
        (status = 200, description = "`results` as `/search` answers them"),
        (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json")
    )
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&["q"])?;
    let text = request.params.get("q").unwrap_or_default().trim().to_owned();
    if text.chars().count() > 200 {
        return Err(Problem::invalid_parameter("q", "the text is too long", "at most 200 characters"));
    }
    operations::layer(&services, &request.who, PARCELS)?;
    let lookups = search::lookups(&text);
    let (layers, who) = (&*services.layers, &request.who);
    let found = catalogue::named(&services.context, layers, who, (&lookups, MOST), request.language).await?;
    Ok(match request.format {
        Format::Json => reply::json(&json!({ "q": text, "results": found }), media::JSON, request.language),
        Format::Html => {
            let title = say(request.language, "Catasto", "Cadastre");
            Page { title, trail: Vec::new(), map: false }.render(&services.context, &request, &content(&request, &text, &found))
        }
    })
}

fn content(request: &Request, text: &str, found: &[Value]) -> Markup {
    let l = request.language;
    html! {
        form.ask method="get" role="search" {
            label for="q" { (say(l, "Foglio e particella", "Sheet and parcel")) }
            p {
                input id="q" name="q" type="search" value=(text) maxlength="200" required;
                button.button { (say(l, "Cerca", "Search")) }
            }
            input type="hidden" name="lang" value=(l.tag());
        }
        p { (say(l, "Per esempio: ", "For example: "))
            @for (i, example) in EXAMPLES.iter().enumerate() {
                @if i > 0 { ", " }
                a href=(query([("q", *example), ("lang", l.tag())])) { (example) }
            }
            "."
        }
        @if !text.is_empty() && found.is_empty() {
            p.note role="status" {
                (say(l, "Nel catasto non c'è, o non è scritta come foglio e particella: ", "It is not in the cadastre, or not written as sheet and parcel: "))
                strong { (text) } ". "
                (say(l, "Un indirizzo si cerca dalla ", "An address is looked for from the ")) a href=(request.relative("/")) { (say(l, "prima pagina", "first page")) } "."
            }
        }
        @if !found.is_empty() {
            ul.found { @for one in found {
                li {
                    p { a href=(address(request, one)) { (one["title"].as_str().unwrap_or_default()) } }
                    p.quiet { (one["subtitle"].as_str().unwrap_or_default()) " · " code { (one["id"].as_str().unwrap_or_default()) } }
                }
            } }
        }
        p { a href=(request.relative("/collections/sheets/items")) { (say(l, "L'elenco dei fogli", "The list of sheets")) } }
    }
}

/// Its own page, or its item.
fn address(request: &Request, one: &Value) -> String {
    let (layer, id) = (one["layer"].as_str().unwrap_or_default(), one["id"].as_str().unwrap_or_default());
    let path = if layer == PARCELS { super::path(id) } else { format!("/collections/{layer}/items/{}", operations::links::encode(id)) };
    request.relative(&path)
}
