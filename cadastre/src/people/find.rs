//! `POST /cadastre/people`: looks for persons and firms by name, or by fiscal code.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Problem, PublicUrl, Services, Vault};
use operations::links::{encode, media};
use operations::{Ask, Format, Request, reply};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::{opened, page, private, unstated};
use crate::holdings::FISCAL_CODE;

/// Subjects of one answer.
const MOST: usize = 50;
/// The longest text.
const LONGEST: usize = 100;

/// Somebody who was found.
#[derive(FromRow)]
pub(super) struct Found {
    pub(super) comune: String,
    pub(super) comune_name: Option<String>,
    pub(super) section: String,
    pub(super) kind: String,
    pub(super) subject: i64,
    pub(super) name: String,
    pub(super) given_name: Option<String>,
    pub(super) born: Option<i32>,
    pub(super) seat: Option<String>,
    pub(super) code_sealed: Option<Vec<u8>>,
    pub(super) holds: i64,
}

impl Found {
    /// Where what they hold is told.
    pub(super) fn path(&self) -> String {
        format!("/cadastre/people/{}/{}/{}{}", self.comune, encode(&self.section), self.kind, self.subject)
    }

    fn document(&self, vault: &Vault, url: &PublicUrl) -> Value {
        json!({
            "comune": self.comune, "comune_name": self.comune_name, "section": self.section, "kind": self.kind, "number": self.subject, "name": self.name,
            "given_name": self.given_name, "born": self.born, "seat": self.seat,
            "fiscal_code": opened(vault, self.code_sealed.as_deref()), "titles": self.holds, "href": url.link(&self.path()),
        })
    }
}

/// By surname, name or firm, typos and accents forgiven, or by a whole fiscal code. In the comuni that who asks works for.
#[utoipa::path(
    post,
    path = "/cadastre/people",
    tag = "cadastre",
    responses((status = 200, description = "Those who were found, the most similar first"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let request = ask.request.clone();
    if let Some(asked) = unstated(&services, &request)? {
        return Ok(asked);
    }
    let wanted = match wanted(&mut ask, body).await {
        Ok(wanted) => wanted,
        // a form that is refused would be shown again with what was sent in it
        Err(problem) if request.format == Format::Html => {
            return Ok(private(page::form(&services.context, &request, problem.status(), Some(problem.detail()))));
        }
        Err(problem) => return Err(problem),
    };
    let failed = |e| Problem::database("looking for people", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let mut found = find(&mut session, &wanted, &services.vault).await.map_err(failed)?;
    drop(session);
    let more = found.len() > MOST;
    found.truncate(MOST);
    Ok(private(match request.format {
        Format::Json => {
            let url = &services.context.public_url;
            let subjects: Vec<Value> = found.iter().map(|one| one.document(&services.vault, url)).collect();
            reply::json(&json!({ "subjects": subjects, "more": more }), media::JSON, request.language)
        }
        Format::Html => page::found(&services, &request, &found, more),
    }))
}

/// What is looked for. Nothing of the body is quoted.
async fn wanted(ask: &mut Ask, body: Body) -> Result<String, Problem> {
    let sent = ask.read(body).await.map_err(|problem| match problem.status() {
        StatusCode::BAD_REQUEST => Problem::bad_request("the body is to be one JSON object, or a form, with the text `q`"),
        _ => problem,
    })?;
    let mut given = sent.reader(ask.request.language);
    let text = given.required_text("q", LONGEST);
    if !text.is_empty() && text.chars().filter(|c| c.is_alphanumeric()).count() < 3 {
        given.fault("q", "servono almeno tre lettere", "at least three letters are needed");
    }
    given.check()?;
    Ok(text)
}

/// A whole fiscal code: of a person sixteen letters and digits, of a firm eleven digits.
fn fiscal_code(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let is_firms = code.len() == 11 && code.bytes().all(|b| b.is_ascii_digit());
    let is_persons = code.len() == 16 && code.bytes().all(|b| b.is_ascii_alphanumeric()) && code.bytes().any(|b| b.is_ascii_digit());
    (is_firms || is_persons).then_some(code)
}

async fn find(conn: &mut PgConnection, text: &str, vault: &Vault) -> Result<Vec<Found>, sqlx::Error> {
    let most = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    if let Some(code) = fiscal_code(text) {
        let sql = format!("{COLUMNS} from cadastre.subjects s where s.code_hash = $1 order by s.comune, s.section, s.subject limit $2");
        let hash = vault.hash(FISCAL_CODE, code.as_bytes());
        return sqlx::query_as(AssertSqlSafe(sql)).bind(hash.as_slice()).bind(most).fetch_all(conn).await;
    }
    let sql = format!("{COLUMNS} from cadastre.find_subjects($1, $2) with ordinality s order by s.ordinality");
    let found: Vec<Found> = sqlx::query_as(AssertSqlSafe(sql)).bind(text).bind(most).fetch_all(conn).await?;
    Ok(only_those_named(found, text))
}

/// If some are called as was asked, the others, who are called alike, are nobody's business.
fn only_those_named(found: Vec<Found>, text: &str) -> Vec<Found> {
    let wanted = words(text);
    let (named, alike): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|one| words(&format!("{} {}", one.name, one.given_name.as_deref().unwrap_or_default())) == wanted);
    if named.is_empty() { alike } else { named }
}

/// The words of a name, in capitals, in an order that is always the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_uppercase).collect();
    words.sort_unstable();
    words
}

const COLUMNS: &str = "
    select s.comune, (select c.name from territory.v_comuni c where c.istat = s.comune) as comune_name, s.section, s.kind, s.subject, s.name, s.given_name, extract(year from s.born_on)::integer as born, s.seat, s.code_sealed,
           (select count(*) from cadastre.titles t
             where (t.comune, t.section, t.subject, t.subject_kind) = (s.comune, s.section, s.subject, s.kind) and t.until is null) as holds";

/// Who asked, and for what: nothing that a page needs more.
pub(super) fn href(request: &Request, found: &Found) -> String {
    format!("{}{}", request.relative(&found.path()), super::purpose_query(&request.who))
}

#[cfg(test)]
mod tests {
    use super::fiscal_code;

    #[test]
    fn a_whole_code_is_told_from_a_name() {
        assert_eq!(fiscal_code(" rssmra85t10 a562s "), Some("RSSMRA85T10A562S".into()));
        assert_eq!(fiscal_code("01234567890"), Some("01234567890".into()));
        for name in ["Rossi", "ACQUADOLCECHIARA", "0123456789", "RSSMRA85T10A562"] {
            assert_eq!(fiscal_code(name), None, "{name}");
        }
    }
}
