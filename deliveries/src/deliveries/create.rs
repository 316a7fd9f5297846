use std::collections::BTreeSet;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kernel::{LayerId, Principal, Problem, PublicUrl, Text};
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use super::record::{Record, SentFile, State};
use super::{document, json, order, read};
use crate::uploads::Upload;
use crate::words::{conflict, said};
use crate::work::{LOOK, Order};
use crate::{Deliveries, person, writing};

/// Files of one delivery: the parts of a few Shapefiles.
const MOST_FILES: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    uploads: Vec<Uuid>,
    layer: Option<String>,
    source_layer: Option<String>,
    crs: Option<String>,
}

/// `POST /admin/deliveries`: something is to be made of files that were sent. They begin to be looked at.
#[utoipa::path(post, path = "/admin/deliveries", tag = "administration",
    responses((status = 201, description = "The delivery; `Location` is where it is followed"), (status = 400, description = "The body is not `{uploads, layer?, source_layer?, crs?}`"),
        (status = 404, description = "One of the uploads is not yours, or not for you"), (status = 409, description = "A file is not whole yet, or belongs to a delivery")))]
pub(crate) async fn handler(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    stated: Option<Extension<PublicUrl>>,
    body: Bytes,
) -> Result<Response, Problem> {
    let subject = person(&who)?;
    let wanted: Wanted = read(&body, "{\"uploads\": [ids], \"layer\"?, \"source_layer\"?, \"crs\"?}")?;
    let context = &deliveries.0.context;
    let files = files(&deliveries, &who, &wanted.uploads).await?;
    let order = Order {
        layer: wanted
            .layer
            .as_deref()
            .map(LayerId::new)
            .transpose()
            .map_err(|e| Problem::invalid_parameter("layer", e.to_string(), "a name as `alberi`"))?,
        source_layer: wanted.source_layer,
        crs: crate::work::srid(wanted.crs.as_deref())?,
        ..Order::on(Uuid::new_v4())
    };
    let failed = |e| Problem::database("a delivery", &e);
    let mut transaction = context.database.write(&who).await.map_err(failed)?;
    if let Some(id) = &order.layer
        && let Some(layer) = document::layer(&mut transaction, id).await?
    {
        writing::check(&who, &layer)?;
    }
    sqlx::query("insert into deliveries.deliveries (id, subject, by, files, state) values ($1, $2, $3, $4, 'looking')")
        .bind(order.delivery)
        .bind(subject)
        .bind(who.name().unwrap_or_default())
        .bind(Json(&files))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let taken = sqlx::query("update deliveries.uploads set delivery = $1 where id = any($2) and subject = $3 and delivery is null")
        .bind(order.delivery)
        .bind(&wanted.uploads)
        .bind(subject)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    if taken.rows_affected() != files.len() as u64 {
        return Err(conflict(
            "uno dei file nel frattempo è stato preso o eliminato; nulla è cominciato",
            "one of the files was taken or deleted meanwhile; nothing was begun",
        ));
    }
    order::put(&mut transaction, &who, LOOK, &order, State::Looking).await?;
    let record = Record::find(&mut transaction, &who, &order.delivery.to_string()).await?;
    let document = document::whole(&mut transaction, &who, &record).await?;
    transaction.commit().await.map_err(failed)?;
    let url = stated.map_or_else(|| context.public_url.clone(), |Extension(url)| url);
    let location = HeaderValue::try_from(url.link(&format!("/admin/deliveries/{}", order.delivery)));
    let mut response = json(&document);
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::LOCATION, location.map_err(|e| Problem::internal("a delivery", &e))?);
    Ok(response)
}

/// The files that the uploads are: whole, theirs, and of different names.
async fn files(deliveries: &Deliveries, who: &Principal, uploads: &[Uuid]) -> Result<Vec<SentFile>, Problem> {
    let wrong =
        |it: &str, en: &str| said(|detail| Problem::invalid_parameter("uploads", detail, "1 to 100 different uploads"), &Text::new(it, en));
    if uploads.is_empty() || uploads.len() > MOST_FILES {
        return Err(wrong("bisogna indicare da 1 a 100 file", "`uploads` must name the files"));
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::with_capacity(uploads.len());
    for id in uploads {
        let upload = Upload::find(&deliveries.0.context, who, &id.to_string()).await?;
        let (name, bytes) = (&upload.name, upload.bytes());
        if upload.delivery.is_some() {
            return Err(conflict(format!("{name} è già di una consegna"), format!("{name} belongs to a delivery already")));
        }
        let there = upload.there(&deliveries.0.folder).map_err(|e| Problem::internal("a delivery", &e))?;
        if there != bytes {
            return Err(conflict(
                format!("{name} non è ancora intero: ci sono {there} byte su {bytes}"),
                format!("{name} is not whole yet: {there} of {bytes} bytes are there"),
            ));
        }
        if !names.insert(name.to_lowercase()) {
            return Err(wrong(&format!("due dei file si chiamano {name}"), &format!("two of the files are called {name}")));
        }
        files.push(SentFile { name: name.clone(), bytes, upload: *id });
    }
    Ok(files)
}
