use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use kernel::{Action, Comuni, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Faults, Row, refused};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::bulletin::{Bulletin, Line};

/// The largest bulletin.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What an import did.
#[derive(Debug, Default, PartialEq)]
pub struct Imported {
    /// Lines of zones that this installation has.
    pub lines: usize,
    /// Rows of `alert_zones` that are different now; none, if the bulletin was there already or a later one is.
    pub rows: Vec<Row>,
    /// Codes of zones that this installation does not have.
    pub elsewhere: usize,
}

/// Writes a bulletin into the zones' rows, of these comuni alone or of all. Done again it changes nothing; what a later bulletin said stays.
pub async fn import(conn: &mut PgConnection, bulletin: &Bulletin, comuni: &Comuni) -> Result<Imported, sqlx::Error> {
    let within: Option<Vec<String>> = match comuni {
        Comuni::All => None,
        Comuni::Only(some) => Some(some.iter().cloned().collect()),
    };
    let here: Vec<String> =
        sqlx::query_scalar("select distinct zone from environment.alert_zones where published").fetch_all(&mut *conn).await?;
    let mut done = Imported::default();
    for line in &bulletin.0 {
        if !here.contains(&line.zone) {
            done.elsewhere += 1;
            continue;
        }
        done.lines += 1;
        done.rows.extend(apply(&mut *conn, line, within.as_deref()).await?);
    }
    Ok(done)
}

async fn apply(conn: &mut PgConnection, line: &Line, within: Option<&[String]>) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as("select fid, version, id, comune from environment.apply_bulletin($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(&line.zone)
        .bind(line.since)
        .bind(line.until)
        .bind(line.issued)
        .bind(line.hydraulic)
        .bind(line.hydrogeological)
        .bind(line.storms)
        .bind(within)
        .fetch_all(conn)
        .await
}

/// `POST /environment/bulletins`: the department's CSV (`text/csv`), for the zones of the comuni that the sender works for.
#[utoipa::path(
    post,
    path = "/environment/bulletins",
    tag = "environment",
    request_body(content_type = "text/csv", description = "The bulletin, UTF-8"),
    responses((status = 200, description = "How many zones were told"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, ask: Ask, body: Body) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let layer = operations::layer(&services, &ask.request.who, "alert_zones")?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("bulletins are imported by officers of the comuni that they are for"));
    }
    let bytes = ask.body(body, &["text/csv"], MAX_BYTES).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the bulletin is not UTF-8"))?;
    let bulletin = Bulletin::read(text).map_err(|faults| {
        let mut told = Faults::default();
        for fault in &faults {
            told.field(&format!("line {}", fault.line), fault.what.clone());
        }
        told.check().err().unwrap_or_else(|| Problem::bad_request("the bulletin can't be read"))
    })?;
    let mut change = match Change::begin(&services, &ask, &bytes).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let comuni = ask.request.who.comuni();
    let done = import(change.conn(), &bulletin, &comuni).await.map_err(|e| refused(&e))?;
    for row in &done.rows {
        change.tell(Action::Update, &layer, row, &["hydraulic", "hydrogeological", "storms"]).await?;
    }
    let document: Value = json!({ "lines": done.lines, "rows_changed": done.rows.len(), "zones_elsewhere": done.elsewhere });
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let page = Some("/environment/alerts".to_owned());
    change.finish(Answer { status: 200, headers, body: Some(document), positioned: false, page }).await
}
