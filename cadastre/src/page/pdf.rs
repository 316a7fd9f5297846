//! A parcel as a document to print. It is made of lines and of the typefaces that every reader of such documents has, and is the same
//! whenever it is made, but for the time.

mod paper;
mod text;

use axum::response::{IntoResponse, Response};
use chrono_tz::Europe::Rome;
use http::{HeaderValue, header};
use kernel::layer::FieldType;
use kernel::{Context, Language, Layer};
use operations::links::media;
use operations::{Request, reply, say, value};
use serde_json::json;

use self::paper::{Paper, Stamp};
use super::record::{Record, Standing, short};
use super::{path, tables};

/// The document.
pub(super) fn render(context: &Context, layer: &Layer, request: &Request, record: &Record) -> Response {
    let bytes = document(context, layer, request, record);
    let name = format!("inline; filename=\"{}.pdf\"", record.shown.id);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    reply::write_common(request.language, headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media::PDF));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn document(context: &Context, layer: &Layer, request: &Request, record: &Record) -> Vec<u8> {
    let l = request.language;
    let mut paper = Paper::new();
    paper.title(&tables::title(record, l), context.installation.title.get(l));
    if let Some(said) = tables::standing(record, l) {
        paper.paragraph(&said);
    }
    if matches!(record.standing, Standing::Former(_)) && !record.lineage.present.is_empty() {
        let present: Vec<String> = record.lineage.present.iter().map(|id| short(id)).collect();
        paper.paragraph(&format!("{}{}.", say(l, "Al suo posto oggi: ", "In its place today: "), present.join(", ")));
    }
    for (name, value) in tables::facts(record, layer, l) {
        paper.pair(name, &value);
    }
    paper.plan(&record.plan, l);
    neighbours(&mut paper, record, l);
    census(&mut paper, record, l);
    owners(&mut paper, request, record, l);
    if !record.on.is_empty() {
        paper.heading(say(l, "Che cosa c'è sulla particella", "What is on the parcel"));
        paper.table(&tables::on(record, l));
    }
    paper.heading(say(l, "Storia", "History"));
    paper.table(&tables::history(record, l));
    for (title, all) in
        [(say(l, "Viene da", "It came from"), &record.lineage.came_from), (say(l, "È diventata", "It became"), &record.lineage.became)]
    {
        if !all.is_empty() {
            paper.heading(title);
            paper.table(&tables::relatives(all, l));
        }
    }
    let now = context.clock.now();
    let stamp = Stamp {
        title: format!("{}, {}", tables::title(record, l), record.comune.as_deref().unwrap_or(&record.shown.comune)),
        language: l,
        at: now.with_timezone(&Rome),
        lines: footer(context, layer, record, l),
    };
    paper.finish(&stamp)
}

/// At the foot of each page: where it comes from and when, and what it is not.
fn footer(context: &Context, layer: &Layer, record: &Record, l: Language) -> Vec<String> {
    let now = value::readable(FieldType::DateTime, None, &json!(context.clock.now()), l);
    let source = [layer.attribution.as_deref(), layer.licence.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let address = context.public_url.link(&path(&record.shown.id));
    vec![
        format!("{}: {source}. {}", say(l, "Fonte", "Source"), context.installation.title.get(l)),
        format!("{} {now} {} {address}", say(l, "Stampata il", "Printed on"), say(l, "da", "from")),
        say(
            l,
            "Non è una visura né un estratto di mappa certificati: quelli li rilascia l'Agenzia delle Entrate.",
            "This is no certified extract (visura, estratto di mappa): those are issued by the Agenzia delle Entrate.",
        )
        .to_owned(),
    ]
}

fn neighbours(paper: &mut Paper, record: &Record, l: Language) {
    if !record.neighbours.is_empty() {
        let all: Vec<String> = record.neighbours.iter().map(|one| short(&one.id)).collect();
        paper.pair(say(l, "Confinanti", "Neighbours"), &all.join(", "));
    }
}

fn census(paper: &mut Paper, record: &Record, l: Language) {
    let Some(census) = &record.census else { return };
    paper.heading(&format!("{} {}", say(l, "Censuario al", "Census on"), tables::day(record.day, l)));
    let (land, units) = (tables::land(census, l), tables::units(census, l));
    if land.is_none() && units.is_none() {
        paper.paragraph(say(
            l,
            "Il censuario caricato non ha nulla su questa particella.",
            "The census that was loaded has nothing on this parcel.",
        ));
    }
    for table in [land, units].into_iter().flatten() {
        paper.table(&table);
    }
    if census.cut {
        paper.paragraph(say(l, "Le unità sono di più: qui ci sono le prime.", "There are more units: these are the first."));
    }
}

/// Only for who said what for, which stands over them.
fn owners(paper: &mut Paper, request: &Request, record: &Record, l: Language) {
    let (Some(owners), Some(census)) = (&record.owners, &record.census) else { return };
    paper.heading(say(l, "Intestatari", "Holders"));
    let purposes: Vec<&str> = request.who.purposes().iter().map(String::as_str).collect();
    paper.paragraph(&format!("{}: {}.", say(l, "Dati personali, letti per", "Personal data, read for"), purposes.join("; ")));
    if owners.iter().all(|owned| owned.titles.is_empty()) {
        paper.paragraph(say(l, "Nessun intestatario è registrato.", "No holder is recorded."));
    }
    for owned in owners.iter().filter(|owned| !owned.titles.is_empty()) {
        if let Some(property) = census.all().nth(owned.at) {
            paper.line(&tables::property(property, l));
        }
        paper.table(&tables::titles(owned, l));
        paper.paragraph(&format!("{}{}", say(l, "Somma delle quote: ", "Sum of the shares: "), tables::sums(owned, l)));
    }
}
