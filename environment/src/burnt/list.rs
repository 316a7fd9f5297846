use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Language, Layer, Problem, Services};
use maud::{Markup, html};
use operations::{Format, Page, Request, csv, field, links, map, say};
use serde_json::{Value, json};

use super::{Fire, select, term};
use crate::shown;

const ON_A_PAGE: usize = 50;
const IN_A_FILE: usize = 20_000;

/// What is asked for.
#[derive(Default)]
struct Asked {
    year: Option<i32>,
    comune: Option<String>,
    after: Option<(NaiveDate, String)>,
}

/// `GET /environment/burnt-areas/`: the perimeters in force, the latest fire first, by `year` and `comune`; `f=csv`.
#[utoipa::path(
    get,
    path = "/environment/burnt-areas/",
    tag = "environment",
    params(("year" = Option<String>, Query, description = "The year of the fire"), ("comune" = Option<String>, Query, description = "ISTAT code, six digits"), ("cursor" = Option<String>, Query, description = "What `next` of the page before says"), ("f" = Option<String>, Query, description = "`json`, `html` or `csv`")),
    responses((status = 200, description = "The perimeters and `next`; a page; a table"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    let asked = read(&request)?;
    let layer = operations::layer(&services, &request.who, "burnt_areas")?;
    let now = services.context.clock.now();
    let most = if request.csv { IN_A_FILE } else { ON_A_PAGE };
    let mut found = fires(&services, &request, &layer, &asked, (now, most + 1)).await?;
    let more = found.len() > most;
    found.truncate(most);
    if request.csv {
        return Ok(csv::file("burnt_areas.csv", file(&found, &layer, request.language)));
    }
    let cursor = found.last().filter(|_| more).map(|fire| format!("{},{}", fire.burnt_on, fire.id));
    let next = cursor.map(|cursor| {
        let kept = request.params.iter().filter(|(name, _)| *name != "cursor");
        links::query(kept.chain([("cursor", cursor.as_str())]))
    });
    let today = shown::day_of(now);
    if request.format == Format::Json {
        let link = next.map(|query| services.context.public_url.link(&format!("/environment/burnt-areas/{query}")));
        let all: Vec<Value> = found.iter().map(|fire| fire.document(today)).collect();
        return Ok(shown::json(&request, &json!({ "burnt_areas": all, "next": link })));
    }
    Ok(page(&services, &request, &layer, &asked, (&found, next.as_deref(), today)))
}

fn read(request: &Request) -> Result<Asked, Problem> {
    request.only_of_list(&["year", "comune", "cursor"])?;
    let given = |name: &str| request.params.get(name).filter(|value| !value.is_empty());
    let wrong = |name: &str, allowed: &str| Problem::invalid_parameter(name, format!("`{name}` has no such value"), allowed);
    let year = given("year")
        .map(|text| text.parse().ok().filter(|year| (1900..=2200).contains(year)).ok_or_else(|| wrong("year", "a year, as 2021")))
        .transpose()?;
    let after = given("cursor")
        .map(|text| {
            let (date, id) = text.split_once(',')?;
            Some((date.parse().ok()?, id.to_owned()))
        })
        .map(|found| found.ok_or_else(|| wrong("cursor", "that of the link `next`")))
        .transpose()?;
    Ok(Asked { year, comune: given("comune").map(str::to_owned), after })
}

async fn fires(
    services: &Services,
    request: &Request,
    layer: &Layer,
    asked: &Asked,
    (now, most): (DateTime<Utc>, usize),
) -> Result<Vec<Fire>, Problem> {
    let failed = |e| Problem::database("list of burnt areas", &e);
    let mut sql = select(layer, &request.who);
    sql.push(" and published and valid_from <= ").push_bind(now).push(" and (valid_to is null or valid_to > ").push_bind(now).push(")");
    if let Some(year) = asked.year {
        sql.push(" and burnt_on >= make_date(")
            .push_bind(year)
            .push(", 1, 1) and burnt_on < make_date(")
            .push_bind(year + 1)
            .push(", 1, 1)");
    }
    if let Some(comune) = &asked.comune {
        sql.push(" and comune = ").push_bind(comune.replace('\0', ""));
    }
    if let Some((date, id)) = &asked.after {
        sql.push(" and (burnt_on, id) < (").push_bind(*date).push(", ").push_bind(id.replace('\0', "")).push(")");
    }
    sql.push(" order by burnt_on desc, id desc limit ").push_bind(most as i64);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)
}

fn file(found: &[Fire], layer: &Layer, language: Language) -> String {
    let names = ["burnt_on", "locality", "reforestation_until", "building_until", "use_until", "dataset"];
    let heads = ["id"].into_iter().chain(names.iter().map(|name| shown::label(layer, name, language))).chain(["comune", "m2"]);
    let mut text = csv::row(heads);
    for fire in found {
        let days = [fire.burnt_on, fire.reforestation_until, fire.building_until, fire.use_until].map(|day| day.to_string());
        let area = fire.area_m2.to_string();
        let locality = fire.locality.as_deref().unwrap_or_default();
        text.push_str(&csv::row([&*fire.id, &days[0], locality, &days[1], &days[2], &days[3], &*fire.dataset, &*fire.comune, &area]));
    }
    text
}

type Listed<'a> = (&'a [Fire], Option<&'a str>, NaiveDate);

fn page(services: &Services, request: &Request, layer: &Layer, asked: &Asked, (found, next, today): Listed<'_>) -> Response {
    let l = request.language;
    let query: Vec<(&str, &str)> = request.params.iter().filter(|(name, _)| !matches!(*name, "cursor" | "f")).collect();
    let as_csv = links::query(query.into_iter().chain([("f", "csv")]));
    let year = asked.year.map(|year| year.to_string());
    let content = html! {
        p.lead { (say(l, "I vincoli della legge 353/2000 (art. 10) scadono da soli, contati dal giorno dell'incendio.", "The constraints of law 353/2000 (art. 10) end by themselves, counted from the day of the fire.")) }
        (map(layer, Some(services.context.installation.bbox), None, l))
        form.card.filters method="get" {
            (field("year", say(l, "Anno dell'incendio", "Year of the fire"), year.as_deref(), None, &[("type", "number"), ("min", "1900"), ("max", "2200")]))
            (field("comune", say(l, "Comune (codice ISTAT)", "Comune (ISTAT code)"), asked.comune.as_deref(), None, &[("maxlength", "6"), ("inputmode", "numeric")]))
            p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
        }
        @if found.is_empty() {
            p.note { (say(l, "Nessun perimetro in vigore corrisponde.", "No perimeter in force matches.")) }
        } @else {
            (rows(request, found, today))
            (shown::next(l, next))
            p { a href=(as_csv) { "CSV" } }
        }
    };
    let trail = vec![(request.relative("/environment/datasets/"), say(l, "Rilievi ambientali", "Environmental surveys").to_owned())];
    let page = Page { title: say(l, "Aree percorse dal fuoco", "Burnt areas"), trail, map: true };
    page.render(&services.context, request, &content)
}

fn rows(request: &Request, found: &[Fire], today: NaiveDate) -> Markup {
    let l = request.language;
    let body = html! {
        @for fire in found {
            tr {
                th scope="row" { a href=(request.relative(&fire.path())) { (shown::day(fire.burnt_on, l)) } }
                td { (fire.locality.as_deref().unwrap_or("–")) }
                @for (_, _, until) in fire.constraints() { td { (term(until, today, l)) } }
                td { (fire.comune) }
            }
        }
    };
    let head = [
        say(l, "Incendio del", "Fire of"),
        say(l, "Località", "Locality"),
        say(l, "Rimboschimento pubblico", "Public reforestation"),
        say(l, "Edificazione, pascolo, caccia", "Building, grazing, hunting"),
        say(l, "Cambio d'uso", "Change of use"),
        "Comune",
    ];
    shown::table(say(l, "Incendi", "Fires"), &head, &body)
}
