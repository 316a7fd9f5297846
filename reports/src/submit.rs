//! Taking a report, whoever sends it and however: one transaction with its private link, its photos and its line in the journal.

use kernel::{Action, Edit, Problem};
use operations::{Ask, Reader, Row, refused};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::desk::Desk;
use crate::photo::{PHOTO_JOB, Waiting};
use crate::receive::Photo;
use crate::secret::Secret;

/// The longest text, in characters.
pub(crate) const TEXT: usize = 2_000;

/// What a report says.
pub(crate) struct Draft {
    pub(crate) category: String,
    /// Longitude and latitude, or the address says where it is.
    pub(crate) point: Option<[f64; 2]>,
    pub(crate) address: Option<String>,
    pub(crate) text: Option<String>,
}

/// How it came.
pub(crate) struct Way {
    pub(crate) channel: &'static str,
    /// The ticket that it used up.
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) photos: Vec<Photo>,
    /// E-mail and telephone, where a standard has them sent along.
    pub(crate) contact: Option<[Option<String>; 2]>,
}

/// A report that was taken, now or when its key was used first.
pub(crate) struct Made {
    pub(crate) row: Row,
    pub(crate) secret: Secret,
}

#[derive(FromRow)]
struct Submitted {
    fid: Option<i64>,
    id: Option<String>,
    version: Option<i64>,
    comune: Option<String>,
    request: Option<Vec<u8>>,
    again: Option<bool>,
    fault: Option<String>,
}

impl Draft {
    /// Reads what every way of sending has in common.
    pub(crate) fn read(given: &mut Reader) -> Self {
        let category = given.required_text("category", 40);
        let (lon, lat) = (given.number("lon", -180.0..=180.0), given.number("lat", -90.0..=90.0));
        if lon.is_some() != lat.is_some() {
            given.fault(
                if lon.is_some() { "lat" } else { "lon" },
                "manca: una posizione ha lon e lat",
                "is missing: a position has lon and lat",
            );
        }
        Self {
            category,
            point: lon.zip(lat).map(|(lon, lat)| [lon, lat]),
            address: given.text("address", 200),
            text: given.text("text", TEXT),
        }
    }

    /// What a key stands for: the report with its photos, whatever ticket it comes with.
    fn fingerprint(&self, channel: &str, photos: &[Photo]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(json!([channel, self.category, self.point, self.address, self.text]).to_string());
        photos.iter().for_each(|photo| hash.update(photo.hash()));
        hash.finalize().to_vec()
    }
}

/// The place of an address that is written as the register of house numbers has it, as longitude and latitude.
pub(crate) async fn find_address(conn: &mut PgConnection, address: &str) -> Result<Option<(f64, f64, String)>, sqlx::Error> {
    let wanted: String = address.split([',', ' ']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    sqlx::query_as(
        "select st_x(g), st_y(g), address
           from (select address, st_transform(geom, 4326) as g from territory.v_house_numbers
                  where lower(replace(address, ',', '')) = lower($1) order by address, id limit 1) found",
    )
    .bind(wanted)
    .fetch_optional(conn)
    .await
}

/// Takes it. What is wrong goes to `given` with what was wrong before.
pub(crate) async fn submit(desk: &Desk, ask: &Ask, draft: Draft, way: Way, mut given: Reader) -> Result<Made, Problem> {
    let failed = |e| Problem::database("a citizen's report", &e);
    let who = &ask.request.who;
    let layer = desk.layer(who)?;
    let fingerprint = draft.fingerprint(way.channel, &way.photos);
    let (secret, key) = match &ask.key {
        Some(key) => {
            let pepper = desk.pepper().await?;
            (pepper.secret_for(key), Some(pepper.hash_of(key)))
        }
        None => (Secret::new()?, None),
    };
    let mut transaction = desk.services.context.database.write(who).await.map_err(failed)?;
    let mut address = draft.address.clone();
    let mut point = draft.point;
    if let (None, Some(said)) = (point, &draft.address) {
        match find_address(&mut transaction, said).await.map_err(failed)? {
            Some((lon, lat, known)) => (point, address) = (Some([lon, lat]), Some(known)),
            None => given.fault(
                "address",
                "non è fra i numeri civici: scrivetelo come sulla targa (via e numero), o indicate il punto",
                "is none of the house numbers: write it as on its plate (street and number), or point to the place",
            ),
        }
    } else if point.is_none() {
        given.fault("place", "manca: dite dove, con un indirizzo o un punto", "is missing: say where, by an address or a point");
    }
    let place = match point {
        Some(point) => {
            operations::place(&mut transaction, &layer, &json!({ "type": "Point", "coordinates": point }), &mut given, "place").await?
        }
        None => None,
    };
    given.check()?;
    let Some(place) = place else { return Err(Problem::internal("a citizen's report", &"it has no place")) };
    let now = desk.services.context.clock.now();
    let made: Submitted = sqlx::query_as(
        "select fid, id, version, comune, request, again, fault
           from reports.submit($1, st_geomfromewkb($2), $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&draft.category)
    .bind(&place.ewkb)
    .bind(&place.comune)
    .bind(address)
    .bind(&draft.text)
    .bind(way.channel)
    .bind(now)
    .bind(secret.hash())
    .bind(key)
    .bind(&fingerprint)
    .bind(&way.nonce)
    .fetch_one(&mut *transaction)
    .await
    .map_err(|e| refused(&e))?;
    let row = match made {
        Submitted { fault: Some(fault), .. } => return Err(turned_away(&fault, ask)),
        Submitted { fid: Some(fid), id: Some(id), version: Some(version), comune: Some(comune), .. } => Row { fid, version, id, comune },
        _ => return Err(Problem::internal("a citizen's report", &"the database made none")),
    };
    if made.again == Some(true) {
        // nothing of this transaction is wanted
        return if made.request.as_deref() == Some(&fingerprint) {
            Ok(Made { row, secret })
        } else {
            Err(Problem::key_reused("this `Idempotency-Key` stands for another report; take a new one. Nothing was recorded"))
        };
    }
    for photo in &way.photos {
        keep_photo(&mut transaction, &secret, photo, now).await?;
    }
    if let Some([email, phone]) = &way.contact {
        sqlx::query("select reports.set_contact($1, $2, $3, $4)")
            .bind(secret.hash())
            .bind(email)
            .bind(phone)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(|e| refused(&e))?;
    }
    let edit =
        Edit { action: Action::Create, layer: &layer.id, fid: row.fid, id: &row.id, version: row.version, changed: &[], restored: None };
    desk.services.journal.wrote(&mut transaction, who, edit).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(Made { row, secret })
}

/// Keeps a photo as it came, with the job that writes it anew.
pub(crate) async fn keep_photo(
    conn: &mut PgConnection,
    secret: &Secret,
    photo: &Photo,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Uuid>, Problem> {
    let kept: Option<Uuid> = sqlx::query_scalar("select reports.add_photo($1, $2, $3, $4)")
        .bind(secret.hash())
        .bind(&photo.name)
        .bind(&photo.content)
        .bind(now)
        .fetch_one(&mut *conn)
        .await
        .map_err(|e| refused(&e))?;
    if let Some(photo) = kept {
        let waiting = Waiting { photo };
        jobs::put_own(conn, &jobs::NewJob::new(PHOTO_JOB, &waiting)).await.map_err(|e| Problem::internal("a report's photo", &e))?;
    }
    Ok(kept)
}

fn turned_away(fault: &str, ask: &Ask) -> Problem {
    let l = ask.request.language;
    match fault {
        "ticket" => Problem::conflict(operations::say(
            l,
            "questo modulo è già stato usato per una segnalazione: ricaricate la pagina per farne un'altra",
            "this form was used for a report already: load the page again to make another",
        )),
        _ => operations::Faults::one(
            Some("category"),
            operations::say(
                l,
                "non è una delle categorie, o non prende più segnalazioni",
                "is none of the categories, or takes no more reports",
            ),
        ),
    }
}
