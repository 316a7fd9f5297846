use attachments::Files;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Language, Problem, Services};
use maud::{Markup, html};
use operations::links::encode;
use operations::value::grouped;
use operations::{Format, Page, Request, absent, csv, map, say};
use serde_json::Value;

use super::parcels::{Touched, touched};
use super::{Fire, select, term};
use crate::shown;

/// `GET /environment/burnt-areas/{id}`: a perimeter with the constraints' ends and the parcels touched, as they were on the day of the fire;
/// `f=csv` has the parcels.
#[utoipa::path(
    get,
    path = "/environment/burnt-areas/{id}",
    tag = "environment",
    params(("id" = String, Path, description = "The perimeter"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only_of_list(&[])?;
    let failed = |e| Problem::database("burnt area", &e);
    let layer = operations::layer(&services, &request.who, "burnt_areas")?;
    let now = services.context.clock.now();
    let mut session = services.context.database.snapshot(&request.who).await.map_err(failed)?;
    let mut sql = select(&layer, &request.who);
    sql.push(" and id = ").push_bind(id.replace('\0', "")).push(" order by valid_from desc limit 1");
    let fire: Option<Fire> = sql.build_query_as().fetch_optional(&mut *session).await.map_err(failed)?;
    let fire = fire.ok_or_else(|| absent(&layer, &id))?;
    let parcels = touched(&mut session, &fire, now).await.map_err(failed)?;
    let files = Files::of(&mut session, &layer, &request.who, &fire.id).await.map_err(failed)?;
    let extent: (f64, f64, f64, f64) = sqlx::query_as(
        "select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b)
           from (select st_transform(st_envelope(geom), 4326) as b from environment.burnt_areas where fid = $1) t",
    )
    .bind(fire.fid)
    .fetch_one(&mut *session)
    .await
    .map_err(failed)?;
    drop(session);
    let today = shown::day_of(now);
    if request.csv {
        return Ok(csv::file(&format!("burnt_area_{}.csv", fire.id), file(&fire, &parcels, today, request.language)));
    }
    let tag = format!("\"{}.{}\"", fire.fid, fire.version);
    if request.format == Format::Json {
        let mut document = fire.document(today);
        document["parcels"] = parcels.iter().map(Touched::document).collect::<Vec<Value>>().into();
        document["attachments"] = files.path().map(|path| services.context.public_url.link(path)).into();
        return Ok(shown::tagged(&tag, shown::json(&request, &document)));
    }
    let (west, south, east, north) = extent;
    let bbox = kernel::Bbox::new(west, south, east, north).ok();
    let title = title(&fire, request.language);
    let content = html! {
        @if !fire.published { p role="status" { (shown::state("open", say(request.language, "bozza", "draft"))) } }
        (map(&layer, bbox, Some(&fire.id), request.language))
        (facts(&request, &fire, today))
        h2 { (say(request.language, "Particelle toccate", "Parcels touched")) }
        (list(&request, &parcels))
        (files.section(&request))
    };
    let trail =
        vec![(request.relative("/environment/burnt-areas/"), say(request.language, "Aree percorse dal fuoco", "Burnt areas").to_owned())];
    let response = Page { title: &title, trail, map: true }.render(&services.context, &request, &content);
    Ok(shown::tagged(&tag, response))
}

fn title(fire: &Fire, l: Language) -> String {
    let day = shown::day(fire.burnt_on, l);
    let place = fire.locality.as_deref().map(|place| format!(", {place}")).unwrap_or_default();
    format!("{} {day}{place}", say(l, "Incendio del", "Fire of"))
}

fn facts(request: &Request, fire: &Fire, today: NaiveDate) -> Markup {
    let l = request.language;
    html! {
        dl {
            @for (_, (it, en), until) in fire.constraints() {
                dt { (say(l, "Divieto di ", "No ")) (say(l, it, en)) } dd { (term(until, today, l)) }
            }
            dt { (say(l, "Superficie", "Area")) } dd { (grouped(fire.area_m2 as i64, l)) " m²" }
            dt { (say(l, "Rilievo", "Survey")) } dd { a href=(request.relative(&format!("/environment/datasets/{}", encode(&fire.dataset)))) { (fire.dataset) } }
            dt { (say(l, "Norma", "Law")) } dd { "L. 353/2000, art. 10" }
            dt { "Comune" } dd { (fire.comune) }
        }
    }
}

fn list(request: &Request, parcels: &[Touched]) -> Markup {
    let l = request.language;
    if parcels.is_empty() {
        return html! { p.note { (say(l, "Nessuna particella: il perimetro è fuori dalla mappa catastale.", "No parcel: the perimeter lies off the cadastral map.")) } };
    }
    let body = html! {
        @for p in parcels {
            tr {
                th scope="row" {
                    @if p.is_now { a href=(request.relative(&format!("/collections/parcels/items/{}?f=html", encode(&p.id)))) { (p.id) } } @else { (p.id) }
                }
                td.number { (p.sheet) } td.number { (p.number) }
                td.number { (grouped(p.area_m2.round() as i64, l)) " m²" } td.number { (shown::percent(p.share, l)) }
                td {
                    @if p.of_the_day { (say(l, "com'era quel giorno", "as it was on that day")) }
                    @else { (say(l, "prima versione nota, del", "first state known, of")) " " (shown::instant(p.valid_from, l)) }
                    @if !p.is_now { " · " (say(l, "oggi soppressa", "gone today")) }
                }
            }
        }
    };
    let head = [
        say(l, "Particella", "Parcel"),
        say(l, "Foglio", "Sheet"),
        say(l, "Numero", "Number"),
        say(l, "Bruciati", "Burnt"),
        say(l, "Parte", "Part"),
        say(l, "Mappa", "Map"),
    ];
    html! {
        (shown::table(say(l, "Particelle", "Parcels"), &head, &body))
        p { a href="?f=csv" { "CSV" } }
    }
}

/// A line for each parcel, with the constraints' ends.
fn file(fire: &Fire, parcels: &[Touched], today: NaiveDate, l: Language) -> String {
    let heads = match l {
        Language::It => [
            "particella",
            "comune",
            "foglio",
            "numero",
            "m2_bruciati",
            "parte",
            "mappa_del",
            "incendio_del",
            "rimboschimento_fino_al",
            "edificazione_fino_al",
            "cambio_uso_fino_al",
            "vincoli_in_vigore",
        ],
        Language::En => [
            "parcel",
            "comune",
            "sheet",
            "number",
            "m2_burnt",
            "share",
            "map_of",
            "fire_of",
            "reforestation_until",
            "building_until",
            "use_until",
            "constraints_in_force",
        ],
    };
    let days = [fire.burnt_on, fire.reforestation_until, fire.building_until, fire.use_until].map(|day| day.to_string());
    let in_force = fire.constraints().iter().filter(|(_, _, until)| *until > today).count().to_string();
    let mut text = csv::row(heads);
    for p in parcels {
        let (sheet, area, share, map) =
            (p.sheet.to_string(), p.area_m2.to_string(), p.share.to_string(), shown::day_of(p.valid_from).to_string());
        let cells = [&*p.id, &*p.comune, &sheet, &*p.number, &area, &share, &map, &days[0], &days[1], &days[2], &days[3], &in_force];
        text.push_str(&csv::row(cells));
    }
    text
}
