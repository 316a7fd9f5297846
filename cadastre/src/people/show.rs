//! `GET /cadastre/people/{comune}/{section}/{kind}{number}`: somebody, and what they hold and held.

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Language, Problem, PublicUrl, Services, Vault};
use operations::links::{encode, media};
use operations::{Format, Request, reply};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};

use super::{absent, opened, page, private, unstated};
use crate::holdings::words;

/// Titles that one answer has.
const MOST: usize = 2_000;

/// Somebody entitled.
#[derive(FromRow)]
pub(super) struct Subject {
    pub(super) comune: String,
    pub(super) section: String,
    pub(super) kind: String,
    pub(super) subject: i64,
    pub(super) name: String,
    pub(super) given_name: Option<String>,
    pub(super) born_on: Option<NaiveDate>,
    pub(super) born_in: Option<String>,
    pub(super) seat: Option<String>,
    pub(super) code_sealed: Option<Vec<u8>>,
}

/// A right, and the property as its last version has it.
#[derive(FromRow)]
pub(super) struct Holding {
    pub(super) nature: String,
    pub(super) property: i64,
    pub(super) holds: String,
    pub(super) holds_words: Option<String>,
    pub(super) numerator: Option<i64>,
    pub(super) denominator: Option<i64>,
    pub(super) regime: Option<String>,
    pub(super) since: Option<NaiveDate>,
    pub(super) since_act: Option<String>,
    pub(super) until: Option<NaiveDate>,
    pub(super) until_act: Option<String>,
    pub(super) category: Option<String>,
    pub(super) class: Option<String>,
    pub(super) quality: Option<i32>,
    pub(super) size: Option<f64>,
    pub(super) area_m2: Option<f64>,
    pub(super) income: Option<f64>,
    pub(super) income_farm: Option<f64>,
    pub(super) urban_section: Option<String>,
    pub(super) sheet: Option<i32>,
    pub(super) number: Option<String>,
    pub(super) below: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) address: Option<String>,
    pub(super) parcel: Option<String>,
}

impl Subject {
    fn document(&self, holdings: &[Holding], more: bool, vault: &Vault, url: &PublicUrl) -> Value {
        json!({
            "comune": self.comune, "section": self.section, "kind": self.kind, "number": self.subject, "name": self.name,
            "given_name": self.given_name, "born_on": self.born_on, "born_in": self.born_in, "seat": self.seat,
            "fiscal_code": opened(vault, self.code_sealed.as_deref()),
            "titles": holdings.iter().map(|holding| holding.document(url)).collect::<Vec<_>>(), "more": more,
        })
    }

    /// Surname and name, or the firm's.
    pub(super) fn whole_name(&self) -> String {
        match &self.given_name {
            Some(given) => format!("{} {given}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Holding {
    fn document(&self, url: &PublicUrl) -> Value {
        let right = words::right(&self.holds);
        json!({
            "nature": self.nature, "property": self.property,
            "right": { "code": self.holds, "it": right.it, "en": right.en, "words": self.holds_words },
            "share": self.numerator.zip(self.denominator).map(|(above, below)| json!({ "numerator": above, "denominator": below })),
            "regime": self.regime, "since": self.since, "since_act": self.since_act, "until": self.until, "until_act": self.until_act,
            "category": self.category, "class": self.class, "land_use": self.quality.and_then(words::quality_word),
            "size": self.size, "area_m2": self.area_m2, "income_eur": self.income, "income_farm_eur": self.income_farm,
            "place": self.sheet.map(|sheet| json!({
                "urban_section": self.urban_section, "sheet": sheet, "number": self.whole_number(), "unit": self.unit,
            })),
            "address": self.address, "parcel": self.parcel,
            "href": self.parcel.as_ref().map(|id| url.link(&format!("/cadastre/parcels/{}", encode(id)))),
        })
    }

    fn whole_number(&self) -> String {
        let number = self.number.as_deref().unwrap_or_default();
        match self.below.as_deref() {
            None | Some("") => number.to_owned(),
            Some(below) => format!("{number}/{below}"),
        }
    }

    /// `Foglio 12, particella 345, sub 4`.
    pub(super) fn place(&self, language: Language) -> String {
        let Some(sheet) = self.sheet else { return String::new() };
        let (of_sheet, of_parcel) = if language == Language::It { ("Foglio", "particella") } else { ("Sheet", "parcel") };
        let unit = self.unit.as_deref().filter(|unit| !unit.is_empty()).map(|unit| format!(", sub {unit}")).unwrap_or_default();
        format!("{of_sheet} {sheet}, {of_parcel} {}{unit}", self.whole_number())
    }

    /// `1/2`; nothing where no share is told.
    pub(super) fn share(&self) -> String {
        self.numerator.zip(self.denominator).map(|(above, below)| format!("{above}/{below}")).unwrap_or_default()
    }
}

/// For those who work for that comune.
#[utoipa::path(
    get,
    path = "/cadastre/people/{comune}/{section}/{subject}",
    tag = "cadastre",
    params(
        ("comune" = String, Path, description = "The comune (ISTAT code)"),
        ("section" = String, Path, description = "The section of its cadastre, `_` for none"),
        ("subject" = String, Path, description = "`P` or `G`, and the number of the subject in the census"),
        ("f" = Option<String>, Query, description = "`json` or `html`")
    ),
    responses((status = 200, description = "The subject with its titles, those that hold today first"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(services): State<Services>,
    Path((comune, section, subject)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    request.only(&[])?;
    if let Some(asked) = unstated(&services, &request)? {
        return Ok(asked);
    }
    let failed = |e| Problem::database("reading what somebody holds", &e);
    let Some((kind, number)) = numbered(&comune, &section, &subject) else { return Err(absent(&request)) };
    let mut session = services.context.database.snapshot(&request.who).await.map_err(failed)?;
    let found = read(&mut session, &comune, &section, kind, number).await.map_err(failed)?;
    let subject = found.ok_or_else(|| absent(&request))?;
    let mut holdings = held(&mut session, &subject).await.map_err(failed)?;
    drop(session);
    let more = holdings.len() > MOST;
    holdings.truncate(MOST);
    Ok(private(match request.format {
        Format::Json => {
            let document = subject.document(&holdings, more, &services.vault, &services.context.public_url);
            reply::json(&document, media::JSON, request.language)
        }
        Format::Html => page::subject(&services, &request, &subject, &holdings, more),
    }))
}

/// The kind and the number, if the address can be that of a subject.
fn numbered<'a>(comune: &str, section: &str, subject: &'a str) -> Option<(&'a str, i64)> {
    let is_comune = comune.len() == 6 && comune.bytes().all(|b| b.is_ascii_digit());
    let is_section = section.chars().count() == 1 && !section.contains('\0');
    let (kind, number) = subject.split_at_checked(1)?;
    let is_number = is_comune && is_section && matches!(kind, "P" | "G") && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().map(|number| (kind, number))
}

async fn read(conn: &mut PgConnection, comune: &str, section: &str, kind: &str, number: i64) -> Result<Option<Subject>, sqlx::Error> {
    sqlx::query_as(
        "select comune, section, kind, subject, name, given_name, born_on, born_in, seat, code_sealed
           from cadastre.subjects
          where comune = $1 and section = $2 and kind = $3 and subject = $4",
    )
    .bind(comune)
    .bind(section)
    .bind(kind)
    .bind(number)
    .fetch_optional(conn)
    .await
}

async fn held(conn: &mut PgConnection, subject: &Subject) -> Result<Vec<Holding>, sqlx::Error> {
    sqlx::query_as(
        "select t.nature, t.property, t.holds, t.holds_words, t.numerator, t.denominator, t.regime, t.since, t.since_act, t.until, t.until_act,
                p.category, p.class, p.quality, p.size::float8 as size, p.area_m2::float8 as area_m2, p.income::float8 as income,
                p.income_farm::float8 as income_farm, l.urban_section, l.sheet, l.number, l.denominator as below, l.unit, a.address, m.id as parcel
           from cadastre.titles t
           left join lateral (
                select * from cadastre.properties p
                 where (p.comune, p.section, p.nature, p.property) = (t.comune, t.section, t.nature, t.property)
                 order by p.version desc limit 1) p on true
           left join lateral (
                select * from cadastre.property_places l
                 where (l.comune, l.section, l.nature, l.property, l.version) = (p.comune, p.section, p.nature, p.property, p.version)
                 order by l.ordinal limit 1) l on true
           left join lateral (
                select address from cadastre.property_addresses a
                 where (a.comune, a.section, a.nature, a.property, a.version) = (p.comune, p.section, p.nature, p.property, p.version)
                 order by a.ordinal limit 1) a on true
           left join lateral (
                select m.id from cadastre.parcels m
                 where m.sheet = l.sheet and lower(m.number collate \"C\") = lower(l.number collate \"C\") and m.comune = t.comune
                   and m.section in ('_', t.section, l.urban_section) and m.valid_to is null
                 order by m.id limit 1) m on true
          where t.comune = $1 and t.section = $2 and t.subject = $3 and t.subject_kind = $4
          order by t.until is not null, t.until desc, l.sheet, l.number, l.unit, t.nature, t.property, t.title, t.ordinal
          limit $5",
    )
    .bind(&subject.comune)
    .bind(&subject.section)
    .bind(subject.subject)
    .bind(&subject.kind)
    .bind(i64::try_from(MOST + 1).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn an_address_that_can_be_nobodys_is_no_question() {
        assert_eq!(numbered("080901", "_", "P54898"), Some(("P", 54_898)));
        for (comune, section, subject) in [
            ("080901", "_", "X1"),
            ("080901", "_", "P"),
            ("080901", "_", "P-1"),
            ("0809", "_", "P1"),
            ("080901", "", "P1"),
            ("080901", "_", "é"),
        ] {
            assert_eq!(numbered(comune, section, subject), None, "{subject}");
        }
    }
}
