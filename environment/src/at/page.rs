//! The answer for people.

use axum::response::Response;
use kernel::layer::FieldType;
use kernel::{Language, Services};
use maud::{Markup, html};
use operations::links::encode;
use operations::value::{grouped, readable};
use operations::{Page, Request, field, say};
use serde_json::Value;

use super::{Answer, Known, Place, Survey, Zone};
use crate::kind::Kind;
use crate::shown;

/// What is to be said of one kind, in a sentence that can stand alone.
pub(super) fn sentence(known: &Known, l: Language) -> String {
    let surveys: Vec<String> = known.surveys.iter().map(|survey| named(survey, l)).collect();
    let surveys = surveys.join("; ");
    let share = shown::percent(known.surveyed(), l);
    match (known.answer(), l) {
        (Answer::Found, Language::It) => format!("Sì: {} ({surveys})", count(known.zones.len(), "zona", "zone")),
        (Answer::Found, Language::En) => format!("Yes: {} ({surveys})", count(known.zones.len(), "zone", "zones")),
        (Answer::NoneFound, Language::It) => format!("Nulla, secondo il rilievo: {surveys}"),
        (Answer::NoneFound, Language::En) => format!("None found in the survey of: {surveys}"),
        (Answer::PartlySurveyed, Language::It) => {
            format!("Rilevato solo per {share}, dove non risulta nulla ({surveys}); del resto non si sa")
        }
        (Answer::PartlySurveyed, Language::En) => {
            format!("Only {share} was surveyed, with nothing found there ({surveys}); of the rest nothing is known")
        }
        (Answer::NotSurveyed, Language::It) => {
            "Non rilevato: nessun rilievo in vigore copre questo posto. Non vuol dire che non ci sia pericolo.".to_owned()
        }
        (Answer::NotSurveyed, Language::En) => {
            "Not surveyed: no survey in force covers this place. That does not mean that there is no hazard.".to_owned()
        }
    }
}

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Title, source, date and since when it holds.
fn named(survey: &Survey, l: Language) -> String {
    let text = |name: &str| survey.says[name].as_str().unwrap_or_default().to_owned();
    let of_date = match survey.says["source_date"].as_str() {
        Some(date) => format!(", {}", readable(FieldType::Date, None, &Value::from(date), l)),
        None => String::new(),
    };
    let begins = readable(FieldType::DateTime, None, &survey.says["begins"], l);
    let since = say(l, "in vigore dal", "in force since");
    format!("{} v.{}, {}{of_date}, {since} {begins}", text("title"), survey.says["number"], text("source"))
}

/// The page without a place: where do you want to know?
pub(super) fn question(services: &Services, request: &Request) -> Response {
    let l = request.language;
    let content = html! { p.lead { (intro(l)) } (form(l, None)) };
    let page = Page { title: say(l, "Che cosa vale qui?", "What applies here?"), trail: trail(request), map: false };
    page.alone(&services.context, request, &content)
}

fn intro(l: Language) -> &'static str {
    say(
        l,
        "Alluvioni, frane, rumore, incendi, balneazione, rifiuti e allerta in un punto o su una particella: con la fonte, la data, e ciò che nessuno ha rilevato.",
        "Floods, landslides, noise, fires, bathing, waste and alerts at a point or on a parcel: with source and date, and what nobody surveyed.",
    )
}

fn trail(request: &Request) -> Vec<(String, String)> {
    vec![(request.relative("/environment/datasets/"), say(request.language, "Rilievi ambientali", "Environmental surveys").to_owned())]
}

fn form(l: Language, place: Option<&Place>) -> Markup {
    let (point, parcel) = match place {
        Some(Place::Point(lon, lat)) => (Some(format!("{lon},{lat}")), None),
        Some(Place::Parcel(id)) => (None, Some(id.clone())),
        None => (None, None),
    };
    html! {
        form.card.filters method="get" {
            (field("parcel", say(l, "Particella", "Parcel"), parcel.as_deref(), Some(say(l, "come H224_001200.345", "as H224_001200.345")), &[("maxlength", "100")]))
            (field("point", say(l, "oppure punto: longitudine,latitudine", "or point: longitude,latitude"), point.as_deref(), Some("15.65,38.11"), &[("maxlength", "60")]))
            p.field { button.primary type="submit" { (say(l, "Che cosa vale qui?", "What applies here?")) } }
        }
    }
}

/// The page of an answer.
pub(super) fn render(services: &Services, request: &Request, place: &Place, known: &[Known], area: Option<f64>) -> Response {
    let l = request.language;
    let title = match place {
        Place::Point(lon, lat) => format!("{} {lon}, {lat}", say(l, "Che cosa vale in", "What applies at")),
        Place::Parcel(id) => format!("{} {id}", say(l, "Che cosa vale sulla particella", "What applies on parcel")),
    };
    let map = match place {
        Place::Point(lon, lat) => format!("/portal/#map=17/{lat}/{lon}"),
        Place::Parcel(id) => format!("/collections/parcels/items/{}?f=html", encode(id)),
    };
    let content = html! {
        p {
            @if let Some(area) = area { (say(l, "Superficie disegnata", "Drawn area")) " " (grouped(area.round() as i64, l)) " m² · " }
            a href=(request.relative(&map)) { (say(l, "Vedi il posto", "See the place")) }
        }
        @for known in known { (section(request, services, known)) }
        (form(l, Some(place)))
        p { small { (say(l, "Non è un certificato. Valgono gli atti citati, alla data indicata.", "This is no certificate. What counts are the acts named, at their dates.")) } }
    };
    Page { title: &title, trail: trail(request), map: false }.render(&services.context, request, &content)
}

fn section(request: &Request, services: &Services, known: &Known) -> Markup {
    let l = request.language;
    let answer = match known.answer() {
        Answer::Found => ("late", say(l, "risulta", "found")),
        Answer::NoneFound => ("good", say(l, "nulla rilevato", "none found")),
        Answer::PartlySurveyed => ("waiting", say(l, "rilevato in parte", "partly surveyed")),
        Answer::NotSurveyed => ("open", say(l, "non rilevato", "not surveyed")),
    };
    html! {
        section.card data-kind=(known.kind.name()) data-answer=(known.answer().name()) {
            h2 { (known.kind.title(l)) " " (shown::state(answer.0, answer.1)) }
            @if known.zones.is_empty() { p { (sentence(known, l)) } }
            @else { (zones(request, services, known)) }
            @for survey in &known.surveys {
                p { small {
                    (say(l, "Fonte", "Source")) ": " a href=(request.relative(&format!("/environment/datasets/{}", survey.id))) { (named(survey, l)) }
                    @if let Some(share) = survey.share.filter(|share| *share < super::WHOLE) { " · " (say(l, "copre", "covers")) " " (shown::percent(share, l)) }
                } }
            }
            p { small { (known.kind.law().get(l)) } }
        }
    }
}

fn zones(request: &Request, services: &Services, known: &Known) -> Markup {
    let l = request.language;
    let Some(layer) = services.layers.layer(&request.who, known.kind.layer()) else { return html! {} };
    let has_share = known.zones.iter().any(|zone| zone.share.is_some());
    let names: Vec<&str> =
        layer.fields.iter().map(|f| f.name.as_str()).filter(|name| known.zones.iter().any(|z| !z.says[name].is_null())).collect();
    let mut head: Vec<&str> = names.iter().map(|name| shown::label(&layer, name, l)).collect();
    if known.kind == Kind::Waste {
        head.push(say(l, "Distanza", "Distance"));
    }
    if has_share {
        head.push(say(l, "Parte della particella", "Part of the parcel"));
    }
    let today = shown::day_of(services.context.clock.now());
    let body = html! {
        @for zone in &known.zones {
            tr {
                @for name in &names {
                    td {
                        (cell(request, known.kind, zone, name, &shown::value(&layer, name, &zone.says[name], l)))
                        @if name.ends_with("_until") && crate::burnt::is_over(&zone.says[name], today) { " " (shown::state("ended", say(l, "scaduto", "ended"))) }
                    }
                }
                @if known.kind == Kind::Waste { td.number { (zone.says["distance_m"]) " m" } }
                @if has_share { td.number { @if let Some(share) = zone.share { (shown::percent(share, l)) } } }
            }
        }
    };
    html! {
        (shown::table(known.kind.title(l), &head, &body))
        @if known.kind == Kind::Noise { p { small { (say(l, "Di giorno è dalle 6 alle 22. I limiti non valgono nelle fasce di strade e ferrovie.", "By day is from 6 to 22. The limits do not hold in the strips along roads and railways.")) } } }
    }
}

/// A value; a fire's leads to its page, with the parcels.
fn cell(request: &Request, kind: Kind, zone: &Zone, name: &str, text: &str) -> Markup {
    if kind == Kind::Burnt && name == "burnt_on" {
        return html! { a href=(request.relative(&format!("/environment/burnt-areas/{}", encode(&zone.id)))) { (text) } };
    }
    html! { (text) }
}
