use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::{Language, Problem, Services, midnight_in_rome};
use maud::{Markup, html};
use operations::{Format, Page, Request, map, say};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow};

use super::words;
use crate::shown;

/// A zone's colours for a time.
#[derive(Clone, Debug, FromRow)]
struct Told {
    zone: String,
    name: Option<String>,
    hydraulic: Option<String>,
    hydrogeological: Option<String>,
    storms: Option<String>,
    worst: Option<String>,
    bulletin: Option<DateTime<Utc>>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    comuni: Vec<String>,
}

impl Told {
    fn document(&self) -> Value {
        json!({
            "zone": self.zone, "name": self.name, "worst": self.worst, "hydraulic": self.hydraulic, "hydrogeological": self.hydrogeological,
            "storms": self.storms, "bulletin": self.bulletin, "from": self.since, "to": self.until, "comuni": self.comuni,
        })
    }
}

/// `GET /environment/alerts`: the colours of each zone today and tomorrow, in words and signs; without a bulletin that is said, and is not green.
#[utoipa::path(
    get,
    path = "/environment/alerts",
    tag = "environment",
    params(("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "`today` and `tomorrow`, each with its `zones`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let layer = operations::layer(&services, &request.who, "alert_zones")?;
    let now = services.context.clock.now();
    let today = shown::day_of(now);
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let mut days = Vec::new();
    for day in [today, tomorrow] {
        days.push((day, told(&services, &request, &layer.seen_by(&request.who, "z"), day).await?));
    }
    if request.format == Format::Json {
        let of = |day: &(NaiveDate, Vec<Told>)| json!({ "day": day.0, "zones": day.1.iter().map(Told::document).collect::<Vec<_>>() });
        return Ok(shown::json(&request, &json!({ "today": of(&days[0]), "tomorrow": of(&days[1]) })));
    }
    let l = request.language;
    let content = html! {
        p.lead { (say(l, "I colori dell'ultimo bollettino della protezione civile per le zone di allerta del territorio. Senza bollettino non c'è colore: non vuol dire verde.",
            "The colours of the civil protection's latest bulletin for the alert zones here. Without a bulletin there is no colour: that is not green.")) }
        (map(&layer, Some(services.context.installation.bbox), None, l))
        @for (name, (day, zones)) in [say(l, "Oggi", "Today"), say(l, "Domani", "Tomorrow")].into_iter().zip(&days) {
            h2 { (name) ", " (shown::day(*day, l)) }
            (zones_of(name, zones, l))
        }
        p { small { (say(l, "Fonte: Dipartimento della protezione civile, bollettino di criticità idrogeologica e idraulica. D.Lgs. 1/2018.",
            "Source: department of civil protection, bulletin of hydrogeological and hydraulic risk. D.Lgs. 1/2018.")) } }
    };
    let trail = vec![(request.relative("/environment/datasets/"), say(l, "Rilievi ambientali", "Environmental surveys").to_owned())];
    let page = Page { title: say(l, "Allerta di protezione civile", "Civil protection alerts"), trail, map: true };
    Ok(page.render(&services.context, &request, &content))
}

/// What is told of each zone for some of that day; what is past today is left out by its validity in the page's order.
async fn told(services: &Services, request: &Request, zones: &str, day: NaiveDate) -> Result<Vec<Told>, Problem> {
    let failed = |e| Problem::database("alerts", &e);
    let now = services.context.clock.now();
    let start = midnight_in_rome(day).unwrap_or(now);
    let end = day.checked_add_days(Days::new(1)).and_then(midnight_in_rome).unwrap_or(start);
    let sql = format!(
        "select z.zone, max(z.name) as name, z.hydraulic, z.hydrogeological, z.storms, z.worst, z.bulletin,
                greatest(z.valid_from, $1) as since, least(coalesce(z.valid_to, 'infinity'), $2) as until, array_agg(distinct c.name) as comuni
           from {zones} join territory.v_comuni c on c.istat = z.comune
          where z.published and z.valid_from < $2 and coalesce(z.valid_to, 'infinity') > greatest($1, least($3, $2 - interval '1 second'))
          group by z.zone, z.hydraulic, z.hydrogeological, z.storms, z.worst, z.bulletin, since, until
          order by z.zone, since limit 500"
    );
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    sqlx::query_as(AssertSqlSafe(sql)).bind(start).bind(end).bind(now).fetch_all(&mut *session).await.map_err(failed)
}

fn zones_of(name: &str, zones: &[Told], l: Language) -> Markup {
    if zones.is_empty() {
        return html! { p.note { (say(l, "Qui non ci sono zone di allerta.", "There are no alert zones here.")) } };
    }
    html! {
        ul.cards aria-label=(name) {
            @for z in zones {
                li data-zone=(z.zone) {
                    h3 { (z.zone) @if let Some(name) = &z.name { ", " (name) } }
                    p { (z.comuni.join(", ")) " · " (span(z, l)) }
                    dl {
                        dt { (say(l, "Idraulico", "Hydraulic")) } dd { (colour_of(z.hydraulic.as_deref(), l)) }
                        dt { (say(l, "Idrogeologico", "Hydrogeological")) } dd { (colour_of(z.hydrogeological.as_deref(), l)) }
                        dt { (say(l, "Temporali", "Storms")) } dd { (colour_of(z.storms.as_deref(), l)) }
                        @if let Some(at) = z.bulletin { dt { (say(l, "Bollettino", "Bulletin")) } dd { (shown::instant(at, l)) } }
                    }
                }
            }
        }
    }
}

fn colour_of(colour: Option<&str>, l: Language) -> Markup {
    let (sign, word) = words(colour, l);
    html! { span class={ "alert " (colour.unwrap_or("none")) } { span aria-hidden="true" { (sign) } " " (word) } }
}

/// The hours of the day that it holds for.
fn span(z: &Told, l: Language) -> String {
    let hour = |at: DateTime<Utc>| at.with_timezone(&chrono_tz::Europe::Rome).format("%H:%M").to_string();
    match (hour(z.since), hour(z.until)) {
        (since, until) if since == "00:00" && until == "00:00" => say(l, "tutto il giorno", "all day").to_owned(),
        (since, until) if until == "00:00" => format!("{since}–24:00"),
        (since, until) => format!("{since}–{until}"),
    }
}
