//! `GET /public-works/to-draw`: works that OpenCUP places in a comune and nobody has drawn.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Layer, Problem, Services};
use maud::html;
use operations::links::{encode, media};
use operations::{Format, Page, Request, csv, hidden, reply, say};
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;

use crate::layers::WORKS;
use crate::shown::{drawing, instant};

/// As many are on a page.
const PAGE: usize = 100;

#[derive(Debug, FromRow, Serialize)]
struct Unplaced {
    cup: String,
    comune: String,
    name: Option<String>,
    imported_at: DateTime<Utc>,
}

/// For the staff of the comuni, of theirs. `after` is the comune and CUP that the page before ended with.
#[utoipa::path(
    get,
    path = "/public-works/to-draw",
    tag = "public works",
    params(("after" = Option<String>, Query, description = "What `next` of the page before says"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "Works that OpenCUP knows here and that nobody has drawn"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&["after"])?;
    let layer = operations::layer(&services, &request.who, WORKS)?;
    if !request.who.may_edit(&layer) {
        return Err(Problem::not_editable("the list to draw is for officers and planners of the comune"));
    }
    let after = request.params.get("after").unwrap_or_default();
    let (comune, cup) = after.split_once('.').unwrap_or_default();
    let failed = |e| Problem::database("reading the list to draw", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let mut rows: Vec<Unplaced> = sqlx::query_as(
        "select u.cup, u.comune, c.name, u.imported_at
           from public_works.unplaced u left join territory.v_comuni c on c.istat = u.comune
          where (u.comune, u.cup) > ($1, $2) order by u.comune, u.cup limit $3",
    )
    .bind(comune.replace('\0', ""))
    .bind(cup.replace('\0', ""))
    .bind(if request.csv { 10_000 } else { PAGE as i64 + 1 })
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    if request.csv {
        let mut table = csv::row(["cup", "comune", "name", "imported_at"]);
        for row in &rows {
            table += &csv::row([&*row.cup, &row.comune, row.name.as_deref().unwrap_or_default(), &row.imported_at.to_rfc3339()]);
        }
        return Ok(csv::file("to-draw.csv", table));
    }
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.comune, last.cup));
    if request.format == Format::Json {
        let link = |after: &String| services.context.public_url.link(&format!("/public-works/to-draw?after={after}"));
        return Ok(reply::json(&json!({ "to_draw": rows, "next": next.as_ref().map(link) }), media::JSON, request.language));
    }
    Ok(page(&services, &layer, &request, &rows, next.as_deref()))
}

fn page(services: &Services, layer: &Layer, request: &Request, rows: &[Unplaced], next: Option<&str>) -> Response {
    let l = request.language;
    let (draw, name) = (say(l, "Disegna", "Draw"), say(l, "Indica la\u{a0}strada", "Name the\u{a0}street"));
    let content = html! {
        p.lead { (say(l, "Opere che OpenCUP attribuisce al comune e che non hanno ancora un luogo.", "Works that OpenCUP gives to the comune and that have no place yet.")) }
        @if rows.is_empty() {
            p.note role="status" { (say(l, "Non c'è nulla da disegnare.", "There is nothing to draw.")) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(say(l, "Opere da disegnare", "Works to draw")) {
                table {
                    thead { tr {
                        th scope="col" { "CUP" } th scope="col" { (say(l, "Luogo", "Place")) }
                        th scope="col" { "Comune" } th scope="col" { (say(l, "Importata", "Imported")) }
                    } }
                    tbody { @for row in rows { tr {
                        th scope="row" { code { (row.cup) } }
                        td {
                            a href=(drawing(request, layer, Some(&row.comune), Some(&row.cup))) aria-label={ (draw) " (" (row.cup) ")" } { (draw) }
                            br; a href={ "new?f=html&cup=" (encode(&row.cup)) } aria-label={ (name) " (" (row.cup) ")" } { (name) }
                        }
                        td { (row.name.as_deref().unwrap_or(&row.comune)) }
                        td { (instant(row.imported_at, l)) }
                    } } }
                }
            }
            @if let Some(next) = next { nav.pages { a.button rel="next" href={ "?f=html&after=" (encode(next)) } { (say(l, "Successive", "Next")) " ›" } } }
        }
        details {
            summary { (say(l, "Importa le localizzazioni di OpenCUP", "Import the localisations of OpenCUP")) }
            form.card method="post" action=(request.relative("/public-works/opencup")) {
                (hidden(None))
                p.field {
                    label for="csv" { (say(l, "Contenuto del file «Localizzazione» (CSV)", "Content of the file \"Localizzazione\" (CSV)")) }
                    textarea id="csv" name="csv" rows="6" spellcheck="false" required {}
                    small { (say(l, "I file grandi si importano dal server: ", "Large files are imported on the server: ")) code { "opensit works import-opencup FILE" } }
                }
                p.actions { button.primary type="submit" { (say(l, "Importa", "Import")) } }
            }
        }
    };
    let trail = vec![("./?f=html".to_owned(), say(l, "Opere pubbliche", "Public works").to_owned())];
    Page { title: say(l, "Opere da disegnare", "Works to draw"), trail, map: false }.render(&services.context, request, &content)
}
