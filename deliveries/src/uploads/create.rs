use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Principal, Problem, PublicUrl, Text};
use uuid::Uuid;

use super::checksum::Checksum;
use super::name::filename;
use super::receive::{Piece, full, receive};
use super::{PIECE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_OFFSET, Upload, append, check_version, http_date, number};
use crate::words::said;
use crate::{Deliveries, person};

/// `POST /admin/uploads`: a file will come, of this name and length; its first bytes may come along.
#[utoipa::path(post, path = "/admin/uploads", tag = "administration",
    params(("Tus-Resumable" = String, Header, description = "`1.0.0`"), ("Upload-Length" = u64, Header, description = "Bytes of the file"),
        ("Upload-Metadata" = String, Header, description = "`filename ` and the name in base64")),
    responses((status = 201, description = "`Location` is where its bytes go (tus 1.0.0)"), (status = 400, description = "No length, no name, or an empty file"),
        (status = 404, description = "Not for you"), (status = 413, description = "More than is allowed: the file's bytes, or the bytes or the number of your files here"), (status = 507, description = "There is no room")))]
pub(crate) async fn handler(
    State(deliveries): State<Deliveries>,
    who: Principal,
    stated: Option<Extension<PublicUrl>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let subject = person(&who)?;
    check_version(&headers)?;
    let bytes = number(&headers, &UPLOAD_LENGTH)?
        .ok_or_else(|| Problem::invalid_parameter(UPLOAD_LENGTH.as_str(), "`Upload-Length` is missing", "how many bytes the file has"))?;
    let name = filename(&headers)?;
    if bytes == 0 {
        return Err(said(
            |detail| Problem::invalid_parameter(UPLOAD_LENGTH.as_str(), detail, "a file with something in it"),
            &Text::new(format!("{name} è vuoto"), format!("{name} is empty")),
        ));
    }
    let brings = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PIECE);
    let checksum = Checksum::read(&headers)?;
    if number(&headers, &header::CONTENT_LENGTH)?.is_some_and(|length| brings && length > bytes) {
        return Err(append::too_long(bytes));
    }
    let (id, mut until) = insert(&deliveries, subject, &name, bytes).await?;
    let parts = &deliveries.0;
    let mut answer = HeaderMap::new();
    if brings {
        let upload = Upload::find(&parts.context, &who, &id.to_string()).await?;
        let hold = append::hold(&deliveries, id).await?;
        let received = receive(&deliveries, &upload, hold, Piece { offset: 0, body, checksum }).await;
        if received.is_err() {
            // nobody was told its address
            upload.forget(&parts.context, &parts.folder, &who).await?;
        }
        let now = received?;
        until = Upload::go_on(&parts.context, &who, id, parts.settings.upload_seconds).await?;
        answer.insert(UPLOAD_OFFSET, HeaderValue::from(now));
    }
    let url = stated.map_or_else(|| parts.context.public_url.clone(), |Extension(url)| url);
    let location = HeaderValue::try_from(url.link(&format!("/admin/uploads/{id}")));
    answer.insert(header::LOCATION, location.map_err(|e| Problem::internal("an upload", &e))?);
    answer.insert(UPLOAD_EXPIRES, http_date(until));
    Ok((StatusCode::CREATED, answer).into_response())
}

/// The row, if there is room: what was announced is counted, not what came.
async fn insert(deliveries: &Deliveries, subject: Uuid, name: &str, bytes: u64) -> Result<(Uuid, DateTime<Utc>), Problem> {
    let parts = &deliveries.0;
    let settings = &parts.settings;
    if bytes > settings.upload_bytes {
        let most = settings.upload_bytes;
        let words = Text::new(
            format!(
                "{name} ha {bytes} byte, e un file ne può avere {most}; dividerlo, o chiedere a chi amministra l'installazione di caricarlo"
            ),
            format!("{name} has {bytes} bytes, and a file may have {most}; divide it, or ask the administrator to load it"),
        );
        return Err(said(Problem::too_large, &words));
    }
    let free = parts.folder.free_bytes().map_err(|e| Problem::internal("an upload", &e))?;
    let failed = |e| Problem::database("an upload", &e);
    // as the program itself: what others have counts too
    let mut transaction = parts.context.database.write(&Principal::operator()).await.map_err(failed)?;
    sqlx::query("select pg_advisory_xact_lock(hashtext('deliveries.uploads'))").execute(&mut *transaction).await.map_err(failed)?;
    let (files, own, all): (i64, i64, i64) = sqlx::query_as(
        "select count(*) filter (where subject = $1), coalesce(sum(bytes) filter (where subject = $1), 0)::bigint, coalesce(sum(bytes), 0)::bigint
           from deliveries.uploads",
    )
    .bind(subject)
    .fetch_one(&mut *transaction)
    .await
    .map_err(failed)?;
    let (own, all) = (own.unsigned_abs(), all.unsigned_abs());
    if files.unsigned_abs() >= settings.person_files {
        let words = Text::new(
            format!(
                "avete già {files} file qui, quanti ne può avere una persona. Prima caricare o eliminare delle consegne, o annullare degli invii"
            ),
            format!("you have {files} files here already, as many as one person may. Load or delete deliveries first, or cancel uploads"),
        );
        return Err(said(Problem::too_large, &words));
    }
    if own + bytes > settings.person_bytes {
        let most = settings.person_bytes;
        let words = Text::new(
            format!(
                "i vostri file hanno già {own} byte, e con questi {bytes} più dei {most} che una persona può avere qui. Prima caricare o eliminare delle consegne"
            ),
            format!(
                "your files have {own} bytes already, and with these {bytes} more than the {most} that one person may have here. Load or delete deliveries first"
            ),
        );
        return Err(said(Problem::too_large, &words));
    }
    if all + bytes > settings.all_bytes || free.saturating_sub(bytes) < settings.free_bytes {
        return Err(full());
    }
    let id = Uuid::new_v4();
    let until = sqlx::query_scalar(
        "insert into deliveries.uploads (id, subject, name, bytes, expires_at)
         values ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5)) returning expires_at",
    )
    .bind(id)
    .bind(subject)
    .bind(name)
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .bind(settings.upload_seconds as f64)
    .fetch_one(&mut *transaction)
    .await
    .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok((id, until))
}
