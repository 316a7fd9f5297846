//! Sending files.

use std::path::Path;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use http::{HeaderMap, header};
use kernel::Problem;
use multer::{Constraints, Multipart, SizeLimit};
use operations::Request;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{Imports, failed, person, srid};

/// Files that are sent at once, at most.
const FILES: usize = 200;
/// Files of a person that wait, at most.
const WAITING: i64 = 20;

/// `POST /cadastre/imports`: sends files (CXF, DXF, SUP, GML, FAB, TER, SOG, TIT, PRM, or zips of them), which are looked at.
#[utoipa::path(post, path = "/cadastre/imports", tag = "cadastre",
    request_body(content_type = "multipart/form-data", description = "`file` (several), `crs` (EPSG:7792) where it is known, `day` of the data"),
    responses((status = 303, description = "The page of what was sent"), (status = 413, description = "It is too much at once")))]
pub(super) async fn handler(State(imports): State<Imports>, request: Request, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let subject = person(&request.who)?;
    let mut session = imports.context.database.session(&request.who).await.map_err(failed)?;
    let waiting: i64 = sqlx::query_scalar("select count(*) from cadastre.sent where subject = $1 and state <> 'imported'")
        .bind(subject)
        .fetch_one(&mut *session)
        .await
        .map_err(failed)?;
    drop(session);
    if waiting >= WAITING {
        return Err(Problem::conflict(format!("you have {waiting} deliveries that wait: import them, or let them go after three days")));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary =
        multer::parse_boundary(kind).map_err(|_| Problem::bad_request("the body is to be multipart/form-data with a boundary"))?;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(imports.bytes));
    let form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let id = Uuid::new_v4();
    let folder = imports.folder.join(id.to_string());
    let received = receive(form, &folder, imports.bytes, imports.today()).await;
    let stored = match received {
        Ok(received) => store(&imports, &request, id, received).await,
        Err(problem) => Err(problem),
    };
    if stored.is_err() {
        // nothing half-sent is kept
        let _ = tokio::fs::remove_dir_all(&folder).await;
    }
    stored?;
    Ok(Redirect::to(&imports.context.public_url.link(&format!("/cadastre/imports/{id}"))).into_response())
}

struct Received {
    files: Vec<String>,
    crs: Option<i32>,
    day: Option<NaiveDate>,
}

async fn store(imports: &Imports, request: &Request, id: Uuid, received: Received) -> Result<(), Problem> {
    let mut transaction = imports.context.database.write(&request.who).await.map_err(failed)?;
    sqlx::query("insert into cadastre.sent (id, subject, by, files, crs, day, state) values ($1, $2, $3, $4, $5, $6, 'looking')")
        .bind(id)
        .bind(request.who.id())
        .bind(request.who.name().unwrap_or_default())
        .bind(sqlx::types::Json(received.files))
        .bind(received.crs)
        .bind(received.day.unwrap_or(imports.today()))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    imports.order(&request.who, id, None, true).await
}

async fn receive(mut form: Multipart<'_>, folder: &Path, most: u64, today: NaiveDate) -> Result<Received, Problem> {
    let disk = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Problem::insufficient_storage("the server's disk is full; nothing was kept. Ask the administrator for room")
        }
        _ => Problem::internal("keeping a file that was sent", &error),
    };
    let broken = |error: multer::Error| match error {
        multer::Error::StreamSizeExceeded { .. } => Problem::too_large(format!(
            "at most {} MiB are taken at once; nothing was kept. Use `opensit cadastre import` on the server",
            most >> 20
        )),
        _ => Problem::bad_request("the form did not arrive whole; nothing was kept"),
    };
    // what they have of persons is for nobody else on the machine
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await.map_err(disk)?;
    let mut received = Received { files: Vec::new(), crs: None, day: None };
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            let name = field.name().unwrap_or_default().to_owned();
            let text = field.text().await.map_err(broken)?;
            match name.as_str() {
                "crs" => received.crs = srid(Some(&text))?,
                "day" if !text.trim().is_empty() => {
                    let day = text.trim().parse();
                    let day = day.ok().filter(|day| *day <= today);
                    let wrong = || Problem::invalid_parameter("day", "`day` is no day, or one that is yet to come", "2026-01-31");
                    received.day = Some(day.ok_or_else(wrong)?);
                }
                _ => {}
            }
            continue;
        };
        // a field of a form in which nothing was chosen
        if name.is_empty() {
            continue;
        }
        if received.files.len() == FILES {
            return Err(Problem::too_large(format!("at most {FILES} files are taken at once: send them in a zip; nothing was kept")));
        }
        let name = plain(&name, &received.files);
        let mut file = tokio::fs::File::create_new(folder.join(&name)).await.map_err(disk)?;
        while let Some(bytes) = field.chunk().await.map_err(broken)? {
            file.write_all(&bytes).await.map_err(disk)?;
        }
        file.sync_all().await.map_err(disk)?;
        received.files.push(name);
    }
    if received.files.is_empty() {
        return Err(Problem::bad_request("no file was sent: choose files of the cadastre, or a zip of them"));
    }
    Ok(received)
}

/// A name that a file may have here, and none has yet.
fn plain(name: &str, taken: &[String]) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ')).take(120).collect();
    let kept = kept.trim_matches(['.', ' ']).to_owned();
    let kept = if kept.is_empty() { "file".to_owned() } else { kept };
    let other = |name: &String| taken.iter().any(|there| there.eq_ignore_ascii_case(name));
    if other(&kept) { (2..).map(|n| format!("{n} {kept}")).find(|name| !other(name)).unwrap_or(kept) } else { kept }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_stays_in_its_folder_and_takes_nobody_elses() {
        assert_eq!(plain("../../etc/passwd", &[]), "passwd");
        assert_eq!(plain("C:\\catasto\\H224_001200.CXF", &[]), "H224_001200.CXF");
        assert_eq!(plain("..", &[]), "file");
        assert_eq!(plain("a.zip", &["A.zip".to_owned()]), "2 a.zip");
    }
}
