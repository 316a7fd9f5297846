use axum::response::Response;
use kernel::{Context, Language, Layer};
use maud::{Markup, html};
use operations::links::{encode, query};
use operations::{Page, Request, field, map, say};

use super::lineage::Relative;
use super::path;
use super::record::{Record, Standing, short};
use super::tables::{self, Table, day};

pub(super) use super::tables::span;

/// The page of a parcel.
pub(super) fn render(context: &Context, layer: &Layer, request: &Request, record: &Record) -> Response {
    let l = request.language;
    let title = tables::title(record, l);
    let content = html! {
        p.lead { code { (record.shown.id) } " " (mark(record, l)) }
        @if let Some(said) = tables::standing(record, l) { p.note role="status" { (said) (instead(request, record, l)) } }
        (map(layer, record.bbox(), Some(&record.shown.id), l))
        div.columns {
            section aria-labelledby="facts" {
                h2 id="facts" { (say(l, "La particella", "The parcel")) }
                dl { @for (name, value) in tables::facts(record, layer, l) { dt { (name) } dd { (value) } } }
                (sheet(request, record, l))
            }
            section aria-labelledby="plan" {
                h2 id="plan" { (say(l, "Pianta", "Plan")) }
                (record.plan.svg(&format!("{}: {title}", say(l, "Pianta con le particelle confinanti", "Plan with the neighbouring parcels"))))
                p.actions { a.button href=(query([("f", "pdf"), ("lang", l.tag())].into_iter().chain(request.params.get("at").map(|at| ("at", at))))) {
                    (say(l, "Scheda da stampare (PDF)", "To print (PDF)")) } }
            }
        }
        (neighbours(request, record, l))
        (census(record, l))
        @if record.is_served() { (owners(request, record, l)) }
        (history(request, record, l))
        (elsewhere(request, record, &title, l))
    };
    let trail = vec![(request.relative("/cadastre/"), say(l, "Catasto", "Cadastre").to_owned())];
    Page { title: &title, trail, map: true }.render(context, request, &content)
}

fn mark(record: &Record, l: Language) -> Markup {
    let (class, word) = match record.standing {
        Standing::Current => ("state good", say(l, "in mappa", "on the map")),
        Standing::Former(_) => ("state ended", say(l, "soppressa", "suppressed")),
        Standing::Coming(_) => ("state open", say(l, "non ancora in mappa", "not yet on the map")),
    };
    html! { span class=(class) { (word) } }
}

/// What there is in place of a parcel that is no more; the way back from a day to now.
fn instead(request: &Request, record: &Record, l: Language) -> Markup {
    let is_former = matches!(record.standing, Standing::Former(_));
    html! {
        @if is_former && !record.lineage.present.is_empty() {
            " " (say(l, "Al suo posto oggi: ", "In its place today: "))
            @for (i, id) in record.lineage.present.iter().enumerate() { @if i > 0 { ", " } a href=(request.relative(&path(id))) { (short(id)) } }
            "."
        }
        @if is_former && record.lineage.present.is_empty() {
            " " (say(l, "Che cosa ne è stato non è noto al registro.", "What became of it is not known to the register."))
        }
        @if record.at.is_some() { " " a href=(request.relative(&path(&record.shown.id))) { (say(l, "Com'è oggi", "As it is today")) } }
    }
}

fn sheet(request: &Request, record: &Record, l: Language) -> Markup {
    html! {
        @if let Some(sheet) = record.shown.sheet() {
            p { a href=(request.relative(&format!("/collections/sheets/items/{}", encode(&sheet.to_string())))) {
                (say(l, "Il foglio", "The sheet")) " " (sheet.short()) } }
        }
    }
}

fn table(table: &Table) -> Markup {
    let class = |at: usize| table.columns.get(at).filter(|column| column.number).map(|_| "number");
    html! {
        div.scroll tabindex="0" {
            table {
                thead { tr { @for (i, column) in table.columns.iter().enumerate() { th scope="col" class=[class(i)] { (column.name) } } } }
                tbody {
                    @for row in &table.rows { tr { @for (i, cell) in row.iter().enumerate() { td class=[class(i)] { (cell) } } } }
                    @if let Some(totals) = &table.totals { tr { @for (i, cell) in totals.iter().enumerate() { td class=[class(i)] { strong { (cell) } } } } }
                }
            }
        }
    }
}

fn neighbours(request: &Request, record: &Record, l: Language) -> Markup {
    html! {
        section aria-labelledby="neighbours" {
            h2 id="neighbours" { (say(l, "Confinanti", "Neighbours")) }
            @if record.neighbours.is_empty() { p { (say(l, "Nessuna particella confina con questa sulla mappa.", "No parcel shares a boundary with this one on the map.")) } }
            ul.beside { @for one in &record.neighbours {
                li {
                    a href=(request.relative(&path(&one.id))) { (short(&one.id)) }
                    @match &*one.kind { "street" => (say(l, ", strada", ", street")), "water" => (say(l, ", acqua", ", water")), _ => "" }
                }
            } }
        }
    }
}

fn census(record: &Record, l: Language) -> Markup {
    let Some(census) = &record.census else {
        return html! { p { small.quiet { (say(l, "I dati del censuario e gli intestatari li legge il personale del comune.", "The census and the holders are read by the staff of the comune.")) } } };
    };
    html! {
        section aria-labelledby="census" {
            h2 id="census" { (say(l, "Censuario al ", "Census on ")) (day(record.day, l)) }
            @if census.land.is_empty() && census.units.is_empty() {
                p { (say(l, "Il censuario caricato non ha nulla su questa particella.", "The census that was loaded has nothing on this parcel.")) }
            }
            @if let Some(land) = tables::land(census, l) { h3 { (say(l, "Terreni", "Land")) } (table(&land)) }
            @if let Some(units) = tables::units(census, l) { h3 { (say(l, "Fabbricati", "Buildings")) } (table(&units)) }
            @if census.cut { p { (say(l, "Le unità sono di più: qui ci sono le prime.", "There are more units: these are the first.")) } }
        }
    }
}

/// Names are shown to those who said what they read them for; the others of the office are asked.
fn owners(request: &Request, record: &Record, l: Language) -> Markup {
    let at = request.params.get("at");
    html! {
        section aria-labelledby="owners" {
            h2 id="owners" { (say(l, "Intestatari", "Holders")) }
            @match (&record.owners, &record.census) {
                (Some(owners), Some(census)) => {
                    @if owners.iter().all(|owned| owned.titles.is_empty()) { p { (say(l, "Nessun intestatario è registrato.", "No holder is recorded.")) } }
                    @for owned in owners.iter().filter(|owned| !owned.titles.is_empty()) {
                        h3 { (census.all().nth(owned.at).map(|p| tables::property(p, l)).unwrap_or_default()) }
                        (table(&tables::titles(owned, l)))
                        p.quiet { (say(l, "Somma delle quote: ", "Sum of the shares: ")) (tables::sums(owned, l)) }
                    }
                    (printed(request, at, l))
                },
                _ => form.card method="get" {
                    p { (say(l, "Sono dati personali: si leggono per uno scopo, che resta nel registro degli accessi.", "These are personal data: they are read for a purpose, which is kept in the log of accesses.")) }
                    (field("access-purpose", say(l, "Scopo della lettura", "Purpose of reading"), None, Some(say(l, "Per esempio: accesso agli atti", "For example: a request of access")), &[("required", ""), ("maxlength", "200")]))
                    @if let Some(at) = at { input type="hidden" name="at" value=(at); }
                    p.actions { button type="submit" { (say(l, "Mostra", "Show")) } }
                },
            }
        }
    }
}

/// The same to print: it is another reading, for the same purpose.
fn printed(request: &Request, at: Option<&str>, l: Language) -> Markup {
    html! {
        form method="get" {
            input type="hidden" name="f" value="pdf";
            input type="hidden" name="lang" value=(l.tag());
            @if let Some(at) = at { input type="hidden" name="at" value=(at); }
            @for purpose in request.who.purposes() { input type="hidden" name="access-purpose" value=(purpose); }
            p.actions { button type="submit" { (say(l, "Scheda con gli intestatari (PDF)", "With the holders, to print (PDF)")) } }
        }
    }
}

fn history(request: &Request, record: &Record, l: Language) -> Markup {
    let lineage = &record.lineage;
    html! {
        section aria-labelledby="history" {
            h2 id="history" { (say(l, "Storia", "History")) }
            ol.timeline { @for version in record.versions.iter().rev() {
                @let (from, to) = version.days();
                li {
                    time datetime=(from) { (span(from, to, l)) }
                    a href=(query([("at", &*from.to_string()), ("lang", l.tag())])) { (tables::decimal(version.measured_m2, 1, l)) " m²" }
                    @if version.fid == record.shown.fid { " · " (say(l, "mostrata qui", "shown here")) }
                }
            } }
            form.filters method="get" {
                (field("at", say(l, "Com'era il giorno", "As it was on"), request.params.get("at"), None, &[("type", "date"), ("required", "")]))
                input type="hidden" name="lang" value=(l.tag());
                p.field { button { (say(l, "Mostra", "Show")) } }
            }
            (relatives(request, say(l, "Viene da", "It came from"), &lineage.came_from, l))
            (relatives(request, say(l, "È diventata", "It became"), &lineage.became, l))
        }
    }
}

fn relatives(request: &Request, title: &str, all: &[Relative], l: Language) -> Markup {
    html! {
        @if !all.is_empty() {
            h3 { (title) }
            ul { @for one in all {
                li {
                    a href=(request.relative(&path(&one.id))) { (short(&one.id)) }
                    " · " (day(one.day, l)) " · " (tables::decimal(one.area_m2, 1, l)) " m² " (say(l, "di terreno in comune", "of ground in common"))
                }
            } }
        }
    }
}

/// What the other themes say of it: they know no parcel, but what lies on it.
fn elsewhere(request: &Request, record: &Record, title: &str, l: Language) -> Markup {
    let point = record.bbox().map(|bbox| bbox.centre()).map(|(lon, lat)| format!("{lon:.6},{lat:.6}"));
    html! {
        section aria-labelledby="elsewhere" {
            h2 id="elsewhere" { (say(l, "Che altro c'è qui", "What else is here")) }
            @if !record.on.is_empty() {
                div.scroll tabindex="0" { table {
                    thead { tr { @for column in &tables::on(record, l).columns { th scope="col" class=[column.number.then_some("number")] { (column.name) } } } }
                    tbody { @for one in &record.on {
                        tr {
                            td { (one.layer.title.get(l)) }
                            td { a href=(request.relative(&one.path())) { (one.title) } }
                            td.number { (tables::how_much(one, l)) }
                        }
                    } }
                } }
            }
            ul {
                @if let Some(point) = &point {
                    li { a href=(format!("{}{}", request.relative("/here"), query([("point", point.as_str()), ("q", title), ("lang", l.tag())]))) {
                        (say(l, "Pratiche, lavori, vincoli e pericoli qui attorno", "Applications, works, constraints and hazards near here")) } }
                }
                li { a href=(request.relative(&format!("/identify?feature=parcels/{}", encode(&record.shown.id)))) {
                    (say(l, "Che cosa cade sulla particella, con le superfici (JSON)", "What lies on the parcel, with areas (JSON)")) } }
                li { a href=(request.relative(&format!("/collections/parcels/items/{}", encode(&record.shown.id)))) {
                    (say(l, "La particella tra i dati aperti", "The parcel among the open data")) } }
            }
        }
    }
}
